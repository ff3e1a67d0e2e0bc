"""A stand-in for the desk: writes answers to events, right and wrong ones, and commits how far it came."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SUBMITTED, REPARTITIONED = topics.SUBMITTED.name, topics.REPARTITIONED.name


def decision(topic: str, partition: int, offset: int, kind: str = "held", **more: Any) -> bytes:
    source = {"topic": topic, "partition": partition, "offset": offset}
    return orjson.dumps({"kind": kind, "trigger": "event", "source": source} | more)


def dead(topic: str, partition: int, offset: int, reason: str = "not_json") -> list[tuple[str, bytes]]:
    return [
        (ce.CONNECT_TOPIC, topic.encode()),
        (ce.CONNECT_PARTITION, b"%d" % partition),
        (ce.CONNECT_OFFSET, b"%d" % offset),
        (ce.DEAD_REASON, reason.encode()),
    ]


def forwarded(topic: str, partition: int, offset: int) -> list[tuple[str, bytes]]:
    return [
        (ce.FORWARDED_TOPIC, topic.encode()),
        (ce.FORWARDED_PARTITION, b"%d" % partition),
        (ce.FORWARDED_OFFSET, b"%d" % offset),
    ]


@contextlib.asynccontextmanager
async def producing(bootstrap: str, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", **options) as producer:
        yield producer


async def submit(producer: AIOKafkaProducer, counts: dict[int, int]) -> None:
    """So many events in each partition."""
    for partition, count in counts.items():
        for number in range(count):
            await producer.send_and_wait(SUBMITTED, b"%d" % number, partition=partition)


async def commit(bootstrap: str, offsets: dict[tuple[str, int], int], group: str = topics.DESK_GROUP) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(*place) for place in offsets]
        consumer.assign(places)
        await consumer.commit({TopicPartition(*place): offset for place, offset in offsets.items()})
    finally:
        await consumer.stop()
