"""What the group has committed, looked at all the time: for progress, and to catch offsets that run ahead or go back.

To tell whether offsets run ahead, every sample has the ends of the outputs, read after the offsets: an answer that was
written before its event was passed lies below them. These are the ends of the logs, open transactions included. A
read_committed reader's end would not do: once a transaction is decided, the broker marks its partitions one after the
other, and those of the offsets may come before those of the answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from newsdesk.contracts import topics
from newsdesk.ops.admin import AdminError, connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from aiokafka.admin import AIOKafkaAdminClient

Place = tuple[str, int]
"""Topic and partition."""

INPUTS = tuple(topic.name for topic in topics.INPUTS)
ANSWERS = (topics.DECISIONS.name, topics.DEAD_LETTERS.name, topics.REPARTITIONED.name)


@dataclass(frozen=True, slots=True)
class Sample:
    """The committed offsets as they were at some moment before *until_ms*, milliseconds since 1970.

    *ends* are those of the partitions with answers as they were after that moment.
    """

    until_ms: int
    offsets: Mapping[Place, int]
    ends: Mapping[Place, int] = field(default_factory=dict)


class Watch:
    """Takes a sample every now and then, as long as it runs; keeps one wherever something changed."""

    def __init__(
        self,
        bootstrap: str,
        group: str,
        partitions: int,
        *,
        inputs: Sequence[str] = INPUTS,
        outputs: Sequence[str] = ANSWERS,
        every: float = 0.3,
    ) -> None:
        self.samples: list[Sample] = []
        self._bootstrap = bootstrap
        self._group = group
        # named one by one: the embedded broker closes the connection when asked for all
        self._places = [TopicPartition(topic, number) for topic in inputs for number in range(partitions)]
        self._ends = [TopicPartition(topic, number) for topic in outputs for number in range(partitions)]
        self._every = every
        # one look at a time: of two, the one that asked first could be noted last, and offsets would seem to go back
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with connected(self._bootstrap) as admin, self._logs() as logs:
                    while True:
                        await self._look(admin, logs)
                        await asyncio.sleep(self._every)
            except (KafkaError, AdminError, OSError, TimeoutError):
                await asyncio.sleep(self._every)

    @contextlib.asynccontextmanager
    async def _logs(self) -> AsyncIterator[AIOKafkaConsumer]:
        """Who can be asked where the logs end."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, isolation_level="read_uncommitted")
        try:
            await consumer.start()
            yield consumer
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer.stop(), 5)

    async def _look(self, admin: AIOKafkaAdminClient, logs: AIOKafkaConsumer) -> dict[Place, int]:
        """The offsets first and the ends then: the other way round an answer written in between would seem late."""
        async with self._looking, asyncio.timeout(10):
            found = await admin.list_consumer_group_offsets(self._group, partitions=self._places)
            until_ms = int(time.time() * 1000) + 1
            offsets = {
                (place.topic, place.partition): int(meta.offset)
                for place, meta in found.items()
                if int(meta.offset) >= 0
            }
            if not self.samples or offsets != self.samples[-1].offsets:
                ends = await logs.end_offsets(self._ends) if self._ends else {}
                self.samples.append(
                    Sample(until_ms, offsets, {(place.topic, place.partition): end for place, end in ends.items()})
                )
        return offsets

    async def now(self) -> dict[Place, int]:
        """The offsets as they are now, which makes a sample too."""
        async with connected(self._bootstrap) as admin, self._logs() as logs:
            return await self._look(admin, logs)
