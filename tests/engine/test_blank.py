"""A store that is filled from nothing: it answers as the store does, and does not ask it for what it never got."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from newsdesk.engine.blank import Blank
from newsdesk.engine.memory_store import MemoryStore
from newsdesk.engine.store import Position

if TYPE_CHECKING:
    from newsdesk.engine.store import Changes

HERE = Position(7, "id", 1_000)
KEYS = st.binary(min_size=1, max_size=2).filter(lambda key: key[0] != 0)


class Asked(MemoryStore):
    """Counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0
        fetch = self.get

        def get(key: bytes) -> bytes | None:
            self.times += 1
            return fetch(key)

        self.get = get


@given(st.lists(st.dictionaries(KEYS, st.none() | st.binary(max_size=2), max_size=20), max_size=5), st.lists(KEYS))
def test_it_answers_as_the_store_does(batches: list[Changes], others: list[bytes]) -> None:
    store = MemoryStore()
    blank = Blank(store, 4)
    for changes in batches:
        blank.apply(changes, HERE)
        for key in [*others, *(key for batch in batches for key in batch)]:
            assert blank.get(key) == store.get(key)
        assert blank.scan(b"", 10) == store.scan(b"", 10)
    assert store.position() == (HERE if batches else None)


def test_it_seldom_asks_for_what_it_never_got() -> None:
    store = Asked()
    blank = Blank(store, 5_000)
    blank.apply({b"k%d" % i: b"v" for i in range(10_000)}, HERE)
    assert all(blank.get(b"k%d" % i) == b"v" for i in range(10_000))
    assert store.times == 10_000
    assert not any(blank.get(b"other%d" % i) for i in range(10_000))
    assert store.times < 13_000, "one in eight is expected, where the bits are fewest"


def test_its_memory_is_bounded_whatever_is_to_come() -> None:
    """It is made of the size that the changelog has, which may be anything."""
    assert len(Blank(MemoryStore(), 1 << 60)._given) == 8 << 20
    assert Blank(MemoryStore(), 0).get(b"k") is None
