"""A broker in memory: the fake of the port, with transactions, fencing, control markers and compaction as Kafka has them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.errors import FencedError, NotOwnedError
from newsdesk.engine.port import Committed, Lag, Misfit
from newsdesk.engine.records import Headers, Record
from newsdesk.engine.validity import Span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from newsdesk.engine.answered import Mark
    from newsdesk.engine.port import Output
    from newsdesk.engine.records import Write

_PORTION = 100
_OVERHEAD = 82
"""Bytes of an empty record batch and of a record's frame, about."""


@dataclass(slots=True)
class MemoryPartition:
    """One partition: records by offset, and the offset that comes next; a marker takes an offset and holds nothing."""

    records: dict[int, Record] = field(default_factory=dict)
    end: int = 0
    start: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class MemoryBroker:
    """Topics, committed offsets and owners, for one test."""

    def __init__(self, limits: Mapping[str, int] | None = None) -> None:
        self._partitions: dict[tuple[str, int], MemoryPartition] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._owners: dict[int, int] = {}
        self._ids: dict[str, str] = {}
        self.limits = dict(limits or {})

    def partition(self, topic: str, partition: int) -> MemoryPartition:
        """The partition, made when it is asked for first."""
        return self._partitions.setdefault((topic, partition), MemoryPartition())

    def topic_id(self, topic: str) -> str:
        """The topic's id, which `recreate` changes."""
        return self._ids.setdefault(topic, f"{topic}#1")

    def recreate(self, topic: str) -> None:
        """Delete the topic and make it anew, empty."""
        self._ids[topic] = f"{self.topic_id(topic)}+"
        for name, partition in list(self._partitions):
            if name == topic:
                del self._partitions[name, partition]

    def append(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Headers = (),
        timestamp: int | None = None,
    ) -> int:
        """Write one record; its offset."""
        log = self.partition(topic, partition)
        offset = log.end
        stamp = int(time.time() * 1000) if timestamp is None else timestamp
        log.records[offset] = Record(topic, partition, offset, stamp, key, value, headers)
        log.end += 1
        log.arrived.set()
        return offset

    def mark(self, topic: str, partition: int) -> None:
        """Write a control marker."""
        self.partition(topic, partition).end += 1

    def compact(self, topic: str, partition: int) -> None:
        """Keep the last record of every key, tombstones too; the end stays where it is."""
        log = self.partition(topic, partition)
        last = {record.key: record for record in log.records.values()}
        log.records = {record.offset: record for record in sorted(last.values(), key=lambda r: r.offset)}

    def read(self, topic: str, partition: int = 0) -> list[Record]:
        """All records of the partition."""
        return list(self.partition(topic, partition).records.values())

    def committed(self, topic: str, partition: int) -> int | None:
        """The group's offset."""
        return self._offsets.get((topic, partition))

    def claim(self, task: int) -> int:
        """A new owner's epoch; earlier ones are fenced."""
        self._owners[task] = epoch = self._owners.get(task, 0) + 1
        return epoch

    def commit(self, task: int, epoch: int, writes: Sequence[Write], offsets: Mapping[str, int]) -> dict[str, int]:
        """Write all of it, or raise FencedError; by topic, the offset behind the last record written there."""
        if self._owners.get(task) != epoch:
            raise FencedError
        behind: dict[str, int] = {}
        touched: dict[tuple[str, int], None] = {}
        for write in writes:
            offset = self.append(
                write.topic, write.partition, write.key, write.value, headers=write.headers, timestamp=write.timestamp
            )
            behind[write.topic] = offset + 1
            touched[write.topic, write.partition] = None
        for topic, partition in touched:
            self.mark(topic, partition)
        for topic, offset in offsets.items():
            self._offsets[topic, task] = offset
        return behind


class MemoryOutput:
    """The writes of one batch, as they are."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self.writes: list[Write] = []
        self.size = 0

    @staticmethod
    def _size(write: Write) -> int:
        parts = [write.key, write.value, *(value for _, value in write.headers)]
        return _OVERHEAD + sum(len(part) for part in parts if part) + sum(len(name) for name, _ in write.headers)

    def misfit(self, writes: Sequence[Write]) -> Misfit | None:
        """The first of *writes* over its topic's limit."""
        for write in writes:
            size, limit = self._size(write), self._limits.get(write.topic)
            if limit is not None and size > limit:
                return Misfit(write.topic, size)
        return None

    def add(self, writes: Sequence[Write]) -> None:
        """Take *writes*."""
        self.writes += writes
        self.size += sum(map(self._size, writes))


class MemoryLog:
    """A task's port to a MemoryBroker."""

    atomic = True

    def __init__(
        self,
        broker: MemoryBroker,
        *,
        task: int,
        inputs: Sequence[str],
        changelog: str,
        reached: Callable[[CrashPoint], Awaitable[None]],
        owned: Callable[[], bool] = lambda: True,
    ) -> None:
        self._broker = broker
        self._task = task
        self._inputs = tuple(inputs)
        self._changelog = changelog
        self._reached = reached
        self._owned = owned
        self._epoch = 0
        self._positions: dict[str, int] = {}

    async def start(self) -> None:
        """Fence earlier owners."""
        self._epoch = self._broker.claim(self._task)

    def check_owned(self) -> None:
        """Raise NotOwnedError where the test says so."""
        if not self._owned():
            raise NotOwnedError

    async def committed(self) -> Mapping[str, int]:
        """The group's offsets."""
        return {t: self._broker.committed(t, self._task) or 0 for t in self._inputs}

    async def changelog(self) -> Span:
        """The changelog as it stands."""
        log = self._broker.partition(self._changelog, self._task)
        return Span(self._broker.topic_id(self._changelog), log.start, log.end)

    async def read_changelog(self, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        """The changelog's records from *start* to below *end*."""
        wanted = [r for r in self._broker.read(self._changelog, self._task) if start <= r.offset < end]
        for first in range(0, len(wanted), _PORTION):
            yield wanted[first : first + _PORTION]

    async def past_answered(self, offsets: Mapping[str, int], marks: Mapping[str, Mark]) -> Mapping[str, int]:
        """As they are."""
        del marks
        return offsets

    async def seek(self, offsets: Mapping[str, int]) -> None:
        """Begin at *offsets*."""
        self.check_owned()
        self._positions = dict(offsets)

    async def fetch(self, wait_seconds: float) -> Sequence[Record]:
        """What has arrived; waits for the first input only, looking at the others once in a while."""
        until = time.monotonic() + wait_seconds
        while True:
            found: list[Record] = []
            for topic in self._inputs:
                log = self._broker.partition(topic, self._task)
                log.arrived.clear()
                position = self._positions[topic]
                found += [r for r in log.records.values() if r.offset >= position][:_PORTION]
                self._positions[topic] = next((r.offset + 1 for r in reversed(found) if r.topic == topic), log.end)
            left = until - time.monotonic()
            if found or left <= 0:
                return found
            waiters = [asyncio.create_task(self._broker.partition(t, self._task).arrived.wait()) for t in self._inputs]
            try:
                await asyncio.wait(waiters, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for waiter in waiters:
                    waiter.cancel()

    def output(self) -> MemoryOutput:
        """An empty output."""
        return MemoryOutput(self._broker.limits)

    async def commit(self, output: Output, offsets: Mapping[str, int]) -> Committed:
        """Write both as one."""
        await self._reached(CrashPoint.AFTER_PRODUCE)
        await self._reached(CrashPoint.AFTER_OFFSETS)
        behind = self._broker.commit(self._task, self._epoch, cast("MemoryOutput", output).writes, offsets)
        return Committed(behind.get(self._changelog))

    def lags(self) -> Mapping[str, Lag]:
        """How far each input is read."""
        return {t: Lag(p, self._broker.partition(t, self._task).end) for t, p in self._positions.items()}

    def answered(self) -> float:
        """Now."""
        return time.monotonic()

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def discard(self) -> None:
        """Nothing to let go of."""
