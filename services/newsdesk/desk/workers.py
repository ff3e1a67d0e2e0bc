"""Several workers on one machine: a parent that starts them, passes signals on, and starts again what dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsdesk.ops.logs import fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)

REFUSED: Final = 78
"""A worker ends with this (EX_CONFIG) when somebody has to do something first: starting it again would change nothing."""
LIVED_SECONDS: Final = 60.0
"""A worker that ran for so long had started well: its next restart comes soon again."""
_LEAST_WAIT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Child:
    """A worker process: its number, command and whole environment.

    Its standard input is a pipe that nobody writes to: at its end the parent is gone, and the worker should stop.
    """

    index: int
    command: tuple[str, ...]
    environment: Mapping[str, str]


class Supervisor:
    """Keeps its children running until a signal: the first is passed on as SIGTERM, a second ends them at once."""

    def __init__(self, children: Sequence[Child], *, longest_wait: float) -> None:
        self._children = children
        self._longest_wait = longest_wait
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._failed = False

    async def run(self) -> int:
        """The exit code: 0 when every worker stopped in good order, 1 when one did not or refused to start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_stop_signal)
        loop.add_signal_handler(signal.SIGHUP, self._pass_on, signal.SIGHUP)
        try:
            async with asyncio.TaskGroup() as group:
                for child in self._children:
                    group.create_task(self._keep(child))
        finally:
            for process in self._running.values():
                process.kill()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.remove_signal_handler(number)
        return 1 if self._failed else 0

    async def _keep(self, child: Child) -> None:
        wait = _LEAST_WAIT
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run_once(child)
            if self._stopping.is_set():
                self._failed |= code not in (0, -signal.SIGTERM)  # it had not come to handle signals yet
                return
            if code == REFUSED:
                log.error("worker %d cannot go on by itself; the others are stopped", child.index)
                self._failed = True
                self._stop()
                return
            if time.monotonic() - began > LIVED_SECONDS:
                wait = _LEAST_WAIT
            log.error(
                "worker %d ended with exit code %d and starts again in %.1f s",
                *(child.index, code, wait),
                extra=fields(worker=child.index, code=code),
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
            wait = min(2 * wait, self._longest_wait)

    async def _run_once(self, child: Child) -> int:
        process = await asyncio.create_subprocess_exec(
            *child.command,
            env=dict(child.environment),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C comes to the parent alone, which passes it on once
        )
        self._running[child.index] = process
        log.info("worker %d runs", child.index, extra=fields(worker=child.index, pid=process.pid))
        try:
            if self._stopping.is_set():
                process.terminate()
            return await process.wait()
        finally:
            if process.returncode is not None:
                del self._running[child.index]

    def _on_stop_signal(self) -> None:
        if not self._stopping.is_set():
            self._stop()
            return
        log.error("a second signal: the workers are ended at once")
        self._failed = True
        self._pass_on(signal.SIGKILL)

    def _stop(self) -> None:
        self._stopping.set()
        self._pass_on(signal.SIGTERM)

    def _pass_on(self, number: signal.Signals) -> None:
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
