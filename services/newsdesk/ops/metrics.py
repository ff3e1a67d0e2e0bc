"""The catalogue of metrics: every series that a desk exports, with its unit and its closed labels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, get_args

from prometheus_client import Counter, Gauge, Histogram

from newsdesk.contracts import topics
from newsdesk.contracts.reasons import DeadLetterReason, DecisionKind, DecisionReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import CollectorRegistry

TaskState = Literal["starting", "restoring", "running", "braked", "fenced", "waiting", "failed", "stopped"]
Stage = Literal["decide", "produce", "offsets", "commit", "flush"]
"""The engine's own words, which ops may not import; a test holds the two together."""

BrokerError = Literal["connection", "timeout", "coordinator", "transaction", "topic", "access", "protocol", "other"]
"""What kind of trouble a broker gave; the log has the error itself."""

Discard = Literal["damaged", "other_changelog", "behind", "ahead", "too_old", "other"]
"""Why a local store could not be used; behind and ahead: of what the changelog holds."""


class Kind(StrEnum):
    """What Prometheus does with a series."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. *values* are all sets of label values there are, or None where the deployment decides them.

    *unit* is the base unit the name ends in, empty for a plain count or a state.
    """

    name: str
    kind: Kind
    help: str
    unit: str = ""
    labels: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] | None = None
    buckets: tuple[float, ...] = ()


KIND_OF_REASON: Final[dict[DecisionReason, DecisionKind]] = {
    DecisionReason.THRESHOLD_MET: DecisionKind.PUBLISHED,
    DecisionReason.BELOW_THRESHOLD: DecisionKind.HELD,
    DecisionReason.OUTRANKED: DecisionKind.SUPPRESSED,
    DecisionReason.TIE: DecisionKind.SUPPRESSED,
    DecisionReason.PROVIDER_DENIED: DecisionKind.REJECTED,
    DecisionReason.REMOVED: DecisionKind.RETRACTED,
    DecisionReason.UNKNOWN_ARTICLE: DecisionKind.RETRACTED,
    DecisionReason.SAME_CONTENT: DecisionKind.DUPLICATE,
    DecisionReason.RESENT: DecisionKind.DUPLICATE,
    DecisionReason.STALE: DecisionKind.DUPLICATE,
}
"""Each reason belongs to one kind, so a decision has ten pairs of labels and no more."""


def _one(values: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple((str(value),) for value in values)


_LIVE_STATES: Final = tuple(state for state in get_args(TaskState) if state != "stopped")
INPUT_TOPICS: Final = tuple(topic.name for topic in topics.INPUTS)
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_RECORDS: Final = (1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0)

SUBMITTED: Final = Metric(
    "newsdesk_submitted_total",
    Kind.COUNTER,
    "Records read and answered: the sum of decisions, dead letters and forwarded ones, counted after the commit.",
)
DECISIONS: Final = Metric(
    "newsdesk_decisions_total",
    Kind.COUNTER,
    "Decisions by kind and reason, counted after the commit.",
    labels=("kind", "reason"),
    values=tuple((kind.value, reason.value) for reason, kind in KIND_OF_REASON.items()),
)
DEAD_LETTERS: Final = Metric(
    "newsdesk_dead_letters_total",
    Kind.COUNTER,
    "Records that could not be read or answered, by reason, counted after the commit.",
    labels=("reason",),
    values=_one(DeadLetterReason),
)
FORWARDED: Final = Metric(
    "newsdesk_forwarded_total",
    Kind.COUNTER,
    "Records that came in the wrong partition and were forwarded to that of their scope, counted after the commit.",
)
EXPIRED: Final = Metric(
    "newsdesk_expired_articles_total",
    Kind.COUNTER,
    "Articles that the sweep has removed from the state and the compacted topics, counted after the commit.",
)
PUNCTUATE_SECONDS: Final = Metric(
    "newsdesk_punctuate_seconds_total",
    Kind.COUNTER,
    "Wall time spent on sweeping the state, between the records.",
    unit="seconds",
)
BATCH_RECORDS: Final = Metric(
    "newsdesk_batch_records", Kind.HISTOGRAM, "Records in one committed batch.", unit="records", buckets=_RECORDS
)
READ_BYTES: Final = Metric(
    "newsdesk_read_bytes_total", Kind.COUNTER, "Bytes of the values read and answered.", unit="bytes"
)
WRITTEN_BYTES: Final = Metric(
    "newsdesk_written_bytes_total", Kind.COUNTER, "Bytes of the records written and committed.", unit="bytes"
)
STAGE_SECONDS: Final = Metric(
    "newsdesk_stage_seconds",
    Kind.HISTOGRAM,
    "Wall time of one batch in each stage of its way.",
    unit="seconds",
    labels=("stage",),
    values=_one(get_args(Stage)),
    buckets=_SECONDS,
)
COMMIT_SECONDS: Final = Metric(
    "newsdesk_commit_seconds",
    Kind.HISTOGRAM,
    "Wall time of one commit: the input offsets and the end of the transaction.",
    unit="seconds",
    buckets=_SECONDS,
)
LAG_RECORDS: Final = Metric(
    "newsdesk_lag_records",
    Kind.GAUGE,
    "Records between what is decided and the readable end of an input partition, of the tasks of this worker.",
    unit="records",
    labels=("topic", "partition"),
)
LAG_SECONDS: Final = Metric(
    "newsdesk_lag_seconds",
    Kind.GAUGE,
    "Age of the oldest record that waits for its answer, 0 where none does.",
    unit="seconds",
    labels=("topic", "partition"),
)
STATE_KEYS: Final = Metric(
    "newsdesk_state_keys", Kind.GAUGE, "Keys in the local store of a task, estimated.", unit="keys", labels=("task",)
)
STATE_BYTES: Final = Metric(
    "newsdesk_state_bytes",
    Kind.GAUGE,
    "Size of the local store of a task.",
    unit="bytes",
    labels=("task", "place"),
)
RESTORE_PROGRESS: Final = Metric(
    "newsdesk_restore_progress_ratio",
    Kind.GAUGE,
    "How much of the changelog a task has read back, 0 to 1.",
    unit="ratio",
    labels=("task",),
)
TASKS: Final = Metric(
    "newsdesk_tasks",
    Kind.GAUGE,
    "Tasks of this worker by state.",
    labels=("state",),
    values=_one(_LIVE_STATES),
)
BRAKE: Final = Metric(
    "newsdesk_brake", Kind.GAUGE, "1 where a task has paused because too many records met a defect.", labels=("task",)
)
LOOP_BLOCKED: Final = Metric(
    "newsdesk_loop_blocked_seconds_max",
    Kind.GAUGE,
    "Longest block of the event loop in the last one to two minutes.",
    unit="seconds",
)
FENCED: Final = Metric(
    "newsdesk_fenced_total", Kind.COUNTER, "Times that a later owner of a task fenced this worker off."
)
TASK_FAILURES: Final = Metric(
    "newsdesk_task_failures_total",
    Kind.COUNTER,
    "Attempts of a task that ended with an error; its open transaction is aborted and it starts again.",
    labels=("error",),
    values=_one(get_args(BrokerError)),
)
BROKER_ERRORS: Final = Metric(
    "newsdesk_broker_errors_total",
    Kind.COUNTER,
    "Errors of the broker or of the way there, by kind.",
    labels=("error",),
    values=_one(get_args(BrokerError)),
)
BROKER_UP: Final = Metric(
    "newsdesk_broker_up",
    Kind.GAUGE,
    "1 while the broker answers and this worker is in the group, 0 while it is waited for.",
)
REBALANCES: Final = Metric(
    "newsdesk_rebalances_total", Kind.COUNTER, "Times that the group gave this worker its share of the tasks."
)
COMMIT_FAILURES: Final = Metric(
    "newsdesk_commit_failures_total",
    Kind.COUNTER,
    "Commits without a good answer: the transaction is aborted and its records are decided again, unless it had gone "
    "through.",
)
STORE_DISCARDS: Final = Metric(
    "newsdesk_store_discards_total",
    Kind.COUNTER,
    "Local stores thrown away and rebuilt from the changelog, by reason; the log has the details.",
    labels=("reason",),
    values=_one(get_args(Discard)),
)
RECORDS_LOST: Final = Metric(
    "newsdesk_records_lost_total",
    Kind.COUNTER,
    "Records that were deleted from an input topic before they were read.",
    unit="",
    labels=("topic",),
    values=_one(INPUT_TOPICS),
)
BUILD_INFO: Final = Metric(
    "newsdesk_build_info",
    Kind.GAUGE,
    "1; the labels tell the version, the rules that decide and the guarantee that holds.",
    labels=("version", "python", "rules", "rules_version", "rules_hash", "guarantee"),
)

CATALOGUE: Final[tuple[Metric, ...]] = (
    SUBMITTED,
    DECISIONS,
    DEAD_LETTERS,
    FORWARDED,
    EXPIRED,
    PUNCTUATE_SECONDS,
    BATCH_RECORDS,
    READ_BYTES,
    WRITTEN_BYTES,
    STAGE_SECONDS,
    COMMIT_SECONDS,
    LAG_RECORDS,
    LAG_SECONDS,
    STATE_KEYS,
    STATE_BYTES,
    RESTORE_PROGRESS,
    TASKS,
    BRAKE,
    LOOP_BLOCKED,
    FENCED,
    TASK_FAILURES,
    BROKER_ERRORS,
    BROKER_UP,
    REBALANCES,
    COMMIT_FAILURES,
    STORE_DISCARDS,
    RECORDS_LOST,
    BUILD_INFO,
)
"""Every metric of newsdesk's own; the process's come from the client library."""


class Metrics:
    """The catalogue, made in *registry*. Series whose labels are closed are there from the start, at 0.

    Children are kept, because looking one up by labels costs more than counting.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._families = {metric.name: _make(metric, registry) for metric in CATALOGUE}
        self._children: dict[tuple[str, ...], Counter | Gauge | Histogram] = {}
        for metric in CATALOGUE:
            for values in ((),) if not metric.labels else metric.values or ():
                self._child(metric, values)

    def count(self, metric: Metric, *values: str, by: float = 1) -> None:
        """Add *by* to a counter; *values* are its labels' in their order."""
        child = self._child(metric, values)
        assert isinstance(child, Counter)  # noqa: S101 - for the type checker
        child.inc(by)

    def set(self, metric: Metric, *values: str, to: float) -> None:
        """Set a gauge."""
        child = self._child(metric, values)
        assert isinstance(child, Gauge)  # noqa: S101 - for the type checker
        child.set(to)

    def observe(self, metric: Metric, *values: str, value: float) -> None:
        """Put *value* into a histogram."""
        child = self._child(metric, values)
        assert isinstance(child, Histogram)  # noqa: S101 - for the type checker
        child.observe(value)

    def forget(self, metric: Metric, *values: str) -> None:
        """Remove the series whose first labels are *values*: what they tell is no longer this worker's to tell."""
        for key in [key for key in self._children if key[0] == metric.name and key[1 : len(values) + 1] == values]:
            self._families[metric.name].remove(*key[1:])
            del self._children[key]

    def gauge(self, metric: Metric) -> Gauge:
        """The gauge without labels itself, to be given a function that is asked at every scrape."""
        child = self._child(metric, ())
        assert isinstance(child, Gauge)  # noqa: S101 - for the type checker
        return child

    def _child(self, metric: Metric, values: tuple[str, ...]) -> Counter | Gauge | Histogram:
        key = (metric.name, *values)
        child = self._children.get(key)
        if child is None:
            if metric.values is not None and values not in metric.values:
                raise ValueError(f"{metric.name} has no {dict(zip(metric.labels, values, strict=False))}")
            family = self._families[metric.name]
            child = self._children[key] = family.labels(*values) if values else family
        return child


def _make(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    match metric.kind:
        case Kind.COUNTER:
            return Counter(metric.name, metric.help, metric.labels, registry=registry)
        case Kind.GAUGE:
            return Gauge(metric.name, metric.help, metric.labels, registry=registry)
        case Kind.HISTOGRAM:
            return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
