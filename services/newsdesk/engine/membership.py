"""One membership of the consumer group, from the first connection to the farewell."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import errors as kafka
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from newsdesk.engine.knocking import reason_unreachable
from newsdesk.engine.making import Link
from newsdesk.engine.probe import Chosen, choose
from newsdesk.engine.reading import PartitionReader, open_client

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiokafka.client import AIOKafkaClient
    from aiokafka.structs import TopicPartition

    from newsdesk.engine.making import Parts
    from newsdesk.engine.reach import Reach
    from newsdesk.engine.roster import Roster
    from newsdesk.engine.topics import TopicWatch

_TICK = 0.25
_NEVER_MS = 2**31 - 1


class _Listener(ConsumerRebalanceListener):
    """Hands the group's news to the roster; aiokafka awaits both, and keeps up the heartbeats meanwhile."""

    def __init__(self, roster: Roster, link: Link) -> None:
        self._roster = roster
        self._link = link

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        del revoked  # the range assignor takes everything back at every rebalance
        await self._roster.give_back()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._roster.take(assigned, self._link)


class Membership:
    """Connects, joins, looks after what it got, and leaves; *run* raises where all of that has to be built anew."""

    def __init__(
        self,
        parts: Parts,
        *,
        roster: Roster,
        topics: TopicWatch,
        reach: Reach,
        stopping: asyncio.Event,
        fatal: asyncio.Future[Any],
    ) -> None:
        self.chosen: Chosen | None = None
        self.consumer: AIOKafkaConsumer | None = None
        self.joined = False
        """Whether the group may count this member in, so that it should be told of the end."""
        self.looked_at = time.monotonic()
        self.silent = False
        self.hurried = False
        """Whether the farewell may be short."""
        self._parts = parts
        self._roster = roster
        self._topics = topics
        self._reach = reach
        self._stopping = stopping
        self._fatal = fatal

    async def run(self) -> None:
        """Return when stopped."""
        config = self._parts.config
        try:
            await self._run()
        except kafka.KafkaConnectionError as error:
            reason = await reason_unreachable(
                config.bootstrap_servers, config.client_id, config.security, config.request_timeout_ms
            )
            raise (reason or error) from error

    async def _run(self) -> None:
        config = self._parts.config
        async with open_client(
            config.bootstrap_servers, config.client_id, config.security, config.request_timeout_ms
        ) as client:
            chosen = await self._choose(client)
            partitions = await self._topics.check(client)
            self.consumer = consumer = self._new_consumer(chosen)
            link = Link(consumer, PartitionReader(client), chosen, partitions)
            try:
                await consumer.start()
                await self._topics.compare(consumer._coordinator)  # noqa: SLF001
                consumer.subscribe(list(self._parts.processor.inputs), listener=_Listener(self._roster, link))
                self.joined = True
                await self._look_after(consumer, client)
            finally:
                self.joined = False
                await self._leave(consumer)

    async def _choose(self, client: AIOKafkaClient) -> Chosen:
        if self.chosen is None:
            async with asyncio.timeout(self._parts.config.request_timeout_ms / 1000):
                self.chosen = await choose(client, self._parts.config.guarantee)
            self._parts.observer.guarantee(self.chosen.kind, self.chosen.reason)
        return self.chosen

    def _new_consumer(self, chosen: Chosen) -> AIOKafkaConsumer:
        config = self._parts.config
        session_ms, heartbeat_ms = config.session_timeout_ms, config.heartbeat_ms
        if config.guarantee == "auto" and chosen.kind == "at_least_once":
            session_ms = min(session_ms, config.fallback_session_timeout_ms)
            heartbeat_ms = min(heartbeat_ms, session_ms // 4)
        return AIOKafkaConsumer(
            bootstrap_servers=config.bootstrap_servers,
            client_id=config.client_id,
            group_id=config.group,
            enable_auto_commit=False,
            auto_offset_reset="none",  # a lost range must be noticed, not skipped
            isolation_level="read_committed",
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=heartbeat_ms,
            rebalance_timeout_ms=config.rebalance_timeout_ms,
            # a join is answered only when all members are back
            request_timeout_ms=max(config.request_timeout_ms, config.rebalance_timeout_ms + 5_000),
            max_poll_interval_ms=_NEVER_MS,  # restoring and braked tasks do not poll; liveness watches over the loop
            fetch_max_wait_ms=config.fetch_wait_ms,
            max_partition_fetch_bytes=config.fetch_bytes,
            **config.security,
        )

    async def _look_after(self, consumer: AIOKafkaConsumer, client: AIOKafkaClient) -> None:
        """Until stopped: notice fatal tasks, a coordinator that died, a silent broker, topics that changed."""
        stopped = asyncio.create_task(self._stopping.wait())
        watching = asyncio.create_task(self._topics.watch(client), name="engine topic watch")
        try:
            while not self._stopping.is_set():
                waiting: set[asyncio.Future[Any]] = {stopped, self._fatal, watching}
                await asyncio.wait(waiting, timeout=_TICK, return_when=asyncio.FIRST_COMPLETED)
                if self._fatal.done():
                    raise self._fatal.result()
                if watching.done():
                    watching.result()
                self.looked_at = time.monotonic()
                coordinator: Any = consumer._coordinator  # noqa: SLF001
                coordinator.check_errors()
                self._notice_silence()
                answers = self._roster.member and not self.silent and not self._topics.failing
                if answers and self._reach.found():
                    self._roster.wake()
        finally:
            for task in (stopped, watching):
                task.cancel()
            await asyncio.gather(stopped, watching, return_exceptions=True)

    def _notice_silence(self) -> None:
        silent = self._roster.report()
        if silent and not self.silent:
            seconds = self._parts.config.silence_ms / 1000
            self._reach.lost(kafka.KafkaTimeoutError(f"nothing was answered for {seconds:g} s"), _TICK)
        self.silent = silent

    async def _leave(self, consumer: AIOKafkaConsumer) -> None:
        """Finish the tasks, then leave the group: the other way round others would start before these have ended."""
        await self._roster.give_back()
        self.consumer = None
        stopping = asyncio.ensure_future(consumer.stop())
        patience = 1.0 if self.hurried else self._parts.config.drain_timeout_ms / 1000
        done, _ = await asyncio.wait({stopping}, timeout=patience)
        if not done:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer._client.close(), 1.0)  # noqa: SLF001
            stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
