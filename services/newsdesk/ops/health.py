"""Health as pure functions of a worker's status and the time: alive is who makes progress, ready is who answers events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE_SECONDS: Final = 60.0
"""Without progress for so long a worker is not alive. A commit may take 30 s on a broker that is in trouble."""

RUNNING: Final = "running"


class TaskStatus(Protocol):
    """How one task is. *progress_at* is the monotonic time of its last sign of life."""

    @property
    def task(self) -> int:
        """Its number, which is that of its partitions."""

    @property
    def state(self) -> str:
        """starting, restoring, running, braked, fenced, waiting, failed or stopped."""

    @property
    def progress_at(self) -> float:
        """Monotonic time of its last fetch, restored portion, commit or try."""

    @property
    def lag_records(self) -> int | None:
        """Records that wait for it, None where that is not known yet."""

    @property
    def error(self) -> str:
        """Why it is fenced, waiting or failed; empty where it is not."""


class WorkerStatus(Protocol):
    """How the worker is."""

    @property
    def ready(self) -> bool:
        """It is a member of the group, and every task that it was given is running."""

    @property
    def state(self) -> str:
        """In a word."""

    @property
    def guarantee(self) -> str:
        """What is promised."""

    @property
    def tasks(self) -> Sequence[TaskStatus]:
        """Its tasks."""

    @property
    def progress_at(self) -> float:
        """Monotonic time of the last progress of what has made none for longest."""

    @property
    def error(self) -> str:
        """What is wrong with the worker as a whole; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A worker that has not begun: the *step* it is at, since *progress_at*, and what is wrong, if anything is."""

    step: str
    progress_at: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """An answer to a health check: whether it is well, and the JSON that says what is wrong."""

    ok: bool
    body: dict[str, Any]


def live(status: WorkerStatus | Beginning, now: float, patience: float = PATIENCE_SECONDS) -> Health:
    """Whether everything has advanced within *patience* seconds.

    A long restore that advances, a braked task, a task that waits for the next try and an idle one are all alive:
    ending the process would cure none of them.
    """
    wrong = []
    if (silence := now - status.progress_at) > patience:
        wrong.append(f"no progress for {silence:.0f} s")
    tasks = status.tasks if not isinstance(status, Beginning) else ()
    wrong += [
        f"task {task.task} ({task.state}): no progress for {quiet:.0f} s"
        for task in tasks
        if (quiet := now - task.progress_at) > patience
    ]
    body: dict[str, Any] = {"live": not wrong, "wrong": wrong}
    if isinstance(status, Beginning):
        body["step"] = status.step
    else:
        body["tasks"] = [
            {"task": task.task, "state": task.state, "progress_seconds_ago": round(max(0.0, now - task.progress_at), 1)}
            for task in tasks
        ]
    return Health(not wrong, body)


def ready(status: WorkerStatus | Beginning, restored: Mapping[int, tuple[int, int]]) -> Health:
    """Whether every task of this worker answers events just now.

    *restored* is, by task, how many changelog records of how many are read back. A worker without tasks is ready.
    """
    if isinstance(status, Beginning):
        wrong = [f"{status.step}: {status.error}" if status.error else status.step]
        return Health(ok=False, body={"ready": False, "wrong": wrong, "tasks": []})
    wrong = [status.error] if status.error else []
    tasks = []
    for task in status.tasks:
        told: dict[str, Any] = {"task": task.task, "state": task.state}
        if task.lag_records is not None:
            told["lag_records"] = task.lag_records
        if task.state == "restoring" and task.task in restored:
            done, total = restored[task.task]
            told["restored"] = {"done": done, "total": total, "ratio": round(done / total, 3) if total else 1.0}
        tasks.append(told)
        if task.state != RUNNING:
            wrong.append(_why(task, told))
    if not status.ready and not wrong:
        wrong.append(f"the worker is {status.state}")
    body = {"ready": not wrong, "wrong": wrong, "guarantee": status.guarantee, "tasks": tasks}
    return Health(not wrong, body)


def _why(task: TaskStatus, told: Mapping[str, Any]) -> str:
    if task.state == "braked":
        return (
            f"task {task.task} has paused: too many of its last records met a defect (dead letters internal_error); "
            "SIGHUP or a restart releases it"
        )
    if "restored" in told:
        return f"task {task.task} is restoring: {told['restored']['done']} of {told['restored']['total']}"
    return f"task {task.task} is {task.state}{': ' + task.error if task.error else ''}"
