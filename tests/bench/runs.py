"""One run of one system: started on fresh topics, watched until it has answered everything, its answers checked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bench import cluster
from bench.expected import Expected, digest, read_decision
from bench.machine import Sampler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.systems import Place, System
    from newsdesk.engine.records import Record

_POLL: Final = 0.2
_STOP_SECONDS: Final = 30.0
_SHOWN: Final = 3


class RunError(RuntimeError):
    """A system ended or never finished; its last words are in the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run came to. CPU in microseconds an event; *wrong* says what was not right, empty where all was."""

    system: str
    detail: str
    events: int
    seconds: float
    events_s: float
    cpu_us: float
    broker_us: float
    rss_mb: float
    checked: bool
    wrong: str = ""

    @property
    def right(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.wrong


@dataclass(slots=True)
class Answers:
    """The answers of one run, as they are read back."""

    decisions: dict[tuple[int, int], Any] = field(default_factory=dict)
    twice: int = 0
    dead: Counter[bytes] = field(default_factory=Counter)
    times: Counter[int] = field(default_factory=Counter)

    def decision(self, record: Record) -> None:
        """Take a decision."""
        self.times[record.timestamp] += 1
        place, answer = read_decision(record.value or b"")
        self.twice += place in self.decisions
        self.decisions[place] = answer

    def letter(self, record: Record) -> None:
        """Take a dead letter."""
        self.times[record.timestamp] += 1
        self.dead[digest(record.value or b"")] += 1

    def copy(self, record: Record) -> None:
        """Take a copy of the floor's."""
        self.times[record.timestamp] += 1

    def faults(self, expected: Expected) -> str:
        """What is wrong with them, in a line."""
        right = expected.decisions
        lost = [place for place in right if place not in self.decisions]
        other = [place for place, answer in self.decisions.items() if right.get(place) != answer]
        found = []
        if lost:
            found.append(f"{len(lost)} lost, first {lost[:_SHOWN]}")
        if self.twice:
            found.append(f"{self.twice} twice")
        if other:
            shown = [(place, self.decisions[place], right.get(place)) for place in other[:_SHOWN]]
            found.append(f"{len(other)} not as the judge says, first {shown}")
        if self.dead != expected.dead:
            found.append(f"{self.dead.total()} dead letters, {expected.dead.total()} expected")
        return "; ".join(found)


@contextlib.contextmanager
def started(system: System, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The system's process, stopped by SIGTERM at the end, by force where that does not end it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            system.command,
            env=dict(system.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and all of its group."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def last_words(folder: Path) -> str:
    """The end of the system's log."""
    return (folder / "log").read_bytes()[-1500:].decode(errors="replace")


async def until_answered(
    place: Place, system: System, counts: list[int], process: subprocess.Popen[bytes], deadline: float
) -> None:
    """Return when the group has committed *counts* events of each partition."""
    until = time.monotonic() + deadline
    async with cluster.administering(place.bootstrap) as admin:
        while True:
            if process.poll() is not None:
                raise RunError(f"{system.name} ended with exit code {process.returncode}:\n{last_words(place.folder)}")
            now = await cluster.committed(admin, system.group, system.source, place.partitions)
            if all(offset >= count for offset, count in zip(now, counts, strict=True)):
                return
            if time.monotonic() > until:
                raise RunError(
                    f"{system.name} committed {now} of {counts} in {deadline:g} s:\n{last_words(place.folder)}"
                )
            await asyncio.sleep(_POLL)


async def run(place: Place, system: System, expected: Expected, broker: int, deadline: float = 300.0) -> Result:
    """Run the system over its source once."""
    await cluster.renew_topics(place.bootstrap, system.outputs, place.partitions)
    with started(system, place.folder) as process:
        sampler = Sampler(process.pid, broker)
        try:
            await until_answered(place, system, expected.counts, process, deadline)
        finally:
            sampler.close()
    answers = await read_answers(place, system)
    result = measure(system, answers, sampler, expected)
    await cluster.delete_topics(
        place.bootstrap, [*system.prefixes, *(name for name in system.outputs if name.startswith("bench."))]
    )
    return result


async def read_answers(place: Place, system: System) -> Answers:
    """All that the system has answered."""
    answers = Answers()
    takes = (answers.decision, answers.letter) if system.checked else (answers.copy,)
    for topic, take in zip(system.answers, takes, strict=True):
        await cluster.read_all(place.bootstrap, topic, place.partitions, take)
    return answers


def measure(system: System, answers: Answers, sampler: Sampler, expected: Expected) -> Result:
    """Rates from the first answer to the last; the answers of the first moment were made before it and do not count."""
    begin, end = min(answers.times), max(answers.times)
    events = max(1, answers.times.total() - answers.times[begin])
    seconds = max((end - begin) / 1000, 1e-3)
    cpu, broker = sampler.used(begin / 1000, end / 1000)
    if system.checked:
        wrong = answers.faults(expected)
    else:
        copied = answers.times.total()
        wrong = "" if copied == expected.events else f"{copied} copies of {expected.events} events"
    return Result(
        system=system.name,
        detail=system.detail,
        events=answers.times.total(),
        seconds=seconds,
        events_s=events / seconds,
        cpu_us=cpu / events * 1e6,
        broker_us=broker / events * 1e6,
        rss_mb=sampler.peak_mb,
        checked=system.checked,
        wrong=wrong,
    )
