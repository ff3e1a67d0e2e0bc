"""The topics on a broker: found under their short names, and read to the ends that they had at the start."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final, Self

from newsdesk.contracts.topics import TOPICS
from newsdesk.engine.reading import PartitionReader, open_client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence

    from aiokafka.client import AIOKafkaClient

    from newsdesk.engine.records import Record
    from newsdesk.engine.validity import Span

CLIENT_ID: Final = "newsdesk.lookup"
_WAITING: Final = 4
"""Portions that wait for whoever reads them, at most: a slow reader slows the reading, not the memory."""

Place = tuple[str, int]
"""A topic and a partition."""


class TopicError(Exception):
    """A topic is not there: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n{remedy}")
        self.problem = problem
        self.remedy = remedy


def full_name(name: str, present: Iterable[str]) -> str:
    """The topic that *name* means among those *present*: `decisions`, `published` and `articles.published` are enough.

    Raises:
        TopicError: it means none of them.
    """
    there = set(present)
    if name in there:
        return name
    ours = [topic.name for topic in TOPICS]
    meant = [topic for topic in ours if topic in {name, f"newsdesk.{name}", f"newsdesk.articles.{name}"}]
    if not meant:
        shorts = ", ".join(topic.removeprefix("newsdesk.") for topic in ours)
        raise TopicError(f"the broker has no topic {name!r}", f"The topics of newsdesk are {shorts}.")
    if meant[0] not in there:
        raise TopicError(f"the broker has no topic {meant[0]}", "`newsdesk topics apply` creates it.")
    return meant[0]


class Topics:
    """The topics of one broker. Asking never creates one."""

    def __init__(self, client: AIOKafkaClient, partitions: Mapping[str, tuple[int, ...]]) -> None:
        self.client = client
        self.partitions = partitions
        self._reader = PartitionReader(client)

    @classmethod
    async def of(cls, client: AIOKafkaClient) -> Self:
        """The topics that *client* sees now."""
        cluster = await client.fetch_all_metadata()
        found = {topic: cluster.partitions_for_topic(topic) or () for topic in cluster.topics()}
        return cls(client, {topic: tuple(sorted(partitions)) for topic, partitions in found.items()})

    def find(self, name: str) -> str:
        """The full name of the topic that *name* means; raises TopicError."""
        return full_name(name, self.partitions)

    def places(self, topics: Iterable[str]) -> list[Place]:
        """Every partition of *topics*, which are full names; raises TopicError where one is not there."""
        return [
            (topic, partition) for name in topics for topic in [self.find(name)] for partition in self.partitions[topic]
        ]

    async def spans(self, places: Iterable[Place]) -> dict[Place, Span]:
        """First offset and present end, of what is committed, of each of *places*."""
        asked = list(places)
        found = await asyncio.gather(*(self._reader.span(*place) for place in asked))
        return dict(zip(asked, found, strict=True))

    async def read(self, spans: Mapping[Place, Span]) -> AsyncGenerator[Sequence[Record], None]:
        """Everything committed within *spans*: each partition in its order, several in the order in which they arrive."""
        queue: asyncio.Queue[Sequence[Record] | None] = asyncio.Queue(_WAITING)

        async def one(place: Place, span: Span) -> None:
            async for portion in self._reader.read(*place, span.start, span.end):
                await queue.put(portion)

        async def all_of_them() -> None:
            try:
                async with asyncio.TaskGroup() as group:
                    for place, span in spans.items():
                        group.create_task(one(place, span))
            finally:
                await queue.put(None)

        reading = asyncio.create_task(all_of_them())
        try:
            while (portion := await queue.get()) is not None:
                yield portion
            await _unwrapped(reading)
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await reading


@contextlib.asynccontextmanager
async def open_topics(bootstrap: str, security: Mapping[str, Any]) -> AsyncIterator[Topics]:
    """The topics of the broker at *bootstrap*; raises KafkaConnectionError where none answers."""
    async with open_client(bootstrap, CLIENT_ID, security) as client:
        yield await Topics.of(client)


async def _unwrapped(reading: asyncio.Task[None]) -> None:
    """Wait for *reading*; of the errors of its partitions the first is raised by itself."""
    try:
        await reading
    except* Exception as errors:  # noqa: BLE001 - passed on
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
