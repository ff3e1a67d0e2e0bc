"""Reading a partition up to its end as it stood at the start.

A consumer's position does not tell when that is done: it stays short of the end where the tail holds control markers,
aborted records, or nothing any more because compaction took it. Here every answer of the broker is looked at: reading is
done when the next offset to ask for is the end or beyond, or when the broker has nothing from there on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from aiokafka import errors as kafka
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from newsdesk.engine.topic_id import topic_id
from newsdesk.engine.validity import Span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from newsdesk.engine.records import Record

_EARLIEST: Final = -2
_LATEST: Final = -1
_OFFSET_NOT_AVAILABLE: Final = 78
"""A new leader that does not know the end yet."""
_Answer = TypeVar("_Answer")
_UNCOMMITTED: Final = 0
_COMMITTED: Final = 1
_FETCH_WAIT_MS: Final = 100
"""The embedded broker answers an impatient fetch with nothing at all."""
_PORTION: Final = 500
_MAX_FETCH_BYTES: Final = 64 * 1024 * 1024


class _OffsetNotAvailableError(kafka.KafkaError):
    """The leader has just been elected; the client has no name for this code."""


@contextlib.asynccontextmanager
async def open_client(
    bootstrap_servers: str, client_id: str, security: Mapping[str, Any], request_timeout_ms: int = 15_000
) -> AsyncIterator[AIOKafkaClient]:
    """A bare connection to the cluster; raises KafkaConnectionError where no broker answers."""
    client = AIOKafkaClient(
        bootstrap_servers=bootstrap_servers, client_id=client_id, request_timeout_ms=request_timeout_ms, **security
    )
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()


class PartitionReader:
    """Reads single partitions, each to a known end; *read_committed* leaves out aborted and open transactions."""

    def __init__(
        self,
        client: AIOKafkaClient,
        *,
        read_committed: bool = True,
        fetch_bytes: int = 2 * 1024 * 1024,
        retry_seconds: float = 0.1,
        patience_seconds: float = 20.0,
    ) -> None:
        self._client = client
        self._isolation = _COMMITTED if read_committed else _UNCOMMITTED
        self._fetch_bytes = fetch_bytes
        self._retry_seconds = retry_seconds
        self._patience_seconds = patience_seconds

    async def span(self, topic: str, partition: int) -> Span:
        """Id, first offset and end of the partition; with read_committed the end is the last stable offset."""
        identity = await self._patiently(lambda: topic_id(self._client, topic))
        start = await self._offset(topic, partition, _EARLIEST)
        end = await self._offset(topic, partition, _LATEST)
        if end > start:  # the embedded broker says where its last batch begins; a fetch tells where that ends
            end = max(end, (await self._fetch(topic, partition, end - 1, 1))[1])
        return Span(identity, start, max(start, end))

    async def read(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        """The records from *start* to below *end* in portions of up to 500, then it ends. Waits out what passes.

        Raises OffsetOutOfRangeError where *start* is not in the partition.
        """
        offset = start
        fetch_bytes = self._fetch_bytes
        while offset < end:
            records, readable = await self._fetch(topic, partition, offset, fetch_bytes)
            if records is None:
                if readable >= end:
                    return
                await asyncio.sleep(self._retry_seconds)
                continue
            portion: list[Record] = []
            for record in records:
                if record.offset >= end:
                    break
                portion.append(cast("Record", record))
                if len(portion) >= _PORTION:
                    yield portion
                    portion = []
            if portion:
                yield portion
            if records.next_fetch_offset > offset:
                offset = records.next_fetch_offset
            elif fetch_bytes < _MAX_FETCH_BYTES:
                fetch_bytes *= 2
            else:
                raise kafka.RecordTooLargeError(f"{topic}/{partition} at {offset}: over {fetch_bytes} bytes")

    async def _leader(self, topic: str, partition: int) -> int:
        """The node to ask; raises a retriable error while there is none."""
        cluster = self._client.cluster
        tp = TopicPartition(topic, partition)
        leader = cluster.leader_for_partition(tp)
        if leader is None or leader == -1:
            await self._client.add_topic(topic)
            leader = cluster.leader_for_partition(tp)
        if leader is None or leader == -1:
            if topic in cluster.unauthorized_topics:
                raise kafka.TopicAuthorizationFailedError(topic)
            raise kafka.LeaderNotAvailableError(f"{topic}/{partition}")
        return int(leader)

    async def _patiently(self, attempt: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """The answer of *attempt*, tried again as long as its error is one that passes, and patience lasts."""
        until = time.monotonic() + self._patience_seconds
        while True:
            try:
                return await attempt()
            except kafka.KafkaError as error:
                passing = error.retriable or isinstance(error, _OffsetNotAvailableError)
                if not passing or time.monotonic() > until:
                    raise
            await self._client.force_metadata_update()
            await asyncio.sleep(self._retry_seconds)

    async def _ask(self, topic: str, partition: int, request: Any) -> tuple[int, list[Any]]:
        """One partition's answer to *request*: the response's version and the fields behind the error code."""

        async def attempt() -> tuple[int, list[Any]]:
            node = await self._leader(topic, partition)
            response: Any = await self._client.send(node, request)
            ((_, ((_, code, *fields),)),) = response.topics
            if code == _OFFSET_NOT_AVAILABLE:
                raise _OffsetNotAvailableError(f"{topic}/{partition}")
            if code:
                raise kafka.for_code(code)(f"{topic}/{partition}")
            return response.API_VERSION, fields

        return await self._patiently(attempt)

    async def _offset(self, topic: str, partition: int, which: int) -> int:
        request = OffsetRequest(-1, self._isolation, [(topic, [(partition, which)])])
        version, fields = await self._ask(topic, partition, request)
        if version == 0:
            return int(fields[0][0])
        return int(fields[1])

    async def _fetch(self, topic: str, partition: int, offset: int, fetch_bytes: int) -> tuple[Any, int]:
        """What there is from *offset* on, None where that is nothing; and the end of what can be read."""
        request = FetchRequest(
            _FETCH_WAIT_MS, 1, fetch_bytes, self._isolation, [(topic, [(partition, offset, fetch_bytes)])]
        )
        version, (highwater, *rest) = await self._ask(topic, partition, request)
        # behind the highwater: [stable end from v4, start from v5, aborted from v4, preferred replica from v11, records]
        stable = rest[0] if version >= 4 else -1  # noqa: PLR2004
        aborted = None if version < 4 else rest[-3 if version >= 11 else -2]  # noqa: PLR2004
        readable = stable if self._isolation == _COMMITTED and stable >= 0 else highwater
        raw = MemoryRecords(rest[-1] or b"")
        if not raw.size_in_bytes():
            return None, int(readable)
        records = PartitionRecords(
            TopicPartition(topic, partition), raw, aborted, offset, None, None, True, self._isolation
        )
        return records, int(readable)


async def read_to(
    client: AIOKafkaClient, topic: str, partition: int, *, start: int | None = None, end: int | None = None
) -> AsyncIterator[Sequence[Record]]:
    """Everything committed in the partition from *start*, its first offset by default, to *end*, its present end."""
    reader = PartitionReader(client)
    span = await reader.span(topic, partition)
    first = span.start if start is None else max(start, span.start)
    async for portion in reader.read(topic, partition, first, span.end if end is None else min(end, span.end)):
        yield portion
