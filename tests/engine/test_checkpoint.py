"""The stamp of a store says when it is known to have been up to date: when the broker was last heard, not now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from engine.harness import MemoryHarness
from newsdesk.engine import task
from newsdesk.engine.memory_log import MemoryLog
from support.waiting import until

if TYPE_CHECKING:
    import pytest

_HOUR = 3600


class HardOfHearing(MemoryLog):
    """A log whose broker said its last word *silent* seconds ago."""

    silent = 0.0

    def answered(self) -> float:
        return time.monotonic() - self.silent


def stamp_of(harness: MemoryHarness) -> int:
    position = harness.stores.open(0)[0].position()
    assert position is not None
    return int(position.written_ms)


async def test_a_worker_that_hears_nothing_does_not_vouch_for_its_store(monkeypatch: pytest.MonkeyPatch) -> None:
    logs: list[HardOfHearing] = []

    def make_log(*parts: Any, **more: Any) -> MemoryLog:
        logs.append(HardOfHearing(*parts, **more))
        return logs[-1]

    harness = MemoryHarness()
    harness.make_log = make_log
    await harness.submit((b"a", b"1"))
    await harness.start(checkpoint_ms=0)
    await until(lambda: harness.watching.records == 1)
    committed = stamp_of(harness)
    now = committed + _HOUR * 1000
    monkeypatch.setattr(task, "_now_ms", lambda: now)

    logs[-1].silent = _HOUR / 2
    harness.attempt().checkpoint()
    assert now - _HOUR * 500 - 1_000 <= stamp_of(harness) <= now - _HOUR * 500
    logs[-1].silent = _HOUR * 2
    harness.attempt().checkpoint()
    assert stamp_of(harness) >= committed, "a stamp does not go back"
    assert stamp_of(harness) <= now - _HOUR * 500
    await harness.stop()
    assert stamp_of(harness) <= now - _HOUR * 500, "nor does a clean end vouch"
    await harness.close()


async def test_a_worker_that_hears_the_broker_keeps_its_store_young(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = MemoryHarness()
    await harness.submit((b"a", b"1"))
    await harness.start(checkpoint_ms=0)
    await until(lambda: harness.watching.records == 1)
    now = stamp_of(harness) + _HOUR * 1000
    monkeypatch.setattr(task, "_now_ms", lambda: now)
    harness.attempt().checkpoint()
    assert now - 1_000 <= stamp_of(harness) <= now
    await harness.stop()
    await harness.close()
