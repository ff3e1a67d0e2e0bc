"""Faults of the broker: it dies and comes back with what it had, or stands still longer than any transaction may last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from chaos.scene import Struck

if TYPE_CHECKING:
    from random import Random

    from chaos.scene import Scene

_READY_SECONDS = 120.0


async def killed(scene: Scene, rng: Random) -> Struck:
    """SIGKILL of the broker; it starts again at once or a moment later."""
    async with scene.broker_lock:
        pid = scene.broker.pid
        await asyncio.to_thread(scene.broker.kill)
        await asyncio.sleep(rng.random())
        await asyncio.to_thread(scene.broker.start)
        await asyncio.to_thread(scene.broker.wait_ready, _READY_SECONDS)
        return Struck(True, f"process {pid} was killed, {scene.broker.pid} serves")


async def frozen(scene: Scene, rng: Random) -> Struck:
    """SIGSTOP of the broker for longer than the transaction timeout: open transactions are over when it wakes up."""
    async with scene.broker_lock:
        seconds = scene.plan.timeouts.transaction_ms / 1000 + 0.5 + 2 * rng.random()
        await asyncio.to_thread(scene.broker.freeze)
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(scene.broker.thaw)
        return Struck(True, f"for {seconds:.1f} s")
