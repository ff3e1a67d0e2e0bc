"""What waiting cannot cure ends the desk with exit code 1 and a message that names the remedy, whatever runs it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from desk.running import running_desk, until
from newsdesk.contracts import topics
from newsdesk.ops import admin
from newsdesk.ops.brokers import kafka as kafka_kind
from support.brokers import kafka_node, need, running
from support.waiting import until as wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsdesk.ops.brokers import LocalBroker

SOON = {"silence_ms": 300, "missing_topic_grace_ms": 1_000}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    """One Kafka for all of these; each makes the topics anew."""
    need(kafka_kind)
    with running(kafka_node(tmp_path_factory.mktemp("kafka"))) as broker:
        yield broker


@pytest.fixture
def bootstrap(node: LocalBroker) -> Iterator[str]:
    """Its address, with fresh topics of one partition."""
    asyncio.run(admin.apply(node.bootstrap, 1))
    yield node.bootstrap
    asyncio.run(delete(node.bootstrap, *(topic.name for topic in topics.TOPICS)))


async def delete(bootstrap: str, *names: str) -> None:
    """Return when they are gone."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        await client.delete_topics(list(names))

        async def gone() -> bool:
            return not set(names) & set(await client.list_topics())

        await wait_until(gone)
    finally:
        await client.close()


async def grow(bootstrap: str, partitions: int) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    names = [topic.name for topic in topics.TOPICS if topic.partitions is None]
    await client.create_partitions({name: NewPartitions(partitions) for name in names})
    await client.close()


async def limit(bootstrap: str, topic: str, size: int) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(size)})])
    await client.close()


async def submit(bootstrap: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        event = orjson.dumps({"title": "One", "webUrl": "https://one.example/1"})
        await producer.send_and_wait(topics.SUBMITTED.name, event, key=b"one.example", partition=0)


@pytest.mark.kafka
def test_a_topic_that_was_deleted(bootstrap: str, tmp_path: Path) -> None:
    with running_desk(bootstrap, tmp_path, **SOON) as desk:
        desk.until_ready(1)
        asyncio.run(delete(bootstrap, topics.DECISIONS.name))
        until(lambda: desk.health("ready")["status"] != 200, "not ready")
        assert desk.process.wait(30) == 1
        said = desk.messages()
    assert (
        f"The topic {topics.DECISIONS.name} does not exist. "
        "Create it with as many partitions as the others have, then start again."
    ) in said
    assert "Traceback" not in said


@pytest.mark.kafka
def test_topics_that_have_more_partitions_than_before(bootstrap: str, tmp_path: Path) -> None:
    with running_desk(bootstrap, tmp_path, **SOON) as desk:
        desk.until_ready(1)
        asyncio.run(grow(bootstrap, 2))
        assert desk.process.wait(30) == 1
        said = desk.messages()
    assert (
        "The topics had 1 partitions and have 2 now. Records of one key are spread over two partitions now: "
        "migrate, or restart on topics made anew."
    ) in said


@pytest.mark.kafka
def test_a_topic_that_takes_less_than_before(bootstrap: str, tmp_path: Path) -> None:
    with running_desk(bootstrap, tmp_path) as desk:
        desk.until_ready(1)
        asyncio.run(limit(bootstrap, topics.ENRICHED.name, 300))
        asyncio.run(submit(bootstrap))
        assert desk.process.wait(30) == 1
        said = desk.messages()
    assert (
        f"The topic {topics.ENRICHED.name} refuses a batch that is within the limit set here for it. "
        "Raise its max.message.bytes to the limit set here, or lower that limit."
    ) in said
    with running_desk(bootstrap, tmp_path) as again:
        assert again.process.wait(30) == 1
        said = again.messages()
    assert f"{topics.ENRICHED.name}: max.message.bytes is 300" in said, "it does not start on it either"
    assert "`newsdesk topics apply` corrects it." in said


@pytest.mark.embedded
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_broker_without_transactions_where_exactly_once_is_demanded(
    embedded_broker: LocalBroker, tmp_path: Path, workers: str
) -> None:
    asyncio.run(admin.apply(embedded_broker.bootstrap, 1))
    with running_desk(embedded_broker.bootstrap, tmp_path, "--workers", workers, guarantee="exactly_once") as desk:
        assert desk.process.wait(30) == 1
        said = desk.messages()
    assert "The settings demand exactly once, but the broker lists transactions but fails InitProducerId" in said
    assert "Use Apache Kafka, or set the guarantee to auto or at_least_once." in said
    assert "starts again in" not in said, "several workers end for good as one does"
