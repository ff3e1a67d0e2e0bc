"""Restoring: how fast a worker without its files reads its state back, how soon one with them is ready, and its speed then."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from bench import cluster, runs, stages, systems
from bench.events import Mix, stream
from bench.expected import Placing, expect_on_all_cores
from bench.filler import fill_state
from bench.machine import Sampler
from newsdesk.contracts import topics

if TYPE_CHECKING:
    import subprocess
    from contextlib import AbstractContextManager
    from pathlib import Path

_DEADLINE: Final = 1800.0
_POLL: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A state of so many articles: restored from the topic, reopened from its files, and worked with.

    *articles_s* is for each second of CPU, so for a core; *cold_s* and *warm_s* are what it took.
    """

    articles: int
    articles_s: float
    cold_s: float
    warm_s: float
    disk_bytes: float
    topic_bytes: float
    events_s: float
    cpu_us: float
    rss_mb: float
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled(Restored):
    """And where the time went while a worker that samples itself did it: microseconds of CPU an article and an event."""

    restoring: dict[str, float]
    answering: dict[str, float]


async def measure(
    place: systems.Place, articles: int, events: int, broker: int, data: Path, *, profiles: int = 0
) -> Restored:
    """Fill the topic with *articles*, restore cold, restart warm, then answer *events*.

    With *profiles* the worker samples itself, and restores so many times: a small state is restored in few samples.
    """
    mix = Mix(seed=11)
    group = f"bench-restore-{place.run}"
    desk = systems.desk(place, 1, group=group)
    await cluster.renew_topics(
        place.bootstrap, {**desk.outputs, systems.SUBMITTED: topics.SUBMITTED.config()}, place.partitions
    )
    await fill_state(place, articles, mix.seed)
    topic_bytes = cluster.topic_bytes(data, topics.ENRICHED.name)
    cold = replace(place, folder=place.folder / "cold")
    warm = replace(place, folder=place.folder / "warm")
    state = cold.folder / "state"

    def started(folder: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
        program = ("-m", "bench.sampled", str(folder / "profile")) if profiles else ()
        return runs.started(systems.desk(cold, 1, group=group, program=program), folder)  # the warm one's files too

    restoring, spent, peak = [], [], 0.0
    for _ in range(max(1, profiles)):
        shutil.rmtree(state, ignore_errors=True)
        with started(cold.folder) as process:
            sampler = Sampler(process.pid, broker)
            begin, end = await _until_running(cold.folder, place.partitions, process)
            sampler.close()
        cpu, _ = sampler.used(begin, end)
        spent.append(cpu)
        peak = max(peak, sampler.peak_mb)
        if profiles:
            restoring.append(stages.read_parts(cold.folder / "profile", cpu / articles * 1e6, end - begin, end))
    disk = sum(file.stat().st_size for file in state.rglob("*") if file.is_file())
    placing = Placing(place.partitions)
    expected = await asyncio.to_thread(expect_on_all_cores, mix, events, place.partitions, known=articles)
    asked = time.time()
    with started(warm.folder) as process:
        sampler = Sampler(process.pid, broker)
        _, ready = await _until_running(warm.folder, place.partitions, process)
        await cluster.fill(
            place.bootstrap,
            systems.SUBMITTED,
            (
                cluster.Placed(placing.of(event.key), event.key, event.value)
                for event in stream(mix, events, known=articles)
            ),
        )
        await runs.until_answered(warm, desk, expected.counts, process, _DEADLINE)
        sampler.close()
    answers = await runs.read_answers(warm, desk)
    result = runs.measure(desk, answers, sampler, expected)
    found = Restored(
        articles=articles,
        articles_s=articles * len(spent) / sum(spent),
        cold_s=end - begin,
        warm_s=ready - asked,
        disk_bytes=disk / articles,
        topic_bytes=topic_bytes / articles,
        events_s=result.events_s,
        cpu_us=result.cpu_us,
        rss_mb=max(peak, sampler.peak_mb),
        wrong=result.wrong,
    )
    if not profiles:
        return found
    last = max(answers.times) / 1000
    answering = stages.read_parts(warm.folder / "profile", result.cpu_us, result.seconds, last)
    return Profiled(
        **asdict(found), restoring=stages.mean([*map(stages.by_part, restoring)]), answering=stages.by_part(answering)
    )


async def _until_running(folder: Path, partitions: int, process: Any) -> tuple[float, float]:
    """When the first task began to restore, and when the last was running, by the worker's own log."""
    until = time.monotonic() + _DEADLINE
    while True:
        states: dict[str, list[float]] = {"restoring": [], "running": []}
        for line in (folder / "log").read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n") and line.startswith("{"):
                said = json.loads(line)
                state = said["message"].rpartition(": ")[2]
                if said["message"].startswith("task ") and state in states:
                    states[state].append(datetime.fromisoformat(said["time"]).timestamp())
        if len(states["running"]) >= partitions:
            return min(states["restoring"]), max(states["running"])
        if process.poll() is not None or time.monotonic() > until:
            raise runs.RunError(f"the desk did not restore its state:\n{runs.last_words(folder)}")
        await asyncio.sleep(_POLL)
