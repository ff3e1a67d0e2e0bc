"""The demo's stage: an embedded broker and a desk as a process of its own, both ended whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final, Self

from newsdesk.cli.failure import ExitCode, Failure
from newsdesk.ops.brokers import embedded
from newsdesk.ops.brokers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PARTITIONS: Final = 4
_READY_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 30.0
_DESK: Final = (sys.executable, "-c", "from newsdesk.cli import main; main()", "run", "desk")


class Stage:
    """A broker that runs from entering to leaving, and a desk on it."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        if (reason := embedded.available()) is not None:
            raise Failure(ExitCode.UNREADABLE, *reason.split("\n", 1))
        self.broker = embedded.broker(data=folder / "broker")
        self.web = f"http://127.0.0.1:{free_port()}"
        self._folder = folder
        self._say = say
        self._desk: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.broker.__enter__()
        self._say(f"embedded broker on {self.broker.bootstrap}")
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if self._desk is not None and self._desk.poll() is None:
                self._desk.kill()
                self._desk.wait()
        finally:
            self.broker.stop()

    def start_desk(self) -> None:
        """Start the desk and wait until it is ready."""
        environment = os.environ | {
            "NEWSDESK_BOOTSTRAP_SERVERS": self.broker.bootstrap,
            "NEWSDESK_WEB_HOST": "127.0.0.1",
            "NEWSDESK_WEB_PORT": self.web.rpartition(":")[2],
            "NEWSDESK_STATE_DIR": str(self._folder / "state"),
            "NEWSDESK_SESSION_TIMEOUT_MS": "2000",  # the embedded broker answers a join after half of it
            "NEWSDESK_GUARANTEE": "auto",
        }
        with (self._folder / "desk.log").open("wb") as log:
            self._desk = subprocess.Popen(_DESK, env=environment, stderr=log, stdout=log, stdin=subprocess.DEVNULL)  # noqa: S603
        deadline = time.monotonic() + _READY_SECONDS
        while not self._ready():
            if self._desk.poll() is not None:
                raise Failure(ExitCode.UNREADABLE, "the desk did not start", self.desk_log())
            if time.monotonic() > deadline:
                raise Failure(ExitCode.UNREADABLE, f"the desk was not ready in {_READY_SECONDS:g} s", self.desk_log())
            time.sleep(0.05)

    def stop_desk(self) -> int:
        """Let the desk commit what is under way and end; its exit code."""
        if self._desk is None:
            return 0
        self._desk.send_signal(signal.SIGTERM)
        try:
            return self._desk.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure(ExitCode.UNREADABLE, "the desk did not stop", self.desk_log()) from None

    def desk_log(self) -> str:
        """The last lines that the desk logged."""
        return "\n".join((self._folder / "desk.log").read_text(errors="replace").splitlines()[-15:])

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.web}/health/ready", timeout=1) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False
