"""Faults of processes: killed, frozen, joining, leaving, at any moment or at a named one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chaos.scene import PATIENCE, Struck
from chaos.strike import Order
from newsdesk.contracts import topics
from newsdesk.engine.crash_points import CrashPoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from chaos.member import Member
    from chaos.scene import Scene

_NOBODY = Struck(False, "no worker was free for it")


def _works(member: Member) -> bool:
    return bool(member.running)


async def killed(scene: Scene, rng: Random) -> Struck:
    """SIGKILL, at any moment."""
    async with scene.crew.engage(rng, _works, PATIENCE) as member:
        if member is None:
            return _NOBODY
        tasks = sorted(member.tasks)
        member.kill()
        code = await member.ended(PATIENCE)
        return Struck(code == -9, f"{member.name} with tasks {tasks} ended with {code}")


async def all_killed(scene: Scene, rng: Random) -> Struck:
    """SIGKILL to every worker that is free, as a power cut does it."""
    del rng
    victims = scene.crew.free
    for member in victims:
        member.kill()
    codes = [await member.ended(PATIENCE) for member in victims]
    return Struck(bool(codes) and set(codes) == {-9}, f"{[member.name for member in victims]} ended with {codes}")


def killed_at(point: CrashPoint) -> Callable[[Scene, Random], Awaitable[Struck]]:
    """SIGKILL at a point that every batch passes."""

    async def fault(scene: Scene, rng: Random) -> Struck:
        async with scene.crew.engage(rng, _works, PATIENCE) as member:
            if member is None:
                return _NOBODY
            member.arm(Order(point, "kill", rng.randrange(6)))
            return await _struck_by(member, point)

    return fault


async def _struck_by(member: Member, point: CrashPoint) -> Struck:
    """Whether *member* dies at *point*; disarmed where it does not come by."""
    code = await member.ended(PATIENCE)
    at = [told for told in member.told if told["what"] == "at" and told["point"] == point.value]
    if code == -9 and at:
        return Struck(True, f"{member.name} died at {point}, task {at[-1]['task']}")
    member.arm(None)
    return Struck(False, f"{member.name} did not come by {point} within {PATIENCE:g} s ({code})")


def killed_joining(point: CrashPoint) -> Callable[[Scene, Random], Awaitable[Struck]]:
    """SIGKILL of a worker that joins with an empty folder, at a point on the way to its first batch."""

    async def fault(scene: Scene, rng: Random) -> Struck:
        order = Order(point, "kill", 0 if point is CrashPoint.MID_RESTORE else rng.randrange(2))
        member = await scene.crew.start(slot=scene.crew.new_slot(), order=order, engaged=True)
        struck = await _struck_by(member, point)
        member.engaged = False
        return struck

    return fault


async def killed_in_rebalance(scene: Scene, rng: Random) -> Struck:
    """SIGKILL of a worker that has stopped its tasks, before the group knows that it lets go of them."""
    point = CrashPoint.MID_REBALANCE
    async with scene.crew.engage(rng, _works, PATIENCE) as member:
        if member is None:
            return _NOBODY
        member.arm(Order(point, "kill"))
        await scene.crew.start()
        return await _struck_by(member, point)


async def zombie(scene: Scene, rng: Random) -> Struck:
    """SIGSTOP at any moment, until others have its tasks; then SIGCONT."""
    async with scene.crew.engage(rng, _works, PATIENCE) as member:
        if member is None:
            return _NOBODY
        member.freeze()
        return await _wakes_late(scene, rng, member, "frozen")


def zombie_at(point: CrashPoint) -> Callable[[Scene, Random], Awaitable[Struck]]:
    """SIGSTOP at a named point of a batch, until others have its tasks; then SIGCONT."""

    async def fault(scene: Scene, rng: Random) -> Struck:
        async with scene.crew.engage(rng, _works, PATIENCE) as member:
            if member is None:
                return _NOBODY
            member.arm(Order(point, "freeze", rng.randrange(6)))
            return await _frozen_at(scene, rng, member, point)

    return fault


async def late_fence(scene: Scene, rng: Random) -> Struck:
    """A worker that was given a task stands still before its InitProducerId, until others have the task; then asks for it."""
    point = CrashPoint.BEFORE_FENCE
    member = await scene.crew.start(engaged=True)
    member.arm(Order(point, "freeze"))
    struck = await _frozen_at(scene, rng, member, point)
    member.engaged = False
    return struck


async def _frozen_at(scene: Scene, rng: Random, member: Member, point: CrashPoint) -> Struck:
    """Wake *member* up late from *point*, where it stops itself."""
    mark = len(member.told)
    if not await member.until(lambda: member.since(mark, "at") or member.code is not None, PATIENCE) or not (
        at := member.since(mark, "at")
    ):
        member.arm(None)
        return Struck(False, f"{member.name} did not come by {point} within {PATIENCE:g} s ({member.code})")
    member.frozen = True
    return await _wakes_late(scene, rng, member, f"frozen at {point}", at[-1]["task"])


async def _wakes_late(scene: Scene, rng: Random, member: Member, how: str, at: int | None = None) -> Struck:
    """Thaw *member* when its session is over and another one runs a task of its, that *at* which it stands if any."""
    tasks = set(member.tasks) if at is None else {at}
    await asyncio.sleep(scene.plan.timeouts.session_ms / 1000)
    taken = await scene.taken_over(tasks, member, PATIENCE)
    await asyncio.sleep(rng.random())
    member.thaw()
    if member.code is not None:
        return Struck(False, f"{member.name} ended with {member.code}")
    said = f"of its tasks {sorted(tasks)} others ran {'some' if taken else 'none'}"
    return Struck(taken, f"{member.name} {how}; {said}")


async def paused(scene: Scene, rng: Random) -> Struck:
    """SIGSTOP for less than half a session, so that nobody else gets its tasks."""
    async with scene.crew.engage(rng, _works, PATIENCE) as member:
        if member is None:
            return _NOBODY
        member.freeze()
        await asyncio.sleep(scene.plan.timeouts.session_ms / 1000 * 0.4)
        member.thaw()
        return Struck(member.code is None, f"{member.name} stood still")


async def stray_fence(scene: Scene, rng: Random) -> Struck:
    """An InitProducerId of a former owner that arrives while the rightful one works, and shuts it out."""
    async with scene.crew.engage(rng, _works, PATIENCE) as member:
        if member is None or not member.running:
            return _NOBODY
        task = rng.choice(sorted(member.running))
        mark = len(member.told)
        producer = AIOKafkaProducer(
            bootstrap_servers=scene.broker.bootstrap, transactional_id=f"{topics.DESK_GROUP}-{task}"
        )
        try:
            async with asyncio.timeout(PATIENCE):
                await producer.start()
        except (KafkaError, TimeoutError) as error:
            return Struck(False, f"the request was not answered: {error!r}")
        finally:
            await asyncio.wait_for(producer.stop(), PATIENCE)
        fenced = await member.until(lambda: member.since(mark, "fenced") or member.code is not None, PATIENCE)
        return Struck(
            fenced and bool(member.since(mark, "fenced")), f"task {task} of {member.name} was fenced: {fenced}"
        )


async def joins(scene: Scene, rng: Random) -> Struck:
    """One more worker, which gets its share."""
    del rng
    member = await scene.crew.start()
    got = await member.until(lambda: member.running or member.code is not None, PATIENCE)
    return Struck(got and bool(member.running), f"{member.name} got {sorted(member.running)}")


async def leaves(scene: Scene, rng: Random) -> Struck:
    """SIGTERM to one worker, which ends in good order."""
    async with scene.crew.engage(rng, _works, PATIENCE) as member:
        if member is None:
            return _NOBODY
        member.terminate()
        return Struck(await scene.crew.stopped(member), f"{member.name} ended with {member.code}")


async def term_storm(scene: Scene, rng: Random) -> Struck:
    """SIGTERM to all workers within a second, twice to some, while their successors start already."""
    victims = scene.crew.free
    rng.shuffle(victims)
    for member in victims:
        member.terminate()
        if rng.random() < 0.3:
            member.terminate()
        await asyncio.sleep(rng.random() / max(1, len(victims)))
    clean = [await scene.crew.stopped(member) for member in victims]
    return Struck(bool(clean) and all(clean), f"{[member.name for member in victims]} ended in good order: {clean}")
