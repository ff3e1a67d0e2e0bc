"""A member of the consumer group: it gets partitions, keeps a task for each, and gives them back in good order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import errors as kafka
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.structs import TopicPartition

from newsdesk.engine.brake import Brake
from newsdesk.engine.broker_errors import remedy_for
from newsdesk.engine.crash_points import Crash, CrashPoint, NoCrash
from newsdesk.engine.errors import EngineError, StoreError
from newsdesk.engine.kafka_log import KafkaLog
from newsdesk.engine.keeper import Keeper
from newsdesk.engine.memory_store import MemoryStores
from newsdesk.engine.observer import NullObserver
from newsdesk.engine.pacing import Backoff, Turns, watch_loop
from newsdesk.engine.probe import Chosen, choose
from newsdesk.engine.producing import AtLeastOnceCommitter, TransactionalCommitter
from newsdesk.engine.reading import PartitionReader, open_client
from newsdesk.engine.rocks_store import RocksStores
from newsdesk.engine.status import TaskStatus, WorkerStatus
from newsdesk.engine.task import Task, Tools
from newsdesk.engine.topics import check_partitions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from aiokafka.client import AIOKafkaClient

    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.observer import Observer
    from newsdesk.engine.processor import Processor
    from newsdesk.engine.producing import Committer
    from newsdesk.engine.store import Stores

_TICK = 0.25
_NEVER_MS = 2**31 - 1


class _Listener(ConsumerRebalanceListener):
    """Hands the group's news to the worker; aiokafka awaits both, and keeps up the heartbeats meanwhile."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        del revoked  # the range assignor takes everything back at every rebalance
        await self._worker.give_back()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._worker.take(assigned)


class Worker:
    """Runs *processor* on its share of the partitions until `stop`; `wait` raises the EngineError that ended it.

    A broker that is away is waited for. *committer* and *attempt* may be replaced to test that tests notice.
    """

    def __init__(
        self,
        config: EngineConfig,
        processor: Processor,
        *,
        observer: Observer | None = None,
        crash: Crash | None = None,
        stores: Stores | None = None,
        attempt: Callable[[int, Tools], Task] = Task,
        committer: Callable[..., Committer] | None = None,
    ) -> None:
        self._config = config
        self._processor = processor
        self._observer: Observer = observer or NullObserver()
        self._crash: Crash = crash or NoCrash()
        self._stores = stores or _stores(config)
        self._attempt = attempt
        self._committer = committer
        self._turns = Turns(config.slice_ms / 1000)
        self._backoff = Backoff(config.backoff_min_ms / 1000, config.backoff_max_ms / 1000)
        self._brakes: dict[int, Brake] = {}
        self._keepers: dict[int, Keeper] = {}
        self._fatal: asyncio.Future[EngineError] = asyncio.get_running_loop().create_future()
        self._stopping = asyncio.Event()
        self._main: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._chosen: Chosen | None = None
        self._partitions: int | None = None
        self._missing_since: float | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._reader: PartitionReader | None = None
        self._epoch = 0
        self._joined = False
        self._member = False
        self._aborting = False
        self._silent = False
        self._error = ""
        self._alive_at = time.monotonic()

    # ---- from outside

    async def start(self) -> None:
        """Begin, in the background; the broker need not be there yet."""
        self._watch = asyncio.create_task(watch_loop(self._observer.loop_blocked), name="engine loop watch")
        self._main = asyncio.create_task(self._run(), name="engine worker")

    async def wait(self) -> None:
        """Return when the worker has stopped; raise the EngineError that ended it."""
        if self._main is not None:
            await asyncio.shield(self._main)

    async def run(self) -> None:
        """Start and wait."""
        await self.start()
        await self.wait()

    async def stop(self) -> None:
        """Finish and commit the running batches, leave the group, and let go of everything."""
        self._stopping.set()
        main, watch = self._main, self._watch
        if main is not None:
            await asyncio.wait({main})
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def abort(self) -> None:
        """Let go of everything at once; what was under way is found out by the next owner."""
        self._aborting = True
        self._stopping.set()
        await asyncio.gather(*(keeper.abort() for keeper in self._keepers.values()))
        await self.stop()

    def release_brake(self) -> None:
        """Let all braked tasks go on."""
        for brake in self._brakes.values():
            brake.release()
        for keeper in self._keepers.values():
            keeper.release_brake()

    def status(self) -> WorkerStatus:
        """How the worker is now."""
        tasks = tuple(replace(keeper.status) for _, keeper in sorted(self._keepers.items()))
        if self._stopping.is_set():
            state = "stopping"
        elif not self._member:
            state = "connecting" if self._consumer is None else "joining"
        else:
            state = "silent" if self._silent else "member"
        chosen = self._chosen
        return WorkerStatus(
            ready=state == "member" and all(task.state == "running" for task in tasks),
            state=state,
            guarantee="unknown" if chosen is None else chosen.kind,
            guarantee_reason="the broker was not asked yet" if chosen is None else chosen.reason,
            tasks=tasks,
            progress_at=min([self._alive_at, *(task.progress_at for task in tasks)]),
            error=self._error,
        )

    # ---- the worker's own life

    async def _run(self) -> None:
        """Session after session, with a back-off between, until stopped or a fatal error."""
        try:
            while not self._stopping.is_set():
                try:
                    await self._session_unless_stopped()
                except Exception as error:
                    fatal = self._fatal.result() if self._fatal.done() else remedy_for(error)
                    if fatal is not None:
                        self._error = str(fatal)
                        raise fatal from error
                    await self._pause(error)
        finally:
            self._member = False

    async def _pause(self, error: Exception) -> None:
        wait = self._backoff.next()
        self._error = f"{type(error).__name__}: {error}"
        self._observer.broker_error(error, wait)
        until = time.monotonic() + wait
        while (left := until - time.monotonic()) > 0:
            self._alive_at = time.monotonic()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, _TICK)):
                    await self._stopping.wait()
                return

    async def _session_unless_stopped(self) -> None:
        """A session; a stop cuts it off while it is not yet in the group, and is left to itself after that."""
        session = asyncio.create_task(self._session(), name="engine session")
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({session, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not session.done() and not self._joined:
            session.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await session

    async def _session(self) -> None:
        """Connect, join, and look after the membership; returns when stopped, raises when it has to be built anew."""
        config = self._config
        async with open_client(
            config.bootstrap_servers, config.client_id, config.security, config.request_timeout_ms
        ) as client:
            await self._choose(client)
            await self._check_topics(client)
            self._reader = PartitionReader(client)
            consumer = self._new_consumer()
            self._consumer = consumer
            try:
                await consumer.start()
                consumer.subscribe(list(self._processor.inputs), listener=_Listener(self))
                self._joined = True
                await self._look_after(consumer, client)
            finally:
                self._joined = False
                await self._leave(consumer)

    async def _choose(self, client: AIOKafkaClient) -> None:
        if self._chosen is None:
            async with asyncio.timeout(self._config.request_timeout_ms / 1000):
                self._chosen = await choose(client, self._config.guarantee)
            self._observer.guarantee(self._chosen.kind, self._chosen.reason)

    async def _check_topics(self, client: AIOKafkaClient) -> None:
        """The topics are there and co-partitioned. One that was there before may be missing for a while."""
        topics = [*self._processor.inputs, self._processor.changelog, *self._config.message_bytes]
        try:
            found = await check_partitions(client, dict.fromkeys(topics), self._partitions)
        except kafka.UnknownTopicOrPartitionError as error:
            now = time.monotonic()
            if self._missing_since is None:
                self._missing_since = now
            grace = self._config.missing_topic_grace_ms / 1000
            if self._partitions is None or now - self._missing_since > grace:
                raise EngineError(f"{error.args[0]}.", "Create the topics, then start again.") from error
            raise
        self._partitions = found
        self._missing_since = None

    async def _check_topics_again(self, client: AIOKafkaClient) -> None:
        """As at the start, but a broker that does not answer is nothing to leave the group for."""
        try:
            await self._check_topics(client)
        except Exception as error:
            fatal = remedy_for(error)
            if fatal is not None:
                raise fatal from error
            self._observer.broker_error(error, self._config.silence_ms / 1000)

    def _new_consumer(self) -> AIOKafkaConsumer:
        config = self._config
        session_ms, heartbeat_ms = config.session_timeout_ms, config.heartbeat_ms
        if config.guarantee == "auto" and self._chosen is not None and self._chosen.kind == "at_least_once":
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
        """Until stopped: notice fatal tasks, a coordinator that died, a silent broker, a changed number of partitions."""
        looked = time.monotonic()
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            while not self._stopping.is_set():
                waiting: set[asyncio.Future[Any]] = {stopped, self._fatal}
                await asyncio.wait(waiting, timeout=_TICK, return_when=asyncio.FIRST_COMPLETED)
                if self._fatal.done():
                    raise self._fatal.result()
                now = self._alive_at = time.monotonic()
                coordinator: Any = consumer._coordinator  # noqa: SLF001
                coordinator.check_errors()
                self._report()
                if self._member and not self._silent:
                    self._backoff.reset()
                    self._error = ""
                if now - looked > self._config.silence_ms / 1000 and not self._silent:
                    looked = now
                    await self._check_topics_again(client)
        finally:
            stopped.cancel()

    def _report(self) -> None:
        """Lag, sizes and silence, for the status and the observer."""
        now = time.monotonic()
        silent = False
        for number, keeper in self._keepers.items():
            attempt, status = keeper.attempt, keeper.status
            if attempt is None or status.state not in {"running", "braked"}:
                continue
            attempt.report()
            with contextlib.suppress(StoreError):  # the next batch meets it too, and can act on it
                attempt.checkpoint()
            silent = silent or (status.state == "running" and now - attempt.heard_at > self._config.silence_ms / 1000)
            if status.size is not None:
                self._observer.store_size(number, status.size)
        if silent and not self._silent:
            error = kafka.KafkaTimeoutError(f"nothing was answered for {self._config.silence_ms / 1000:g} s")
            self._error = str(error)
            self._observer.broker_error(error, _TICK)
        self._silent = silent

    async def _leave(self, consumer: AIOKafkaConsumer) -> None:
        """Finish the tasks, then leave the group: the other way round others would start before these have ended."""
        await self.give_back()
        self._consumer = None
        stopping = asyncio.ensure_future(consumer.stop())
        patience = 1.0 if self._aborting else self._config.drain_timeout_ms / 1000
        done, _ = await asyncio.wait({stopping}, timeout=patience)
        if not done:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer._client.close(), 1.0)  # noqa: SLF001
            stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)

    # ---- the group's news

    async def give_back(self) -> None:
        """Stop all tasks: each commits its running batch, or is cut off when that takes too long."""
        self._member = False
        self._epoch += 1
        keepers, self._keepers = list(self._keepers.values()), {}
        if keepers:
            drain = 0.0 if self._aborting else self._config.drain_timeout_ms / 1000
            await asyncio.gather(*(keeper.stop(drain) for keeper in keepers))
        await self._crash.reached(CrashPoint.MID_REBALANCE, -1)

    def take(self, assigned: Iterable[TopicPartition]) -> None:
        """Start a task for every partition of *assigned*; nothing is fetched of it until its task is ready."""
        consumer = self._consumer
        if consumer is None or self._stopping.is_set():
            return
        partitions = set(assigned)
        if partitions:
            consumer.pause(*partitions)
        self._epoch += 1
        self._member = True
        for number in sorted({tp.partition for tp in partitions}):
            missing = [t for t in self._processor.inputs if TopicPartition(t, number) not in partitions]
            if missing:
                self._die(
                    EngineError(
                        f"The group gives partition {number} of {', '.join(missing)} to another member.",
                        "All members of the group must read the same topics with the range assignor.",
                    )
                )
                return
            self._keepers[number] = keeper = self._new_keeper(number, consumer, self._epoch)
            keeper.start()

    def _die(self, error: EngineError) -> None:
        if not self._fatal.done():
            self._fatal.set_result(error)

    def _new_keeper(self, number: int, consumer: AIOKafkaConsumer, epoch: int) -> Keeper:
        config = self._config
        status = TaskStatus(number)
        brake = self._brakes.setdefault(
            number, Brake(window=config.brake_window, minimum=config.brake_minimum, share=config.brake_share)
        )
        partitions = {TopicPartition(topic, number) for topic in self._processor.inputs}

        def owned() -> bool:
            subscription = consumer._subscription  # noqa: SLF001
            return (
                self._epoch == epoch
                and not self._stopping.is_set()
                and not subscription.reassignment_in_progress
                and partitions <= subscription.assigned_partitions()
            )

        async def reached(point: CrashPoint) -> None:
            await self._crash.reached(point, number)

        def new_attempt() -> Task:
            reader = self._reader
            assert reader is not None  # noqa: S101
            log = KafkaLog(
                task=number,
                inputs=self._processor.inputs,
                changelog=self._processor.changelog,
                consumer=consumer,
                reader=reader,
                committer=self._new_committer(number, consumer, reached),
                owned=owned,
                observer=self._observer,
            )
            with contextlib.suppress(kafka.IllegalStateError):
                consumer.pause(*partitions)
            tools = Tools(
                log=log,
                processor=self._processor,
                stores=self._stores,
                config=config,
                observer=self._observer,
                crash=self._crash,
                turns=self._turns,
                brake=brake,
                status=status,
            )
            return self._attempt(number, tools)

        return Keeper(
            number=number,
            new_attempt=new_attempt,
            owned=owned,
            fatal=self._die,
            stores=self._stores,
            config=config,
            observer=self._observer,
            status=status,
        )

    def _new_committer(
        self, number: int, consumer: AIOKafkaConsumer, reached: Callable[[CrashPoint], Awaitable[None]]
    ) -> Committer:
        assert self._chosen is not None  # noqa: S101
        parts: dict[str, Any] = {
            "task": number,
            "changelog": self._processor.changelog,
            "config": self._config,
            "reached": reached,
        }
        if self._committer is not None:
            return self._committer(**parts, consumer=consumer)
        if self._chosen.kind == "exactly_once":
            return TransactionalCommitter(**parts)
        return AtLeastOnceCommitter(**parts, consumer=consumer)


def _stores(config: EngineConfig) -> Stores:
    if config.state_dir is None:
        return MemoryStores()
    return RocksStores(config.state_dir, cache_bytes=config.store_cache_bytes, buffer_bytes=config.store_buffer_bytes)
