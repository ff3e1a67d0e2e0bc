"""The tasks that the group has given to this member: started when they are given, ended before they are given back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from aiokafka.structs import TopicPartition

from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.errors import EngineError, StoreError
from newsdesk.engine.making import TaskMaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from newsdesk.engine.keeper import Keeper
    from newsdesk.engine.making import Link, Parts
    from newsdesk.engine.status import TaskStatus
    from newsdesk.engine.topics import TopicWatch


class Roster:
    """Keeps a task for every partition of the assignment; *die* is called with the error that ends the worker."""

    def __init__(
        self, parts: Parts, topics: TopicWatch, stopping: asyncio.Event, die: Callable[[EngineError], None]
    ) -> None:
        self.member = False
        """Whether the group has told what this member's share is, and not begun to tell anew."""
        self._parts = parts
        self._topics = topics
        self._stopping = stopping
        self._die = die
        self._maker = TaskMaker(parts, die)
        self._keepers: dict[int, Keeper] = {}
        self._epoch = 0
        self._aborting = False

    def statuses(self) -> tuple[TaskStatus, ...]:
        """How the tasks are now, by number."""
        return tuple(replace(keeper.status) for _, keeper in sorted(self._keepers.items()))

    def take(self, assigned: Iterable[TopicPartition], link: Link) -> None:
        """Start a task for every partition of *assigned*; nothing is fetched of it until its task is ready."""
        if self._stopping.is_set():
            return
        partitions, inputs = set(assigned), self._parts.processor.inputs
        if partitions:
            link.consumer.pause(*partitions)
        self._epoch += 1
        self.member = True
        self._parts.observer.rebalanced(len({tp.partition for tp in partitions}))
        if not self._as_before(link):
            self._topics.look_now()
            return
        for number in sorted({tp.partition for tp in partitions}):
            missing = [topic for topic in inputs if TopicPartition(topic, number) not in partitions]
            if missing:
                self._die(
                    EngineError(
                        f"The group gives partition {number} of {', '.join(missing)} to another member.",
                        "All members of the group must read the same topics with the range assignor.",
                    )
                )
                return
            self._keepers[number] = keeper = self._maker.keeper(number, link, self._owner(number, link, self._epoch))
            keeper.start()

    def _as_before(self, link: Link) -> bool:
        """Whether the inputs have the partitions that they had when this membership began, none of them being gone.

        Where they have not, no record must be decided: the watch finds out what has happened, and says so.
        """
        expected = set(range(self._topics.partitions or 0))
        return all(link.consumer.partitions_for_topic(topic) == expected for topic in self._parts.processor.inputs)

    async def give_back(self) -> None:
        """Stop all tasks: each commits its running batch, or is cut off when that takes too long."""
        self.member = False
        self._epoch += 1
        keepers, self._keepers = list(self._keepers.values()), {}
        if keepers:
            drain = 0.0 if self._aborting else self._parts.config.drain_timeout_ms / 1000
            await asyncio.gather(*(keeper.stop(drain) for keeper in keepers))
        await self._parts.crash.reached(CrashPoint.MID_REBALANCE, -1)

    async def abort(self) -> None:
        """End all tasks at once, whatever is under way."""
        self._aborting = True
        await asyncio.gather(*(keeper.abort() for keeper in self._keepers.values()))

    def wake(self) -> None:
        """Let tasks that wait for the next try begin it now; a fenced one waits for the group, not for the broker."""
        for keeper in self._keepers.values():
            if keeper.status.state == "waiting":
                keeper.wake()

    def release_brakes(self) -> None:
        """Let all braked tasks go on."""
        self._maker.release_brakes()
        for keeper in self._keepers.values():
            keeper.release_brake()

    def report(self) -> bool:
        """Bring lag and sizes up to date and stores to disk; whether the broker owes a running task an answer for too long."""
        now = time.monotonic()
        silent = False
        for number, keeper in self._keepers.items():
            attempt, status = keeper.attempt, keeper.status
            if attempt is None or status.state not in {"running", "braked"}:
                continue
            attempt.report()
            with contextlib.suppress(StoreError):  # the next batch meets it too, and can act on it
                attempt.checkpoint()
            overdue = now - attempt.heard_at > self._parts.config.silence_ms / 1000
            silent = silent or (status.state == "running" and overdue)
            if status.size is not None:
                self._parts.observer.store_size(number, status.size)
        return silent

    def _owner(self, number: int, link: Link, epoch: int) -> Callable[[], bool]:
        partitions = {TopicPartition(topic, number) for topic in self._parts.processor.inputs}

        def owned() -> bool:
            subscription = link.consumer._subscription  # noqa: SLF001
            return (
                self._epoch == epoch
                and not self._stopping.is_set()
                and not subscription.reassignment_in_progress
                and partitions <= subscription.assigned_partitions()
            )

        return owned
