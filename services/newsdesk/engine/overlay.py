"""The state as a record sees it: what it changes itself, over its batch, over the batch being committed, over the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from newsdesk.engine.store import Slice

if TYPE_CHECKING:
    from newsdesk.engine.store import Changes, Readable

_ABSENT: Final = object()


class Overlay:
    """A view of four layers. Nothing reaches the store through it; a record's own layer is kept or dropped as one.

    What a record has read of the store is remembered until it is kept: folding asks once more for most of it.
    """

    __slots__ = ("_batch", "_committing", "_fetch", "_read", "_record", "_scan", "failure")

    def __init__(self, store: Readable) -> None:
        self._record: Changes = {}
        self._batch: Changes = {}
        self._committing: Changes = {}
        self._read: Changes = {}
        self._fetch = store.get
        self._scan = store.scan
        self.failure: Exception | None = None
        """What the store said when it could not be read; a processor may have caught it."""

    def get(self, key: bytes) -> bytes | None:
        """The value under *key* in the uppermost layer that knows it."""
        if self._record and (value := self._record.get(key, _ABSENT)) is not _ABSENT:
            return value  # type: ignore[return-value]
        if (value := self._batch.get(key, _ABSENT)) is not _ABSENT:
            return value  # type: ignore[return-value]
        if (value := self._committing.get(key, _ABSENT)) is not _ABSENT:
            return value  # type: ignore[return-value]
        if (value := self._read.get(key, _ABSENT)) is not _ABSENT:
            return value  # type: ignore[return-value]
        try:
            value = self._read[key] = self._fetch(key)
        except Exception as error:
            self.failure = error
            raise
        return value

    def scan(self, start: bytes, limit: int) -> Slice:
        """The store's slice, with what the layers above know better; what only they have is not among it."""
        try:
            found = self._scan(start, limit)
        except Exception as error:
            self.failure = error
            raise
        items: list[tuple[bytes, bytes]] = []
        for key, stored in found.items:
            value = self._record.get(key, _ABSENT)
            if value is _ABSENT:
                value = self._batch.get(key, _ABSENT)
            if value is _ABSENT:
                value = self._committing.get(key, stored)
            if value is not None:
                items.append((key, value))  # type: ignore[arg-type]
        return Slice(items, found.next)

    def check(self) -> None:
        """Raise what the store said, in case the processor caught it and decided without the state."""
        if self.failure is not None:
            raise self.failure

    def put(self, key: bytes, value: bytes) -> None:
        """Set *key* in the record's layer."""
        self._record[key] = value

    def delete(self, key: bytes) -> None:
        """Remove *key* in the record's layer."""
        self._record[key] = None

    def drop_record(self) -> None:
        """Forget what the record at hand changed."""
        if self._record:
            self._record.clear()

    def keep_record(self) -> None:
        """Add what the record at hand changed to its batch."""
        self._read.clear()
        if self._record:
            self._batch.update(self._record)
            self._record.clear()

    def close_batch(self) -> Changes:
        """The batch's changes, which stay visible until `batch_stored`; the next batch begins."""
        self._committing, self._batch = self._batch, {}
        return self._committing

    def batch_stored(self) -> None:
        """The store has the closed batch."""
        self._committing = {}
