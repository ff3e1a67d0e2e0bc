"""The audit: reads the topics and proves that every event read has exactly one answer, joined on where it was read."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiokafka.structs import TopicPartition

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics as registry
from newsdesk.lookup.ledger import Answer, Fault, Page, Tally
from newsdesk.lookup.topics import open_topics
from newsdesk.ops.admin import connected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from newsdesk.engine.records import Record
    from newsdesk.engine.validity import Span
    from newsdesk.lookup.topics import Place, Topics

INPUTS: Final = tuple(topic.name for topic in registry.INPUTS)
_REPARTITIONED: Final = registry.REPARTITIONED.name
_DECISIONS: Final = registry.DECISIONS.name
_DEAD_LETTERS: Final = registry.DEAD_LETTERS.name
_ONLY_INPUTS: Final = frozenset({registry.SUBMITTED.name})
"""Topics without any answers; a forwarded record is the answer to the one that it was made of."""
_SECOND_LOOKS: Final = 4
_SECOND_LOOK_SECONDS: Final = 0.5
"""A commit becomes visible partition by partition, within milliseconds: what seems unanswered is looked for again."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the audit found.

    *older* and *later* are answers to events before and after the ones that were read; *unjoined* are answers that
    name no event; *faults* are the first of all *faulty*.
    """

    tally: Tally
    older: int
    later: int
    unjoined: int
    kinds: Mapping[str, int]
    reasons: Mapping[str, int]
    faults: tuple[Fault, ...]
    partitions: int

    @property
    def faulty(self) -> int:
        """How many events do not have exactly one answer."""
        return self.tally.unanswered + self.tally.repeated + self.tally.baseless

    @property
    def clean(self) -> bool:
        """Whether the count identity holds, event by event."""
        tally = self.tally
        return not self.faulty and not self.unjoined and tally.read - tally.waiting == tally.answers.total()

    def wire(self) -> dict[str, Any]:
        """The report as JSON."""
        tally = self.tally
        return {
            "clean": self.clean,
            "read": tally.read,
            "decisions": tally.answers[Answer.DECISION],
            "deadLetters": tally.answers[Answer.DEAD_LETTER],
            "forwarded": tally.answers[Answer.FORWARDED],
            "waiting": tally.waiting,
            "unanswered": tally.unanswered,
            "answeredTwice": tally.repeated,
            "baseless": tally.baseless,
            "unjoined": self.unjoined,
            "older": self.older,
            "later": self.later,
            "partitions": self.partitions,
            "kinds": dict(self.kinds),
            "reasons": dict(self.reasons),
            "faults": [fault.wire() for fault in self.faults],
        }


@dataclass(slots=True)
class _Books:
    """What is being added up."""

    pages: dict[Place, Page]
    unjoined: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def take(self, record: Record) -> None:
        """Note one record of any of the topics, as an event, as an answer, or a forwarded one as both."""
        if record.topic in INPUTS:
            self.pages[record.topic, record.partition].note_read(record.offset)
            if record.topic == _REPARTITIONED:
                self._forwarded(record)
        elif record.topic == _DECISIONS:
            self._decision(record)
        else:
            self._dead_letter(record)

    def _forwarded(self, record: Record) -> None:
        headers = dict(record.headers)
        if ce.FORWARDED_TOPIC in headers:  # without, somebody else wrote it there: an event like any other
            self._answer(
                _place(headers, ce.FORWARDED_TOPIC, ce.FORWARDED_PARTITION, ce.FORWARDED_OFFSET), Answer.FORWARDED
            )

    def _decision(self, record: Record) -> None:
        try:
            decision = orjson.loads(record.value or b"")
            if decision["trigger"] != "event":
                return
            source = decision["source"]
            where = ((str(source["topic"]), int(source["partition"])), int(source["offset"]))
            kind = str(decision["kind"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            self.unjoined += 1
            return
        if self._answer(where, Answer.DECISION):
            self.kinds[kind] += 1

    def _dead_letter(self, record: Record) -> None:
        headers = dict(record.headers)
        where = _place(headers, ce.CONNECT_TOPIC, ce.CONNECT_PARTITION, ce.CONNECT_OFFSET)
        if self._answer(where, Answer.DEAD_LETTER):
            self.reasons[headers.get(ce.DEAD_REASON, b"?").decode("utf-8", "replace")] += 1

    def _answer(self, where: tuple[Place, int] | None, answer: Answer) -> bool:
        page = self.pages.get(where[0]) if where is not None else None
        if page is None or where is None:
            self.unjoined += 1
            return False
        page.note_answer(where[1], answer)
        return page.holds(where[1])


async def audit(
    bootstrap: str,
    security: Mapping[str, Any],
    group: str,
    *,
    limit: int = 100,
    progress: Callable[[int, int], None] = lambda _read, _total: None,
) -> Report:
    """Read the topics as they stand now, and join every answer to its event; *progress* hears (records read, at most).

    Raises:
        TopicError: a topic is missing.
        AdminError, KafkaError: the broker cannot be read.
    """
    async with open_topics(bootstrap, security) as topics:
        places = topics.places(INPUTS)
        committed = await _committed(
            bootstrap, security, group, places
        )  # first: what the desk has passed must be answered
        inputs = await topics.spans(places)
        answers = await topics.spans(topics.places((_DECISIONS, _DEAD_LETTERS)))
        books = _Books({place: Page(place, span.start, span.end) for place, span in inputs.items()})
        spans = {**inputs, **answers}
        total = sum(span.end - span.start for span in spans.values())
        read = 0
        async for portion in topics.read(spans):
            for record in portion:
                books.take(record)
            read += len(portion)
            progress(read, total)
        tally = _tally(books, committed)
        seen = {place: span for place, span in spans.items() if place[0] not in _ONLY_INPUTS}
        for _ in range(_SECOND_LOOKS):
            if not tally.unanswered:
                break
            await asyncio.sleep(_SECOND_LOOK_SECONDS)
            seen = await _look_again(topics, books, seen)
            tally = _tally(books, committed)
    faults = chain.from_iterable(page.faults(committed.get(place)) for place, page in books.pages.items())
    return Report(
        tally=tally,
        older=sum(page.older for page in books.pages.values()),
        later=sum(page.later for page in books.pages.values()),
        unjoined=books.unjoined,
        kinds=dict(sorted(books.kinds.items())),
        reasons=dict(sorted(books.reasons.items())),
        faults=tuple(islice(faults, limit)),
        partitions=len(books.pages) // len(INPUTS),
    )


def _tally(books: _Books, committed: Mapping[Place, int]) -> Tally:
    tally = Tally()
    for place, page in books.pages.items():
        page.add_to(tally, committed.get(place))
    return tally


async def _look_again(topics: Topics, books: _Books, before: Mapping[Place, Span]) -> dict[Place, Span]:
    """Read the answers that came since *before*; the spans as they are now."""
    now = await topics.spans(before)
    news = {place: type(span)(span.topic_id, before[place].end, span.end) for place, span in now.items()}
    async for portion in topics.read(news):
        for record in portion:
            books.take(record)
    return now


async def _committed(
    bootstrap: str, security: Mapping[str, Any], group: str, places: Iterable[Place]
) -> dict[Place, int]:
    """How far the desk has committed each of *places*; nothing of those that it never did.

    They are named one by one: the embedded broker closes the connection when asked for all.
    """
    async with connected(bootstrap, security) as client:
        found = await client.list_consumer_group_offsets(group, partitions=[TopicPartition(*place) for place in places])
    return {(place.topic, place.partition): known.offset for place, known in found.items() if known.offset >= 0}


def _place(headers: Mapping[str, bytes], topic: str, partition: str, offset: str) -> tuple[Place, int] | None:
    try:
        return (headers[topic].decode(), int(headers[partition])), int(headers[offset])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
