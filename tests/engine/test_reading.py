"""Reading to the end, on real Kafka: every kind of tail must be got over, and none waited for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka_errors
from aiokafka.admin import AIOKafkaAdminClient

from newsdesk.engine.reading import PartitionReader, open_client, read_to
from newsdesk.engine.topic_id import topic_id
from support.brokers import make_topics
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiokafka.client import AIOKafkaClient

pytestmark = pytest.mark.kafka
SECONDS = 20


@pytest.fixture
async def client(kafka: str) -> AsyncIterator[AIOKafkaClient]:
    async with open_client(kafka, "test", {}) as opened:
        yield opened


@pytest.fixture
async def topic(kafka: str, unique: str) -> str:
    name = f"{unique}read"
    await make_topics(kafka, {name: 1})
    return name


async def write(kafka: str, topic: str, *values: bytes, end: str | None = "commit") -> None:
    """Write *values* in a transaction that is committed, aborted or left open (None)."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{topic}-writer")
    await producer.start()
    await producer.begin_transaction()
    for value in values:
        await producer.send_and_wait(topic, value, b"k", partition=0)
    if end == "commit":
        await producer.commit_transaction()
    elif end == "abort":
        await producer.abort_transaction()
    await producer.stop()
    if end is not None:  # the commit is answered before its markers are written; the next owner waits for them
        async with AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{topic}-writer"):
            pass


async def read(client: AIOKafkaClient, topic: str, **span: int) -> list[bytes | None]:
    async with asyncio.timeout(SECONDS):
        return [r.value async for portion in read_to(client, topic, 0, **span) for r in portion]


async def test_an_empty_partition_ends_at_once(client: AIOKafkaClient, topic: str) -> None:
    assert await read(client, topic) == []


async def test_a_tail_of_a_commit_marker(kafka: str, client: AIOKafkaClient, topic: str) -> None:
    await write(kafka, topic, b"1", b"2")
    span = await PartitionReader(client).span(topic, 0)
    assert (span.start, span.end) == (0, 3)
    assert await read(client, topic) == [b"1", b"2"]
    assert await read(client, topic, start=2) == []


async def test_a_tail_of_an_abort_marker(kafka: str, client: AIOKafkaClient, topic: str) -> None:
    await write(kafka, topic, b"1")
    await write(kafka, topic, b"2", b"3", end="abort")
    assert await read(client, topic) == [b"1"]


async def test_nothing_but_aborted_records(kafka: str, client: AIOKafkaClient, topic: str) -> None:
    await write(kafka, topic, b"1", b"2", end="abort")
    assert await read(client, topic) == []


async def test_an_open_transaction_ends_what_can_be_read(kafka: str, client: AIOKafkaClient, topic: str) -> None:
    await write(kafka, topic, b"1")
    await write(kafka, topic, b"2", end=None)
    assert await read(client, topic) == [b"1"]


async def test_only_what_is_below_the_given_end(kafka: str, client: AIOKafkaClient, topic: str) -> None:
    await write(kafka, topic, b"0", b"1", b"2", b"3")
    assert await read(client, topic, start=1, end=3) == [b"1", b"2"]


async def test_what_comes_after_the_start_is_left_out(kafka: str, client: AIOKafkaClient, topic: str) -> None:
    await write(kafka, topic, b"0")
    portions = read_to(client, topic, 0)
    first = await anext(portions)
    await write(kafka, topic, b"1")
    rest = [r.value async for portion in portions for r in portion]
    assert ([r.value for r in first], rest) == ([b"0"], [])


async def test_thousands_of_records_over_many_fetches(kafka: str, client: AIOKafkaClient, topic: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, max_batch_size=100_000)
    await producer.start()
    sent = [await producer.send(topic, b"%d" % i + b"x" * 1000, b"k", partition=0) for i in range(3000)]
    await asyncio.gather(*sent)
    await producer.stop()
    reader = PartitionReader(client, fetch_bytes=10_000)
    span = await reader.span(topic, 0)
    async with asyncio.timeout(SECONDS):
        found = [r.offset async for portion in reader.read(topic, 0, 0, span.end) for r in portion]
    assert found == list(range(3000))


async def test_a_tail_that_compaction_took(kafka: str, client: AIOKafkaClient, unique: str) -> None:
    """The log cleaner keeps the active segment, so the tail is compacted once a later segment is there."""
    name = f"{unique}compacted"
    settings = {
        "cleanup.policy": "compact",
        "segment.bytes": "1048576",
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.001",
        "delete.retention.ms": "0",
        "max.compaction.lag.ms": "100",
    }
    await make_topics(kafka, {name: (1, settings)})
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:

        async def compacted() -> bool:
            await producer.send_and_wait(name, b"last", b"k", partition=0)
            return len(await read(client, name)) < 5 and (await PartitionReader(client).span(name, 0)).end > 10

        await until(compacted, 40)
    finally:
        await producer.stop()
    assert set(await read(client, name)) == {b"last"}


async def test_a_tail_of_which_nothing_at_all_is_left(client: AIOKafkaClient) -> None:
    """The broker answers with no bytes below the end: nothing will come, and waiting for the position would be for ever."""
    reader = PartitionReader(client, retry_seconds=0.001)
    answers = [(None, 4), (None, 9), (None, 10)]

    async def nothing(*_: object) -> tuple[None, int]:
        return answers.pop(0)

    reader._fetch = nothing  # type: ignore[method-assign]
    async with asyncio.timeout(SECONDS):
        assert [p async for p in reader.read("t", 0, 5, 10)] == []
    assert not answers, "an answer of a broker that does not know the end yet says nothing"


async def test_an_offset_out_of_range_is_an_error(client: AIOKafkaClient, topic: str) -> None:
    with pytest.raises(kafka_errors.OffsetOutOfRangeError):
        _ = [p async for p in PartitionReader(client).read(topic, 0, 100, 200)]


async def test_a_topic_made_anew_has_another_id(kafka: str, client: AIOKafkaClient, topic: str) -> None:
    first = await topic_id(client, topic)
    assert first is not None
    assert await topic_id(client, topic) == first
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([topic])

    async def gone() -> bool:
        try:
            await topic_id(client, topic)
        except kafka_errors.UnknownTopicOrPartitionError:
            return True
        return False

    await until(gone)
    await make_topics(kafka, {topic: 1})
    await admin.close()

    async def renewed() -> bool:
        try:
            return await topic_id(client, topic) not in {None, first}
        except kafka_errors.UnknownTopicOrPartitionError:
            return False

    await until(renewed)
