"""A state that is restored is the one that was folded live: from nothing, from a store, and after a restore cut short."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.counting import Counting, Names
from engine.harness import CrashedError, CrashOnce
from newsdesk.engine.blank import Blanks
from newsdesk.engine.crash_points import CrashPoint, NoCrash
from newsdesk.engine.memory_log import MemoryBroker, MemoryLog
from newsdesk.engine.memory_store import MemoryStore
from newsdesk.engine.observer import NullObserver
from newsdesk.engine.pacing import Turns
from newsdesk.engine.restore import restore
from newsdesk.engine.store import Position

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from newsdesk.engine.crash_points import Crash
    from newsdesk.engine.processor import View
    from newsdesk.engine.records import Headers, Record

NAMES = Names()
LOG = NAMES.changelog

Event = tuple[bytes, frozenset[bytes] | None]
"""An article and its aliases, None where it goes."""


class Owning(Counting):
    """A change says which aliases an article has: what the fold removes hangs on what the state says."""

    def read_change(self, value: bytes | None) -> object | None:
        return None if value is None else value.split()

    def fold(self, state: View, key: bytes, change: object | None, headers: Headers) -> None:
        del headers
        old = state.get(b"a" + key)
        after: list[bytes] = change if isinstance(change, list) else []
        for alias in (old or b"").split():
            if alias not in after and state.get(b"u" + alias) == key:
                state.delete(b"u" + alias)
        for alias in after:
            state.put(b"u" + alias, key)
        if change is not None:
            state.put(b"a" + key, b" ".join(after))
        elif old is not None:
            state.delete(b"a" + key)


PROCESSOR = Owning(NAMES)


class Log(MemoryLog):
    """The changelog comes a few records at a time."""

    async def read_changelog(self, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        async for portion in super().read_changelog(start, end):
            for first in range(0, len(portion), 3):
                yield portion[first : first + 3]


class HalfLog(Log):
    """Its commits may be there without their offsets."""

    atomic = False


class State(dict[bytes, bytes]):
    """The live state."""

    put = dict.__setitem__
    delete = dict.__delitem__


class Desk:
    """A changelog that is written, and the live state of who writes it."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.live = State()
        self._owners: dict[bytes, set[bytes]] = {}

    def write(self, events: Iterable[Event]) -> None:
        """An article and its aliases, None where it goes; those that had one of them before are merged into it. One commit."""
        for key, aliases in events:
            had = self._owners
            merged = sorted(k for k, own in had.items() if k != key and aliases and own & aliases)
            whole = None if aliases is None else aliases.union(*(had[k] for k in merged))
            self._fold(key, whole)
            for gone in merged:
                self._fold(gone, None)
        self.broker.mark(LOG, 0)

    def _fold(self, key: bytes, aliases: frozenset[bytes] | set[bytes] | None) -> None:
        self._owners.pop(key, None)
        if aliases is not None:
            self._owners[key] = set(aliases)
        value = None if aliases is None else b" ".join(sorted(aliases))
        self.broker.append(LOG, 0, key, value)
        PROCESSOR.fold(self.live, key, PROCESSOR.read_change(value), ())


async def brought(
    store: MemoryStore, desk: Desk, logs: type[Log], slice_seconds: float, crash: Crash | None = None
) -> list[Record]:
    """Restore *store*, and end it as a task does; the records that were noted."""

    async def reached(_: CrashPoint) -> None: ...

    noted: list[Record] = []
    log = logs(desk.broker, task=0, inputs=NAMES.inputs, changelog=LOG, reached=reached)
    blanks = Blanks()
    lent = blanks.left
    try:
        position = await restore(
            task=0,
            log=log,
            store=store,
            processor=PROCESSOR,
            turns=Turns(slice_seconds),
            blanks=blanks,
            observer=NullObserver(),
            crash=crash or NoCrash(),
            delete_retention_ms=None,
            progressed=lambda: None,
            noted=noted.append,
            now_ms=lambda: 1,
        )
    finally:
        assert blanks.left == lent
    assert position == Position(desk.broker.partition(LOG, 0).end, desk.broker.topic_id(LOG), 1)
    store.apply({}, position)
    return noted


KEYS = st.sampled_from([b"1", b"2", b"3", b"4"])
ALIASES = st.frozensets(st.sampled_from([b"p", b"q", b"r", b"s", b"t"]), max_size=3)
EVENTS = st.lists(st.tuples(KEYS, st.none() | ALIASES), max_size=12)
SLICES = st.sampled_from([0.0, 60.0])
"""Every record in a turn of its own, or each portion in one."""
LAW = settings(max_examples=80, deadline=None)
GUARANTEES = pytest.mark.parametrize("logs", [pytest.param(Log, id="atomic"), pytest.param(HalfLog, id="not-atomic")])


@GUARANTEES
@given(EVENTS, SLICES)
@LAW
def test_a_store_filled_from_nothing(logs: type[Log], events: list[Event], slice_seconds: float) -> None:
    desk, store = Desk(), MemoryStore()
    desk.write(events)
    noted = asyncio.run(brought(store, desk, logs, slice_seconds))
    assert store.items() == desk.live
    assert noted == ([] if logs.atomic else desk.broker.read(LOG))


@GUARANTEES
@given(EVENTS, EVENTS, SLICES)
@LAW
def test_a_store_that_has_the_beginning(
    logs: type[Log],
    events: list[Event],
    more: list[Event],
    slice_seconds: float,
) -> None:
    desk, store = Desk(), MemoryStore()
    desk.write(events)
    asyncio.run(brought(store, desk, logs, slice_seconds))
    before = len(desk.broker.read(LOG))
    desk.write(more)
    noted = asyncio.run(brought(store, desk, logs, slice_seconds))
    assert store.items() == desk.live
    assert noted == ([] if logs.atomic else desk.broker.read(LOG)[before:])


@GUARANTEES
@given(EVENTS, EVENTS, SLICES, st.integers(0, 2))
@LAW
def test_a_restore_that_was_cut_short_goes_on_even_where_the_log_was_compacted_since(
    logs: type[Log],
    events: list[Event],
    more: list[Event],
    slice_seconds: float,
    skip: int,
) -> None:
    """Where commits are not atomic it begins anew, in a store that holds what by now is in no record any more."""
    desk, store = Desk(), MemoryStore()
    desk.write(events)
    crash = CrashOnce(CrashPoint.MID_RESTORE, skip)
    try:
        asyncio.run(brought(store, desk, logs, slice_seconds, crash))
    except CrashedError:
        position = store.position()
        assert position is not None
        assert (position.offset > 0) is logs.atomic
    had = store.position()
    desk.write(more)
    desk.broker.compact(LOG, 0)
    noted = asyncio.run(brought(store, desk, logs, slice_seconds))
    assert store.items() == desk.live
    left = [record for record in desk.broker.read(LOG) if had is None or record.offset >= had.offset]
    assert noted == ([] if logs.atomic else left)
