"""What a task is made of: the parts that are the worker's own, and those that one membership of the group lends."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import errors as kafka
from aiokafka.structs import TopicPartition

from newsdesk.engine.blank import Blanks
from newsdesk.engine.brake import Brake
from newsdesk.engine.kafka_log import KafkaLog
from newsdesk.engine.keeper import Keeper
from newsdesk.engine.pacing import Turns
from newsdesk.engine.producing import AtLeastOnceCommitter, TransactionalCommitter
from newsdesk.engine.status import TaskStatus
from newsdesk.engine.task import Tools

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiokafka import AIOKafkaConsumer

    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.crash_points import Crash, CrashPoint
    from newsdesk.engine.errors import EngineError
    from newsdesk.engine.observer import Observer
    from newsdesk.engine.probe import Chosen
    from newsdesk.engine.processor import Processor
    from newsdesk.engine.producing import Committer
    from newsdesk.engine.reading import PartitionReader
    from newsdesk.engine.store import Stores
    from newsdesk.engine.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What all tasks of a worker have in common; *attempt* and *committer* may be replaced by a test's own."""

    config: EngineConfig
    processor: Processor
    observer: Observer
    crash: Crash
    stores: Stores
    attempt: Callable[[int, Tools], Task]
    committer: Callable[..., Committer] | None


@dataclass(frozen=True, slots=True)
class Link:
    """What one membership of the group lends its tasks: it ends with that. *partitions*: so many every topic has."""

    consumer: AIOKafkaConsumer
    reader: PartitionReader
    chosen: Chosen
    partitions: int


class TaskMaker:
    """Makes the keeper of a task; a task's brake, and what all share, outlive rebalances."""

    def __init__(self, parts: Parts, fatal: Callable[[EngineError], None]) -> None:
        self._parts = parts
        self._fatal = fatal
        self._turns = Turns(parts.config.slice_ms / 1000)
        self._blanks = Blanks()
        self._brakes: dict[int, Brake] = {}

    def release_brakes(self) -> None:
        """Let go of all brakes, also those of tasks that are elsewhere just now."""
        for brake in self._brakes.values():
            brake.release()

    def keeper(self, number: int, link: Link, owned: Callable[[], bool]) -> Keeper:
        """The keeper of task *number*, not started; *owned* says whether the task is still this member's."""
        parts, config = self._parts, self._parts.config
        status = TaskStatus(number)
        brake = self._brakes.setdefault(
            number, Brake(window=config.brake_window, minimum=config.brake_minimum, share=config.brake_share)
        )
        partitions = [TopicPartition(topic, number) for topic in parts.processor.inputs]

        async def reached(point: CrashPoint) -> None:
            await parts.crash.reached(point, number)

        def new_attempt() -> Task:
            log = KafkaLog(
                task=number,
                inputs=parts.processor.inputs,
                changelog=parts.processor.changelog,
                consumer=link.consumer,
                reader=link.reader,
                partitions=link.partitions,
                committer=self._committer(number, link, reached),
                owned=owned,
                observer=parts.observer,
            )
            with contextlib.suppress(kafka.IllegalStateError):
                link.consumer.pause(*partitions)
            tools = Tools(
                log=log,
                processor=parts.processor,
                stores=parts.stores,
                config=config,
                observer=parts.observer,
                crash=parts.crash,
                turns=self._turns,
                blanks=self._blanks,
                brake=brake,
                status=status,
            )
            return parts.attempt(number, tools)

        return Keeper(
            number=number,
            new_attempt=new_attempt,
            owned=owned,
            fatal=self._fatal,
            stores=parts.stores,
            config=config,
            observer=parts.observer,
            status=status,
        )

    def _committer(self, number: int, link: Link, reached: Callable[[CrashPoint], Awaitable[None]]) -> Committer:
        parts: dict[str, Any] = {
            "task": number,
            "changelog": self._parts.processor.changelog,
            "config": self._parts.config,
            "reached": reached,
        }
        if self._parts.committer is not None:
            return self._parts.committer(**parts, consumer=link.consumer)
        if link.chosen.kind == "exactly_once":
            return TransactionalCommitter(**parts)
        return AtLeastOnceCommitter(**parts, consumer=link.consumer)
