"""Keeping the event loop responsive: one task decides at a time, and for a slice only."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Turns:
    """The right to compute, shared by all tasks of a worker; between two turns the loop serves its sockets."""

    def __init__(self, slice_seconds: float) -> None:
        self.slice_seconds = slice_seconds
        self._lock = asyncio.Lock()

    async def take(self) -> float:
        """Wait for the turn; the answer is the time.perf_counter() at which it should end."""
        await self._lock.acquire()
        return time.perf_counter() + self.slice_seconds

    async def give(self) -> None:
        """End the turn and let everything else run once."""
        self._lock.release()
        await asyncio.sleep(0)


class Backoff:
    """Waiting times that double from *least* to *most* seconds until something succeeds."""

    def __init__(self, least: float, most: float) -> None:
        self._least = least
        self._most = most
        self._next = least

    def next(self) -> float:
        """The seconds to wait now."""
        seconds = self._next
        self._next = min(self._most, seconds * 2)
        return min(seconds, self._most)

    def reset(self) -> None:
        """It succeeded."""
        self._next = self._least


async def watch_loop(report: Callable[[float], None], every: float = 0.015) -> None:
    """Call *report* with the seconds by which the event loop woke this up too late, for ever.

    A block is seen short by at most *every* seconds, since it may begin at any time between two looks.
    """
    while True:
        due = time.perf_counter() + every
        await asyncio.sleep(every)
        report(max(0.0, time.perf_counter() - due))
