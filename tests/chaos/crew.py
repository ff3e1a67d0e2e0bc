"""The workers of a run: started from a spare that is warm, replaced when they die, watched for ends nobody caused."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from typing import TYPE_CHECKING

from chaos.findings import Finding
from chaos.member import Member
from chaos.settings import to_wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path
    from random import Random

    from chaos.settings import Plan
    from chaos.strike import Order

STOP_SECONDS = 40.0


class Crew:
    """Members by slot; a slot is a state folder, which the next member in it finds as the last one left it."""

    def __init__(self, plan: Plan, bootstrap: str, note: Callable[..., None]) -> None:
        self.members: list[Member] = []
        self.findings: list[Finding] = []
        self.reserved: set[int] = set()
        """Slots that nobody may start in just now but the fault that works on them."""
        self.damaged: set[int] = set()
        """Slots whose files were damaged on purpose."""
        self._plan = plan
        self._bootstrap = bootstrap
        self._note = note
        self._count = 0
        self._processes = 0
        self._spare: asyncio.Task[Member] | None = None
        self._watching: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()
        self._mending = asyncio.Lock()
        self._closing = False

    @property
    def alive(self) -> list[Member]:
        """Those that run or stand still, and were not told to end."""
        return [member for member in self.members if member.code is None and not member.expected]

    @property
    def free(self) -> list[Member]:
        """Those that no fault is busy with."""
        return [member for member in self.alive if not member.engaged and not member.frozen]

    def folder(self, slot: int) -> Path:
        return self._plan.folder / "state" / f"slot-{slot}"

    def new_slot(self) -> int:
        """A slot that was never used."""
        return 1 + max((member.slot for member in self.members), default=-1)

    def free_slot(self) -> int:
        """The lowest slot without a process in it."""
        taken = {member.slot for member in self.members if member.code is None}
        taken |= self.reserved
        return next(slot for slot in range(len(taken) + 1) if slot not in taken)

    async def start(self, *, slot: int | None = None, order: Order | None = None, engaged: bool = False) -> Member:
        """A new member in *slot*, by default the lowest free one; *engaged*: for the fault that starts it alone."""
        async with self._changing:
            member = await self._take_spare()
            await self._begin(
                member, slot=self.free_slot() if slot is None else slot, order=order, engaged=engaged, disk=None
            )
        return member

    async def _begin(self, member: Member, *, slot: int, order: Order | None, engaged: bool, disk: int | None) -> None:
        self._count += 1
        member.engaged = engaged
        member.go(
            name=f"worker-{self._count}",
            slot=slot,
            folder=self.folder(slot),
            order=order,
            bootstrap=self._bootstrap,
            guarantee="auto" if self._plan.embedded else "exactly_once",
            partitions=self._plan.partitions,
            retention_ms=self._plan.expiry_ms,
            timeouts=to_wire(self._plan.timeouts),
            disk=disk,
        )
        self.members.append(member)
        watch = asyncio.create_task(self._watch(member))
        self._watching.add(watch)
        watch.add_done_callback(self._watching.discard)
        self._note("start", member=member.name, slot=slot, pid=member.pid)

    async def start_on_small_disk(self, size: int) -> Member | None:
        """A new member, for the fault that asks for it alone, with its state on a disk of *size* bytes; None: not permitted."""
        if shutil.which("unshare") is None:
            return None
        member = await self._spawn(mounts=True)
        if member.code is not None:
            await member.close()
            return None
        async with self._changing:
            await self._begin(member, slot=self.new_slot(), order=None, engaged=True, disk=size)
        return member

    async def mend(self) -> None:
        """Start as many as are missing."""
        async with self._mending:
            while len(self.alive) < self._plan.workers and not self._closing:
                await self.start()

    async def trim(self, most: int) -> None:
        """Let those leave that are too many."""
        for member in self.free[: max(0, len(self.alive) - most)]:
            member.terminate()

    @contextlib.asynccontextmanager
    async def engage(
        self, rng: Random, suits: Callable[[Member], bool], seconds: float
    ) -> AsyncIterator[Member | None]:
        """A member that *suits* and that no other fault is busy with, for the time of the block; None where there is none."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        chosen: Member | None = None
        while chosen is None and loop.time() < until:
            candidates = [member for member in self.free if suits(member)]
            if candidates:
                chosen = rng.choice(candidates)
            else:
                await asyncio.sleep(0.1)
        if chosen is None:
            yield None
            return
        chosen.engaged = True
        try:
            yield chosen
        finally:
            chosen.engaged = False

    async def stop_all(self) -> None:
        """SIGTERM to all; every one must end by itself, with exit code 0."""
        self._closing = True
        for member in self.alive:
            member.terminate()
        await asyncio.gather(*(self.stopped(member) for member in self.members))

    async def stopped(self, member: Member) -> bool:
        """Whether *member*, which was told to stop, does so in good order; a finding where it does not."""
        code = await member.ended(STOP_SECONDS)
        if code is None:
            self.findings.append(
                Finding("stops when told", member.name, f"still there {STOP_SECONDS:g} s after SIGTERM")
            )
        elif code not in {0, -9} and member.told[-1]["what"] != "waiting":  # before it begins a signal just ends it
            said = [told["error"] for told in member.told if told["what"] == "ended"]
            self.findings.append(Finding("stops when told", member.name, f"exit code {code}: {said or 'see its log'}"))
        return code == 0

    async def close(self) -> None:
        """End everything."""
        self._closing = True
        if self._spare is not None:
            with contextlib.suppress(Exception):
                await (await self._spare).close()
        await asyncio.gather(*(member.close() for member in self.members))
        await asyncio.gather(*self._watching, return_exceptions=True)

    async def _take_spare(self) -> Member:
        if self._spare is None:
            self._spare = asyncio.create_task(self._new_spare())
        taken = await self._spare
        self._spare = None if self._closing else asyncio.create_task(self._new_spare())
        return taken

    async def _new_spare(self) -> Member:
        member = await self._spawn()
        if member.code is not None:
            raise RuntimeError("a worker process does not start: see the last log")
        return member

    async def _spawn(self, *, mounts: bool = False) -> Member:
        """A process that waits for its first order, or that has ended."""
        self._processes += 1
        member = await Member.spawn(self._plan.folder / "logs" / f"process-{self._processes}.log", mounts=mounts)
        if not await member.until(lambda: member.told or member.code is not None, 60):
            raise RuntimeError("a worker process does not start: see the last log")
        return member

    async def _watch(self, member: Member) -> None:
        """A member that ends though nobody wanted it to is a finding: a failing task must not take its worker along."""
        code = await member.ended(10**6)
        told = [told for told in member.told if told["what"] in {"ended", "at"}]
        struck = code == -9 and any(one["what"] == "at" for one in told)
        self._note("end", member=member.name, code=code, said=told[-1:] and told[-1])
        if not member.expected and not struck and not self._closing:
            error = next((one["error"] for one in told if one["what"] == "ended"), f"exit code {code}, see its log")
            self.findings.append(Finding("a worker ends only when told", member.name, str(error)))
        for what, invariant in (("lost", "nothing is skipped"), ("brake", "no event is a defect")):
            for one in member.since(0, what):
                self.findings.append(Finding(invariant, member.name, str(one)))
        if not self._closing:
            with contextlib.suppress(Exception):
                await self.mend()
