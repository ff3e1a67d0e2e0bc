"""The engine's observer: what happens becomes numbers in the catalogue and, where a person should know, a log line."""

from __future__ import annotations

import logging
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from aiokafka import errors as kafka

from newsdesk.ops import metrics as m
from newsdesk.ops.logs import fields
from newsdesk.ops.loopwatch import LongestBlock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsdesk.ops.metrics import BrokerError, Discard, Metrics, Stage, TaskState

log = logging.getLogger(__name__)

_KINDS: Final[tuple[tuple[BrokerError, tuple[type[BaseException], ...]], ...]] = (
    ("timeout", (kafka.KafkaTimeoutError, kafka.RequestTimedOutError, TimeoutError)),
    (
        "access",
        (
            kafka.TopicAuthorizationFailedError,
            kafka.GroupAuthorizationFailedError,
            kafka.ClusterAuthorizationFailedError,
            kafka.TransactionalIdAuthorizationFailed,
            kafka.AuthenticationFailedError,
            kafka.SaslAuthenticationFailed,
        ),
    ),
    (
        "transaction",
        (
            kafka.ProducerFenced,
            kafka.InvalidProducerEpoch,
            kafka.InvalidTxnState,
            kafka.ConcurrentTransactions,
            kafka.OutOfOrderSequenceNumber,
            kafka.UnknownProducerId,
        ),
    ),
    (
        "coordinator",
        (
            kafka.GroupCoordinatorNotAvailableError,
            kafka.NotCoordinatorForGroupError,
            kafka.GroupLoadInProgressError,
            kafka.RebalanceInProgressError,
            kafka.UnknownMemberIdError,
            kafka.IllegalGenerationError,
            kafka.CommitFailedError,
        ),
    ),
    ("topic", (kafka.UnknownTopicOrPartitionError, kafka.LeaderNotAvailableError)),
    ("connection", (kafka.KafkaConnectionError, kafka.NodeNotReadyError, ConnectionError, OSError)),
    ("protocol", (kafka.KafkaError,)),
)
"""The first that fits names the error; what fits none is no broker's: other."""


_DISCARDS: Final[tuple[tuple[Discard, str], ...]] = (
    ("damaged", "damaged"),
    ("damaged", "unreadable"),
    ("damaged", "has format"),
    ("other_changelog", "another"),
    ("behind", "before the changelog's start"),
    ("ahead", "beyond the changelog's end"),
    ("ahead", "went back"),
    ("too_old", "so old"),
)
"""What the engine's sentences about a discarded store have in them; a test holds them together."""


class StoreSize(Protocol):
    """How big a store is."""

    @property
    def keys(self) -> int:
        """Keys, estimated."""

    @property
    def disk_bytes(self) -> int:
        """Bytes of its files."""

    @property
    def memory_bytes(self) -> int:
        """Bytes of its write buffers."""


class BatchReport(Protocol):
    """One committed batch, as the engine reports it."""

    @property
    def records(self) -> int:
        """How many were answered."""

    @property
    def counts(self) -> Mapping[tuple[str, tuple[str, ...]], int]:
        """How many of each (label, tags)."""

    @property
    def seconds(self) -> Mapping[Stage, float]:
        """Wall time by stage."""

    @property
    def bytes_read(self) -> int:
        """Bytes of the values read."""

    @property
    def bytes_written(self) -> int:
        """Bytes of the records written."""

    @property
    def punctuated(self) -> Mapping[str, int]:
        """What the sweep did since the last batch."""

    @property
    def punctuate_seconds(self) -> float:
        """Wall time of that."""


@dataclass(frozen=True, slots=True)
class Build:
    """What runs here: newsdesk's version, and the rules that decide."""

    version: str
    rules: str
    rules_version: str
    rules_hash: str


class Observing:
    """Counts into *metrics* and logs. Nothing here waits, and nothing here raises for what the engine may report."""

    def __init__(self, metrics: Metrics, build: Build) -> None:
        self._metrics = metrics
        self._build = build
        self._states: dict[int, TaskState] = {}
        self.restored: dict[int, tuple[int, int]] = {}
        """By task: how many changelog records of how many are read back."""
        self._blocks = LongestBlock()
        self._guarantee = ""
        metrics.gauge(m.LOOP_BLOCKED).set_function(self._blocks.longest)
        self._tell_build("unknown")

    def batch_committed(self, report: BatchReport) -> None:
        """A batch is committed, and the store has it."""
        count, observe = self._metrics.count, self._metrics.observe
        count(m.SUBMITTED, by=report.records)
        for (label, tags), number in report.counts.items():
            if label == "decision":
                count(m.DECISIONS, *tags, by=number)
            elif label == "dead_letter":
                count(m.DEAD_LETTERS, *tags, by=number)
            else:
                count(m.FORWARDED, by=number)
        count(m.READ_BYTES, by=report.bytes_read)
        count(m.WRITTEN_BYTES, by=report.bytes_written)
        if report.records:
            observe(m.BATCH_RECORDS, value=report.records)
        count(m.EXPIRED, by=report.punctuated.get("expired", 0))
        count(m.PUNCTUATE_SECONDS, by=report.punctuate_seconds)
        for stage, seconds in report.seconds.items():
            observe(m.STAGE_SECONDS, stage, value=seconds)
        observe(m.COMMIT_SECONDS, value=report.seconds.get("offsets", 0.0) + report.seconds.get("commit", 0.0))

    def task_state(self, task: int, state: TaskState) -> None:
        """A task came into *state*; one that has stopped is no longer told of."""
        before = self._states.get(task)
        if state == before:
            return
        log.log(_LEVELS.get(state, logging.INFO), "task %d: %s", task, state, extra=fields(task=task, state=state))
        if state == "stopped":
            self._forget(task)
        else:
            self._states[task] = state
            self._metrics.set(m.BRAKE, str(task), to=state == "braked")
        for changed in {before, state} - {None, "stopped"}:
            self._metrics.set(m.TASKS, str(changed), to=sum(one == changed for one in self._states.values()))

    def task_failed(self, task: int, error: BaseException, retry_seconds: float) -> None:
        """A task's attempt ended with *error*; the next begins in *retry_seconds*."""
        self._metrics.count(m.TASK_FAILURES, error_kind(error))
        log.warning(
            "task %d failed and starts again in %.1f s: %s", task, retry_seconds, _said(error), extra=fields(task=task)
        )

    def punctuate_failed(self, task: int, error: BaseException, retry_seconds: float) -> None:
        """The processor failed to punctuate; records go on, and it is tried again in *retry_seconds*."""
        self._metrics.count(m.TASK_FAILURES, error_kind(error))
        log.error(
            "task %d: the sweep of the state failed and is tried again in %.1f s; deciding goes on: %s",
            *(task, retry_seconds, _said(error)),
            exc_info=error,
            extra=fields(task=task),
        )

    def fenced(self, task: int) -> None:
        """Another owner of the task has started; this one's open batch is not committed."""
        self._metrics.count(m.FENCED)
        log.warning("task %d: another worker has taken it over", task, extra=fields(task=task))

    def restore_progress(self, task: int, done: int, total: int) -> None:
        """So many changelog offsets of so many are read back."""
        self._metrics.set(m.RESTORE_PROGRESS, str(task), to=done / total if total else 1.0)
        before, _ = self.restored.get(task, (0, 0))
        self.restored[task] = (done, total)
        if total and done * 10 // total > before * 10 // total:
            log.info("task %d: %d of %d changelog records restored", task, done, total, extra=fields(task=task))

    def lag(self, task: int, topic: str, records: int, seconds: float) -> None:
        """How far the task is behind the readable end of *topic*."""
        self._metrics.set(m.LAG_RECORDS, topic, str(task), to=records)
        self._metrics.set(m.LAG_SECONDS, topic, str(task), to=seconds)

    def store_size(self, task: int, size: StoreSize) -> None:
        """How big the task's store is."""
        self._metrics.set(m.STATE_KEYS, str(task), to=size.keys)
        self._metrics.set(m.STATE_BYTES, str(task), "disk", to=size.disk_bytes)
        self._metrics.set(m.STATE_BYTES, str(task), "memory", to=size.memory_bytes)

    def store_discarded(self, task: int, reason: str) -> None:
        """The task's store was thrown away and is rebuilt from the changelog."""
        self._metrics.count(m.STORE_DISCARDS, discard_kind(reason))
        log.warning("task %d: the local store is rebuilt: %s", task, reason, extra=fields(task=task))

    def data_lost(self, task: int, topic: str, wanted: int, start: int) -> None:
        """Records from *wanted* on are no longer in *topic*, or it is another by that name; reading goes on at *start*."""
        if start <= wanted:
            log.error(
                "task %d: offset %d, up to which %s was read, is of an earlier topic by that name; the one there is now is "
                "read from its start, %d",
                *(task, wanted, topic, start),
                extra=fields(task=task, topic=topic),
            )
            return
        lost = start - wanted
        self._metrics.count(m.RECORDS_LOST, topic, by=lost)
        log.error(
            "task %d: %d records of %s from offset %d on were deleted before they were read (retention.ms is too short "
            "for this lag); reading goes on at %d",
            *(task, lost, topic, wanted, start),
            extra=fields(task=task, topic=topic, lost=lost),
        )

    def tail_lost(self, task: int, topic: str, wanted: int, end: int) -> None:
        """*topic*, read up to *wanted*, ends at *end*: the broker has lost what was between; reading goes on at *end*."""
        log.error(
            "task %d: %s was read up to offset %d and ends at %d now: the broker has lost what was between (a crash before "
            "it was on disk or on a replica); reading goes on at %d",
            *(task, topic, wanted, end, end),
            extra=fields(task=task, topic=topic),
        )

    def answered_passed(self, task: int, topic: str, start: int, end: int) -> None:
        """What *topic* has from *start* to below *end* is answered, as the changelog tells, and is not decided again."""
        log.warning(
            "task %d: %s from offset %d to below %d was answered before its offsets were committed, as the changelog tells; "
            "it is not decided again",
            *(task, topic, start, end),
            extra=fields(task=task, topic=topic),
        )

    def loop_blocked(self, seconds: float) -> None:
        """The event loop came *seconds* late."""
        self._blocks.note(seconds)

    def brake(self, task: int, on: bool) -> None:  # noqa: FBT001 - the engine's form
        """The task paused for too many defects, or was released."""
        self._metrics.set(m.BRAKE, str(task), to=1 if on else 0)
        if on:
            log.error(
                "task %d: paused, because too many of its last records met a defect. The dead letters with reason "
                "internal_error hold the stack traces; SIGHUP or a restart releases the brake",
                *(task,),
                extra=fields(task=task),
            )
        else:
            log.warning("task %d: the brake is released", task, extra=fields(task=task))

    def broker_error(self, error: BaseException, retry_seconds: float) -> None:
        """The broker cannot be used just now; it is tried again in *retry_seconds*."""
        self._metrics.count(m.BROKER_ERRORS, error_kind(error))
        self._metrics.set(m.BROKER_UP, to=0)
        log.warning("the broker cannot be used, next try in %.1f s: %s", retry_seconds, _said(error))

    def broker_reached(self) -> None:
        """The broker answers, for the first time or again."""
        self._metrics.set(m.BROKER_UP, to=1)
        log.info("the broker answers")

    def rebalanced(self, tasks: int) -> None:
        """The group has given this member *tasks* tasks."""
        self._metrics.count(m.REBALANCES)
        log.info("the group gives this worker %d tasks", tasks, extra=fields(tasks=tasks))

    def commit_failed(self, task: int) -> None:
        """A commit had no good answer; what the task says when it ends tells why."""
        del task
        self._metrics.count(m.COMMIT_FAILURES)

    def guarantee(self, kind: str, reason: str) -> None:
        """What is promised from now on, and why."""
        self._tell_build(kind)
        log.info("guarantee: %s (%s)", kind.replace("_", " "), reason, extra=fields(guarantee=kind))

    def _forget(self, task: int) -> None:
        self._states.pop(task, None)
        self.restored.pop(task, None)
        for metric in (m.STATE_KEYS, m.STATE_BYTES, m.RESTORE_PROGRESS, m.BRAKE):
            self._metrics.forget(metric, str(task))
        for topic in m.INPUT_TOPICS:
            for metric in (m.LAG_RECORDS, m.LAG_SECONDS):
                self._metrics.forget(metric, topic, str(task))

    def _tell_build(self, guarantee: str) -> None:
        build = self._build
        told = (build.version, platform.python_version(), build.rules, build.rules_version, build.rules_hash)
        self._metrics.forget(m.BUILD_INFO)
        self._metrics.set(m.BUILD_INFO, *told, guarantee, to=1)


_LEVELS: Final[dict[TaskState, int]] = {"failed": logging.ERROR, "fenced": logging.WARNING}


def error_kind(error: BaseException) -> BrokerError:
    """The closed kind under which *error* is counted."""
    return next((kind for kind, types in _KINDS if isinstance(error, types)), "other")


def discard_kind(reason: str) -> Discard:
    """The closed kind under which a store discarded for *reason* is counted."""
    return next((kind for kind, words in _DISCARDS if words in reason), "other")


def _said(error: BaseException) -> str:
    said, kind = str(error), type(error).__name__
    return (
        said if kind in said else f"{kind}: {said}" if said else kind
    )  # the client's errors name their kind themselves
