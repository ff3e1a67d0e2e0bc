"""The transport floor: each record's bytes copied to one topic, in the desk's kind of transactions, and nothing judged.

One transactional producer for each partition, batches of at most BENCH_BATCH records, offsets in the transaction, the
copying of one batch overlapping the commits of the other partitions. What the desk needs on top of this is its own.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

if TYPE_CHECKING:
    from aiokafka.structs import TopicPartition

ENV = os.environ
_LARGEST = 4 * 1024 * 1024


async def copy(consumer: AIOKafkaConsumer, place: TopicPartition, size: int) -> None:
    """Copy one partition for ever."""
    group = ENV["BENCH_GROUP"]
    producer = AIOKafkaProducer(
        bootstrap_servers=ENV["BENCH_BOOTSTRAP"],
        transactional_id=f"{group}-{place.partition}",
        acks="all",
        max_batch_size=_LARGEST,
        max_request_size=2 * _LARGEST,
    )
    await producer.start()
    while True:
        records = (await consumer.getmany(place, timeout_ms=200, max_records=size)).get(place)
        if not records:
            continue
        batch: Any = producer.create_batch()
        for record in records:
            batch.append(key=record.key, value=record.value, timestamp=record.timestamp)
        async with producer.transaction():
            await (await producer.send_batch(batch, ENV["BENCH_OUT"], partition=place.partition))
            await producer.send_offsets_to_transaction({place: records[-1].offset + 1}, group)


async def main() -> None:
    """Join the group and copy what it gives."""
    consumer = AIOKafkaConsumer(
        ENV["BENCH_IN"],
        bootstrap_servers=ENV["BENCH_BOOTSTRAP"],
        group_id=ENV["BENCH_GROUP"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=1024 * 1024,
    )
    await consumer.start()
    while not (places := consumer.assignment()):
        await consumer.getmany(timeout_ms=50)
    size = int(ENV["BENCH_BATCH"])
    await asyncio.gather(*(copy(consumer, place, size) for place in places))


if __name__ == "__main__":
    uvloop.run(main())
