"""A worker that samples itself: `python -m bench.sampled FILE run desk ...` is `newsdesk run desk ...` with a profile.

A timer of CPU time interrupts the process 500 times a CPU second, and each time the innermost frame that belongs to a
stage is counted for it. Twice a second the counts so far go to FILE, a JSON object a line, with the CPU of the main thread
and of the process.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.stages import stage_of

if TYPE_CHECKING:
    from types import CodeType, FrameType

PERIOD: Final = 0.002
_WRITE_SECONDS: Final = 0.5


class Profile:
    """Counts by stage; what a frame belongs to is looked up once."""

    def __init__(self, file: Path) -> None:
        self._counts: Counter[str] = Counter()
        self._stages: dict[CodeType, str | None] = {}
        self._file = file.open("w", encoding="utf-8")
        self._written = 0.0

    def sample(self, _number: int, frame: FrameType | None) -> None:
        """Count where the main thread is."""
        self._counts[self._stage(frame)] += 1
        now = time.time()
        if now - self._written > _WRITE_SECONDS:
            self._written = now
            line = {"at": now, "main": time.thread_time(), "process": time.process_time(), "counts": self._counts}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def _stage(self, frame: FrameType | None) -> str:
        while frame is not None:
            code = frame.f_code
            if code not in self._stages:
                self._stages[code] = stage_of(code.co_filename, code.co_name)
            if (stage := self._stages[code]) is not None:
                return stage
            frame = frame.f_back
        return "rest"


def main() -> None:
    """Start the timer, then do what newsdesk does."""
    profile = Profile(Path(sys.argv.pop(1)))
    signal.signal(signal.SIGPROF, profile.sample)
    signal.setitimer(signal.ITIMER_PROF, PERIOD, PERIOD)
    from newsdesk.cli import main as newsdesk  # noqa: PLC0415 - what it loads is sampled too

    newsdesk()


if __name__ == "__main__":
    main()
