"""The loop of one task: read, decide, commit, now and then punctuate; one batch is decided while the one before is committed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from newsdesk.engine.batch import Batch
from newsdesk.engine.crash_points import CrashPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from newsdesk.engine.deciding import Decider
    from newsdesk.engine.inflight import InFlight
    from newsdesk.engine.observer import TaskState
    from newsdesk.engine.overlay import Overlay
    from newsdesk.engine.punctuating import Punctuator
    from newsdesk.engine.records import Record
    from newsdesk.engine.store import Changes
    from newsdesk.engine.task import Tools

_IDLE_SECONDS = 0.5


class Loop:
    """Answers records until asked to stop, or raises what ended it. *commit* brings a batch to broker and store."""

    def __init__(
        self,
        number: int,
        tools: Tools,
        *,
        view: Overlay,
        decider: Decider,
        punctuator: Punctuator,
        in_flight: InFlight,
        commit: Callable[[Batch, Changes], Coroutine[None, None, None]],
        tell_state: Callable[[TaskState], None],
    ) -> None:
        self._number = number
        self._tools = tools
        self._log = tools.log
        self._view = view
        self._decider = decider
        self._punctuator = punctuator
        self._in_flight = in_flight
        self._pending = in_flight.pending
        self._commit = commit
        self._tell_state = tell_state
        self._released = asyncio.Event()
        self._fetch_task: asyncio.Task[None] | None = None
        self._commit_task: asyncio.Task[None] | None = None
        self._commit_began = 0.0
        self._due = 0.0
        self._interval = tools.config.commit_interval_ms / 1000

    @property
    def heard_at(self) -> float:
        """The time.monotonic() since when the broker owes an answer: to a commit, else to a fetch; now, if to neither."""
        if self._commit_task is not None and not self._commit_task.done():
            return self._commit_began
        return time.monotonic() if self._pending else self._log.answered()

    def released(self) -> None:
        """The brake was released: look again."""
        self._released.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch, decide and commit until *stop*. At most one batch is under commit while the next is decided."""
        batch = self._new_batch()
        stopped = asyncio.create_task(stop.wait())
        try:
            while True:
                if self._commit_task is not None and self._commit_task.done():
                    self._commit_task.result()
                    self._commit_task = None
                    self._in_flight.open.popleft()
                closing = stop.is_set() or self._tools.brake.on
                if self._may_commit(batch, closing=closing):
                    self._commit_began = time.monotonic()
                    self._due = self._commit_began + self._interval
                    self._commit_task = asyncio.create_task(self._commit(batch, self._view.close_batch()))
                    batch = self._new_batch()
                elif closing and self._commit_task is None:
                    if stop.is_set():
                        return
                    await self._wait_for_release(stop, stopped)
                elif closing or batch.is_full(self._tools.config):
                    await asyncio.wait({self._commit_task} if self._commit_task is not None else {stopped})
                elif self._punctuator.is_due(busy=bool(self._pending)):
                    await self._punctuate(batch)
                elif self._pending:
                    await self._decide(batch)
                    await self._tools.crash.reached(CrashPoint.AFTER_PROCESS, self._number)
                else:
                    await self._wait_for_news(batch, stopped)
        finally:
            left = [task for task in (self._fetch_task, self._commit_task, stopped) if task is not None]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _new_batch(self) -> Batch:
        batch = Batch(self._log.output())
        self._in_flight.open.append(batch)
        return batch

    def _may_commit(self, batch: Batch, *, closing: bool) -> bool:
        """Whether *batch* holds something, the commit before is through, and it is time."""
        if batch.is_empty or self._commit_task is not None:
            return False
        return closing or time.monotonic() >= self._due or batch.is_full(self._tools.config)

    # ---- waiting

    async def _wait_for_news(self, batch: Batch, stopped: asyncio.Task[bool]) -> None:
        """Until records come, the commit is through, the batch or a punctuation is due, or a stop is asked for."""
        if self._fetch_task is None:
            self._fetch_task = asyncio.create_task(self._fetch())
        fetch, commit = self._fetch_task, self._commit_task
        waiting: set[asyncio.Task[None] | asyncio.Task[bool]] = {fetch, stopped}
        timeout = self._punctuator.seconds_left()
        if commit is not None:
            waiting.add(commit)
        elif not batch.is_empty:
            due = max(0.0, self._due - time.monotonic())
            timeout = due if timeout is None else min(due, timeout)
        await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if fetch.done():
            self._fetch_task = None
            fetch.result()
            self._tools.status.alive()

    async def _fetch(self) -> None:
        records = await self._log.fetch(_IDLE_SECONDS)
        if records:
            self._in_flight.fetched(records)
            await self._tools.crash.reached(CrashPoint.AFTER_READ, self._number)

    async def _wait_for_release(self, stop: asyncio.Event, stopped: asyncio.Task[bool]) -> None:
        """Braked: neither read nor decide until released or stopped; what was fetched stays."""
        tools = self._tools
        self._tell_state("braked")
        tools.observer.brake(self._number, True)
        self._released.clear()
        released = asyncio.create_task(self._released.wait())
        try:
            while tools.brake.on and not stop.is_set():
                await asyncio.wait({released, stopped}, timeout=_IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                tools.status.alive()
                self._log.check_owned()
        finally:
            released.cancel()
        if not tools.brake.on:
            tools.observer.brake(self._number, False)
            self._tell_state("running")

    # ---- deciding

    async def _punctuate(self, batch: Batch) -> None:
        """One slice of punctuation, in a turn of its own, by nobody but the owner."""
        self._log.check_owned()
        turns = self._tools.turns
        until = await turns.take()
        try:
            wrote = self._punctuator.punctuate(batch, until)
        finally:
            await turns.give()
        if wrote:
            await self._tools.crash.reached(CrashPoint.AFTER_PROCESS, self._number)

    async def _decide(self, batch: Batch) -> None:
        """Decide what is pending, for a slice at most, until the batch is full, the brake is on or a large record comes."""
        turns, brake, pending, answer = self._tools.turns, self._tools.brake, self._pending, self._decider.answer
        config = self._tools.config
        clock = time.perf_counter
        began = clock()
        if self._is_large(pending[0]):
            await self._answer_aside(pending.popleft(), batch)
            batch.decide_seconds += clock() - began
            return
        until = await turns.take()
        began = clock()
        try:
            while pending and not self._is_large(pending[0]):
                answer(pending.popleft(), batch)
                if brake.on or clock() >= until or batch.is_full(config):
                    break
        finally:
            batch.decide_seconds += clock() - began
            await turns.give()

    def _is_large(self, record: Record) -> bool:
        return record.value is not None and len(record.value) > self._tools.config.large_record_bytes

    async def _answer_aside(self, record: Record, batch: Batch) -> None:
        """Answer a large record in a thread, beside the other tasks: it may take longer than a slice.

        It is waited for even when this is cancelled, so that the thread never works on a store that is closed.
        """
        answering = asyncio.get_running_loop().run_in_executor(None, self._decider.answer, record, batch)
        try:
            await asyncio.shield(answering)
        except asyncio.CancelledError:
            await asyncio.wait({answering})
            raise
