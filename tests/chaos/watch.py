"""What the group has committed, looked at all the time: for progress, and to catch offsets that run ahead or go back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from newsdesk.contracts import topics
from newsdesk.ops.admin import AdminError, connected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiokafka.admin import AIOKafkaAdminClient

Place = tuple[str, int]
"""Topic and partition."""

INPUTS = tuple(topic.name for topic in topics.INPUTS)


@dataclass(frozen=True, slots=True)
class Sample:
    """The committed offsets as they were at some moment before *until_ms*, milliseconds since 1970."""

    until_ms: int
    offsets: Mapping[Place, int]


class Watch:
    """Takes a sample every now and then, as long as it runs; keeps one wherever something changed."""

    def __init__(
        self, bootstrap: str, group: str, partitions: int, *, inputs: Sequence[str] = INPUTS, every: float = 0.3
    ) -> None:
        self.samples: list[Sample] = []
        self._bootstrap = bootstrap
        self._group = group
        # named one by one: the embedded broker closes the connection when asked for all
        self._places = [TopicPartition(topic, number) for topic in inputs for number in range(partitions)]
        self._every = every

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with connected(self._bootstrap) as admin:
                    while True:
                        await self._look(admin)
                        await asyncio.sleep(self._every)
            except (KafkaError, AdminError, OSError, TimeoutError):
                await asyncio.sleep(self._every)

    async def _look(self, admin: AIOKafkaAdminClient) -> dict[Place, int]:
        async with asyncio.timeout(10):
            found = await admin.list_consumer_group_offsets(self._group, partitions=self._places)
        offsets = {
            (place.topic, place.partition): int(meta.offset) for place, meta in found.items() if int(meta.offset) >= 0
        }
        if not self.samples or offsets != self.samples[-1].offsets:
            self.samples.append(Sample(int(time.time() * 1000) + 1, offsets))
        return offsets

    async def now(self) -> dict[Place, int]:
        """The offsets as they are now, which makes a sample too."""
        async with connected(self._bootstrap) as admin:
            return await self._look(admin)
