"""How long the event loop was blocked at worst, of what the engine's watch reports."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

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
