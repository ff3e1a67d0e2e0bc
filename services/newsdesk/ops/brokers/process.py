"""A broker as a child process: started, awaited, killed, frozen, stopped; it never outlives the process that started it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from newsdesk.ops.brokers.ports import LOOPBACK, free_port, is_free
from newsdesk.ops.brokers.probe import serves

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

_STOP_SECONDS: Final = 20.0
"""How long a broker may take to stop by itself; Kafka's orderly shutdown takes one or two."""
_TAIL_LINES: Final = 15
_GUARD: Final = 'read -r _; kill -9 "$1" 2>/dev/null'
"""Waits until its standard input ends, which is when its parent is gone, whatever the parent died of."""


class BrokerError(RuntimeError):
    """A local broker cannot run: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n{remedy}" if remedy else problem)
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a broker: its command, what its environment adds, and the files in which it says why it died."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    logs: tuple[Path, ...] = ()


class LocalBroker:
    """One broker on 127.0.0.1. *prepare* is called before every start with the port and the data folder.

    Without *data* the folder is a temporary one that goes with `stop` (not with `kill`: a killed broker starts
    again with what it had). Not thread-safe.
    """

    def __init__(
        self,
        kind: str,
        prepare: Callable[[int, Path], Launch],
        *,
        port: int | None = None,
        data: Path | None = None,
    ) -> None:
        self.kind = kind
        self.port = port or free_port()
        self._prepare = prepare
        self._kept = data
        self._folder = None if data is None else data.expanduser().absolute()  # the broker's own folder is another
        self._prepared: tuple[Path, Launch] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients, host:port."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running broker."""
        return self._running().pid

    def prepare(self) -> tuple[Path, Launch]:
        """Do all that comes before the process itself, which may take a while; `start` does it where it was not done.

        Returns its folder and how it is launched.

        Raises:
            BrokerError: The port is taken, or something that the broker needs is missing.
        """
        if not is_free(self.port):
            raise BrokerError(
                f"port {self.port} of {LOOPBACK} is in use",
                f"Stop what listens there (`ss -ltnp 'sport = :{self.port}'` names it), or choose another port with --port.",
            )
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=f"newsdesk-{self.kind}-"))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BrokerError(
                f"the data folder {self._folder} cannot be made: {error.strerror}", "Choose another one with --data."
            ) from error
        self._prepared = self._folder, self._prepare(self.port, self._folder)
        return self._prepared

    def start(self) -> None:
        """Start the process; it does not serve before `wait_ready` returns.

        Raises:
            BrokerError: It cannot be prepared, or it runs already.
        """
        if self._process is not None:
            raise BrokerError(f"the {self.kind} broker on {self.bootstrap} runs already", "Stop it first.")
        folder, launch = self._prepared or self.prepare()
        with (folder / "console.log").open("wb") as console:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                launch.argv,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **launch.environment},
                start_new_session=True,  # Ctrl-C is for the parent, which then stops the broker in good order
            )
        self._guard = subprocess.Popen(  # noqa: S603 - our own command line
            ["/bin/sh", "-c", _GUARD, "newsdesk-broker-guard", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait_ready(self, deadline: float = 60.0, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Return when the broker serves clients, or when *unless* says that nobody waits for it any more.

        Raises:
            BrokerError: It died, or did not serve within *deadline* seconds; its last log lines are in the message.
        """
        end = time.monotonic() + deadline
        while not unless() and not serves(LOOPBACK, self.port):
            self.check_alive()
            if time.monotonic() > end:
                raise BrokerError(
                    f"the {self.kind} broker did not serve on {self.bootstrap} within {deadline:g} s",
                    f"Its last log lines:\n{self.log_tail()}",
                )
            time.sleep(0.02)

    def check_alive(self) -> None:
        """Return when the process runs.

        Raises:
            BrokerError: It has ended; its last log lines are in the message.
        """
        process = self._running()
        if (code := process.poll()) is not None:
            tail = self.log_tail()
            self._ended()
            raise BrokerError(f"the {self.kind} broker ended with exit code {code}", f"Its last log lines:\n{tail}")

    def stop(self, patience: float = _STOP_SECONDS) -> None:
        """Stop the broker in good order, by force after *patience* seconds, and remove a temporary data folder.

        Stopping what does not run does no harm.
        """
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._ended()
        if self._kept is None and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def kill(self) -> None:
        """End the broker at once, as SIGKILL does; its data stay, and `start` starts it again."""
        process = self._running()
        process.kill()
        process.wait()
        self._ended()

    def freeze(self) -> None:
        """Let the broker stand still: its connections stay open and nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen broker go on."""
        self._running().send_signal(signal.SIGCONT)

    def log_tail(self, lines: int = _TAIL_LINES) -> str:
        """The last *lines* lines of what the broker has said."""
        if self._prepared is None:
            return ""
        folder, launch = self._prepared
        last: deque[str] = deque(maxlen=lines)
        for log in (*launch.logs, folder / "console.log"):
            with contextlib.suppress(OSError), log.open(encoding="utf-8", errors="replace") as text:
                last.extend(line.rstrip() for line in text if line.strip())
        return "\n".join(last)

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise BrokerError(f"the {self.kind} broker is not running", "Start it first.")
        return self._process

    def _ended(self) -> None:
        """Forget the process, which has ended, and its guard."""
        self._process = None
        self._prepared = None
        if self._guard is not None:
            self._guard.kill()  # before its input ends, so that it never signals a process id of the past
            if self._guard.stdin is not None:
                self._guard.stdin.close()
            self._guard.wait()
            self._guard = None
