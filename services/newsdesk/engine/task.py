"""The life of one attempt at a task: shut out the predecessor, restore, answer records, commit, close."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsdesk.engine.answered import Answered
from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.deciding import Decider
from newsdesk.engine.errors import PositionUnknownError, StoreDamagedError, StoreError
from newsdesk.engine.inflight import InFlight
from newsdesk.engine.loop import Loop
from newsdesk.engine.overlay import Overlay
from newsdesk.engine.punctuating import Punctuator
from newsdesk.engine.restore import restore
from newsdesk.engine.store import Position

if TYPE_CHECKING:
    from newsdesk.engine.batch import Batch
    from newsdesk.engine.blank import Blanks
    from newsdesk.engine.brake import Brake
    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.crash_points import Crash
    from newsdesk.engine.observer import Observer, TaskState
    from newsdesk.engine.pacing import Turns
    from newsdesk.engine.port import Committed, TaskLog
    from newsdesk.engine.processor import Processor
    from newsdesk.engine.status import TaskStatus
    from newsdesk.engine.store import Changes, Store, Stores


def _now_ms() -> int:
    return int(time.time() * 1000)


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
    blanks: Blanks
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
        self._in_flight = InFlight()
        self._answered = Answered(tools.processor)
        self._store: Store | None = None
        self._view: Overlay | None = None
        self._position: Position | None = None
        self._loop: Loop | None = None
        self._looping = False
        self._stop = asyncio.Event()
        self._checkpoint_at = time.monotonic()

    # ---- from outside

    def stop(self) -> bool:
        """Ask for the end after the running batch; False where nothing has begun that would be worth waiting for."""
        self._stop.set()
        return self._looping

    def release_brake(self) -> None:
        """Go on after the brake."""
        self._tools.brake.release()
        if self._loop is not None:
            self._loop.released()

    @property
    def heard_at(self) -> float:
        """The time.monotonic() since when the broker owes an answer; now, if it owes none."""
        return self._log.answered() if self._loop is None else self._loop.heard_at

    def report(self) -> None:
        """Bring lag and size in the status up to date, and tell the observer of the lag."""
        status = self._status
        lags = self._log.lags()
        behind_all, seconds_all = 0, 0.0
        for topic, behind, seconds in self._in_flight.lateness(lags):
            self._tools.observer.lag(self.number, topic, behind, seconds)
            behind_all += behind
            seconds_all = max(seconds_all, seconds)
        if lags:
            status.lag_records, status.lag_seconds = behind_all, seconds_all
        if self._store is not None:
            status.size = self._store.size()

    def checkpoint(self) -> None:
        """Once in a while: stamp the store as up to date when the broker was last heard, and make it durable.

        An idle task's store would seem to age otherwise, and a busy one's lose ever more by a crash.
        """
        now = time.monotonic()
        if self._store is None or self._position is None or not self._looping:
            return
        if now - self._checkpoint_at < self._tools.config.checkpoint_ms / 1000:
            return
        self._checkpoint_at = now
        self._position = self._stamped(self._position)
        self._store.apply({}, self._position)
        self._store.flush()

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
        self._in_flight.begin(offsets)
        self._status.alive()
        self._state("restoring")
        store, position = await self._open_store()
        offsets = await log.past_answered(offsets, self._answered.marks())
        # Not before: an attempt after this one gathers the marks again from what the store does not have.
        store.apply({}, position)
        self._in_flight.begin(offsets)
        log.check_owned()
        await log.seek(offsets)
        self._state("running")

    async def _open_store(self) -> tuple[Store, Position]:
        """The store with the changelog folded into it, and the position that this comes to."""
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
            blanks=tools.blanks,
            observer=tools.observer,
            crash=tools.crash,
            delete_retention_ms=tools.config.changelog_delete_retention_ms,
            progressed=self._status.alive,
            noted=self._answered.note,
        )
        self._view = Overlay(self._store)
        return self._store, self._position

    async def _answer_records(self) -> None:
        tools, view = self._tools, self._view
        assert view is not None  # noqa: S101
        self._loop = Loop(
            self.number,
            tools,
            view=view,
            decider=Decider(self.number, tools.processor, view, tools.brake),
            punctuator=Punctuator(self.number, tools.processor, view, config=tools.config, observer=tools.observer),
            in_flight=self._in_flight,
            commit=self._commit,
            tell_state=self._state,
        )
        await self._loop.run(self._stop)

    async def _close(self, *, clean: bool) -> None:
        """Close log and store; a clean end stamps the store, so that its age counts from when the broker was last heard."""
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
                        store.apply({}, self._stamped(position))
                store.close()

    def _stamped(self, position: Position) -> Position:
        """*position* as of the broker's last answer: what others have written since is not known here."""
        heard_ms = int(_now_ms() - (time.monotonic() - self._log.answered()) * 1000)
        return replace(position, written_ms=max(position.written_ms, heard_ms))

    def _state(self, state: TaskState) -> None:
        if self._status.state != state:
            self._status.state = state
            self._tools.observer.task_state(self.number, state)

    # ---- committing

    async def _commit(self, batch: Batch, changes: Changes) -> None:
        """Commit, then flush the store. A batch that failed to commit never reaches the store."""
        tools, status = self._tools, self._status
        async with asyncio.timeout(tools.config.commit_timeout_ms / 1000):
            committed = await self._log.commit(batch.output, batch.offsets)
        await tools.crash.reached(CrashPoint.AFTER_COMMIT, self.number)
        began = time.perf_counter()
        self._flush(changes, committed)
        flushed = time.perf_counter() - began
        await tools.crash.reached(CrashPoint.AFTER_FLUSH, self.number)
        status.alive()
        self._in_flight.committed(batch)
        if batch.last_timestamp is not None:
            status.last_timestamp = batch.last_timestamp
        status.error = ""
        tools.observer.batch_committed(batch.report(self.number, committed, flushed))

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
