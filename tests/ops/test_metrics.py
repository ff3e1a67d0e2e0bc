"""The catalogue by Prometheus' conventions, and what every word of the engine's observer does to it."""

from __future__ import annotations

import inspect
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import errors as kafka
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from newsdesk.contracts.reasons import DeadLetterReason, DecisionReason
from newsdesk.engine import observer as engine
from newsdesk.engine.store import Position, StoreSize
from newsdesk.engine.validity import Span, why_discard
from newsdesk.ops import metrics as m
from newsdesk.ops.loopwatch import LongestBlock
from newsdesk.ops.metrics import CATALOGUE, Kind, Metric, Metrics
from newsdesk.ops.observing import Build, Observing, discard_kind, error_kind

if TYPE_CHECKING:
    from collections.abc import Callable

SUBMITTED_TOPIC = m.INPUT_TOPICS[0]


@dataclass
class Watched:
    registry: CollectorRegistry
    observing: Observing

    def value(self, metric: Metric, suffix: str = "", **labels: str) -> float | None:
        return self.registry.get_sample_value(metric.name + suffix, labels)

    def samples(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        text = generate_latest(self.registry).decode()
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if not sample.name.endswith("_created")
        }


@pytest.fixture
def watched() -> Watched:
    registry = CollectorRegistry()
    return Watched(registry, Observing(Metrics(registry), Build("0.1.0", "newsdesk", "1", "abc")))


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: Metric) -> None:
    assert metric.name.startswith("newsdesk_")
    assert metric.name == metric.name.lower()
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    stem = metric.name.removesuffix("_total").removesuffix("_max")
    assert metric.unit in ("", "seconds", "bytes", "records", "keys", "ratio")
    assert stem.endswith(metric.unit)
    for unit in ("milliseconds", "_ms", "_kb", "percent", "minutes"):
        assert unit not in metric.name
    assert metric.help.endswith(".")
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    assert metric.buckets == tuple(sorted(metric.buckets))
    if metric.values is not None:
        assert all(len(values) == len(metric.labels) for values in metric.values)
        assert len(set(metric.values)) == len(metric.values)


def test_no_name_is_there_twice() -> None:
    assert len({metric.name for metric in CATALOGUE}) == len(CATALOGUE)


def test_the_words_of_the_engine_are_the_catalogues() -> None:
    assert typing.get_args(m.TaskState) == typing.get_args(engine.TaskState)
    assert typing.get_args(m.Stage) == typing.get_args(engine.Stage)


def test_every_reason_of_a_decision_has_its_kind() -> None:
    assert set(m.KIND_OF_REASON) == set(DecisionReason)


def test_every_closed_series_is_there_at_0_before_anything_happens(watched: Watched) -> None:
    told = watched.samples()
    for metric in CATALOGUE:
        for values in ((),) if not metric.labels else metric.values or ():
            name = f"{metric.name}_count" if metric.kind is Kind.HISTOGRAM else metric.name
            assert told[name, tuple(sorted(zip(metric.labels, values, strict=True)))] == 0


def test_the_exposition_parses_and_holds_the_whole_catalogue(watched: Watched) -> None:
    families = text_string_to_metric_families(generate_latest(watched.registry).decode())
    kinds = {family.name: (family.type, family.documentation) for family in families}
    for metric in CATALOGUE:
        assert kinds[metric.name.removesuffix("_total")] == (metric.kind.value, metric.help)


def test_a_label_outside_the_closed_list_is_refused() -> None:
    with pytest.raises(ValueError, match=r"newsdesk_dead_letters_total has no \{'reason': 'new'\}"):
        Metrics(CollectorRegistry()).count(m.DEAD_LETTERS, "new")


def test_a_committed_batch_is_counted_by_what_became_of_its_records(watched: Watched) -> None:
    report = engine.BatchReport(
        task=0,
        records=10,
        counts={
            ("decision", ("published", "threshold_met")): 4,
            ("decision", ("duplicate", "resent")): 3,
            ("dead_letter", ("not_json",)): 2,
            ("forwarded", ()): 1,
        },
        seconds={"decide": 0.02, "produce": 0.01, "offsets": 0.001, "commit": 0.03, "flush": 0.002},
        bytes_read=1000,
        bytes_written=3000,
        punctuated={"expired": 6},
        punctuate_seconds=0.25,
    )
    watched.observing.batch_committed(report)
    watched.observing.batch_committed(report)
    assert watched.value(m.SUBMITTED) == 20
    assert watched.value(m.DECISIONS, kind="published", reason="threshold_met") == 8
    assert watched.value(m.DECISIONS, kind="duplicate", reason="resent") == 6
    assert watched.value(m.DEAD_LETTERS, reason="not_json") == 4
    assert watched.value(m.FORWARDED) == 2
    assert watched.value(m.READ_BYTES) == 2000
    assert watched.value(m.WRITTEN_BYTES) == 6000
    assert watched.value(m.BATCH_RECORDS, "_sum") == 20
    assert watched.value(m.EXPIRED) == 12
    assert watched.value(m.PUNCTUATE_SECONDS) == 0.5
    assert watched.value(m.STAGE_SECONDS, "_count", stage="flush") == 2
    assert watched.value(m.STAGE_SECONDS, "_sum", stage="decide") == pytest.approx(0.04)
    assert watched.value(m.COMMIT_SECONDS, "_sum") == pytest.approx(0.062)


@pytest.mark.parametrize("reason", DeadLetterReason)
def test_every_dead_letter_reason_can_be_counted(watched: Watched, reason: DeadLetterReason) -> None:
    watched.observing.batch_committed(engine.BatchReport(0, 1, {("dead_letter", (reason.value,)): 1}, {}, 0, 0))
    assert watched.value(m.DEAD_LETTERS, reason=reason.value) == 1


def test_tasks_are_counted_by_the_state_they_are_in(watched: Watched) -> None:
    for task in (0, 1):
        watched.observing.task_state(task, "starting")
        watched.observing.task_state(task, "restoring")
    watched.observing.task_state(1, "running")
    watched.observing.task_state(1, "running")
    states = {state: watched.value(m.TASKS, state=state) for state in ("starting", "restoring", "running")}
    assert states == {"starting": 0, "restoring": 1, "running": 1}


def test_a_stopped_task_leaves_no_series_behind(watched: Watched) -> None:
    observing = watched.observing
    before = watched.samples()
    for task in (0, 10):
        observing.task_state(task, "running")
        observing.lag(task, SUBMITTED_TOPIC, 7, 1.5)
        observing.store_size(task, StoreSize(keys=1, disk_bytes=2, memory_bytes=3))
        observing.restore_progress(task, 5, 10)
        observing.brake(task, False)
    assert watched.value(m.LAG_RECORDS, topic=SUBMITTED_TOPIC, partition="10") == 7
    observing.task_state(0, "stopped")
    assert watched.value(m.LAG_RECORDS, topic=SUBMITTED_TOPIC, partition="0") is None
    assert watched.value(m.LAG_RECORDS, topic=SUBMITTED_TOPIC, partition="10") == 7
    observing.task_state(10, "stopped")
    assert watched.samples() == before
    assert observing.restored == {}


def _lag(observing: Observing) -> None:
    observing.lag(3, SUBMITTED_TOPIC, 12, 0.5)


def _lost_again(observing: Observing) -> None:
    observing.broker_reached()
    observing.broker_error(kafka.KafkaConnectionError(), 1.0)


@pytest.mark.parametrize(
    ("call", "metric", "labels", "value"),
    [
        pytest.param(_lag, m.LAG_RECORDS, {"topic": SUBMITTED_TOPIC, "partition": "3"}, 12, id="lag, records"),
        pytest.param(_lag, m.LAG_SECONDS, {"topic": SUBMITTED_TOPIC, "partition": "3"}, 0.5, id="lag, seconds"),
        pytest.param(
            lambda o: o.task_failed(1, kafka.KafkaConnectionError("gone"), 1.0),
            *(m.TASK_FAILURES, {"error": "connection"}, 1),
            id="task failed",
        ),
        pytest.param(lambda o: o.fenced(1), m.FENCED, {}, 1, id="fenced"),
        pytest.param(lambda o: o.restore_progress(1, 1, 4), m.RESTORE_PROGRESS, {"task": "1"}, 0.25, id="restore"),
        pytest.param(
            lambda o: o.restore_progress(1, 0, 0), m.RESTORE_PROGRESS, {"task": "1"}, 1, id="restore of nothing"
        ),
        pytest.param(
            lambda o: o.store_size(1, StoreSize(5, 6, 7)), m.STATE_KEYS, {"task": "1"}, 5, id="store size, keys"
        ),
        pytest.param(
            lambda o: o.store_size(1, StoreSize(5, 6, 7)),
            *(m.STATE_BYTES, {"task": "1", "place": "disk"}, 6),
            id="store size, disk",
        ),
        pytest.param(
            lambda o: o.store_size(1, StoreSize(5, 6, 7)),
            *(m.STATE_BYTES, {"task": "1", "place": "memory"}, 7),
            id="store size, memory",
        ),
        pytest.param(
            lambda o: o.store_discarded(1, "it is so old"),
            *(m.STORE_DISCARDS, {"reason": "too_old"}, 1),
            id="store discarded",
        ),
        pytest.param(
            lambda o: o.data_lost(1, SUBMITTED_TOPIC, 10, 25),
            *(m.RECORDS_LOST, {"topic": SUBMITTED_TOPIC}, 15),
            id="data lost",
        ),
        pytest.param(lambda o: o.loop_blocked(0.3), m.LOOP_BLOCKED, {}, 0.3, id="loop blocked"),
        pytest.param(lambda o: o.brake(2, True), m.BRAKE, {"task": "2"}, 1, id="brake on"),
        pytest.param(lambda o: o.brake(2, False), m.BRAKE, {"task": "2"}, 0, id="brake off"),
        pytest.param(
            lambda o: o.broker_error(kafka.RequestTimedOutError(), 1.0),
            *(m.BROKER_ERRORS, {"error": "timeout"}, 1),
            id="broker error",
        ),
        pytest.param(lambda o: o.broker_reached(), m.BROKER_UP, {}, 1, id="broker reached"),
        pytest.param(_lost_again, m.BROKER_UP, {}, 0, id="broker lost"),
        pytest.param(lambda o: o.rebalanced(2), m.REBALANCES, {}, 1, id="rebalanced"),
        pytest.param(lambda o: o.commit_failed(2), m.COMMIT_FAILURES, {}, 1, id="commit failed"),
    ],
)
def test_what_the_engine_tells_shows(
    watched: Watched, call: Callable[[Observing], None], metric: Metric, labels: dict[str, str], value: float
) -> None:
    call(watched.observing)
    assert watched.value(metric, **labels) == value


def test_the_build_tells_the_guarantee_once_it_is_known(watched: Watched) -> None:
    watched.observing.guarantee("exactly_once", "the broker supports transactions")
    told = [dict(labels) for (name, labels), _ in watched.samples().items() if name == m.BUILD_INFO.name]
    assert [labels["guarantee"] for labels in told] == ["exactly_once"]
    assert told[0]["rules_hash"] == "abc"


def test_every_word_of_the_observer_is_understood() -> None:
    """By name and form, so that a method the engine gains is noticed here."""
    for name, method in inspect.getmembers(engine.NullObserver, inspect.isfunction):
        ours = inspect.signature(getattr(Observing, name))
        assert list(ours.parameters) == list(inspect.signature(method).parameters), name


def test_what_was_lost_of_an_input_and_who_took_a_task_over_is_told(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.observing.data_lost(0, SUBMITTED_TOPIC, 10, 15)
    watched.observing.data_lost(0, SUBMITTED_TOPIC, 10, 0)
    watched.observing.fenced(2)
    assert [record.getMessage() for record in caplog.records] == [
        (
            f"task 0: 5 records of {SUBMITTED_TOPIC} from offset 10 on were deleted before they were read (retention.ms is too "
            "short for this lag); reading goes on at 15"
        ),
        (
            f"task 0: offset 10, up to which {SUBMITTED_TOPIC} was read, is of an earlier topic by that name; the one there is "
            "now is read from its start, 0"
        ),
        "task 2: another worker has taken it over",
    ]
    assert watched.value(m.RECORDS_LOST, topic=SUBMITTED_TOPIC) == 5


def test_a_paused_task_is_told_with_its_remedy(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    watched.observing.brake(4, True)
    (record,) = caplog.records
    assert "SIGHUP" in record.getMessage()
    assert "internal_error" in record.getMessage()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (kafka.KafkaConnectionError(), "connection"),
        (ConnectionResetError(), "connection"),
        (TimeoutError(), "timeout"),
        (kafka.ProducerFenced(), "transaction"),
        (kafka.TopicAuthorizationFailedError(), "access"),
        (kafka.GroupLoadInProgressError(), "coordinator"),
        (kafka.UnknownTopicOrPartitionError(), "topic"),
        (kafka.CorruptRecordException(), "protocol"),
        (ValueError("ours"), "other"),
    ],
)
def test_errors_are_counted_under_a_closed_kind(error: Exception, kind: str) -> None:
    assert error_kind(error) == kind


_WHEN: dict[str, Any] = {"now_ms": 10, "delete_retention_ms": None}


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (why_discard(Position(5, None, 10), Span("a", 0, 9), **_WHEN), "other_changelog"),
        (why_discard(Position(5, "b", 10), Span("a", 0, 9), **_WHEN), "other_changelog"),
        (why_discard(Position(5, "a", 10), Span("a", 6, 9), **_WHEN), "behind"),
        (why_discard(Position(5, "a", 10), Span("a", 0, 4), **_WHEN), "ahead"),
        (why_discard(Position(5, "a", 0), Span("a", 0, 9), now_ms=10, delete_retention_ms=1), "too_old"),
        ("The store in /s/0 is damaged: checksum", "damaged"),
        ("The store in /s/0 has format 9, not 1", "damaged"),
        ("The store in /s/0 has an unreadable position: x", "damaged"),
        ("the changelog went back from 7 to 3", "ahead"),
        ("no sentence of the engine's", "other"),
    ],
)
def test_discarded_stores_are_counted_under_a_closed_reason(reason: str, kind: str) -> None:
    assert discard_kind(reason) == kind


def test_the_longest_block_is_remembered_for_one_to_two_windows() -> None:
    now = [0.0]
    blocks = LongestBlock(window=10, clock=lambda: now[0])
    blocks.note(0.2)
    blocks.note(0.1)
    told: list[Any] = []
    for now[0] in (9.0, 12.0, 19.0, 23.0):
        told.append(blocks.longest())
    assert told == [0.2, 0.2, 0.2, 0.0]
    now[0] = 500.0
    assert blocks.longest() == 0.0


def test_a_batch_of_tombstones_alone_is_no_batch_of_records(watched: Watched) -> None:
    watched.observing.batch_committed(engine.BatchReport(0, 0, {}, {"commit": 0.01}, 0, 300, {"expired": 3}, 0.1))

    assert watched.value(m.BATCH_RECORDS, "_count") == 0
    assert watched.value(m.EXPIRED) == 3
