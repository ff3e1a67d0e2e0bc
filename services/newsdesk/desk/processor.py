"""The desk's processor: the judgement plugged into the engine. It returns what to write; the engine writes it."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.contracts.partitions import partition_of
from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.desk.dead_letters import dead_letter
from newsdesk.desk.headers import Stamp, forwarded_headers, text_of
from newsdesk.desk.sweep import sweep, tombstones
from newsdesk.editorial.article import Article, read_article
from newsdesk.editorial.identity import event_id
from newsdesk.editorial.instants import InstantError, from_milliseconds, read_instant
from newsdesk.editorial.judgement import judge
from newsdesk.editorial.kept import kept_in, kept_of
from newsdesk.editorial.parse import parse_event
from newsdesk.editorial.records import Records, write_records
from newsdesk.editorial.retention import (
    FOR_EVER,
    Retention,
    advanced,
    clock_of,
    milliseconds,
    stamp_header,
    stamp_in,
)
from newsdesk.editorial.state import fold, known_by
from newsdesk.editorial.unreadable import Unreadable
from newsdesk.engine.records import Outcome, Write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsdesk.contracts.decision import Source
    from newsdesk.editorial.kept import Kept
    from newsdesk.editorial.retention import Expired
    from newsdesk.editorial.rulebook import Rulebook
    from newsdesk.editorial.state import Reader, View
    from newsdesk.engine.punctuating import Punctuated, Stretch
    from newsdesk.engine.records import Headers, Record

HEADROOM: Final = 16 * topics.KIB
"""Bytes that a topic's limit leaves for headers and framing of a record."""

_ENRICHED: Final = topics.ENRICHED.name
_PUBLISHED: Final = topics.PUBLISHED.name
_DECISIONS: Final = topics.DECISIONS.name
_LIMIT: Final = topics.ENRICHED.max_message_bytes - HEADROOM

_HOMES: Final = 16_384
"""Scopes whose partition is remembered: to compute it takes longer than anything else of a key."""

DECISION: Final = "decision"
DEAD_LETTER: Final = "dead_letter"
FORWARDED: Final = "forwarded"


class DeskProcessor:
    """Answers every event with one decision, one dead letter, or by forwarding it to the partition of its scope.

    *partitions* is the number of partitions of every co-partitioned topic, None where placement is not checked.
    """

    inputs: ClassVar[tuple[str, ...]] = tuple(topic.name for topic in topics.INPUTS)
    changelog: ClassVar[str] = topics.ENRICHED.name

    def __init__(
        self,
        book: Rulebook,
        partitions: int | None,
        *,
        event_bytes: int = topics.EVENT_BYTES,
        retention: Retention = FOR_EVER,
    ) -> None:
        self._book = book
        self._placed = partitions is not None
        self._home = lru_cache(maxsize=_HOMES)(partial(_home, partitions or 1))
        self._event_bytes = event_bytes
        self._retention = retention

    def process(self, record: Record, state: Reader) -> Outcome:
        """What to write about *record*."""
        try:
            parsed = parse_event(record.value, self._event_bytes)
            article = read_article(parsed.event, self._book)
        except Unreadable as error:
            return self._dead(record, error.reason, error.detail)
        if self._placed:
            home = self._home(article.own.scope)
            if home != record.partition:
                return self._forward(record, article.own.scope, home)
        attributes = parsed.attributes
        given = dict(record.headers)
        event = None
        if ce_id := attributes.get("id") or text_of(given, ce.CE_ID):
            event = event_id(attributes.get("source") or text_of(given, ce.CE_SOURCE) or "", ce_id)
        said = _said(attributes.get("time") or text_of(given, ce.CE_TIME))
        known, expired = known_by(article.aliases, state, self._retention)
        verdict = judge(article, event, known, self._book)
        source: Source = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        records = write_records(article, verdict, source, _time(said, record, article), self._book)
        if records.enriched is None:
            return self._decided(record, records, attributes.get(ce.TRACEPARENT))
        clock = advanced(clock_of(state), None if said is None else milliseconds(said), record.timestamp)
        return self._decided(record, records, attributes.get(ce.TRACEPARENT), stamp_header(clock), expired)

    def crashed(self, record: Record, error: Exception) -> Outcome:
        """The dead letter for a defect of ours that *record* brought to light."""
        detail = f"{type(error).__name__}: {error}"[:300]
        outcome = self._dead(record, DeadLetterReason.INTERNAL_ERROR, detail, error)
        outcome.defect = True
        return outcome

    def too_large(self, record: Record, outcome: Outcome, topic: str, size: int) -> Outcome:  # noqa: ARG002 - the engine's form
        """The dead letter for a record whose answer does not fit into *topic*."""
        return self._dead(record, DeadLetterReason.ENRICHED_TOO_LARGE, f"{size} bytes for {topic}")

    def read_change(self, value: bytes | None) -> Kept | None:
        """What the state keeps of a record of the enriched topic."""
        return kept_in(value) if value is not None else None

    def source_of(self, change: Record) -> tuple[str, int] | None:
        """Topic and offset of the event that caused *change*: its ce_id begins with them."""
        place = (text_of(dict(change.headers), ce.CE_ID) or "").split("/", 3)
        return (place[0], int(place[2])) if len(place) == 4 and place[2].isdigit() else None  # noqa: PLR2004

    def fold(self, state: View, key: bytes, change: Any, headers: Headers) -> None:
        """Apply a record of the enriched topic to the state."""
        fold(state, key, change, stamp_in(headers))

    def punctuate(self, task: int, state: Stretch, cursor: bytes | None) -> Punctuated:
        """Sweep a stretch of the state: tombstones for what has expired there."""
        return sweep(task, state, cursor, self._retention)

    def _decided(
        self,
        record: Record,
        records: Records,
        trace: str | None,
        clock: Headers = (),
        expired: Sequence[Expired] = (),
    ) -> Outcome:
        """The records that are to be written, after the tombstones of *expired* articles whose URLs these take over."""
        decision = records.decision
        article = decision["articleId"]
        key = article.encode()
        stamp = Stamp(record, article, decision.get("time"), trace)
        partition = record.partition
        writes: list[Write] = []
        retract = records.retract
        for gone in expired:
            if gone.article != key:
                writes += tombstones(partition, gone)
            elif gone.published:  # the id begins a new life, and may still be published from the one that is over
                retract = True
        if (enriched := records.enriched) is not None:
            value = orjson.dumps(enriched)
            if len(value) > _LIMIT:
                return self._dead(
                    record, DeadLetterReason.ENRICHED_TOO_LARGE, f"{len(value)} bytes, {_LIMIT} are allowed"
                )
            # Before the tombstones of what is merged: where a crash may come between them, the event counts as answered by
            # whichever is there, and an article too many is better than one that has lost its record and URLs.
            headers = (*clock, *stamp.headers("enriched", ce.TYPE_ENRICHED))
            writes.append(Write(_ENRICHED, partition, key, value, headers, None, kept_of(enriched)))
        for merged in records.merged:
            headers = stamp.headers(f"merged/{merged}", ce.TYPE_MERGED)
            writes.append(Write(_ENRICHED, partition, merged.encode(), None, headers))
        for merged in records.merged_published:
            headers = stamp.headers(f"merged-published/{merged}", ce.TYPE_RETRACTED)
            writes.append(Write(_PUBLISHED, partition, merged.encode(), None, headers))
        if records.published is not None:
            headers = stamp.headers("published", ce.TYPE_PUBLISHED)
            writes.append(Write(_PUBLISHED, partition, key, records.published, headers))
        elif retract:
            writes.append(Write(_PUBLISHED, partition, key, None, stamp.headers("published", ce.TYPE_RETRACTED)))
        headers = stamp.headers("decision", ce.TYPE_DECISION)
        writes.append(Write(_DECISIONS, partition, key, orjson.dumps(decision), headers))
        return Outcome(writes, DECISION, (decision["kind"], decision["reason"]))

    def _dead(self, record: Record, reason: DeadLetterReason, detail: str, error: Exception | None = None) -> Outcome:
        return Outcome([dead_letter(record, reason, detail, error)], DEAD_LETTER, (reason.value,))

    def _forward(self, record: Record, scope: str, home: int) -> Outcome:
        """Forward the record to the partition of its scope, once."""
        if record.topic == topics.REPARTITIONED.name:
            detail = f"in partition {record.partition}, and its scope {scope[:100]!r} belongs to {home}"
            return self._dead(record, DeadLetterReason.MISROUTED, detail)
        forwarded = Write(
            topics.REPARTITIONED.name, home, scope.encode(), record.value, forwarded_headers(record), record.timestamp
        )
        return Outcome([forwarded], FORWARDED, ())


def _home(partitions: int, scope: str) -> int:
    return partition_of(scope.encode(), partitions)


def _said(text: str | None) -> str | None:
    """What CloudEvents says of the event's time; a clock that upstream wrote wrongly says nothing."""
    try:
        return None if text is None else read_instant(text)
    except InstantError:
        return None


def _time(said: str | None, record: Record, article: Article) -> str | None:
    """The event's time: what CloudEvents says, else the record's timestamp, else when it was published."""
    if said is not None:
        return said
    if record.timestamp >= 0:
        try:
            return from_milliseconds(record.timestamp)
        except InstantError:
            pass
    return article.published
