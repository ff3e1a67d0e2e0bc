"""Named moments at which a test may kill, freeze or delay the worker."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class CrashPoint(StrEnum):
    """Where a task is; in the order in which it comes by."""

    BEFORE_FENCE = "before_fence"
    AFTER_FENCE = "after_fence"
    MID_RESTORE = "mid_restore"
    AFTER_READ = "after_read"
    AFTER_PROCESS = "after_process"
    """Some records are decided, or a punctuation has written something."""
    AFTER_PRODUCE = "after_produce"
    AFTER_OFFSETS = "after_offsets"
    AFTER_COMMIT = "after_commit"
    """Committed, and the store does not have it yet."""
    AFTER_FLUSH = "after_flush"
    MID_REBALANCE = "mid_rebalance"
    """The tasks are stopped, and the group does not know yet that this member lets go of them."""


class Crash(Protocol):
    """Called at every crash point; it may raise, wait, or never return."""

    async def reached(self, point: CrashPoint, task: int) -> None:
        """The task is at *point*; -1 where it is the worker."""


class NoCrash:
    """Passes by."""

    async def reached(self, point: CrashPoint, task: int) -> None:
        """Nothing."""
