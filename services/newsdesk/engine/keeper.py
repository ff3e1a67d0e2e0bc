"""Keeps one task going: after a failure it waits and tries again for as long as the task is its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from newsdesk.engine.broker_errors import remedy_for
from newsdesk.engine.errors import DefectError, EngineError, FencedError, NotOwnedError, StoreDamagedError, told
from newsdesk.engine.pacing import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.observer import Observer, TaskState
    from newsdesk.engine.status import TaskStatus
    from newsdesk.engine.store import Stores
    from newsdesk.engine.task import Task

_TICK = 0.5


class Keeper:
    """Runs attempt after attempt at one task; *fatal* is called with the error that no waiting can cure."""

    def __init__(
        self,
        *,
        number: int,
        new_attempt: Callable[[], Task],
        owned: Callable[[], bool],
        fatal: Callable[[EngineError], None],
        stores: Stores,
        config: EngineConfig,
        observer: Observer,
        status: TaskStatus,
    ) -> None:
        self.number = number
        self.status = status
        self._new_attempt = new_attempt
        self._owned = owned
        self._fatal = fatal
        self._stores = stores
        self._config = config
        self._observer = observer
        self._backoff = Backoff(config.backoff_min_ms / 1000, config.backoff_max_ms / 1000)
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()
        self._attempt: Task | None = None
        self._runner: asyncio.Task[None] | None = None

    @property
    def attempt(self) -> Task | None:
        """The attempt that is under way, if any."""
        return self._attempt

    def start(self) -> None:
        """Begin, in the background."""
        self._runner = asyncio.create_task(self._run(), name=f"task {self.number}")

    async def stop(self, drain_seconds: float) -> None:
        """End after the running batch, or by force where that takes longer than *drain_seconds*."""
        self._stopping.set()
        self._woken.set()
        runner = self._runner
        if runner is None:
            return
        worth_waiting = self._attempt is not None and self._attempt.stop()
        if worth_waiting:
            await asyncio.wait({runner}, timeout=drain_seconds)
        await self.abort()

    async def abort(self) -> None:
        """End at once, whatever is under way."""
        self._stopping.set()
        self._woken.set()
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(runner, return_exceptions=True)

    def wake(self) -> None:
        """End a wait for the next attempt: what it waited for has come."""
        self._backoff.reset()
        self._woken.set()

    def release_brake(self) -> None:
        """Let a braked task go on."""
        if self._attempt is not None:
            self._attempt.release_brake()

    async def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                wait = await self._try_once()
                if wait is None:
                    return
                await self._pause(wait)
                if not self._owned():
                    return
        except EngineError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 a partition must not be left unread without a word
            defect = DefectError(
                f"Task {self.number} ended on {error!r}.", "This is a defect of the engine: report it."
            )
            defect.__cause__ = error
            self._fail(defect)
        finally:
            if self.status.state != "failed":
                self._state("stopped")

    async def _try_once(self) -> float | None:
        """One attempt. The seconds to wait before the next, or None where there shall be none."""
        self._attempt = attempt = self._new_attempt()
        before = self.status.last_timestamp
        try:
            await attempt.run()
        except NotOwnedError:
            return None
        except FencedError:
            self._observer.fenced(self.number)
            self.status.error = "another owner of the task started"
            self._state("fenced")
            return max(self._config.settle_ms / 1000, self._backoff.next())
        except Exception as error:
            fatal = remedy_for(error)
            if fatal is not None:
                raise fatal from error
            if self.status.last_timestamp != before:
                self._backoff.reset()
            if isinstance(error, StoreDamagedError):
                self._observer.store_discarded(self.number, str(error))
                self._stores.discard(self.number)
            wait = self._backoff.next()
            self.status.error = told(error)
            self._observer.task_failed(self.number, error, wait)
            self._state("waiting")
            return wait
        finally:
            self._attempt = None
        return None

    async def _pause(self, seconds: float) -> None:
        """Wait, showing signs of life; being woken, a stop or the loss of the task ends it early."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0 and self._owned():
            self.status.alive()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, _TICK)):
                    await self._woken.wait()
                return

    def _fail(self, error: EngineError) -> None:
        self.status.error = str(error)
        self._state("failed")
        self._fatal(error)

    def _state(self, state: TaskState) -> None:
        if self.status.state != state:
            self.status.state = state
            self._observer.task_state(self.number, state)
