"""A store that begins empty, while it is filled: what it was never given is not looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsdesk.engine.store import Position, Slice, Store

_BITS_A_RECORD: Final = 16
"""One record in eight asks in vain then, at two keys a record."""
_FEWEST: Final = 1 << 13
_MOST: Final = 1 << 26
"""8 MiB: with more than some ten million keys more and more is looked for, as it would be without."""


class Blank:
    """Gives an empty *store* the changes of about so many *records*, and reads from it what it was given.

    Folding a changelog from its beginning asks for keys of which nearly all are new; a store takes as long to say so as
    the whole fold of the record. Here each key that was given has its bit, by its hash: where that is not set, the key
    is not there.
    """

    def __init__(self, store: Store, records: int) -> None:
        bits = min(_MOST, max(_FEWEST, 1 << (records * _BITS_A_RECORD).bit_length()))
        self._given = bytearray(bits // 8)
        self._mask = bits - 1
        self._store = store
        self._fetch = store.get

    def get(self, key: bytes) -> bytes | None:
        """The value under *key*, or None."""
        place = hash(key) & self._mask
        return self._fetch(key) if self._given[place >> 3] >> (place & 7) & 1 else None

    def scan(self, start: bytes, limit: int) -> Slice:
        """As the store does."""
        return self._store.scan(start, limit)

    def apply(self, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        """As the store does, and remember what it was given."""
        given, mask = self._given, self._mask
        for key in changes:
            place = hash(key) & mask
            given[place >> 3] |= 1 << (place & 7)
        self._store.apply(changes, position)
