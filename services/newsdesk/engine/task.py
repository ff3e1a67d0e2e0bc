"""The loop of one task: read, decide, commit, flush; one batch is decided while the one before is committed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.errors import EngineError, PositionUnknownError, StoreDamagedError, StoreError
from newsdesk.engine.observer import BatchReport
from newsdesk.engine.overlay import Overlay
from newsdesk.engine.restore import restore
from newsdesk.engine.store import Position

if TYPE_CHECKING:
    from newsdesk.engine.brake import Brake
    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.crash_points import Crash
    from newsdesk.engine.observer import Observer, Stage, TaskState
    from newsdesk.engine.pacing import Turns
    from newsdesk.engine.port import Committed, Output, TaskLog
    from newsdesk.engine.processor import Processor
    from newsdesk.engine.records import Outcome, Record
    from newsdesk.engine.status import TaskStatus
    from newsdesk.engine.store import Changes, Store, Stores

_IDLE_SECONDS = 0.5


def _now_ms() -> int:
    return int(time.time() * 1000)


@dataclass(slots=True)
class Batch:
    """Records decided and not yet committed. *since* is the timestamp of the first of each topic, in milliseconds."""

    output: Output
    offsets: dict[str, int] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    counts: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    records: int = 0
    bytes_read: int = 0
    decide_seconds: float = 0.0
    last_timestamp: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a task works with; the worker's own, but for the log."""

    log: TaskLog
    processor: Processor
    stores: Stores
    config: EngineConfig
    observer: Observer
    crash: Crash
    turns: Turns
    brake: Brake
    status: TaskStatus


class Task:
    """One attempt at one task, from shutting out the predecessor to the last commit; then it is done with.

    Whatever goes wrong ends the attempt, with nothing half done that the next attempt does not clear up.
    """

    def __init__(self, number: int, tools: Tools) -> None:
        self.number = number
        self._tools = tools
        self._log = tools.log
        self._status = tools.status
        self._store: Store | None = None
        self._view: Overlay | None = None
        self._position: Position | None = None
        self._pending: deque[Record] = deque()
        self._open: deque[Batch] = deque()
        self._fetched: dict[str, int] = {}
        self._committed: dict[str, int] = {}
        self._stop = asyncio.Event()
        self._released = asyncio.Event()
        self._looping = False
        self._fetch_task: asyncio.Task[None] | None = None
        self._commit_task: asyncio.Task[None] | None = None
        self._stopped: asyncio.Task[bool] | None = None
        self._commit_began = 0.0
        self._checkpoint_at = time.monotonic()
        self._due = 0.0
        self._interval = tools.config.commit_interval_ms / 1000
        self._changelog = tools.processor.changelog

    # ---- from outside

    def stop(self) -> bool:
        """Ask for the end after the running batch; False where nothing has begun that would be worth waiting for."""
        self._stop.set()
        return self._looping

    def release_brake(self) -> None:
        """Go on after the brake."""
        self._tools.brake.release()
        self._released.set()

    @property
    def heard_at(self) -> float:
        """The time.monotonic() since when the broker owes an answer: to a commit, else to a fetch; now, if to neither."""
        if self._commit_task is not None and not self._commit_task.done():
            return self._commit_began
        return time.monotonic() if self._pending else self._log.answered()

    def report(self) -> None:
        """Bring lag and size in the status up to date, and tell the observer of the lag."""
        status, observer = self._status, self._tools.observer
        lags = self._log.lags()
        behind_all, seconds_all = 0, 0.0
        for topic, lag in lags.items():
            open_from = self._committed.get(topic, 0) if self._outstanding(topic) else lag.next_offset
            behind = max(0, lag.end - open_from)
            since = self._since_ms(topic) if behind else None
            seconds = max(0.0, time.time() - since / 1000) if since is not None else 0.0
            observer.lag(self.number, topic, behind, seconds)
            behind_all += behind
            seconds_all = max(seconds_all, seconds)
        if lags:
            status.lag_records, status.lag_seconds = behind_all, seconds_all
        if self._store is not None:
            status.size = self._store.size()

    def checkpoint(self) -> None:
        """Once in a while: stamp the store as up to date now, and make it durable.

        An idle task's store would seem to age otherwise, and a busy one's lose ever more by a crash.
        """
        now = time.monotonic()
        if self._store is None or self._position is None or not self._looping:
            return
        if now - self._checkpoint_at < self._tools.config.checkpoint_ms / 1000:
            return
        self._checkpoint_at = now
        self._position = replace(self._position, written_ms=_now_ms())
        self._store.apply({}, self._position)
        self._store.flush()

    def _outstanding(self, topic: str) -> bool:
        """Whether a record of *topic* was fetched and is not committed."""
        return self._fetched.get(topic, 0) > self._committed.get(topic, 0)

    def _since_ms(self, topic: str) -> int | None:
        """The timestamp of the oldest record of *topic* that was fetched and is not committed; None: none was."""
        for batch in self._open:
            if topic in batch.since:
                return batch.since[topic]
        return next((record.timestamp for record in self._pending if record.topic == topic), None)

    # ---- one attempt

    async def run(self) -> None:
        """Start, then answer records until asked to stop; raises what ended it otherwise."""
        clean = False
        try:
            await self._start()
            self._looping = True
            await self._answer_records()
            clean = True
        finally:
            self._looping = False
            await self._close(clean=clean)

    async def _start(self) -> None:
        """The order matters: what is read after the predecessor is shut out cannot change any more."""
        log, crash = self._log, self._tools.crash
        self._state("starting")
        await crash.reached(CrashPoint.BEFORE_FENCE, self.number)
        await log.start()
        await crash.reached(CrashPoint.AFTER_FENCE, self.number)
        log.check_owned()
        offsets = await log.committed()
        self._committed.update(offsets)
        self._fetched.update(offsets)
        self._status.alive()
        self._state("restoring")
        await self._open_store()
        log.check_owned()
        await log.seek(offsets)
        self._state("running")

    async def _open_store(self) -> None:
        tools = self._tools
        self._store, damage = tools.stores.open(self.number)
        if damage is not None:
            tools.observer.store_discarded(self.number, damage)
        self._position = await restore(
            task=self.number,
            log=self._log,
            store=self._store,
            processor=tools.processor,
            turns=tools.turns,
            observer=tools.observer,
            crash=tools.crash,
            delete_retention_ms=tools.config.changelog_delete_retention_ms,
            progressed=self._status.alive,
        )
        self._view = Overlay(self._store)

    async def _close(self, *, clean: bool) -> None:
        """Close log and store; a clean end stamps the store, so that its age counts from now."""
        try:
            if clean:
                await self._log.stop()
            else:
                await self._log.discard()
        finally:
            store, position = self._store, self._position
            if store is not None:
                if clean and position is not None:
                    with contextlib.suppress(StoreError):
                        store.apply({}, replace(position, written_ms=_now_ms()))
                store.close()

    def _state(self, state: TaskState) -> None:
        if self._status.state != state:
            self._status.state = state
            self._tools.observer.task_state(self.number, state)

    # ---- the loop

    async def _answer_records(self) -> None:
        """Fetch, decide and commit. At most one batch is under commit while the next is decided."""
        batch = self._new_batch()
        self._stopped = asyncio.create_task(self._stop.wait())
        try:
            while True:
                if self._commit_task is not None and self._commit_task.done():
                    self._commit_task.result()
                    self._commit_task = None
                    self._open.popleft()
                closing = self._stop.is_set() or self._tools.brake.on
                if self._may_commit(batch, closing=closing):
                    self._commit_began = time.monotonic()
                    self._due = self._commit_began + self._interval
                    self._commit_task = asyncio.create_task(self._commit(batch, self._close_batch()))
                    batch = self._new_batch()
                elif closing and self._commit_task is None:
                    if self._stop.is_set():
                        return
                    await self._wait_for_release(self._stopped)
                elif closing or self._is_full(batch):
                    await asyncio.wait({self._commit_task} if self._commit_task is not None else {self._stopped})
                elif self._pending:
                    await self._decide(batch)
                    await self._tools.crash.reached(CrashPoint.AFTER_PROCESS, self.number)
                else:
                    await self._wait_for_news(batch, self._stopped)
        finally:
            left = [task for task in (self._fetch_task, self._commit_task, self._stopped) if task is not None]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _may_commit(self, batch: Batch, *, closing: bool) -> bool:
        """Whether *batch* holds something, the commit before is through, and it is time."""
        if not batch.records or self._commit_task is not None:
            return False
        return closing or time.monotonic() >= self._due or self._is_full(batch)

    async def _wait_for_news(self, batch: Batch, stopped: asyncio.Task[bool]) -> None:
        """Until records come, the commit is through, the batch is due, or a stop is asked for."""
        if self._fetch_task is None:
            self._fetch_task = asyncio.create_task(self._fetch())
        fetch, commit = self._fetch_task, self._commit_task
        waiting: set[asyncio.Task[None] | asyncio.Task[bool]] = {fetch, stopped}
        timeout = None
        if commit is not None:
            waiting.add(commit)
        elif batch.records:
            timeout = max(0.0, self._due - time.monotonic())
        await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if fetch.done():
            self._fetch_task = None
            fetch.result()
            self._status.alive()

    async def _fetch(self) -> None:
        records = await self._log.fetch(_IDLE_SECONDS)
        if records:
            self._pending.extend(records)
            for record in records:
                self._fetched[record.topic] = record.offset + 1
            await self._tools.crash.reached(CrashPoint.AFTER_READ, self.number)

    async def _wait_for_release(self, stopping: asyncio.Task[bool]) -> None:
        """Braked: neither read nor decide until released or stopped; what was fetched stays."""
        tools = self._tools
        self._state("braked")
        tools.observer.brake(self.number, True)
        self._released.clear()
        released = asyncio.create_task(self._released.wait())
        try:
            while tools.brake.on and not self._stop.is_set():
                await asyncio.wait({released, stopping}, timeout=_IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                self._status.alive()
                self._log.check_owned()
        finally:
            released.cancel()
        if not tools.brake.on:
            tools.observer.brake(self.number, False)
            self._state("running")

    def _new_batch(self) -> Batch:
        batch = Batch(self._log.output())
        self._open.append(batch)
        return batch

    def _close_batch(self) -> Changes:
        assert self._view is not None  # noqa: S101
        return self._view.close_batch()

    def _is_full(self, batch: Batch) -> bool:
        config = self._tools.config
        return batch.records >= config.batch_records or batch.bytes_read + batch.output.size >= config.batch_bytes

    # ---- deciding

    async def _decide(self, batch: Batch) -> None:
        """Decide what is pending, for a slice at most, until the batch is full, the brake is on or a large record comes."""
        turns, brake, pending = self._tools.turns, self._tools.brake, self._pending
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
                self._answer(pending.popleft(), batch)
                if brake.on or clock() >= until or self._is_full(batch):
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
        answering = asyncio.get_running_loop().run_in_executor(None, self._answer, record, batch)
        try:
            await asyncio.shield(answering)
        except asyncio.CancelledError:
            await asyncio.wait({answering})
            raise

    def _answer(self, record: Record, batch: Batch) -> None:
        """Exactly one outcome for *record* goes into *batch*, whatever the processor does."""
        processor, view = self._tools.processor, self._view
        assert view is not None  # noqa: S101
        try:
            outcome = processor.process(record, view)
            view.drop_record()
            misfit = batch.output.misfit(outcome.writes)
            if misfit is not None:
                outcome = processor.too_large(record, outcome, misfit.topic, misfit.size)
            self._fold(outcome, view)
            view.check()
        except Exception as error:  # noqa: BLE001 whatever it is, the record gets its answer
            view.drop_record()
            if view.failure is not None:
                raise view.failure from None
            misfit = None
            outcome = self._crashed(record, error, view)
            checked = False
        else:
            checked = misfit is None
        if not checked and (misfit := batch.output.misfit(outcome.writes)) is not None:
            raise EngineError(
                f"The dead letter of {record.topic}/{record.partition}/{record.offset} "
                f"takes {misfit.size} bytes and does not fit {misfit.topic}.",
                f"Raise max.message.bytes of {misfit.topic} above that of {record.topic}.",
            )
        add = batch.output.add
        for write in outcome.writes:
            add(write)
        view.keep_record()
        batch.offsets[record.topic] = record.offset + 1
        batch.since.setdefault(record.topic, record.timestamp)
        batch.counts[outcome.label, outcome.tags] += 1
        batch.records += 1
        batch.bytes_read += len(record.value) if record.value is not None else 0
        batch.last_timestamp = record.timestamp
        self._tools.brake.note(defect=outcome.defect)

    def _fold(self, outcome: Outcome, view: Overlay) -> None:
        processor, changelog = self._tools.processor, self._changelog
        for write in outcome.writes:
            if write.topic != changelog:
                continue
            if write.partition != self.number or write.key is None:
                raise ValueError(f"a change must go to {changelog}/{self.number} under a key")
            change = write.change
            if change is None and write.value is not None:
                change = processor.read_change(write.value)
            processor.fold(view, write.key, change)

    def _crashed(self, record: Record, error: Exception, view: Overlay) -> Outcome:
        """The processor's own word on its defect; a processor that cannot even say that ends the worker."""
        try:
            outcome = self._tools.processor.crashed(record, error)
            outcome.defect = True
            self._fold(outcome, view)
        except Exception as second:
            raise EngineError(
                f"The processor failed on {record.topic}/{record.partition}/{record.offset} ({error!r}) "
                f"and again on saying so ({second!r}).",
                "This is a defect of the processor: report it with both errors.",
            ) from second
        return outcome

    # ---- committing

    async def _commit(self, batch: Batch, changes: Changes) -> None:
        """Commit, then flush the store. A batch that failed to commit never reaches the store."""
        tools = self._tools
        async with asyncio.timeout(tools.config.commit_timeout_ms / 1000):
            committed = await self._log.commit(batch.output, batch.offsets)
        await tools.crash.reached(CrashPoint.AFTER_COMMIT, self.number)
        began = time.perf_counter()
        self._flush(changes, committed)
        flushed = time.perf_counter() - began
        await tools.crash.reached(CrashPoint.AFTER_FLUSH, self.number)
        self._status.alive()
        self._committed.update(batch.offsets)
        self._status.last_timestamp = batch.last_timestamp
        self._status.error = ""
        seconds: dict[Stage, float] = {"decide": batch.decide_seconds, **committed.seconds, "flush": flushed}
        tools.observer.batch_committed(
            BatchReport(self.number, batch.records, batch.counts, seconds, batch.bytes_read, batch.output.size)
        )

    def _flush(self, changes: Changes, committed: Committed) -> None:
        store, position, view = self._store, self._position, self._view
        assert store is not None  # noqa: S101
        assert position is not None  # noqa: S101
        assert view is not None  # noqa: S101
        if committed.position is None:
            if changes:
                raise PositionUnknownError
            return
        if committed.position < position.offset:
            raise StoreDamagedError(f"the changelog went back from {position.offset} to {committed.position}")
        self._position = Position(committed.position, position.topic_id, _now_ms())
        store.apply(changes, self._position)
        view.batch_stored()
