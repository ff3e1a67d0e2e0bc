"""How a worker is: what health checks are made of."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsdesk.engine.observer import TaskState
    from newsdesk.engine.store import StoreSize


@dataclass(slots=True)
class TaskStatus:
    """One task.

    *progress_at* is the time.monotonic() of its last sign of life: a fetch, empty or not, a restored portion, a commit, a
    retry that was waited for. *lag_records* and *lag_seconds* are None until the first fetch.
    """

    task: int
    state: TaskState = "starting"
    progress_at: float = field(default_factory=time.monotonic)
    lag_records: int | None = None
    lag_seconds: float | None = None
    last_timestamp: int | None = None
    """Of the last record committed, in milliseconds."""
    error: str = ""
    """Why the task is fenced, waiting or failed."""
    size: StoreSize | None = None

    def alive(self) -> None:
        """The task has just done something."""
        self.progress_at = time.monotonic()


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """A worker at one moment.

    *ready*: it is a member of the group, the broker answers, and every task it was given is running. A member without tasks is ready. *progress_at* is the oldest of the tasks' and of the worker's own.
    """

    ready: bool
    state: str
    guarantee: str
    guarantee_reason: str
    tasks: tuple[TaskStatus, ...]
    progress_at: float
    error: str
