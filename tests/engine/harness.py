"""One interface to a running engine, on the log in memory and on real Kafka: what the conformance suite is written in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from aiokafka import AIOKafkaProducer

from engine.counting import Counting, Names
from newsdesk.engine.blank import Blanks
from newsdesk.engine.brake import Brake
from newsdesk.engine.config import EngineConfig
from newsdesk.engine.crash_points import CrashPoint, NoCrash
from newsdesk.engine.keeper import Keeper
from newsdesk.engine.memory_log import MemoryBroker, MemoryLog
from newsdesk.engine.memory_store import MemoryStores
from newsdesk.engine.observer import NullObserver
from newsdesk.engine.pacing import Turns
from newsdesk.engine.reading import open_client, read_to
from newsdesk.engine.status import TaskStatus
from newsdesk.engine.task import Task, Tools
from newsdesk.engine.worker import Worker
from support.brokers import make_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from newsdesk.engine.crash_points import Crash
    from newsdesk.engine.errors import EngineError
    from newsdesk.engine.observer import BatchReport
    from newsdesk.engine.records import Record

LIMIT = 50_000
"""What the topic `out` takes, in bytes; the others take more."""


class CrashedError(Exception):
    """A test's crash."""


@dataclass
class CrashOnce:
    """Raises at the first time that the task comes by *point*, after letting *skip* times pass."""

    point: CrashPoint
    skip: int = 0
    done: bool = False

    async def reached(self, point: CrashPoint, task: int) -> None:
        del task
        if point is self.point and not self.done:
            self.skip -= 1
            if self.skip < 0:
                self.done = True
                raise CrashedError(point)


@dataclass
class Passing:
    """Keeps the points that the task comes by."""

    points: list[CrashPoint] = field(default_factory=list)

    async def reached(self, point: CrashPoint, task: int) -> None:
        del task
        self.points.append(point)


@dataclass
class HangAt:
    """Never comes back from *point*, as a process that was killed there."""

    point: CrashPoint
    there: asyncio.Event = field(default_factory=asyncio.Event)

    async def reached(self, point: CrashPoint, task: int) -> None:
        del task
        if point is self.point:
            self.there.set()
            await asyncio.Event().wait()


class Watching(NullObserver):
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.reports: list[BatchReport] = []
        self.states: list[tuple[int, str]] = []
        self.failures: list[BaseException] = []
        self.discarded: list[str] = []
        self.lost: list[tuple[str, int, int]] = []
        self.tails: list[tuple[str, int, int]] = []
        self.passed: list[tuple[str, int, int]] = []
        self.brakes: list[bool] = []
        self.unpunctuated: list[tuple[BaseException, float]] = []
        self.fences = 0
        self.broker_errors: list[BaseException] = []
        self.restored: list[tuple[int, int]] = []

    def batch_committed(self, report: BatchReport) -> None:
        self.reports.append(report)

    def task_state(self, task: int, state: Any) -> None:
        self.states.append((task, state))

    def task_failed(self, task: int, error: BaseException, retry_seconds: float) -> None:
        del task, retry_seconds
        self.failures.append(error)

    def punctuate_failed(self, task: int, error: BaseException, retry_seconds: float) -> None:
        del task
        self.unpunctuated.append((error, retry_seconds))

    def fenced(self, task: int) -> None:
        del task
        self.fences += 1

    def store_discarded(self, task: int, reason: str) -> None:
        del task
        self.discarded.append(reason)

    def data_lost(self, task: int, topic: str, wanted: int, start: int) -> None:
        del task
        self.lost.append((topic, wanted, start))

    def tail_lost(self, task: int, topic: str, wanted: int, end: int) -> None:
        del task
        self.tails.append((topic, wanted, end))

    def answered_passed(self, task: int, topic: str, start: int, end: int) -> None:
        del task
        self.passed.append((topic, start, end))

    def brake(self, task: int, on: bool) -> None:  # noqa: FBT001
        del task
        self.brakes.append(on)

    def broker_error(self, error: BaseException, retry_seconds: float) -> None:
        del retry_seconds
        self.broker_errors.append(error)

    def restore_progress(self, task: int, done: int, total: int) -> None:
        del task
        self.restored.append((done, total))

    @property
    def records(self) -> int:
        return sum(report.records for report in self.reports)

    def counted(self, label: str, *tags: str) -> int:
        return sum(report.counts.get((label, tags), 0) for report in self.reports)


def config(bootstrap: str, names: Names, **changes: Any) -> EngineConfig:
    """Settings with short waits."""
    settings: dict[str, Any] = {
        "bootstrap_servers": bootstrap,
        "group": names.group,
        "message_bytes": {topic: LIMIT if topic == names.out else 1_000_000 for topic in names.all},
        "commit_interval_ms": 20,
        "session_timeout_ms": 6_000,
        "heartbeat_ms": 200,
        "settle_ms": 300,
        "backoff_min_ms": 20,
        "backoff_max_ms": 500,
    }
    return EngineConfig(**(settings | changes))


class Harness(Protocol):
    """One partition and the engine on it."""

    names: Names
    watching: Watching
    processor: Counting
    stores: Any

    async def submit(self, *records: tuple[bytes, bytes | None], topic: int = 0) -> None:
        """Write records to an input."""

    async def start(self, crash: Crash | None = None, **changes: Any) -> None:
        """Start the engine on the stores there are."""

    async def stop(self) -> None:
        """Drain and stop."""

    async def kill(self) -> None:
        """Stop without finishing anything."""

    async def read(self, topic: str) -> Sequence[Record]:
        """Everything committed in *topic*."""

    def status(self) -> TaskStatus:
        """The task's status."""

    def release_brake(self) -> None:
        """Let go on."""

    async def fatal(self) -> EngineError:
        """The error that ended the engine."""


class MemoryHarness:
    """A keeper on the log in memory."""

    def __init__(self) -> None:
        self.names = Names()
        self.broker = MemoryBroker({self.names.out: LIMIT})
        self.watching = Watching()
        self.processor = Counting(self.names)
        self.stores: Any = MemoryStores()
        self.make_log: Callable[..., MemoryLog] = MemoryLog
        self._keepers: list[Keeper] = []
        self._brake = Brake(window=200, minimum=20, share=0.2)
        self._fatal: asyncio.Future[EngineError] = asyncio.get_running_loop().create_future()

    async def submit(self, *records: tuple[bytes, bytes | None], topic: int = 0) -> None:
        for key, value in records:
            self.broker.append(self.names.inputs[topic], 0, key, value)

    async def start(self, crash: Crash | None = None, **changes: Any) -> None:
        settings = config("memory", self.names, **changes)
        hook = crash or NoCrash()
        status = TaskStatus(0)
        turns, blanks = Turns(0.015), Blanks()
        ours: list[Keeper] = []

        async def reached(point: CrashPoint) -> None:
            await hook.reached(point, 0)

        def new_attempt() -> Task:
            log = self.make_log(
                self.broker, task=0, inputs=self.names.inputs, changelog=self.names.changelog, reached=reached
            )
            return Task(
                0,
                Tools(
                    log=log,
                    processor=self.processor,
                    stores=self.stores,
                    config=settings,
                    observer=self.watching,
                    crash=hook,
                    turns=turns,
                    blanks=blanks,
                    brake=self._brake,
                    status=status,
                ),
            )

        keeper = Keeper(
            number=0,
            new_attempt=new_attempt,
            owned=lambda: True,
            fatal=self._fatal.set_result,
            stores=self.stores,
            config=settings,
            observer=self.watching,
            status=status,
        )
        ours.append(keeper)
        self._keepers.append(keeper)
        keeper.start()

    async def stop(self) -> None:
        await asyncio.gather(*(keeper.stop(5) for keeper in self._keepers))

    async def kill(self) -> None:
        await asyncio.gather(*(keeper.abort() for keeper in self._keepers))
        self._keepers.clear()

    async def read(self, topic: str) -> Sequence[Record]:
        return self.broker.read(topic)

    def status(self) -> TaskStatus:
        keeper = self._keepers[-1]
        if keeper.attempt is not None:
            keeper.attempt.report()
        return keeper.status

    def attempt(self) -> Task:
        """The attempt that is under way."""
        attempt = self._keepers[-1].attempt
        assert attempt is not None
        return attempt

    def release_brake(self) -> None:
        self._keepers[-1].release_brake()

    async def fatal(self) -> EngineError:
        return await asyncio.wait_for(self._fatal, 20)

    async def close(self) -> None:
        await self.kill()


class KafkaHarness:
    """A worker on a broker."""

    def __init__(self, bootstrap: str, prefix: str, **changes: Any) -> None:
        self.bootstrap = bootstrap
        self.names = Names(prefix)
        self.watching = Watching()
        self.processor = Counting(self.names)
        self.stores: Any = MemoryStores()
        self.workers: list[Worker] = []
        self._changes = changes
        self._producer: AIOKafkaProducer | None = None

    async def open(self, partitions: int = 1) -> None:
        sizes = {topic: {"max.message.bytes": "1000000"} for topic in self.names.all}
        sizes[self.names.out] = {"max.message.bytes": str(LIMIT)}
        await make_topics(self.bootstrap, {topic: (partitions, settings) for topic, settings in sizes.items()})
        await self.open_producer()

    async def open_producer(self) -> None:
        self._producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, max_request_size=1_000_000)
        await self._producer.start()

    async def close_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def submit(self, *records: tuple[bytes, bytes | None], topic: int = 0, partition: int = 0) -> None:
        assert self._producer is not None
        name = self.names.inputs[topic]
        sent = [await self._producer.send(name, value, key, partition=partition) for key, value in records]
        await asyncio.gather(*sent)

    async def start(self, crash: Crash | None = None, **changes: Any) -> None:
        parts = {name: changes.pop(name) for name in ("attempt", "committer", "stores") if name in changes}
        parts.setdefault("stores", self.stores)
        settings = config(self.bootstrap, self.names, **(self._changes | changes))
        worker = Worker(settings, self.processor, observer=self.watching, crash=crash, **parts)
        self.workers.append(worker)
        await worker.start()

    async def stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        self.workers.clear()

    async def kill(self) -> None:
        await asyncio.gather(*(worker.abort() for worker in self.workers))
        self.workers.clear()

    async def read(self, topic: str, partition: int = 0) -> Sequence[Record]:
        async with open_client(self.bootstrap, "test", {}) as client:
            return [record async for portion in read_to(client, topic, partition) for record in portion]

    def status(self) -> TaskStatus:
        tasks = self.workers[-1].status().tasks
        return tasks[0] if tasks else TaskStatus(-1)

    def release_brake(self) -> None:
        self.workers[-1].release_brake()

    async def fatal(self) -> EngineError:
        from newsdesk.engine.errors import EngineError  # noqa: PLC0415

        try:
            await asyncio.wait_for(self.workers[-1].wait(), 20)
        except EngineError as error:
            return error
        raise AssertionError("the worker ended well")

    async def close(self) -> None:
        await self.kill()
        await self.close_producer()
