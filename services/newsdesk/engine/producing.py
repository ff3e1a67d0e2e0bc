"""Committing a batch: in one transaction, or, where the broker has none, outputs first and offsets after."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Protocol

from aiokafka import AIOKafkaProducer

from newsdesk.engine.broker_errors import TOO_LARGE, is_fenced
from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.errors import FencedError, PositionUnknownError
from newsdesk.engine.output import KafkaOutput
from newsdesk.engine.port import Committed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aiokafka import AIOKafkaConsumer
    from aiokafka.producer.message_accumulator import BatchBuilder
    from aiokafka.structs import OffsetAndMetadata, TopicPartition

    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.observer import Stage
    from newsdesk.engine.output import Slot

_PATIENCE = 2.0
"""Seconds that a producer gets to close by itself, once nothing is under way."""


class Committer(Protocol):
    """The producing half of a task's log. *atomic*: outputs and offsets become visible together."""

    atomic: bool

    async def start(self) -> None:
        """Connect and shut out earlier owners of the task."""

    def output(self) -> KafkaOutput:
        """An empty output."""

    async def commit(self, output: KafkaOutput, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> Committed:
        """Write both, or raise."""

    async def stop(self) -> None:
        """Let go, nothing being under way."""

    async def discard(self) -> None:
        """Let go at once."""


async def deliver(producer: AIOKafkaProducer, output: KafkaOutput, changelog: Slot) -> int | None:
    """Send all of *output* and await every delivery.

    The answer is the changelog offset behind the last record there, None where there is none, -1 where it is unknown.
    Raises the first failure, after all deliveries have ended: a commit after a swallowed one would lose records.
    """
    return await _deliver(producer, output.batches, changelog)


async def deliver_changelog_last(producer: AIOKafkaProducer, output: KafkaOutput, changelog: Slot) -> int | None:
    """As `deliver`, but nothing is in the changelog before all else is delivered, and no batch there before the one that precedes it.

    Without a transaction a crash may come between any two deliveries. What the changelog has is not decided anew,
    nor is what came before it: what belongs to it would be missing for ever if it came first.
    """
    await _deliver(producer, {slot: output.batches[slot] for slot in output.batches if slot != changelog}, changelog)
    position: int | None = None
    for batch in output.batches.get(changelog, ()):
        position = await _deliver(producer, {changelog: [batch]}, changelog)
    return position


async def _deliver(
    producer: AIOKafkaProducer, batches: Mapping[Slot, Sequence[BatchBuilder]], changelog: Slot
) -> int | None:
    async def send(slot: Slot) -> list[Any]:
        topic, partition = slot
        return [await producer.send_batch(batch, topic, partition=partition) for batch in batches[slot]]

    counts = [batch.record_count() for batch in batches.get(changelog, ())]
    sent = await asyncio.gather(*(send(slot) for slot in batches), return_exceptions=True)
    failures: list[BaseException] = []
    waiting: list[Any] = []
    towards: list[str] = []
    for (topic, _), item in zip(batches, sent, strict=True):
        if isinstance(item, BaseException):
            failures.append(item)
        else:
            waiting += item
            towards += [topic] * len(item)
    behind = -1
    for topic, result in zip(towards, await asyncio.gather(*waiting, return_exceptions=True), strict=True):
        if isinstance(result, TOO_LARGE):
            failures.append(type(result)(topic))  # the client does not say which topic refused
        elif isinstance(result, BaseException):
            failures.append(result)
        elif (result.topic, result.partition) == changelog and result.offset >= behind:
            behind = result.offset
    if failures:
        raise failures[0]
    if not counts:
        return None
    return behind + counts[-1] if behind >= 0 else -1


async def close_hard(producer: AIOKafkaProducer) -> None:
    """Drop the producer's connections and tasks without flushing; the broker finds out by itself."""
    producer._closed = True  # noqa: SLF001
    sender = producer._sender.sender_task  # noqa: SLF001
    if sender is not None:
        sender.cancel()
    await _close_client(producer)
    if sender is None:
        return
    for _ in range(2):  # the first cancel ended its loop, a second ends what it still waits for
        if not sender.done():
            await asyncio.wait({sender}, timeout=_PATIENCE / 4)
            sender.cancel()
    manager: Any = producer._txn_manager  # noqa: SLF001
    outcome = None if manager is None else manager.wait_for_transaction_end()
    accumulator = producer._message_accumulator  # noqa: SLF001
    waiting = [batch for queue in accumulator._batches.values() for batch in queue]  # noqa: SLF001
    drained = [batch._drain_waiter for batch in waiting]  # noqa: SLF001
    for future in (sender, outcome, *drained):  # nobody asks for their errors any more
        if future is not None and future.done() and not future.cancelled():
            future.exception()
    await _close_client(producer)  # a request that was being tried again may have connected anew


async def _close_client(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(Exception):
        await asyncio.wait_for(producer.client.close(), _PATIENCE)


async def close_soft(producer: AIOKafkaProducer) -> None:
    """Stop the producer, by force where it does not within its time."""
    stopping = asyncio.ensure_future(producer.stop())
    _, pending = await asyncio.wait({stopping}, timeout=_PATIENCE)
    if pending:
        await close_hard(producer)
        stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)


class _ProducerOwner:
    """Starting and closing the one producer of a task."""

    _transactional: bool

    def __init__(
        self,
        *,
        task: int,
        changelog: str,
        config: EngineConfig,
        reached: Callable[[CrashPoint], Awaitable[None]],
    ) -> None:
        self._task = task
        self._changelog = (changelog, task)
        self._config = config
        self._reached = reached
        self._producer: AIOKafkaProducer | None = None

    def _settings(self) -> dict[str, Any]:
        config = self._config
        return {
            "bootstrap_servers": config.bootstrap_servers,
            "client_id": f"{config.client_id}-{self._task}",
            "acks": "all",
            "compression_type": config.compression,
            "request_timeout_ms": config.request_timeout_ms,
            "retry_backoff_ms": 50,
            **config.security,
        }

    async def start(self) -> None:
        """Connect; a transactional producer has shut out its predecessors when this returns."""
        producer = AIOKafkaProducer(**self._settings())
        try:
            async with asyncio.timeout(self._config.commit_timeout_ms / 1000):
                await producer.start()
        except BaseException as error:
            await close_hard(producer)
            if is_fenced(error):
                raise FencedError from error
            raise
        self._producer = producer

    def output(self) -> KafkaOutput:
        """An empty output for this producer."""
        return KafkaOutput(self._config, transactional=self._transactional)

    async def stop(self) -> None:
        """Close the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_soft(producer)

    async def discard(self) -> None:
        """Close the producer by force."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_hard(producer)


class TransactionalCommitter(_ProducerOwner):
    """One transaction a batch: outputs and input offsets become visible together or never.

    After an error the transaction is left open; the next start under the same transactional id ends it.
    """

    atomic = True
    _transactional = True

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | {
            "transactional_id": f"{self._config.group}-{self._task}",
            "transaction_timeout_ms": self._config.transaction_timeout_ms,
        }

    async def commit(self, output: KafkaOutput, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> Committed:
        """Write *output* and *offsets* in one transaction. Raises FencedError where a later owner has started."""
        producer = self._producer
        if producer is None:
            raise FencedError
        clock = time.perf_counter
        began = clock()
        try:
            await producer.begin_transaction()
            position = await deliver(producer, output, self._changelog)
            produced = clock()
            await self._reached(CrashPoint.AFTER_PRODUCE)
            added = clock()
            if offsets:
                await producer.send_offsets_to_transaction(dict(offsets), self._config.group)
            offsets_sent = clock()
            await self._reached(CrashPoint.AFTER_OFFSETS)
            ending = clock()
            await producer.commit_transaction()
        except Exception as error:
            if is_fenced(error):
                raise FencedError from error
            raise
        seconds: dict[Stage, float] = {
            "produce": produced - began,
            "offsets": offsets_sent - added,
            "commit": clock() - ending,
        }
        if position == -1:
            raise PositionUnknownError
        return Committed(position, seconds)


class AtLeastOnceCommitter(_ProducerOwner):
    """Outputs first, the changelog after the others, each delivery checked; then the offsets.

    A crash before the offsets decides the batch again: anew where the changelog does not have it, else as duplicates.
    """

    atomic = False
    _transactional = False

    def __init__(
        self,
        *,
        task: int,
        changelog: str,
        config: EngineConfig,
        reached: Callable[[CrashPoint], Awaitable[None]],
        consumer: AIOKafkaConsumer,
    ) -> None:
        super().__init__(task=task, changelog=changelog, config=config, reached=reached)
        self._consumer = consumer

    async def commit(self, output: KafkaOutput, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> Committed:
        """Deliver *output*, then commit *offsets*. Raises FencedError where the group has moved on."""
        producer = self._producer
        if producer is None:
            raise FencedError
        clock = time.perf_counter
        began = clock()
        position = await deliver_changelog_last(producer, output, self._changelog)
        produced = clock()
        await self._reached(CrashPoint.AFTER_PRODUCE)
        committing = clock()
        try:
            if offsets:
                await self._consumer.commit(dict(offsets))
        except Exception as error:
            if is_fenced(error):
                raise FencedError from error
            raise
        await self._reached(CrashPoint.AFTER_OFFSETS)
        seconds: dict[Stage, float] = {"produce": produced - began, "commit": clock() - committing}
        if position == -1:
            raise PositionUnknownError
        return Committed(position, seconds)
