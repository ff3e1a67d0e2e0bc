"""The harness's side of one worker process: orders, signals, and what the process told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos.strike import order_wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.strike import Order

Told = dict[str, Any]
_TESTS = Path(__file__).parents[1]


class Member:
    """A process that waits for `go`, works, and ends. *expected* says that the harness is the cause of its end."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = "spare"
        self.slot = -1
        self.folder = Path()
        self.told: list[Told] = []
        self.tasks: dict[int, str] = {}
        self.expected = False
        self.frozen = False
        self.engaged = False
        self._process = process
        self._log = log
        self._news = asyncio.Condition()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def spawn(cls, log: Path, *, mounts: bool = False) -> Member:
        """A process that imports what it needs; what it says besides its lines goes to *log*.

        *mounts*: it may mount a disk that nobody else sees, where the system lets a user do that; else it ends at once.
        """
        with log.open("wb") as stream:
            process = await asyncio.create_subprocess_exec(
                *(("unshare", "--map-root-user", "--mount") if mounts else ()),
                sys.executable,
                "-m",
                "chaos.worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stream,
                cwd=_TESTS,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, (str(_TESTS), os.environ.get("PYTHONPATH")))),
                },
                start_new_session=True,
            )
        return cls(process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    @property
    def running(self) -> dict[int, str]:
        """The tasks that answer events just now."""
        return {task: state for task, state in self.tasks.items() if state == "running"}

    def go(self, *, name: str, slot: int, folder: Path, order: Order | None, **settings: object) -> None:
        """Start to work in *folder*, armed with *order*."""
        self.name, self.slot, self.folder = name, slot, folder
        self._send({"name": name, "folder": str(folder), "order": order_wire(order), **settings})

    def arm(self, order: Order | None) -> None:
        self._send({"do": "arm", "order": order_wire(order)})

    def limit_files(self, limit: int | None) -> None:
        """No file may grow beyond *limit* bytes: RocksDB meets what it meets on a full disk, an error on writing."""
        self._send({"do": "disk", "limit": limit})

    def fill_disk(self) -> None:
        """Leave no byte free on a disk of its own."""
        self._send({"do": "fill"})

    def empty_disk(self) -> None:
        """Free what was filled."""
        self._send({"do": "empty"})

    def kill(self) -> None:
        self.expected = True
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.expected = True
        self._signal(signal.SIGTERM)

    def freeze(self) -> None:
        self.frozen = True
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.frozen = False
        self._signal(signal.SIGCONT)

    async def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Whether *condition* came true within *seconds*, looked at whenever something is told or the process ends."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(condition)
        except TimeoutError:
            return False
        return True

    async def ended(self, seconds: float) -> int | None:
        """The exit code; None where it still runs after *seconds*."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._process.wait()
                await self._listening
        return self.code

    def since(self, mark: int, what: str) -> list[Told]:
        """What was told of the kind *what* after the first *mark* lines."""
        return [told for told in self.told[mark:] if told["what"] == what]

    async def close(self) -> None:
        """End it, whatever it does."""
        self.kill()
        await self._process.wait()
        await asyncio.gather(self._listening, return_exceptions=True)
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._log.stat().st_size == 0:
            self._log.unlink()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def _send(self, order: dict[str, object]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it may have died meanwhile
            self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(asyncio.CancelledError):
            async for line in self._process.stdout:
                with contextlib.suppress(ValueError):  # the last line of a killed process may be cut
                    await self._hear(json.loads(line))
        await self._process.wait()
        async with self._news:
            self._news.notify_all()

    async def _hear(self, told: Told) -> None:
        self.told.append(told)
        if told["what"] == "state":
            if told["state"] == "stopped":
                self.tasks.pop(told["task"], None)
            else:
                self.tasks[told["task"]] = told["state"]
        async with self._news:
            self._news.notify_all()
