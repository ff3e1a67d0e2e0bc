"""A read_committed reader of all output topics while everything breaks: what it has once seen must stay as it was."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from chaos.findings import MOST, Finding
from chaos.history import DEAD_LETTERS, DECISIONS, ENRICHED, PUBLISHED

if TYPE_CHECKING:
    from aiokafka.structs import ConsumerRecord

    from chaos.history import Partition
    from newsdesk.engine.records import Record

OUTPUTS = (ENRICHED, PUBLISHED, DECISIONS, DEAD_LETTERS)

Seen = dict[tuple[str, int], dict[int, int]]
"""By topic and partition, by offset: a digest of the record."""


def digest(record: Record | ConsumerRecord[Any, Any]) -> int:
    """Of key and value."""
    return hash((record.key, record.value))


class Follower:
    """Reads on as long as it runs, from where it was after the broker was away."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self.seen: Seen = defaultdict(dict)
        self._bootstrap = bootstrap
        self._places = [TopicPartition(topic, number) for topic in OUTPUTS for number in range(partitions)]

    @property
    def answers(self) -> int:
        """Decisions and dead letters so far."""
        return sum(len(seen) for (topic, _), seen in self.seen.items() if topic in {DECISIONS, DEAD_LETTERS})

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap,
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="none",
            )
            try:
                await consumer.start()
                consumer.assign(self._places)
                for place in self._places:
                    consumer.seek(place, 1 + max(self.seen[place], default=-1))
                while True:
                    for place, records in (await consumer.getmany(timeout_ms=500)).items():
                        self.seen[place].update((record.offset, digest(record)) for record in records)
            except KafkaError:
                await asyncio.sleep(0.2)  # a back-off: the broker is away
            finally:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(consumer.stop(), 5)


def seen_is_there(partition: Partition, seen: Seen) -> list[Finding]:
    """What a reader saw of the partition is all that is there up to the last of it, and the same."""
    found = []
    for topic, records in (
        (ENRICHED, partition.enriched),
        (PUBLISHED, partition.published),
        (DECISIONS, partition.decisions),
        (DEAD_LETTERS, partition.dead_letters),
    ):
        before = seen.get((topic, partition.number), {})
        last = max(before, default=-1)
        now = {record.offset: digest(record) for record in records if record.offset <= last}
        for offset in sorted(before.keys() | now.keys()):
            if before.get(offset) != now.get(offset):
                how = "vanished" if offset not in now else "was not seen" if offset not in before else "was another"
                found.append(Finding("what a reader saw stays", f"{topic}/{partition.number}/{offset}", how))
    return found[:MOST]
