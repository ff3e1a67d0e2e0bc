"""Where a task on Kafka begins to read, and what it does where the records it wants are not there; on a fake client."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import errors as kafka
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from prometheus_client import CollectorRegistry

from engine.harness import Watching
from newsdesk.engine import kafka_log
from newsdesk.engine.answered import Mark
from newsdesk.engine.kafka_log import KafkaLog
from newsdesk.engine.port import Committed
from newsdesk.engine.records import Record
from newsdesk.engine.validity import Span
from newsdesk.ops.metrics import Metrics
from newsdesk.ops.observing import Build, Observing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from newsdesk.engine.observer import Observer

IN = TopicPartition("in", 0)


class Topic:
    """The reader of one topic: a span a look, the last one for ever; every record is of the time *timestamp*."""

    def __init__(self, *spans: Span, timestamp: int = 1_000) -> None:
        self._spans = deque(spans)
        self._timestamp = timestamp

    async def span(self, topic: str, partition: int) -> Span:
        del topic, partition
        return self._spans.popleft() if len(self._spans) > 1 else self._spans[0]

    async def read(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        yield [Record(topic, partition, offset, self._timestamp, b"k", b"v") for offset in range(start, end)]


class Member:
    """A consumer and its coordinator: the group has committed *found*, and the offset *lost*, if any, cannot be fetched.

    It notes where it is told to seek.
    """

    group_id = "desk"

    def __init__(self, found: OffsetAndMetadata | None, lost: int | None = None) -> None:
        self._coordinator = self
        self._found = found or OffsetAndMetadata(-1, "")
        self._lost = lost
        self.sought: list[int] = []

    async def ensure_coordinator_known(self) -> None:
        pass

    async def _send_req(self, _: object) -> SimpleNamespace:
        return SimpleNamespace(topics=[("in", [(0, *self._found, 0)])], error_code=0)

    async def getmany(self, *_: TopicPartition, **__: int) -> dict[TopicPartition, list[Any]]:
        if self._lost is not None:
            raise kafka.OffsetOutOfRangeError({IN: self._lost})
        return {}

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.sought.append(offset)

    def resume(self, *_: TopicPartition) -> None:
        pass


class Commits:
    """A committer that notes the offsets."""

    def __init__(self, *, atomic: bool = True) -> None:
        self.atomic = atomic
        self.offsets: list[Mapping[TopicPartition, OffsetAndMetadata]] = []

    def output(self) -> None:
        pass

    async def commit(self, _: None, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> Committed:
        self.offsets.append(offsets)
        return Committed(None)


def log_on(topic: Any, member: Any, commits: Any = None, observer: Observer | None = None) -> KafkaLog:
    return KafkaLog(
        task=0,
        inputs=["in"],
        changelog="counts",
        consumer=member,
        reader=topic,
        partitions=4,
        committer=commits or Commits(),
        owned=lambda: True,
        observer=observer or Watching(),
    )


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_log, "_LOOK_SECONDS", 0)


# ---- where the group's offset leads


@pytest.mark.parametrize(
    ("found", "spans", "begin", "lost", "tails", "committed"),
    [
        pytest.param((7, "A"), [("A", 3, 9)], 7, [], [], [], id="there"),
        pytest.param((2, "A"), [("A", 3, 9)], 3, [("in", 2, 3)], [], [], id="deleted before it was read"),
        pytest.param((12, "A"), [("A", 3, 9)], 9, [], [("in", 12, 9)], [(9, "A")], id="the topic lost its end"),
        pytest.param((12, "A"), [("A", 3, 9), ("A", 3, 12)], 12, [], [], [], id="the broker did not know its end yet"),
        pytest.param(
            (12, ""), [("A", 3, 9)], 3, [("in", 12, 3)], [], [], id="beyond the end, of which topic is unknown"
        ),
        pytest.param((12, "A"), [(None, 3, 9)], 3, [("in", 12, 3)], [], [], id="beyond the end, the topic has no id"),
        pytest.param((7, "A"), [("B", 3, 9)], 3, [("in", 7, 3)], [], [], id="of an earlier topic"),
        pytest.param((12, "A"), [("B", 3, 9)], 3, [("in", 12, 3)], [], [], id="beyond the end, of an earlier topic"),
        pytest.param((12, "A"), [("A", 3, 9), ("B", 0, 20)], 0, [("in", 12, 0)], [], [], id="made anew while looking"),
    ],
)
async def test_where_reading_begins(
    found: tuple[int, str],
    spans: list[tuple[str | None, int, int]],
    begin: int,
    *,
    lost: list[tuple[str, int, int]],
    tails: list[tuple[str, int, int]],
    committed: list[tuple[int, str]],
) -> None:
    watching, commits = Watching(), Commits()
    topic = Topic(*[Span(*span) for span in spans])
    log = log_on(topic, Member(OffsetAndMetadata(*found)), commits, watching)
    assert await log.committed() == {"in": begin}
    assert watching.lost == lost
    assert watching.tails == tails
    assert commits.offsets == [{IN: OffsetAndMetadata(offset, f"{identity}/4")} for offset, identity in committed]
    await log.commit(log.output(), {"in": begin + 1})
    told = f"{spans[-1][0] or ''}/4"
    assert commits.offsets[-1] == {IN: OffsetAndMetadata(begin + 1, told)}, "with the id of what is read, and its size"


# ---- a position that is not there


async def test_what_retention_took_is_reported_and_skipped() -> None:
    watching, member = Watching(), Member(None, lost=2)
    log = log_on(Topic(Span("A", 3, 9)), member, observer=watching)
    await log.committed()
    assert await log.fetch(0) == ()
    assert (watching.lost, member.sought) == ([("in", 2, 3)], [3])


@pytest.mark.parametrize(
    ("lost", "now"),
    [
        pytest.param(2, Span("B", 3, 9), id="made anew"),
        pytest.param(12, Span("B", 0, 9), id="made anew, shorter"),
        pytest.param(2, Span(None, 3, 9), id="the id is not known any more"),
        pytest.param(12, Span("A", 0, 9), id="the topic lost its end"),
    ],
)
async def test_a_topic_that_is_another_one_or_lost_its_end_ends_the_attempt(lost: int, now: Span) -> None:
    watching, member, commits = Watching(), Member(None, lost=lost), Commits()
    log = log_on(Topic(Span("A", 0, 20), now), member, commits, watching)
    await log.committed()
    with pytest.raises(
        kafka.OffsetOutOfRangeError, match=f"offset {lost} of in/0: the topic was made anew or has lost"
    ):
        await log.fetch(0)
    assert (watching.lost, member.sought, commits.offsets) == ([], [], [])


async def test_without_ids_a_topic_that_is_shorter_is_read_from_its_start() -> None:
    watching, member = Watching(), Member(None, lost=12)
    log = log_on(Topic(Span(None, 0, 20), Span(None, 0, 9)), member, observer=watching)
    await log.committed()
    assert await log.fetch(0) == ()
    assert (watching.lost, member.sought) == ([("in", 12, 0)], [0])


# ---- what is answered


@pytest.mark.parametrize(
    ("mark", "moved"),
    [
        pytest.param(Mark(7, 2_000), True, id="answered"),
        pytest.param(Mark(4, 2_000), False, id="committed already"),
        pytest.param(Mark(9, 2_000), False, id="not there"),
        pytest.param(Mark(7, 500), False, id="younger than its answer"),
    ],
)
async def test_a_skip_is_committed_and_reported(mark: Mark, moved: bool) -> None:  # noqa: FBT001
    watching, commits = Watching(), Commits(atomic=False)
    log = log_on(Topic(Span("A", 0, 9)), Member(OffsetAndMetadata(5, "A")), commits, watching)
    offsets = await log.past_answered(await log.committed(), {"in": mark})
    assert offsets == {"in": 8 if moved else 5}
    assert watching.passed == ([("in", 5, 8)] if moved else [])
    assert commits.offsets == ([{IN: OffsetAndMetadata(8, "A/4")}] if moved else [])


async def test_with_transactions_nothing_is_skipped() -> None:
    watching = Watching()
    log = log_on(Topic(Span("A", 0, 9)), Member(OffsetAndMetadata(5, "A")), observer=watching)
    assert await log.past_answered(await log.committed(), {"in": Mark(7, 2_000)}) == {"in": 5}
    assert not watching.passed


def test_what_is_skipped_and_what_is_lost_is_told_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    observing = Observing(Metrics(CollectorRegistry()), Build("0.1.0", "newsdesk", "1", "abc"))
    observing.answered_passed(0, "in", 5, 8)
    observing.tail_lost(0, "in", 12, 9)
    assert [record.getMessage() for record in caplog.records] == [
        (
            "task 0: in from offset 5 to below 8 was answered before its offsets were committed, as the changelog tells; "
            "it is not decided again"
        ),
        (
            "task 0: in was read up to offset 12 and ends at 9 now: the broker has lost what was between (a crash before "
            "it was on disk or on a replica); reading goes on at 9"
        ),
    ]
