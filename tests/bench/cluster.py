"""The broker of the benchmark and what is done on it: topics made anew, events put in, offsets asked for, answers read."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code
from aiokafka.structs import TopicPartition

from newsdesk.engine.reading import open_client, read_to
from newsdesk.ops.brokers import kafka

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from newsdesk.engine.records import Record
    from newsdesk.ops.brokers import LocalBroker

APPENDED: Final = {"message.timestamp.type": "LogAppendTime", "min.compaction.lag.ms": "86400000"}
"""The broker stamps the outputs, so that all systems are timed by one clock, and compacts them after the measurements."""
_GONE_SECONDS: Final = 60.0
_BATCH: Final = 900_000


def new_broker(data: Path, progress: Callable[[str], None]) -> LocalBroker:
    """A Kafka node as Java itself would run it, with 1 GB of heap; deleted topics leave the disk at once."""
    settings = {"log.segment.delete.delay.ms": "500", "log.retention.check.interval.ms": "86400000"}
    return kafka.broker(data=data, heap="1g", jvm=(), settings=settings, progress=progress)


def topic_bytes(data: Path, topic: str) -> int:
    """What *topic* takes of the broker's disk."""
    return sum(file.stat().st_size for folder in (data / "log").glob(f"{topic}-*") for file in folder.glob("*.log"))


@contextlib.asynccontextmanager
async def administering(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def renew_topics(bootstrap: str, topics: Mapping[str, Mapping[str, str]], partitions: int) -> None:
    """Make *topics* with their settings, after removing those of the same names."""
    async with administering(bootstrap) as admin:
        await _delete(admin, set(topics))
        async with asyncio.timeout(_GONE_SECONDS):
            while not await _made(admin, topics, partitions):  # noqa: ASYNC110 - the broker tells nobody
                await asyncio.sleep(0.1)


async def delete_topics(bootstrap: str, begins: Sequence[str]) -> None:
    """Remove all topics whose names begin so."""
    async with administering(bootstrap) as admin:
        await _delete(admin, {name for name in await admin.list_topics() if name.startswith(tuple(begins))})


async def _delete(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    present = names & set(await admin.list_topics())
    if present:
        await admin.delete_topics(sorted(present))
    async with asyncio.timeout(_GONE_SECONDS):
        while names & set(await admin.list_topics()):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.1)


async def _made(admin: AIOKafkaAdminClient, topics: Mapping[str, Mapping[str, str]], partitions: int) -> bool:
    """Whether all topics are there; a name that was deleted just now may not be free yet."""
    present = set(await admin.list_topics())
    missing = [
        NewTopic(name, 1 if name.endswith(".rules") else partitions, 1, topic_configs=dict(settings))
        for name, settings in topics.items()
        if name not in present
    ]
    if missing:
        await admin.create_topics(missing)
    return not missing


class Placed(NamedTuple):
    """A record and the partition that it goes to."""

    partition: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


async def fill(bootstrap: str, topic: str, placed: Iterable[Placed]) -> None:
    """Put *placed* into *topic*, in order within each partition."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_batch_size=_BATCH, max_request_size=8 * _BATCH, linger_ms=0
    )
    await producer.start()
    sending: list[asyncio.Future[object]] = []
    try:
        batches = {}
        for partition, key, value, given in placed:
            headers = [*given]
            batch = batches.get(partition) or batches.setdefault(partition, producer.create_batch())
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                sending.append(await producer.send_batch(batch, topic, partition=partition))
                batch = batches[partition] = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None, headers=headers)
            if len(sending) > 64:
                await asyncio.gather(*sending)
                sending.clear()
        sending += [await producer.send_batch(batch, topic, partition=number) for number, batch in batches.items()]
        await asyncio.gather(*sending)
    finally:
        await producer.stop()


async def committed(admin: AIOKafkaAdminClient, group: str, topic: str, partitions: int) -> list[int]:
    """The group's offsets in *topic*, 0 where it has none."""
    wanted = [TopicPartition(topic, partition) for partition in range(partitions)]
    try:
        found = await admin.list_consumer_group_offsets(group, partitions=wanted)
    except for_code(15):  # the group's coordinator is not there yet
        return [0] * partitions
    return [max(0, found[place].offset) if place in found else 0 for place in wanted]


async def read_all(bootstrap: str, topic: str, partitions: int, take: Callable[[Record], None]) -> None:
    """Give *take* every committed record of *topic*, in order within each partition."""
    async with open_client(bootstrap, "bench.reader", {}) as client:
        for partition in range(partitions):
            async for portion in read_to(client, topic, partition):
                for record in portion:
                    take(record)
