"""Judging without a broker: the same processor over a state in memory, one event after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.desk.headers import text_of
from newsdesk.desk.processor import DEAD_LETTER, DeskProcessor
from newsdesk.engine.folding import fold_writes
from newsdesk.engine.records import Record

if TYPE_CHECKING:
    from newsdesk.editorial.rulebook import Rulebook
    from newsdesk.engine.records import Headers, Outcome

TOPIC: Final = "-"
"""The topic of every source: there is none."""


class MemoryState(dict[bytes, bytes]):
    """The state as a dict."""

    put = dict.__setitem__
    delete = dict.__delitem__


class Judge:
    """Answers events in the order in which they are given; memory grows with the articles known, not the events."""

    def __init__(self, book: Rulebook, *, event_bytes: int = topics.EVENT_BYTES) -> None:
        self._processor = DeskProcessor(book, None, event_bytes=event_bytes)
        self.state = MemoryState()
        self._offset = 0

    def answer(
        self, value: bytes | None, *, key: bytes | None = None, headers: Headers = (), timestamp: int = -1
    ) -> dict[str, Any]:
        """The full answer to one event: outcome, decision or reason, enriched, published.

        *timestamp* is the record's in milliseconds, -1 where it has none. enriched and published are absent where
        nothing is written; tombstones (None) for merged articles stand under merged.
        """
        record = Record(TOPIC, 0, self._offset, timestamp, key, value, headers)
        self._offset += 1
        try:
            outcome = self._processor.process(record, self.state)
        except Exception as error:  # noqa: BLE001 - a defect on one event is a dead letter, here as in the engine
            outcome = self._processor.crashed(record, error)
        fold_writes(self._processor, record.partition, self.state, outcome.writes)
        return _answer(outcome)


def brief(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without the records: outcome and decision, or outcome, reason and detail."""
    return {name: part for name, part in answer.items() if name in ("outcome", "decision", "reason", "detail")}


def _answer(outcome: Outcome) -> dict[str, Any]:
    if outcome.label == DEAD_LETTER:
        headers = dict(outcome.writes[0].headers)
        return {
            "outcome": DEAD_LETTER,
            "reason": text_of(headers, ce.DEAD_REASON),
            "detail": text_of(headers, ce.DEAD_DETAIL),
        }
    decided = outcome.writes[-1]
    answer: dict[str, Any] = {"outcome": outcome.label, "decision": orjson.loads(decided.value or b"null")}
    merged: dict[str, list[str]] = {}
    for write in outcome.writes[:-1]:
        name = "enriched" if write.topic == topics.ENRICHED.name else "published"
        if write.key == decided.key:
            answer[name] = orjson.loads(write.value) if write.value is not None else None
        else:
            merged.setdefault(name, []).append((write.key or b"").decode())
    if merged:
        answer["merged"] = merged
    return answer
