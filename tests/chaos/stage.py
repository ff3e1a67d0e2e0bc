"""Where controls are played: workers within this process, on one partition of topics under a prefix, step by step."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from chaos.broken import SOUND, Engine
from chaos.checks import check_partition
from chaos.feeder import events
from chaos.history import read_partitions
from chaos.offsets import never_back
from chaos.stores import Kept
from chaos.watch import ANSWERS, INPUTS, Watch
from newsdesk.contracts import topics
from newsdesk.desk.processor import DeskProcessor
from newsdesk.engine.config import EngineConfig
from newsdesk.engine.crash_points import CrashPoint, NoCrash
from newsdesk.engine.memory_store import MemoryStores
from newsdesk.engine.observer import NullObserver
from newsdesk.engine.reading import PartitionReader, open_client
from newsdesk.engine.records import Record
from newsdesk.engine.worker import Worker
from newsdesk.ops.admin import AdminError
from support.brokers import make_topics
from support.desk import book
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.findings import Finding
    from chaos.watch import Place
    from newsdesk.engine.crash_points import Crash
    from newsdesk.engine.records import Outcome

WAIT = 60.0


class Prefixed(DeskProcessor):
    """The desk on topics whose names begin with a prefix; what it writes does not know of it."""

    def __init__(self, prefix: str) -> None:
        super().__init__(book(), 1)
        self._prefix = prefix
        self.inputs = tuple(prefix + topic for topic in DeskProcessor.inputs)  # type: ignore[misc]
        self.changelog = prefix + DeskProcessor.changelog  # type: ignore[misc]

    def process(self, record: Record, state: Any) -> Outcome:
        topic = record.topic.removeprefix(self._prefix)
        own = Record(topic, record.partition, record.offset, record.timestamp, record.key, record.value, record.headers)
        outcome = super().process(own, state)
        for write in outcome.writes:
            write.topic = self._prefix + write.topic
        return outcome


class Gate:
    """A crash point where the first that comes by waits until it is let through."""

    def __init__(self, point: CrashPoint) -> None:
        self._point = point
        self.there = asyncio.Event()
        self.open = asyncio.Event()
        self.passed: set[CrashPoint] = set()

    async def reached(self, point: CrashPoint, task: int) -> None:
        del task
        if self.there.is_set():
            self.passed.add(point)
        elif point is self._point:
            self.there.set()
            await self.open.wait()

    async def arrived(self) -> None:
        """Until somebody is there."""
        await asyncio.wait_for(self.there.wait(), WAIT)


class Telling(NullObserver):
    """Keeps what controls wait for."""

    def __init__(self) -> None:
        self.fences = 0
        self.failures: list[BaseException] = []

    def fenced(self, task: int) -> None:
        del task
        self.fences += 1

    def task_failed(self, task: int, error: BaseException, retry_seconds: float) -> None:
        del task, retry_seconds
        self.failures.append(error)


class Stage:
    """One scenario with one engine, sound or broken."""

    def __init__(self, bootstrap: str, prefix: str, engine: Engine = SOUND) -> None:
        self.engine = engine
        self.stores = MemoryStores()
        self.telling = Telling()
        self.bootstrap = bootstrap
        self._prefix = prefix
        self.group = f"{prefix}desk"
        self._workers: list[Worker] = []
        self._source = events(1, 1, reorder=False)
        inputs, outputs = ([prefix + topic for topic in names] for names in (INPUTS, ANSWERS))
        self._watch = Watch(bootstrap, self.group, 1, inputs=inputs, outputs=outputs, every=0.05)
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
        self._sent = 0

    async def open(self) -> None:
        """Make the topics."""
        wanted = {self._prefix + topic.name: (1, topic.config()) for topic in topics.TOPICS}
        await make_topics(self.bootstrap, wanted)
        async with open_client(self.bootstrap, "chaos", {}) as client:
            for topic in wanted:  # a broker may have made a topic before it tells of it
                await PartitionReader(client).span(topic, 0)
        await self._producer.start()

    async def close(self) -> None:
        await asyncio.gather(*(worker.abort() for worker in self._workers))
        await self._producer.stop()

    async def submit(self, number: int) -> None:
        """The next *number* events, good ones and bad."""
        for event in (next(self._source) for _ in range(number)):
            topic = self._prefix + topics.SUBMITTED.name
            await self._producer.send_and_wait(topic, event.value, event.key, 0, headers=[*event.headers])
            self._sent += 1

    async def start(self, crash: Crash | None = None, *, stores: MemoryStores | None = None) -> Worker:
        """A worker of the engine at hand, on the common stores unless it gets some of its own."""
        outputs = (topics.REPARTITIONED, topics.ENRICHED, topics.PUBLISHED, topics.DECISIONS, topics.DEAD_LETTERS)
        config = EngineConfig(
            bootstrap_servers=self.bootstrap,
            group=self.group,
            guarantee="exactly_once",
            message_bytes={self._prefix + topic.name: topic.max_message_bytes for topic in outputs},
            commit_interval_ms=20,
            session_timeout_ms=1_500,
            heartbeat_ms=200,
            transaction_timeout_ms=120_000,  # an open transaction is ended by its successor, not by the clock
            commit_timeout_ms=120_000,
            settle_ms=300,
            backoff_min_ms=20,
            backoff_max_ms=500,
        )
        worker = Worker(
            config,
            Prefixed(self._prefix),
            observer=self.telling,
            crash=crash or NoCrash(),
            stores=stores or self.stores,
            attempt=self.engine.attempt,
            committer=self.engine.committer,
        )
        self._workers.append(worker)
        await worker.start()
        return worker

    async def cut_off(self, worker: Worker) -> None:
        """Let the group believe that *worker* is dead, and *worker* that it is a member."""
        consumer: Any = worker._consumer

        async def believes_to_be_alive() -> bool:
            return True

        consumer._coordinator._do_heartbeat = believes_to_be_alive
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:

            async def empty() -> bool:
                (answer,) = await admin.describe_consumer_groups([self.group])
                return bool(answer.groups[0][2] == "Empty")

            await until(empty, WAIT)
        finally:
            await admin.close()

    async def committed(self) -> int:
        """How many of the submitted events the group has passed; 0 while nobody knows."""
        with contextlib.suppress(AdminError):  # the group's coordinator may still be on its way
            return (await self._offsets()).get((topics.SUBMITTED.name, 0), 0)
        return 0

    async def passed(self, number: int | None = None) -> None:
        """Until the group has passed *number* events, by default all."""
        wanted = self._sent if number is None else number

        async def there() -> bool:
            return await self.committed() >= wanted

        try:
            await until(there, WAIT)
        except AssertionError as error:
            states = [str(worker.status()) for worker in self._workers]
            raise AssertionError(f"{error}; {states}; failures: {self.telling.failures}") from error

    async def _offsets(self) -> dict[Place, int]:
        return self._without_prefix(await self._watch.now())

    def _without_prefix(self, offsets: Mapping[Place, int]) -> dict[Place, int]:
        return {(topic.removeprefix(self._prefix), number): offset for (topic, number), offset in offsets.items()}

    async def findings(self) -> list[Finding]:
        """Stop everything, and say what is broken."""
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        self._workers.clear()
        committed = await self._offsets()
        samples = [
            replace(sample, offsets=self._without_prefix(sample.offsets), ends=self._without_prefix(sample.ends))
            for sample in self._watch.samples
        ]
        kept: list[Kept] = []
        store, _ = self.stores.open(0)
        if (position := store.position()) is not None:
            kept.append(Kept("memory", 0, position.offset, dict(store.items())))
        found = never_back(samples)
        async for partition in read_partitions(self.bootstrap, 1, self._prefix):
            found += check_partition(partition, DeskProcessor(book(), 1), samples, committed, kept, exactly_once=True)
        return found


def invariants(findings: list[Finding]) -> set[str]:
    """Which invariants are broken."""
    return {finding.invariant for finding in findings}
