"""Faults of the disk: a store that is gone or damaged between two lives of its worker, a disk that takes no more."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from chaos.scene import PATIENCE, Struck

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

    from chaos.member import Member
    from chaos.scene import Scene

_FILE_LIMIT = 2_048
"""Bytes that a file may have on the full disk: RocksDB can still say that it cannot write."""
_DISK_BYTES = 48 << 20
_FULL_SECONDS = 2.0
_INSTEAD = "files that cannot grow (RLIMIT_FSIZE), as no small disk can be mounted here"
"""What stands for a full disk where there is no permission to make one."""


def _works(member: Member) -> bool:
    return bool(member.running)


async def folder_deleted(scene: Scene, rng: Random) -> Struck:
    """All stores of a worker are gone when it comes back; whatever it gets then it has to restore."""
    return await _between_lives(scene, rng, _delete, clean=rng.random() < 0.5, any_task=True)


async def file_truncated(scene: Scene, rng: Random) -> Struck:
    """A file of every store of a worker is cut to a part of its length between its lives."""
    return await _between_lives(scene, rng, _truncate, clean=True)


async def file_overwritten(scene: Scene, rng: Random) -> Struck:
    """Bytes in the middle of a file of every store of a worker are others when it comes back."""
    return await _between_lives(scene, rng, _overwrite, clean=True)


async def _between_lives(
    scene: Scene, rng: Random, damage: Callable[[Path, Random], str | None], *, clean: bool, any_task: bool = False
) -> Struck:
    """End a worker, *clean* or not, *damage* its stores, and start it again.

    It counts when one of these is opened, or, with *any_task*, when any is.
    """
    crew = scene.crew
    async with crew.engage(rng, _works, PATIENCE) as member:
        if member is None:
            return Struck(False, "no worker was free for it")
        slot, folder = member.slot, member.folder
        crew.reserved.add(slot)
        crew.damaged.add(slot)
        try:
            if clean:
                member.terminate()
            else:
                member.kill()
            await member.ended(PATIENCE)
            stores = sorted(path for path in folder.glob("*") if path.name.isdigit() and any(path.iterdir()))
            done = {int(store.name): what for store in stores if (what := damage(store, rng)) is not None}
            again = await crew.start(slot=slot, engaged=True)
        finally:
            crew.reserved.discard(slot)
    if not done:
        again.engaged = False
        return Struck(False, f"{folder.name} had no store")
    opened = await again.until(
        lambda: (again.running if any_task else done.keys() & again.running.keys()) or again.code is not None, PATIENCE
    )
    again.engaged = False
    said = [f"{told['task']}: {told['reason'][:80]}" for told in again.since(0, "discarded")]
    return Struck(opened and again.code is None, f"{folder.name}: {done}; opened: {opened}; discarded: {said}")


def _delete(store: Path, rng: Random) -> str:
    del rng
    shutil.rmtree(store)
    return "deleted"


def _victim(store: Path, rng: Random) -> Path | None:
    """A file that RocksDB needs."""
    wanted = [path for pattern in ("*.sst", "MANIFEST-*", "CURRENT") for path in sorted(store.glob(pattern))]
    wanted = [path for path in wanted if path.stat().st_size]
    return rng.choice(wanted) if wanted else None


def _truncate(store: Path, rng: Random) -> str | None:
    if (path := _victim(store, rng)) is None:
        return None
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(rng.randrange(size))
    return f"{path.name} of {size} bytes cut"


def _overwrite(store: Path, rng: Random) -> str | None:
    if (path := _victim(store, rng)) is None:
        return None
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(rng.randrange(size))
        file.write(rng.randbytes(min(size, 512)))
    return f"{path.name} of {size} bytes overwritten"


async def disk_full(scene: Scene, rng: Random) -> Struck:
    """A worker's disk has no byte left until its store has met that and its task failed for it; then there is room again.

    The disk is a small one of its own where a user may mount one, else a limit on the size of files stands for it, and says so.
    """
    member = await scene.crew.start_on_small_disk(_DISK_BYTES)
    if member is None:
        return replace(await files_limited(scene, rng), instead=_INSTEAD)
    try:
        if not await member.until(lambda: member.running or member.code is not None, PATIENCE):
            return Struck(False, f"{member.name} got no task")
        return await _until_met(member, member.fill_disk, member.empty_disk)
    finally:
        member.engaged = False


async def files_limited(scene: Scene, rng: Random) -> Struck:
    """A worker's files cannot grow until its store has met that; then they can again."""
    async with scene.crew.engage(rng, _works, PATIENCE) as member:
        if member is None:
            return Struck(False, "no worker was free for it")
        scene.crew.damaged.add(member.slot)
        return await _until_met(member, lambda: member.limit_files(_FILE_LIMIT), lambda: member.limit_files(None))


async def _until_met(member: Member, begin: Callable[[], None], end: Callable[[], None]) -> Struck:
    mark = len(member.told)
    begin()

    def met() -> list[str]:
        said = [told["error"] for told in member.since(mark, "failed")]
        said += [told["reason"] for told in member.since(mark, "discarded")]
        return [text for text in said if "File too large" in text or "No space" in text]

    await member.until(lambda: met() or member.code is not None, PATIENCE)
    await asyncio.sleep(_FULL_SECONDS)
    end()
    return Struck(bool(met()), f"{member.name}: {str(met() or 'no file grew')[:300]}")
