"""The loop gets its turn, waits grow to their bound, the brake counts right, and a lost task is let go of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.counting import Counting, Names
from engine.harness import Watching, config
from newsdesk.engine.blank import Blanks
from newsdesk.engine.brake import Brake
from newsdesk.engine.crash_points import CrashPoint, NoCrash
from newsdesk.engine.errors import NotOwnedError
from newsdesk.engine.memory_log import MemoryBroker, MemoryLog
from newsdesk.engine.memory_store import MemoryStores
from newsdesk.engine.pacing import Backoff, Turns
from newsdesk.engine.status import TaskStatus
from newsdesk.engine.task import Task, Tools

if TYPE_CHECKING:
    from collections.abc import Mapping


async def test_after_every_turn_everything_else_runs_once() -> None:
    turns = Turns(0.001)
    laps = 0

    async def other() -> None:
        nonlocal laps
        while True:
            laps += 1
            await asyncio.sleep(0)

    runner = asyncio.create_task(other())
    for turn in range(10):
        await turns.take()
        await turns.give()
        assert laps >= turn + 1
    runner.cancel()


async def test_only_one_has_the_turn() -> None:
    turns = Turns(0.001)
    await turns.take()
    second = asyncio.create_task(turns.take())
    await asyncio.sleep(0)
    assert not second.done()
    await turns.give()
    await asyncio.wait_for(second, 1)


def test_backoff_doubles_to_its_bound_and_begins_anew() -> None:
    backoff = Backoff(1, 5)
    assert [backoff.next() for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.reset()
    assert backoff.next() == 1


@pytest.mark.parametrize(
    ("good", "bad", "on"),
    [
        pytest.param(0, 19, False, id="fewer than the minimum"),
        pytest.param(0, 20, True, id="all of the minimum"),
        pytest.param(16, 4, False, id="exactly a fifth"),
        pytest.param(16, 5, True, id="more than a fifth"),
        pytest.param(1000, 40, False, id="a fifth of the last 200"),
        pytest.param(1000, 41, True, id="more than a fifth of the last 200"),
    ],
)
def test_when_the_brake_is_pulled(good: int, bad: int, on: bool) -> None:  # noqa: FBT001
    brake = Brake(window=200, minimum=20, share=0.2)
    for _ in range(good):
        brake.note(defect=False)
    for _ in range(bad):
        brake.note(defect=True)
    assert brake.on is on


def test_old_defects_are_forgotten() -> None:
    brake = Brake(window=20, minimum=20, share=0.2)
    for _ in range(10):
        for _ in range(4):
            brake.note(defect=True)
        for _ in range(16):
            brake.note(defect=False)
    assert not brake.on


async def test_a_task_that_was_lost_while_it_fenced_reads_nothing_and_writes_nothing() -> None:
    """InitProducerId delayed past a rebalance: the slow one must notice before it goes on."""
    names = Names()
    broker = MemoryBroker()
    broker.append(names.inputs[0], 0, b"a", b"1")
    owned = True

    class Log(MemoryLog):
        async def start(self) -> None:
            nonlocal owned
            owned = False
            await super().start()

        async def committed(self) -> Mapping[str, int]:
            raise AssertionError("it read the offsets of a task that is not its own")

    async def reached(point: CrashPoint) -> None:
        del point

    log = Log(broker, task=0, inputs=names.inputs, changelog=names.changelog, reached=reached, owned=lambda: owned)
    tools = Tools(
        log=log,
        processor=Counting(names),
        stores=MemoryStores(),
        config=config("memory", names),
        observer=Watching(),
        crash=NoCrash(),
        turns=Turns(0.015),
        blanks=Blanks(),
        brake=Brake(window=200, minimum=20, share=0.2),
        status=TaskStatus(0),
    )
    with pytest.raises(NotOwnedError):
        await Task(0, tools).run()
    assert not broker.read(names.out)
