"""How long the event loop was blocked at worst: a clock that should have been served and was not."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_SECONDS: Final = 0.015
"""A block is seen short by at most this much, since it may begin at any time between two looks."""
WINDOW_SECONDS: Final = 60.0


class LongestBlock:
    """The longest block of the current window and the one before, so that no scrape misses one."""

    def __init__(self, window: float = WINDOW_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._window = window
        self._clock = clock
        self._began = clock()
        self._current = 0.0
        self._previous = 0.0

    def note(self, seconds: float) -> None:
        """The loop came *seconds* late."""
        self._turn()
        self._current = max(self._current, seconds)

    def longest(self) -> float:
        """Seconds of the longest block in the last one to two windows."""
        self._turn()
        return max(self._current, self._previous)

    def _turn(self) -> None:
        now = self._clock()
        if (passed := now - self._began) < self._window:
            return
        self._previous = self._current if passed < 2 * self._window else 0.0
        self._current = 0.0
        self._began = now


async def watch_loop(note: Callable[[float], None], every: float = EVERY_SECONDS) -> None:
    """Tell *note* by how many seconds the loop was late, again and again, until cancelled."""
    while True:
        due = time.perf_counter() + every
        await asyncio.sleep(every)
        note(max(0.0, time.perf_counter() - due))
