"""A store that begins empty, while it is filled: what it was never given is not looked for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from newsdesk.engine.store import Position, Store

_BYTES_A_RECORD: Final = 2
"""At two keys a record one bit in eight is set in the end, and one look in eight in vain."""
_FEWEST: Final = 1 << 10
_MOST: Final = 16 << 20
"""8 MiB for a task alone; about what 64 tasks of 100,000 records want."""


class Blank:
    """Gives an empty *store* what it is filled with, and reads from it what it was given.

    Folding a changelog from its beginning asks for keys of which nearly all are new; a store takes as long to say so as
    the whole fold of the record. Here each key that was given has its bit, by its hash, in *size* bytes (a power of
    two): where that is not set, the key is not there. The more keys there are to a bit, the more is looked for in vain.
    """

    def __init__(self, store: Store, size: int) -> None:
        self._given = bytearray(size)
        self._mask = size * 8 - 1
        self._store = store
        self._fetch = store.get
        self.scan = store.scan

    def get(self, key: bytes) -> bytes | None:
        """The value under *key*, or None."""
        place = hash(key) & self._mask
        return self._fetch(key) if self._given[place >> 3] >> (place & 7) & 1 else None

    def apply(self, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        """As the store does, and remember what it was given."""
        given, mask = self._given, self._mask
        for key in changes:
            place = hash(key) & mask
            given[place >> 3] |= 1 << (place & 7)
        self._store.apply(changes, position)


class Blanks:
    """Lends the memory for the blanks of a worker, all of whose tasks may be filling stores at once: *left* bytes."""

    def __init__(self, left: int = _MOST) -> None:
        self.left = left

    @contextmanager
    def fill(self, store: Store, records: int) -> Iterator[Blank | Store]:
        """The empty *store* as it is best filled with so many *records*: by a blank, or as it is where no memory is left.

        Nobody gets more than half of what is left, so that there is something for whoever comes next.
        """
        size = max(_FEWEST, 1 << (records * _BYTES_A_RECORD).bit_length())
        while size > self.left // 2:
            size //= 2
        if size < _FEWEST:
            yield store
            return
        self.left -= size
        try:
            yield Blank(store, size)
        finally:
            self.left += size
