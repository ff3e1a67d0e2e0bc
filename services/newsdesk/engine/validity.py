"""When a store that was found must not be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsdesk.engine.store import Position

_SAFE_SHARE = 0.9
"""Of delete.retention.ms: clocks differ, and reading the rest of the changelog takes its time."""


@dataclass(frozen=True, slots=True)
class Span:
    """A partition as it stands: its topic's id, None where the broker gives none, its first offset and its end."""

    topic_id: str | None
    start: int
    end: int


def why_discard(position: Position, span: Span, *, now_ms: int, delete_retention_ms: int | None) -> str | None:
    """Why the store at *position* cannot be brought up to the end of *span*, or None where it can."""
    if position.topic_id is None or span.topic_id is None:
        return "the broker gives no topic id, so the changelog may be another one by now"
    if position.topic_id != span.topic_id:
        return "it is of another changelog: the topic was re-created, or the broker is another one"
    if position.offset < span.start:
        return f"its offset {position.offset} lies before the changelog's start {span.start}"
    if position.offset > span.end:
        return f"its offset {position.offset} lies beyond the changelog's end {span.end}"
    if delete_retention_ms is not None and now_ms - position.written_ms > delete_retention_ms * _SAFE_SHARE:
        return "it is so old that tombstones may have been compacted away"
    return None
