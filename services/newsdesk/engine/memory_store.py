"""Stores in memory: for tests, and where no state folder is set."""

from __future__ import annotations

import sys
from heapq import nsmallest
from typing import TYPE_CHECKING

from newsdesk.engine.store import Position, Slice, StoreSize

if TYPE_CHECKING:
    from collections.abc import Mapping


class MemoryStore:
    """A store that lives as long as its process."""

    def __init__(self) -> None:
        self._data: dict[bytes, bytes] = {}
        self._position: Position | None = None
        self.get = self._data.get

    def scan(self, start: bytes, limit: int) -> Slice:
        """The *limit* smallest keys from *start* on; every key is looked at, so this is for small states."""
        data = self._data
        keys = nsmallest(limit, (key for key in data if key >= start))
        return Slice([(key, data[key]) for key in keys], None if len(keys) < limit else keys[-1] + b"\0")

    def apply(self, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        """Write *changes* and *position*."""
        for key, value in changes.items():
            if value is None:
                self._data.pop(key, None)
            else:
                self._data[key] = value
        self._position = position

    def position(self) -> Position | None:
        """The position of the last apply."""
        return self._position

    def clear(self) -> None:
        """Forget everything."""
        self._data.clear()
        self._position = None

    def flush(self) -> None:
        """Nothing to make durable."""

    def close(self) -> None:
        """Nothing to let go of."""

    def size(self) -> StoreSize:
        """The number of keys; bytes of the map itself only."""
        return StoreSize(keys=len(self._data), disk_bytes=0, memory_bytes=sys.getsizeof(self._data))

    def items(self) -> dict[bytes, bytes]:
        """A copy of the content."""
        return dict(self._data)


class MemoryStores:
    """Keeps each task's store for the life of this object, as a disk would."""

    def __init__(self) -> None:
        self._kept: dict[int, MemoryStore] = {}

    def open(self, task: int) -> tuple[MemoryStore, str | None]:
        """The store of *task*, as it was left."""
        return self._kept.setdefault(task, MemoryStore()), None

    def discard(self, task: int) -> None:
        """Forget the store of *task*."""
        self._kept.pop(task, None)
