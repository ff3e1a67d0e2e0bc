"""What the engine tells whoever watches it; counted after the commit, never between lines of logic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsdesk.engine.store import StoreSize

TaskState = Literal["starting", "restoring", "running", "braked", "fenced", "waiting", "failed", "stopped"]
"""waiting: something failed, and it is tried again after a back-off; failed: it will not be tried again."""

Stage = Literal["decide", "produce", "offsets", "commit", "flush"]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """One committed batch.

    *counts* is by (label, tags), *seconds* of wall time by stage; sizes are bytes of values read and of records written.
    """

    task: int
    records: int
    counts: Mapping[tuple[str, tuple[str, ...]], int]
    seconds: Mapping[Stage, float]
    bytes_read: int
    bytes_written: int
    punctuated: Mapping[str, int] = field(default_factory=dict)
    """What punctuation did since the last batch, counted as the processor calls it; *records* does not count it."""
    punctuate_seconds: float = 0.0


class Observer(Protocol):
    """Every method returns at once and raises nothing."""

    def batch_committed(self, report: BatchReport) -> None:
        """A batch is committed, and the store has it."""

    def task_state(self, task: int, state: TaskState) -> None:
        """A task came into *state*."""

    def task_failed(self, task: int, error: BaseException, retry_seconds: float) -> None:
        """A task's attempt ended with *error*; the next begins in *retry_seconds*."""

    def punctuate_failed(self, task: int, error: BaseException, retry_seconds: float) -> None:
        """The processor failed to punctuate; records go on, and it is tried again in *retry_seconds*."""

    def fenced(self, task: int) -> None:
        """Another owner of the task has started; this one's open batch is not committed."""

    def restore_progress(self, task: int, done: int, total: int) -> None:
        """So many changelog offsets of so many are read back."""

    def lag(self, task: int, topic: str, records: int, seconds: float) -> None:
        """How far the task is behind the readable end of *topic*."""

    def store_size(self, task: int, size: StoreSize) -> None:
        """How big the task's store is."""

    def store_discarded(self, task: int, reason: str) -> None:
        """The task's store was thrown away and is rebuilt from the changelog."""

    def data_lost(self, task: int, topic: str, wanted: int, start: int) -> None:
        """Records from *wanted* on are no longer in *topic*, or it is another by that name; reading goes on at *start*."""

    def tail_lost(self, task: int, topic: str, wanted: int, end: int) -> None:
        """*topic*, read up to *wanted*, ends at *end*: the broker has lost what was between; reading goes on at *end*."""

    def answered_passed(self, task: int, topic: str, start: int, end: int) -> None:
        """What *topic* has from *start* to below *end* is answered, as the changelog tells, and is not decided again."""

    def loop_blocked(self, seconds: float) -> None:
        """The event loop came *seconds* late."""

    def brake(self, task: int, on: bool) -> None:  # noqa: FBT001
        """The task paused for too many defects, or was released."""

    def broker_error(self, error: BaseException, retry_seconds: float) -> None:
        """The broker cannot be used just now; it is tried again in *retry_seconds*."""

    def broker_reached(self) -> None:
        """The broker answers, for the first time or again after `broker_error`."""

    def rebalanced(self, tasks: int) -> None:
        """The group has given this member *tasks* tasks."""

    def commit_failed(self, task: int) -> None:
        """A commit had no good answer: its transaction is aborted, or has gone through unheard; the next attempt finds out."""

    def guarantee(self, kind: str, reason: str) -> None:
        """What is promised from now on, and why."""


class NullObserver:
    """Looks away."""

    def batch_committed(self, report: BatchReport) -> None:
        """Nothing."""

    def task_state(self, task: int, state: TaskState) -> None:
        """Nothing."""

    def task_failed(self, task: int, error: BaseException, retry_seconds: float) -> None:
        """Nothing."""

    def punctuate_failed(self, task: int, error: BaseException, retry_seconds: float) -> None:
        """Nothing."""

    def fenced(self, task: int) -> None:
        """Nothing."""

    def restore_progress(self, task: int, done: int, total: int) -> None:
        """Nothing."""

    def lag(self, task: int, topic: str, records: int, seconds: float) -> None:
        """Nothing."""

    def store_size(self, task: int, size: StoreSize) -> None:
        """Nothing."""

    def store_discarded(self, task: int, reason: str) -> None:
        """Nothing."""

    def data_lost(self, task: int, topic: str, wanted: int, start: int) -> None:
        """Nothing."""

    def tail_lost(self, task: int, topic: str, wanted: int, end: int) -> None:
        """Nothing."""

    def answered_passed(self, task: int, topic: str, start: int, end: int) -> None:
        """Nothing."""

    def loop_blocked(self, seconds: float) -> None:
        """Nothing."""

    def brake(self, task: int, on: bool) -> None:  # noqa: FBT001
        """Nothing."""

    def broker_error(self, error: BaseException, retry_seconds: float) -> None:
        """Nothing."""

    def broker_reached(self) -> None:
        """Nothing."""

    def rebalanced(self, tasks: int) -> None:
        """Nothing."""

    def commit_failed(self, task: int) -> None:
        """Nothing."""

    def guarantee(self, kind: str, reason: str) -> None:
        """Nothing."""
