"""Negative controls: an engine that is broken in one place fails its scenario every time, and the sound one passes it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer

from chaos import broken
from chaos.broken import SOUND, Engine
from chaos.stage import WAIT, Gate, Stage, invariants
from engine.harness import CrashOnce
from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.memory_store import MemoryStores
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from chaos.findings import Finding

pytestmark = pytest.mark.kafka

ONCE = "every event is answered exactly once"
TWICE = "no decision twice"
JUDGED = "the answers are those of the judgement"
UNREAD = "no partition is left unread"
AHEAD = "offsets are never ahead of answers"


@contextlib.asynccontextmanager
async def staged(bootstrap: str, prefix: str, engine: Engine) -> AsyncIterator[Stage]:
    stage = Stage(bootstrap, prefix, engine)
    await stage.open()
    try:
        yield stage
    finally:
        await stage.close()


async def killed_after_its_offsets(stage: Stage) -> None:
    """The worker dies when its offsets are on their way; the next one goes on from what the group has."""
    gate = Gate(CrashPoint.AFTER_OFFSETS)
    worker = await stage.start(gate)
    await stage.submit(20)
    await gate.arrived()
    await worker.abort()
    await stage.start()
    await stage.submit(5)
    await stage.passed()


async def looked_at_when_its_offsets_are_on_their_way(stage: Stage) -> None:
    """Nothing fails: the group is asked for its offsets while the worker stands where they are on their way."""
    gate = Gate(CrashPoint.AFTER_OFFSETS)
    await stage.start(gate)
    await stage.submit(20)
    await gate.arrived()
    await stage.committed()
    gate.open.set()
    await stage.passed()


async def zombie_wakes_up_in_its_commit(stage: Stage) -> None:
    """The worker stands still within its transaction until another one has answered everything; then it goes on."""
    gate = Gate(CrashPoint.AFTER_OFFSETS)
    await stage.submit(20)
    zombie = await stage.start(gate, stores=MemoryStores())
    await gate.arrived()
    await stage.cut_off(zombie)
    await stage.start()
    await stage.passed()
    gate.open.set()
    await until(lambda: stage.telling.fences or CrashPoint.AFTER_COMMIT in gate.passed, WAIT)
    await zombie.abort()


async def predecessor_commits_while_the_successor_starts(stage: Stage) -> None:
    """The successor stands before its fence while the predecessor, out of the group, commits its last batch."""
    slow = Gate(CrashPoint.AFTER_PRODUCE)
    await stage.submit(20)
    predecessor = await stage.start(slow, stores=MemoryStores())
    await slow.arrived()
    await stage.cut_off(predecessor)
    late = Gate(CrashPoint.BEFORE_FENCE)
    await stage.start(late)
    await late.arrived()
    slow.open.set()
    await until(lambda: CrashPoint.AFTER_COMMIT in slow.passed, WAIT)
    await predecessor.abort()
    late.open.set()
    await stage.submit(5)
    await stage.passed()


async def killed_within_its_transaction(stage: Stage) -> None:
    """The worker dies before its batch is committed, and the next one finds its store."""
    gate = Gate(CrashPoint.AFTER_PRODUCE)
    worker = await stage.start(gate)
    await stage.submit(20)
    await gate.arrived()
    await worker.abort()
    await stage.start()
    await stage.passed()


async def a_batch_fails(stage: Stage) -> None:
    """A commit fails once, between two that do not."""
    failing = CrashOnce(CrashPoint.AFTER_PRODUCE, skip=10**9)
    await stage.start(failing)
    await stage.submit(5)
    await stage.passed()
    failing.skip = 0
    await stage.submit(1)
    await until(lambda: failing.done, WAIT)
    await stage.submit(5)
    await stage.passed()


async def shut_out_by_a_stray_request(stage: Stage) -> None:
    """An InitProducerId of a former owner comes late and shuts out the rightful one, which must start again."""
    worker = await stage.start()
    await stage.submit(5)
    await stage.passed()

    def gave_up() -> bool:
        status = worker.status()
        return status.state == "member" and {task.state for task in status.tasks} == {"stopped"}

    async with AIOKafkaProducer(bootstrap_servers=stage.bootstrap, transactional_id=f"{stage.group}-0"):
        await stage.submit(5)
        await until(lambda: stage.telling.fences or gave_up(), WAIT)

        async def over() -> bool:
            return gave_up() or await stage.committed() == 10

        await until(over, WAIT)


SCENARIOS: list[tuple[Callable[[Stage], Awaitable[None]], Engine, set[str]]] = [
    (killed_after_its_offsets, broken.COMMITS_FIRST, {ONCE}),
    (looked_at_when_its_offsets_are_on_their_way, broken.COMMITS_FIRST, {AHEAD}),
    (zombie_wakes_up_in_its_commit, broken.FENCES_NOBODY, {ONCE, TWICE}),
    (predecessor_commits_while_the_successor_starts, broken.READS_OFFSETS_FIRST, {ONCE, TWICE}),
    (killed_within_its_transaction, broken.FLUSHES_FIRST, {JUDGED}),
    (a_batch_fails, broken.SWALLOWS_ERRORS, {ONCE}),
    (shut_out_by_a_stray_request, broken.STAYS_FENCED, {ONCE, UNREAD}),
]


async def played(
    bootstrap: str, prefix: str, engine: Engine, scenario: Callable[[Stage], Awaitable[None]]
) -> list[Finding]:
    async with staged(bootstrap, prefix, engine) as stage:
        await scenario(stage)
        return await stage.findings()


@pytest.mark.parametrize(
    ("scenario", "engine", "expected"), [pytest.param(*row, id=row[0].__name__) for row in SCENARIOS]
)
async def test_a_broken_engine_is_caught(
    kafka: str,
    unique: str,
    scenario: Callable[[Stage], Awaitable[None]],
    engine: Engine,
    expected: set[str],
) -> None:
    found = await played(kafka, unique, engine, scenario)
    assert expected <= invariants(found), found


@pytest.mark.parametrize("scenario", [pytest.param(row[0], id=row[0].__name__) for row in SCENARIOS])
async def test_the_engine_passes_the_same_scenario(
    kafka: str, unique: str, scenario: Callable[[Stage], Awaitable[None]]
) -> None:
    assert await played(kafka, unique, SOUND, scenario) == []
