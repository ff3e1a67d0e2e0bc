"""The desk judged anew without a broker: the topics hold, byte for byte, what the judgement says of the events read.

The order in which a task took the records of its two inputs is told by its decisions. What it forwarded and what is
dead changes no state, so each of these is judged by itself.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import orjson

from chaos.findings import MOST, Finding
from chaos.history import DECISIONS, ENRICHED, PUBLISHED, answers, decided, is_swept
from newsdesk.desk.judge import MemoryState
from newsdesk.desk.processor import DEAD_LETTER, DECISION, FORWARDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chaos.history import Partition
    from newsdesk.desk.processor import DeskProcessor
    from newsdesk.engine.records import Outcome, Record, Write

Line = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]
"""A record without its place: key, value, headers."""
Fold = dict[bytes, bytes]

_LABELS = {"decision": DECISION, "dead letter": DEAD_LETTER, "forwarded": FORWARDED}


def _line(written: Record | Write) -> Line:
    return written.key, written.value, tuple(written.headers)


def folded(records: Iterable[Record | Line]) -> Fold:
    """The latest value of every key."""
    fold: Fold = {}
    for record in records:
        key, value = record[:2] if isinstance(record, tuple) else (record.key, record.value)
        assert key is not None
        if value is None:
            fold.pop(key, None)
        else:
            fold[key] = value
    return fold


class Judgement:
    """The reference: what the processor makes of *events*, one after the other, from an empty state that nobody sweeps.

    The tombstones of what has expired are no part of it: here or there they come earlier, or from somebody else.
    """

    def __init__(self, processor: DeskProcessor, events: Iterable[Record]) -> None:
        self.lines: dict[str, list[Line]] = defaultdict(list)
        self._processor = processor
        state = MemoryState()
        for event in events:
            outcome = self._outcome(event, state)
            for write in outcome.writes:
                if not is_swept(write):
                    self.lines[write.topic].append(_line(write))
                if write.topic == processor.changelog:
                    assert write.key is not None
                    processor.fold(state, write.key, processor.read_change(write.value), write.headers)

    def _outcome(self, event: Record, state: MemoryState) -> Outcome:
        try:
            return self._processor.process(event, state)
        except Exception as error:  # noqa: BLE001 as in the engine
            return self._processor.crashed(event, error)


def in_decided_order(partition: Partition) -> list[Record]:
    """The events that were decided, in the order of their decisions."""
    inputs = partition.inputs
    return [inputs[source] for record in partition.decisions if (source := decided(record)) in inputs]


def in_read_order(partition: Partition) -> list[Record]:
    """All events, those that were forwarded to the partition after the others: right where they are of other articles."""
    return [*partition.submitted, *partition.repartitioned]


def judged_the_same(partition: Partition, judgement: Judgement) -> list[Finding]:
    """Every record of decisions, enriched and published is the one that *judgement* has there, in this order.

    What sweeps have written changes no answer and is left out: the judgement knows without them what has expired.
    """
    found: list[Finding] = []
    for topic, records in (
        (DECISIONS, partition.decisions),
        (ENRICHED, [record for record in partition.enriched if not is_swept(record)]),
        (PUBLISHED, partition.published),
    ):
        found += _compared(partition, topic, [_line(record) for record in records], judgement.lines[topic])
    return found


def _compared(partition: Partition, topic: str, actual: Sequence[Line], expected: Sequence[Line]) -> list[Finding]:
    """The first difference: all others follow from it."""
    name = "the answers are those of the judgement"
    for number, (is_there, belongs_there) in enumerate(zip(actual, expected, strict=False)):
        if is_there != belongs_there:
            what = f"record {number} is {_said(is_there)}, and the judgement says {_said(belongs_there)}"
            return [Finding(name, f"{topic}/{partition.number}", what)]
    if len(actual) != len(expected):
        what = f"{len(actual)} records, and the judgement says {len(expected)}"
        return [Finding(name, f"{topic}/{partition.number}", what)]
    return []


def _said(line: Line) -> str:
    key, value, headers = line
    return f"{key!r} {(value or b'a tombstone')[:300]!r} {dict(headers).get('ce_id')!r}"


def rightly_without_decision(partition: Partition, processor: DeskProcessor) -> list[Finding]:
    """What is dead or forwarded is so rightly, and with its bytes as they were."""
    inputs = partition.inputs
    found = []
    for source, kind, record in answers(partition):
        if kind == "decision" or source not in inputs:
            continue
        outcome = processor.process(inputs[source], MemoryState())
        if outcome.label != _LABELS[kind]:
            what = f"{kind}, and the judgement says {outcome.label}"
        elif _line(outcome.writes[0]) != _line(record):
            what = f"{kind} {_said(_line(record))}, and the judgement says {_said(_line(outcome.writes[0]))}"
        else:
            continue
        found.append(Finding("the answers are those of the judgement", partition.where(source), what))
    return found[:MOST]


def published_as_judged(partition: Partition, judgement: Judgement) -> list[Finding]:
    """The published topic, folded, is what *judgement* leaves published."""
    expected = folded(judgement.lines[PUBLISHED])
    actual = folded(partition.published)
    found = []
    for key in sorted(expected.keys() | actual.keys()):
        if actual.get(key) != expected.get(key):
            what = _difference(actual.get(key), expected.get(key))
            where = f"{PUBLISHED}/{partition.number}/{key.decode()}"
            found.append(Finding("the published topic is what was judged", where, what))
    return found[:MOST]


def _difference(actual: bytes | None, expected: bytes | None) -> str:
    """Field by field where both are published."""
    if actual is None or expected is None:
        return f"{'not ' if actual is None else ''}published, and the judgement says {'not ' if expected is None else ''}so"
    is_there, belongs_there = orjson.loads(actual), orjson.loads(expected)
    differing = [name for name in {**is_there, **belongs_there} if is_there.get(name) != belongs_there.get(name)]
    said = [f"{name} is {is_there.get(name)!r:.80}, not {belongs_there.get(name)!r:.80}" for name in differing]
    return "; ".join(said) or "the order of its fields is another"
