"""The engine as its host sees it: a worker that is started, asked how it is, and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from newsdesk.engine.broker_errors import remedy_for
from newsdesk.engine.crash_points import NoCrash
from newsdesk.engine.making import Parts
from newsdesk.engine.membership import Membership
from newsdesk.engine.memory_store import MemoryStores
from newsdesk.engine.observer import NullObserver
from newsdesk.engine.pacing import Backoff, watch_loop
from newsdesk.engine.reach import Reach
from newsdesk.engine.rocks_store import RocksStores
from newsdesk.engine.roster import Roster
from newsdesk.engine.status import WorkerStatus
from newsdesk.engine.task import Task
from newsdesk.engine.topics import TopicWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiokafka import AIOKafkaConsumer

    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.crash_points import Crash
    from newsdesk.engine.errors import EngineError
    from newsdesk.engine.observer import Observer
    from newsdesk.engine.processor import Processor
    from newsdesk.engine.producing import Committer
    from newsdesk.engine.store import Stores
    from newsdesk.engine.task import Tools

_TICK = 0.25


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
        parts = Parts(
            config=config,
            processor=processor,
            observer=observer or NullObserver(),
            crash=crash or NoCrash(),
            stores=stores or _stores(config),
            attempt=attempt,
            committer=committer,
        )
        self._observer = parts.observer
        self._fatal: asyncio.Future[EngineError] = asyncio.get_running_loop().create_future()
        self._stopping = asyncio.Event()
        self._reach = Reach(Backoff(config.backoff_min_ms / 1000, config.backoff_max_ms / 1000), parts.observer)
        self._topics = TopicWatch(parts, self._reach)
        self._roster = Roster(parts, self._topics, self._stopping, self._die)
        self._membership = Membership(
            parts,
            roster=self._roster,
            topics=self._topics,
            reach=self._reach,
            stopping=self._stopping,
            fatal=self._fatal,
        )
        self._main: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._paused_at = time.monotonic()

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
        self._membership.hurried = True
        self._stopping.set()
        await self._roster.abort()
        await self.stop()

    def release_brake(self) -> None:
        """Let all braked tasks go on."""
        self._roster.release_brakes()

    def status(self) -> WorkerStatus:
        """How the worker is now."""
        membership, tasks = self._membership, self._roster.statuses()
        if self._stopping.is_set():
            state = "stopping"
        elif not self._roster.member:
            state = "connecting" if membership.consumer is None else "joining"
        else:
            state = "silent" if membership.silent else "member"
        chosen = membership.chosen
        return WorkerStatus(
            ready=state == "member" and all(task.state == "running" for task in tasks),
            state=state,
            guarantee="unknown" if chosen is None else chosen.kind,
            guarantee_reason="the broker was not asked yet" if chosen is None else chosen.reason,
            tasks=tasks,
            progress_at=min([max(self._paused_at, membership.looked_at), *(task.progress_at for task in tasks)]),
            error=self._reach.error,
        )

    @property
    def _consumer(self) -> AIOKafkaConsumer | None:
        """The group's consumer while there is one, for tests that make zombies."""
        return self._membership.consumer

    async def _run(self) -> None:
        """Membership after membership, with a back-off between, until stopped or a fatal error."""
        try:
            while not self._stopping.is_set():
                try:
                    await self._membership_unless_stopped()
                except Exception as error:
                    fatal = self._fatal.result() if self._fatal.done() else remedy_for(error)
                    if fatal is not None:
                        self._reach.error = str(fatal)
                        if fatal is error:
                            raise
                        raise fatal from error
                    await self._pause(self._reach.lost(error))
        finally:
            self._roster.member = False

    async def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._paused_at = time.monotonic()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, _TICK)):
                    await self._stopping.wait()
                return

    async def _membership_unless_stopped(self) -> None:
        """A stop cuts off a membership that is not yet in the group, and leaves one that is to its own end."""
        running = asyncio.create_task(self._membership.run(), name="engine membership")
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not running.done() and not self._membership.joined:
            running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    def _die(self, error: EngineError) -> None:
        if not self._fatal.done():
            self._fatal.set_result(error)


def _stores(config: EngineConfig) -> Stores:
    if config.state_dir is None:
        return MemoryStores()
    return RocksStores(config.state_dir, cache_bytes=config.store_cache_bytes, buffer_bytes=config.store_buffer_bytes)
