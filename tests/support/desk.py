"""The desk without a broker: rules as they are shipped, events as dicts, and tasks whose topics are in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.desk.judge import TOPIC, Judge, MemoryState
from newsdesk.desk.processor import FORWARDED, DeskProcessor
from newsdesk.editorial.retention import FOR_EVER, Retention
from newsdesk.editorial.rulebook import Rulebook, open_rulebook
from newsdesk.editorial.rulesfile import read_rules
from newsdesk.engine.folding import fold_writes
from newsdesk.engine.records import Outcome, Record, Write
from newsdesk.engine.store import Slice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsdesk.engine.records import Headers


@cache
def rules_text(name: str) -> str:
    """The shipped rules file of this name."""
    return (files("newsdesk") / "rules" / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def book(name: str = "newsdesk", *overrides: str) -> Rulebook:
    """The rulebook of shipped rules with KEY=VALUE overrides."""
    return open_rulebook(read_rules(rules_text(name), name, overrides))


def article(**fields: Any) -> dict[str, Any]:
    """An article event that is held by the default rules; *fields* say what is different, None what is not there."""
    base = {
        "title": "Harbour ferry sails again",
        "publishedDateTime": "2020-07-01T03:38:00Z",
        "webUrl": "https://www.harbour.example/ferry-sails",
    }
    return {name: value for name, value in {**base, **fields}.items() if value is not None}


def item(number: int, **fields: Any) -> dict[str, Any]:
    """A related article of another site, of quality 10 where nothing else is said."""
    base = {
        "title": f"Another look at the ferry, part {number}",
        "publishedDateTime": "2020-07-02T00:00:00Z",
        "webUrl": f"https://island.example/{number}",
        "quality": 10,
    }
    return {name: value for name, value in {**base, **fields}.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Event:
    """What upstream sends."""

    value: bytes | None
    headers: Headers = ()
    timestamp: int = -1


def event(fields: dict[str, Any], *, event_id: str | None = None, timestamp: int = -1) -> Event:
    """The event of an article, with a CloudEvents id where *event_id* says one."""
    headers = () if event_id is None else ((ce.CE_ID, event_id.encode()), (ce.CE_SOURCE, b"/upstream"))
    return Event(orjson.dumps(fields), headers, timestamp)


def told(judge: Judge, fields: dict[str, Any], *, event_id: str | None = None, timestamp: int = -1) -> dict[str, Any]:
    """The judge's answer to an article."""
    sent = event(fields, event_id=event_id, timestamp=timestamp)
    return judge.answer(sent.value, headers=sent.headers, timestamp=sent.timestamp)


def decided(judge: Judge, fields: dict[str, Any], *, event_id: str | None = None) -> dict[str, Any]:
    """The judge's decision on an article; an AssertionError where there is none."""
    answer = told(judge, fields, event_id=event_id)
    assert answer["outcome"] == "decision", answer
    decision: dict[str, Any] = answer["decision"]
    return decision


@dataclass(slots=True)
class Desk:
    """Tasks that run the real processor, with their topics and states in memory; *partitions* None: one state."""

    book: Rulebook
    partitions: int | None = None
    retention: Retention = FOR_EVER
    written: list[Write] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    states: dict[int, MemoryState] = field(default_factory=dict)
    _ends: Counter[tuple[str, int]] = field(default_factory=Counter)

    def submit(self, sent: Event, partition: int = 0) -> Outcome:
        """The last outcome for *sent* in *partition*: where it is forwarded, what the task of its scope says."""
        topic = TOPIC if self.partitions is None else topics.SUBMITTED.name
        outcome = self._process(topic, partition, sent)
        if outcome.label != FORWARDED:
            return outcome
        (forwarded,) = outcome.writes
        assert forwarded.topic == topics.REPARTITIONED.name
        timestamp = -1 if forwarded.timestamp is None else forwarded.timestamp
        again = Event(forwarded.value, forwarded.headers, timestamp)
        return self._process(forwarded.topic, forwarded.partition, again, forwarded.key)

    def _process(self, topic: str, partition: int, sent: Event, key: bytes | None = None) -> Outcome:
        processor = DeskProcessor(self.book, self.partitions, retention=self.retention)
        offset = self._ends[topic, partition]
        record = Record(topic, partition, offset, sent.timestamp, key, sent.value, sent.headers)
        self._ends[topic, partition] += 1
        state = self.states.setdefault(partition, MemoryState())
        outcome = processor.process(record, state)
        fold_writes(processor, partition, state, outcome.writes)
        self.read[topic] += 1
        self.answered[outcome.label] += 1
        self.written.extend(outcome.writes)
        return outcome

    def sweep(self, partition: int = 0, *, keys: int = 3) -> int:
        """Sweep the whole state of *partition*, so many keys at a time; how many articles went."""
        processor = DeskProcessor(self.book, self.partitions, retention=self.retention)
        state = self.states.setdefault(partition, MemoryState())
        gone, cursor = 0, None
        while True:
            done = processor.punctuate(partition, _Stretch(state, keys), cursor)
            fold_writes(processor, partition, state, done.writes)
            self.written.extend(done.writes)
            gone += sum(done.counts.values())
            cursor = done.cursor
            if cursor is None:
                return gone

    def on(self, topic: topics.Topic, partition: int | None = None) -> list[Write]:
        """What was written to *topic*."""
        return [
            write
            for write in self.written
            if write.topic == topic.name and (partition is None or write.partition == partition)
        ]

    @property
    def decisions(self) -> list[dict[str, Any]]:
        """Every decision."""
        return [orjson.loads(write.value or b"null") for write in self.on(topics.DECISIONS)]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The engine's stretch over a state in memory."""

    state: MemoryState
    keys: int

    def get(self, key: bytes) -> bytes | None:
        return self.state.get(key)

    def scan(self, start: bytes) -> Slice:
        found = sorted(key for key in self.state if key >= start)
        shown = [(key, self.state[key]) for key in found[: self.keys]]
        return Slice(shown, found[self.keys] if len(found) > self.keys else None)


def run(book: Rulebook, events: Iterable[Event]) -> Desk:
    """The desk of one state after *events*."""
    desk = Desk(book)
    for sent in events:
        desk.submit(sent)
    return desk


def without_source(write: Write) -> tuple[Any, ...]:
    """What a write is, apart from source, ce_id and traceparent; order of keys included."""
    value: object = write.value
    if write.value is not None and write.topic in (topics.DECISIONS.name, topics.ENRICHED.name):
        record = orjson.loads(write.value)
        record["source"] = None
        if "desk" in record:
            record["desk"]["source"] = None
        value = orjson.dumps(record)
    apart = {ce.CE_ID, ce.TRACEPARENT, ce.TASK_TIME, ce.CONNECT_TOPIC, ce.CONNECT_PARTITION, ce.CONNECT_OFFSET}
    headers = tuple((name, text) for name, text in write.headers if name not in apart)
    return write.topic, write.key, value, headers
