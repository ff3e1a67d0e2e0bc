"""A store that is filled from nothing: it answers as the store does, and does not ask it for what it never got."""

from __future__ import annotations

from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.counting import Counting, Names
from engine.harness import config
from newsdesk.engine.blank import Blank, Blanks
from newsdesk.engine.crash_points import NoCrash
from newsdesk.engine.making import Parts, TaskMaker
from newsdesk.engine.memory_store import MemoryStore, MemoryStores
from newsdesk.engine.observer import NullObserver
from newsdesk.engine.store import Position

if TYPE_CHECKING:
    from newsdesk.engine.store import Changes
    from newsdesk.engine.task import Task, Tools

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
    blank = Blank(store, 64)
    for changes in batches:
        blank.apply(changes, HERE)
        for key in [*others, *(key for batch in batches for key in batch)]:
            assert blank.get(key) == store.get(key)
    assert store.position() == (HERE if batches else None)


def test_it_seldom_asks_for_what_it_never_got() -> None:
    store = Asked()
    with Blanks().fill(store, 5_000) as blank:
        blank.apply({b"k%d" % i: b"v" for i in range(10_000)}, HERE)
        assert all(blank.get(b"k%d" % i) == b"v" for i in range(10_000))
        assert store.times == 10_000
        assert not any(blank.get(b"other%d" % i) for i in range(10_000))
    assert store.times < 13_000, "one in eight is expected, where the bits are fewest"


def lent(blanks: Blanks, records: int, tasks: int) -> list[int]:
    """What each of so many tasks gets, in bytes, all of them being there at once."""
    with ExitStack() as stack:
        filled = [stack.enter_context(blanks.fill(MemoryStore(), records)) for _ in range(tasks)]
        return [len(blank._given) if isinstance(blank, Blank) else 0 for blank in filled]


@pytest.mark.parametrize(
    ("records", "tasks", "expected"),
    [
        pytest.param(0, 1, [1 << 10], id="a changelog that holds nothing"),
        pytest.param(100_000, 3, [256 << 10] * 3, id="two bytes a record, and more for a power of two"),
        pytest.param(100_000, 64, [256 << 10] * 63 + [128 << 10], id="as many tasks as a worker may have"),
        pytest.param(1 << 60, 3, [8 << 20, 4 << 20, 2 << 20], id="whatever is to come, something for the next"),
        pytest.param(1 << 60, 20, [(8 << 20) >> n for n in range(14)] + [0] * 6, id="next to nothing is nothing"),
    ],
)
def test_all_tasks_of_a_worker_share_16_mib(records: int, tasks: int, expected: list[int]) -> None:
    blanks = Blanks()
    assert lent(blanks, records, tasks) == expected
    assert sum(expected) <= 16 << 20
    assert lent(blanks, records, tasks) == expected, "it was given back"


def test_where_no_memory_is_left_the_store_is_filled_as_it_is() -> None:
    store = MemoryStore()
    with Blanks(0).fill(store, 100) as filled:
        assert filled is store


def test_what_a_failed_restore_had_is_given_back() -> None:
    blanks = Blanks()
    before = blanks.left
    with pytest.raises(OSError, match="full"), blanks.fill(MemoryStore(), 100):
        raise OSError("full")
    assert blanks.left == before


def test_the_attempts_at_all_tasks_of_a_worker_lend_from_the_same() -> None:
    given: list[Tools] = []

    def attempt(_number: int, tools: Tools) -> Task:
        given.append(tools)
        return None  # type: ignore[return-value]

    names = Names()
    parts = Parts(
        config=config("", names),
        processor=Counting(names),
        observer=NullObserver(),
        crash=NoCrash(),
        stores=MemoryStores(),
        attempt=attempt,
        committer=lambda **_: None,  # type: ignore[arg-type, return-value]
    )
    maker = TaskMaker(parts, lambda _: None)
    consumer: Any = SimpleNamespace(pause=lambda *_: None)
    link: Any = SimpleNamespace(consumer=consumer, reader=None, chosen=None, partitions=2)
    for number in (0, 1):
        keeper = maker.keeper(number, link, lambda: True)
        for _ in range(2):
            keeper._new_attempt()
    assert len(given) == 4
    assert len({id(tools.blanks) for tools in given}) == 1
