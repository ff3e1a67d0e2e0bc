"""A worker in a process of its own that obeys the harness: orders come as lines of JSON, and so does what it tells.

It imports all it needs, says `waiting`, and starts with its first order, `go`: a spare one takes over at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from chaos.settings import desk, engine_config, from_wire
from chaos.strike import Striker, order_from
from newsdesk.bootstrap import rulebook
from newsdesk.desk.judge import Judge
from newsdesk.engine.errors import EngineError
from newsdesk.engine.observer import NullObserver
from newsdesk.engine.worker import Worker

_FIRST_EVENT = (
    b'{"title": "Caf\xc3\xa9", "webUrl": "https://news.example/1", "publishedDateTime": "2020-01-01T00:00:00Z"}'
)
_FILLER = "filler"


def tell(what: str, **more: object) -> None:
    """One line to the harness, out before anything else happens; a harness that is gone ends this process."""
    line = json.dumps({"what": what, "time": time.time(), **more}).encode() + b"\n"
    try:
        os.write(1, line)
    except OSError:
        os._exit(3)


class Telling(NullObserver):
    """Tells the harness what matters to a fault."""

    def task_state(self, task: int, state: str) -> None:
        """Every change."""
        tell("state", task=task, state=state)

    def task_failed(self, task: int, error: BaseException, retry_seconds: float) -> None:
        """With the error's own words."""
        tell("failed", task=task, error=f"{type(error).__name__}: {error}"[:400], retry=retry_seconds)

    def fenced(self, task: int) -> None:
        """By whom is not known."""
        tell("fenced", task=task)

    def store_discarded(self, task: int, reason: str) -> None:
        """With the reason."""
        tell("discarded", task=task, reason=reason[:400])

    def data_lost(self, task: int, topic: str, wanted: int, start: int) -> None:
        """It must never be told: nothing is deleted in a run."""
        tell("lost", task=task, topic=topic, wanted=wanted, start=start)

    def guarantee(self, kind: str, reason: str) -> None:
        """What the broker can do."""
        tell("guarantee", kind=kind, reason=reason)

    def brake(self, task: int, on: bool) -> None:  # noqa: FBT001
        """It must never be told: no event of a run is a defect."""
        tell("brake", task=task, on=on)


def _mount(folder: Path, size: int) -> None:
    """A disk of *size* bytes at *folder*, which goes with this process."""
    folder.mkdir(parents=True, exist_ok=True)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", ctypes.c_ulong(0), b"size=%d" % size):
        raise OSError(ctypes.get_errno(), "a small disk cannot be mounted")


def _fill(folder: Path) -> None:
    """Leave no byte free there."""
    with (folder / _FILLER).open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


class Obedient:
    """The worker and its orders."""

    def __init__(self, go: dict[str, Any]) -> None:
        self._striker = Striker(tell)
        self._striker.arm(order_from(go["order"]))
        config = engine_config(
            go["bootstrap"], Path(go["folder"]), go["guarantee"], from_wire(go["timeouts"]), go["name"]
        )
        self._folder = Path(go["folder"])
        if go["disk"] is not None:
            _mount(self._folder, go["disk"])
        processor = desk(go["partitions"], go["retention_ms"])
        self._worker = Worker(config, processor, observer=Telling(), crash=self._striker)
        self._stopping: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """In good order, once."""
        if self._stopping is None:
            tell("stopping")
            self._stopping = asyncio.create_task(self._worker.stop())

    def obey(self, order: dict[str, Any]) -> None:
        """One order."""
        match order["do"]:
            case "arm":
                self._striker.arm(order_from(order["order"]))
            case "fill":
                _fill(self._folder)
            case "empty":
                (self._folder / _FILLER).unlink(missing_ok=True)
            case "disk":
                _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
                limit = order["limit"]
                resource.setrlimit(resource.RLIMIT_FSIZE, (hard if limit is None else limit, hard))
        tell("done", do=order["do"])

    async def run(self) -> int:
        """Until stopped, or until the worker ends by itself."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop)
        orders = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
        listening = asyncio.create_task(self._listen(orders))
        try:
            await self._worker.run()
        except EngineError as error:
            tell("ended", error=str(error))
            return 1
        finally:
            listening.cancel()
        if self._stopping is not None:
            await self._stopping
        tell("ended", error="")
        return 0

    async def _listen(self, orders: asyncio.StreamReader) -> None:
        while line := await orders.readline():
            self.obey(json.loads(line))
        os._exit(3)  # the harness is gone


def main() -> None:
    """Wait for `go`, then be a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the harness
    Judge(rulebook("newsdesk")).answer(_FIRST_EVENT)
    tell("waiting", pid=os.getpid())
    first = b""
    while not first.endswith(b"\n"):  # byte by byte: what follows is for the event loop
        if not (byte := os.read(0, 1)):
            os._exit(3)
        first += byte
    go = json.loads(first)

    async def run() -> int:
        return await Obedient(go).run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        raise SystemExit(runner.run(run()))


if __name__ == "__main__":
    main()
