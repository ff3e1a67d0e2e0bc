"""The port of the local store: a cache of the changelog's fold, together with the offset that it reflects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

Changes = dict[bytes, bytes | None]
"""Keys and their new values; None: removed."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a store has come: every changelog record below *offset* of that topic was in it at *written_ms*.

    *topic_id* is None where the broker gives none; such a store is not used again.
    """

    offset: int
    topic_id: str | None
    written_ms: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Keys in their order with their values, perhaps none, and where the next slice begins; None: behind the last key."""

    items: list[tuple[bytes, bytes]]
    next: bytes | None


@dataclass(frozen=True, slots=True)
class StoreSize:
    """How big a store is, as far as that is cheap to know."""

    keys: int
    disk_bytes: int
    memory_bytes: int


class Readable(Protocol):
    """What can be read of a store. Raises StoreError; StoreDamagedError where its content cannot be trusted."""

    def get(self, key: bytes) -> bytes | None:
        """The value under *key*, or None."""

    def scan(self, start: bytes, limit: int) -> Slice:
        """At most *limit* keys from *start* on; fewer where that would take long, even none before the end is reached."""


class Store(Readable, Protocol):
    """A durable map; writing raises as reading does."""

    def apply(self, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        """Write *changes* and *position*: after a crash either both are there or neither."""

    def position(self) -> Position | None:
        """The position of the last apply that survived, or None where there was none."""

    def clear(self) -> None:
        """Forget everything, the position too."""

    def flush(self) -> None:
        """Begin to make everything applied durable."""

    def close(self) -> None:
        """Make everything applied durable and let go of the files; twice is fine."""

    def size(self) -> StoreSize:
        """How big the store is."""


class Stores(Protocol):
    """Where the stores of a worker's tasks come from."""

    def open(self, task: int) -> tuple[Store, str | None]:
        """The store of *task*; with it, where an earlier one had to be discarded, the reason. Raises StoreError."""

    def discard(self, task: int) -> None:
        """Remove what is kept of *task*, which must not be open here."""
