"""The examples as their users run them: each a process of its own, with what it prints in a file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

EXAMPLES: Final = Path(__file__).parents[2] / "deploy" / "examples"
PATIENCE: Final = 60.0
"""Seconds that anything here may take; the machine may be busy."""


class Example:
    """A running example."""

    def __init__(self, argv: list[str], environment: dict[str, str], folder: Path) -> None:
        self._output = folder / f"{Path(argv[0]).stem}-{time.monotonic_ns()}.out"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(EXAMPLES / argv[0]), *argv[1:]],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def output(self) -> str:
        """What it has printed so far."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def end(self, signum: int) -> int:
        """Send *signum* to its process group, wait for its end and return the exit code."""
        os.killpg(self.process.pid, signum)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def example(argv: list[str], environment: dict[str, str], folder: Path) -> Iterator[Example]:
    """Run an example; whatever is left of it at the end is killed."""
    running = Example(argv, environment, folder)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait(PATIENCE)


async def until(check: Callable[[], Awaitable[bool]], *processes: Example) -> None:
    """Return when *check* holds; fail at the deadline, or when one of *processes* ends, with what they printed."""
    end = time.monotonic() + PATIENCE
    while not await check():
        for one in processes:
            assert one.process.poll() is None, f"it ended:\n{one.output()}"
        assert time.monotonic() < end, "\n".join(["it did not come true", *(one.output() for one in processes)])
        await asyncio.sleep(0.05)
