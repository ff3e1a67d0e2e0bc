"""What intake reads from files: items, what is refused among them, and the bounds of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from newsdesk.contracts.topics import MIB

LINE_BYTES: Final = 16 * MIB
"""The longest line that is read whole; no topic takes a record as large. A longer one is refused, the next is read."""

DOCUMENT_BYTES: Final = 64 * MIB
"""The largest article file, JSON object over several lines, or JSON array; it is read whole. Lines know no such bound."""

SKIPPED_BYTES: Final = 1024 * MIB
"""How much of a line that is too long is skipped before the rest of its file is given up: gzip can hold endless ones."""


@dataclass(frozen=True, slots=True)
class Item:
    """One event as it was found: *value* is its JSON, or the line itself when read raw; None is a tombstone.

    *line* counts from 1 and says where in *file* ("-" is standard input) it begins, decompressed. Key, headers,
    timestamp (ms), topic, partition and offset are known where the item is a line of `newsdesk tail`.
    """

    file: str
    line: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int | None = None
    partition: int | None = None
    offset: int | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """What is no event, and why. *item* holds its bytes as an event all the same: the desk answers it with a dead letter."""

    reason: str
    item: Item

    @property
    def file(self) -> str:
        """Where it was found, as on the item."""
        return self.item.file

    @property
    def line(self) -> int:
        """Where in the file it begins."""
        return self.item.line


class InputError(Exception):
    """A file cannot be read (on); the message names it and the remedy."""
