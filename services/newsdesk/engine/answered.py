"""Events that are answered though the group has not passed them: a crash without transactions leaves some.

There the changelog comes after all other outputs of a batch, and the offsets after the changelog. What the changelog tells
of is answered, therefore, and to decide it again, on a state that has it already, would bring back what came before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from newsdesk.engine.processor import Processor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsdesk.engine.records import Record


@runtime_checkable
class Sourced(Processor, Protocol):
    """A processor whose changelog records say which input record they come from."""

    def source_of(self, change: Record) -> tuple[str, int] | None:
        """Topic and offset of the record that caused *change*; None where none did."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The last record of an input that the changelog tells of; *answered_ms* is its answer's timestamp."""

    offset: int
    answered_ms: int


class Answered:
    """Gathers the marks while the changelog is read."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor if isinstance(processor, Sourced) else None
        self._marks: dict[str, Mark] = {}

    def note(self, change: Record) -> None:
        """*change* is in the changelog."""
        source = None if self._processor is None else self._processor.source_of(change)
        if source is None:
            return
        topic, offset = source
        known = self._marks.get(topic)
        if known is None or offset >= known.offset:
            self._marks[topic] = Mark(offset, change.timestamp)

    def marks(self) -> Mapping[str, Mark]:
        """By input topic; a topic without any is missing."""
        return self._marks
