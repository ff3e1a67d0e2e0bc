"""What processes use: CPU of whole trees and peak memory, from /proc."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PERIOD: Final = 0.05
_LOOK_FOR_CHILDREN: Final = 10


def tree(pid: int) -> list[int]:
    """*pid* and all that descend from it."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the process, all its threads, and the children that it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / _TICKS


def thread_seconds(pid: int) -> dict[str, float]:
    """User and system time of the threads that there are, added up by their names."""
    found: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name = (task / "comm").read_text().strip()
            spent = int((task / "schedstat").read_text().split()[0]) / 1e9
        except OSError:  # it has just ended
            continue
        found[name] = found.get(name, 0.0) + spent
    return found


def peak_mb(pid: int) -> float:
    """The largest resident set that the process ever had, in MB of 10^6 bytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)


def cpu_model() -> str:
    """The processor's name, and how many of it this machine lets us use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{len(os.sched_getaffinity(0))} x {name}"


@dataclass(frozen=True, slots=True)
class Sample:
    """CPU seconds so far at a wall-clock time."""

    at: float
    system: float
    broker: float


class Sampler:
    """Samples the tree of *pid* and the broker 20 times a second until it is closed; then tells what was used between."""

    def __init__(self, pid: int, broker: int) -> None:
        self._pid = pid
        self._broker = broker
        self._samples: list[Sample] = []
        self._peaks: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take a last sample."""
        self._stop.set()
        self._thread.join()

    @property
    def peak_mb(self) -> float:
        """The sum of the largest resident sets of all processes of the tree."""
        return sum(self._peaks.values())

    def used(self, begin: float, end: float) -> tuple[float, float]:
        """CPU seconds of the tree and of the broker between two wall-clock times."""
        first, last = self._at(begin), self._at(end)
        return last[0] - first[0], last[1] - first[1]

    def _run(self) -> None:
        rounds, pids = 0, [self._pid]
        while True:
            stopping = self._stop.wait(_PERIOD)
            if rounds % _LOOK_FOR_CHILDREN == 0:
                pids = tree(self._pid)
            self._samples.append(Sample(time.time(), sum(cpu_seconds(pid) for pid in pids), cpu_seconds(self._broker)))
            if rounds % _LOOK_FOR_CHILDREN == 0 or stopping:
                for pid in pids:
                    self._peaks[pid] = max(self._peaks.get(pid, 0.0), peak_mb(pid))
            if stopping:
                return
            rounds += 1

    def _at(self, when: float) -> tuple[float, float]:
        """CPU seconds at *when*, between two samples in proportion."""
        before = self._samples[0]
        for after in self._samples:
            if after.at >= when:
                share = 0.0 if after.at == before.at else max(0.0, (when - before.at) / (after.at - before.at))
                return (
                    before.system + share * (after.system - before.system),
                    before.broker + share * (after.broker - before.broker),
                )
            before = after
        return before.system, before.broker
