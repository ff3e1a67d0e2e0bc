"""A worker that samples itself: `python -m bench.sampled FILE run desk ...` is `newsdesk run desk ...` with a profile.

A timer of the main thread's CPU time interrupts it 500 times a CPU second, as far as the kernel's clock allows, and each
time the innermost frame that belongs to a stage is counted for it. Ten times a second the counts so far go to FILE, a JSON
object a line, with the CPU of the main thread, of the process, and of the threads by name.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.machine import thread_seconds
from bench.stages import stage_of

if TYPE_CHECKING:
    from types import CodeType, FrameType

PERIOD: Final = 0.002
_WRITE_SECONDS: Final = 0.1
_TO_THREAD: Final = 4
"""SIGEV_THREAD_ID: the signal goes to one thread."""


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
            line = {
                "at": now,
                "main": time.thread_time(),
                "process": time.process_time(),
                "threads": thread_seconds(os.getpid()),
                "counts": self._counts,
            }
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


class _Event(ctypes.Structure):
    """struct sigevent."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("thread", ctypes.c_int),
        ("rest", ctypes.c_int * 11),
    )


def interrupt(period: float) -> None:
    """SIGPROF to the calling thread each *period* seconds of its CPU.

    signal.setitimer would count the other threads' CPU too, and interrupt this one for it, mostly where it waits.
    """
    library = ctypes.CDLL(None, use_errno=True)
    event = _Event(None, signal.SIGPROF, _TO_THREAD, threading.get_native_id())
    timer = ctypes.c_void_p()
    every = (ctypes.c_long * 4)(0, round(period * 1e9), 0, round(period * 1e9))
    made = library.timer_create(time.CLOCK_THREAD_CPUTIME_ID, ctypes.byref(event), ctypes.byref(timer))
    if made or library.timer_settime(timer, 0, every, None):
        raise OSError(ctypes.get_errno(), "no timer of the thread's CPU")
    atexit.register(library.timer_delete, timer)  # Python takes its handler away before the process ends


def main() -> None:
    """Start the timer, then do what newsdesk does."""
    profile = Profile(Path(sys.argv.pop(1)))
    signal.signal(signal.SIGPROF, profile.sample)
    interrupt(PERIOD)
    from newsdesk.cli import main as newsdesk  # noqa: PLC0415 - what it loads is sampled too

    newsdesk()


if __name__ == "__main__":
    main()
