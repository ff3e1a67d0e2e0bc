"""Topics that change under a running worker: gone, made anew, grown, taking less than before. On real Kafka."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import LeaderNotAvailableError, UnknownTopicOrPartitionError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from engine.harness import config
from newsdesk.engine.crash_points import NoCrash
from newsdesk.engine.making import Parts
from newsdesk.engine.pacing import Backoff
from newsdesk.engine.reach import Reach
from newsdesk.engine.reading import open_client
from newsdesk.engine.task import Task
from newsdesk.engine.topics import TopicsChangedError, TopicWatch, check_partitions
from support.brokers import make_topics
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.harness import KafkaHarness
    from newsdesk.engine.making import Link
    from newsdesk.engine.records import Record

pytestmark = pytest.mark.kafka

SOON = {"silence_ms": 300, "missing_topic_grace_ms": 1_500}
LATER = {"silence_ms": 300, "missing_topic_grace_ms": 30_000}


@contextlib.asynccontextmanager
async def admin_of(harness: KafkaHarness) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=harness.bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def delete(harness: KafkaHarness, topic: str) -> None:
    async with admin_of(harness) as admin:
        await admin.delete_topics([topic])


async def make_anew(harness: KafkaHarness, topic: str) -> None:
    """Make the topic as soon as the broker has forgotten the one before."""

    async def made() -> bool:
        with contextlib.suppress(AssertionError):
            await make_topics(harness.bootstrap, {topic: 1})
            return True
        return False

    await until(made)


def role(harness: KafkaHarness, name: str) -> str:
    names = harness.names
    return {"input": names.inputs[0], "changelog": names.changelog, "output": names.out}[name]


async def ready(harness: KafkaHarness) -> None:
    await until(lambda: harness.workers[0].status().ready, 30)


async def answered(harness: KafkaHarness, count: int) -> list[Record]:
    async def enough() -> bool:
        return len(await harness.read(harness.names.out)) >= count

    await until(enough, 30)
    return list(await harness.read(harness.names.out))


@pytest.mark.parametrize("kind", ["input", "changelog", "output"])
async def test_a_topic_that_stays_away_ends_the_worker_after_the_grace(on_kafka: KafkaHarness, kind: str) -> None:
    await on_kafka.submit((b"a", b"1"))
    await on_kafka.start(**SOON)
    await answered(on_kafka, 1)
    topic = role(on_kafka, kind)
    await delete(on_kafka, topic)
    await until(lambda: not on_kafka.workers[0].status().ready)
    error = await on_kafka.fatal()
    assert error.problem == f"The topic {topic} does not exist."
    assert error.remedy == "Create it with as many partitions as the others have, then start again."


@pytest.mark.parametrize("kind", ["input", "changelog", "output"])
async def test_a_topic_that_is_made_anew_within_the_grace_is_worked_on(on_kafka: KafkaHarness, kind: str) -> None:
    await on_kafka.submit(*[(b"a", b"%d" % i) for i in range(3)])
    await on_kafka.start(**LATER)
    await answered(on_kafka, 3)
    topic = role(on_kafka, kind)
    await delete(on_kafka, topic)
    await until(lambda: topic in on_kafka.workers[0].status().error)
    assert not on_kafka.workers[0].status().ready
    await make_anew(on_kafka, topic)
    await ready(on_kafka)
    await on_kafka.submit(*[(b"a", b"%d" % i) for i in range(3, 8)])
    before = 0 if kind == "output" else 3
    records = (await answered(on_kafka, before + 5))[before:]
    assert [record.value for record in records] == [b"%d" % i for i in range(3, 8)], "none skipped, none twice"
    numbers = [int(dict(record.headers)["n"]) for record in records]
    assert numbers == ([1, 2, 3, 4, 5] if kind == "changelog" else [4, 5, 6, 7, 8]), "the state is the changelog's"


async def test_offsets_of_a_topic_that_was_before_are_not_those_of_the_one_there_is(on_kafka: KafkaHarness) -> None:
    """A commit that came too late: without the id beside it, five records would be skipped without a word."""
    await on_kafka.submit(*[(b"a", b"%d" % i) for i in range(8)])
    topic = TopicPartition(on_kafka.names.inputs[0], 0)
    async with AIOKafkaConsumer(bootstrap_servers=on_kafka.bootstrap, group_id=on_kafka.names.group) as late:
        late.assign([topic])
        await late.commit({topic: OffsetAndMetadata(5, "0" * 32)})
    await on_kafka.start()
    records = await answered(on_kafka, 8)
    assert [record.value for record in records] == [b"%d" % i for i in range(8)]
    assert on_kafka.watching.lost == [(topic.topic, 5, 0)]


async def test_offsets_that_another_tool_set_are_used(on_kafka: KafkaHarness) -> None:
    await on_kafka.submit(*[(b"a", b"%d" % i) for i in range(8)])
    topic = TopicPartition(on_kafka.names.inputs[0], 0)
    async with AIOKafkaConsumer(bootstrap_servers=on_kafka.bootstrap, group_id=on_kafka.names.group) as tool:
        tool.assign([topic])
        await tool.commit({topic: 5})
    await on_kafka.start()
    assert [record.value for record in await answered(on_kafka, 3)] == [b"5", b"6", b"7"]
    assert not on_kafka.watching.lost


async def test_a_topic_made_anew_between_two_looks_is_noticed_by_its_id(on_kafka: KafkaHarness) -> None:
    parts = Parts(
        config=config(on_kafka.bootstrap, on_kafka.names, silence_ms=60_000),
        processor=on_kafka.processor,
        observer=on_kafka.watching,
        crash=NoCrash(),
        stores=on_kafka.stores,
        attempt=Task,
        committer=None,
    )
    watch = TopicWatch(parts, Reach(Backoff(0.1, 1), on_kafka.watching))
    topic = on_kafka.names.inputs[1]
    async with open_client(on_kafka.bootstrap, "test", {}) as client:
        await watch.check(client)
        await delete(on_kafka, topic)
        await make_anew(on_kafka, topic)

        async def known() -> bool:
            with contextlib.suppress(UnknownTopicOrPartitionError, LeaderNotAvailableError):
                return await check_partitions(client, on_kafka.names.all, 1) == 1
            return False

        await until(known)
        watching = asyncio.create_task(watch.watch(client))
        await asyncio.sleep(0)  # it has begun to wait
        watch.look_now()
        with pytest.raises(TopicsChangedError, match=f"The topic {topic} was deleted and made anew"):
            await asyncio.wait_for(watching, 10)


@pytest.mark.parametrize("kind", ["input", "output"])
async def test_one_topic_that_grows_ends_the_worker_and_nothing_is_decided_on_it(
    on_kafka: KafkaHarness, kind: str
) -> None:
    await on_kafka.start(silence_ms=500)
    await ready(on_kafka)
    topic = role(on_kafka, kind)
    async with admin_of(on_kafka) as admin:
        await admin.create_partitions({topic: NewPartitions(2)})
    error = await on_kafka.fatal()
    assert error.problem.startswith("The topics differ in their number of partitions: ")
    assert f"{topic} has 2" in error.problem
    assert error.remedy.startswith("They must agree: a task reads and writes the same partition of each.")


async def test_all_topics_that_grow_end_the_worker_and_nothing_is_decided_on_the_new_partition(
    on_kafka: KafkaHarness,
) -> None:
    await on_kafka.start(silence_ms=60_000)
    await ready(on_kafka)
    worker = on_kafka.workers[0]
    async with admin_of(on_kafka) as admin:
        await admin.create_partitions({topic: NewPartitions(2) for topic in on_kafka.names.all})
    await on_kafka.submit((b"b", b"1"), partition=1)
    await worker._consumer._client.force_metadata_update()  # type: ignore[union-attr]
    error = await on_kafka.fatal()
    assert error.problem == "The topics had 1 partitions and have 2 now."
    assert error.remedy.startswith("Records of one key are spread over two partitions now")
    assert not await on_kafka.read(on_kafka.names.out, 1)


async def test_topics_that_grew_while_nobody_was_at_work_end_the_next_worker_before_it_decides(
    on_kafka: KafkaHarness,
) -> None:
    await on_kafka.start()
    await on_kafka.submit((b"a", b"1"))
    await until(lambda: on_kafka.watching.records == 1)
    await on_kafka.stop()
    async with admin_of(on_kafka) as admin:
        await admin.create_partitions({topic: NewPartitions(3) for topic in on_kafka.names.all})
    await on_kafka.close_producer()
    await on_kafka.open_producer()
    await on_kafka.submit((b"b", b"1"), partition=2)
    await on_kafka.start()
    error = await on_kafka.fatal()
    assert error.problem == "The topics had 1 partitions and have 3 now."
    assert error.remedy.startswith("Records of one key are spread over two partitions now")
    assert not await on_kafka.read(on_kafka.names.out, 2)
    await on_kafka.start()
    assert (await on_kafka.fatal()).problem == error.problem, "however often it is started again"


async def test_topics_made_anew_may_have_another_number_of_partitions(on_kafka: KafkaHarness) -> None:
    await on_kafka.start()
    await on_kafka.submit((b"a", b"1"))
    await until(lambda: on_kafka.watching.records == 1)
    await on_kafka.stop()
    async with admin_of(on_kafka) as admin:
        await admin.delete_topics(list(on_kafka.names.all))
    await on_kafka.close_producer()
    await on_kafka.open(2)
    await on_kafka.start()
    await on_kafka.submit((b"b", b"1"), partition=1)
    await until(lambda: on_kafka.watching.records == 2)


async def test_a_client_that_did_not_know_all_topics_when_it_got_its_share_joins_anew(on_kafka: KafkaHarness) -> None:
    await on_kafka.submit((b"a", b"1"))
    await on_kafka.start(silence_ms=60_000)
    roster = on_kafka.workers[0]._roster
    knows = roster._as_before
    looks: list[None] = []

    def at_second_look(link: Link) -> bool:
        looks.append(None)
        return len(looks) > 1 and knows(link)

    roster._as_before = at_second_look  # type: ignore[method-assign]
    await answered(on_kafka, 1)
    await ready(on_kafka)
    assert len(looks) >= 2
    assert "not all known" in str(on_kafka.watching.broker_errors[0])


async def test_a_limit_lowered_under_its_feet_ends_the_worker_and_names_the_topic(on_kafka: KafkaHarness) -> None:
    await on_kafka.submit((b"a", b"1"))
    await on_kafka.start()
    await answered(on_kafka, 1)
    async with admin_of(on_kafka) as admin:
        resource = ConfigResource(ConfigResourceType.TOPIC, on_kafka.names.out, {"max.message.bytes": "500"})
        await admin.alter_configs([resource])

    async def refused() -> bool:
        await on_kafka.submit((b"a", b"huge:1000"))
        return on_kafka.workers[0]._main.done()  # type: ignore[union-attr]

    await until(refused)
    error = await on_kafka.fatal()
    assert error.problem == (
        f"The topic {on_kafka.names.out} refuses a batch that is within the limit set here for it."
    )
    assert error.remedy == "Raise its max.message.bytes to the limit set here, or lower that limit."
