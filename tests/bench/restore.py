"""Restoring: how fast a worker without its files reads its state back, how soon one with them is ready, and its speed then."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from bench import cluster, runs, systems
from bench.events import Mix, stream
from bench.expected import Placing, expect_on_all_cores
from bench.filler import fill_state
from bench.machine import Sampler
from newsdesk.contracts import topics

if TYPE_CHECKING:
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


async def measure(place: systems.Place, articles: int, events: int, broker: int, data: Path) -> Restored:
    """Fill the topic with *articles*, restore cold, restart warm, then answer *events*."""
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
    desk = systems.desk(cold, 1, group=group)  # its files are the warm one's too
    with runs.started(desk, cold.folder) as process:
        sampler = Sampler(process.pid, broker)
        begin, end = await _until_running(cold.folder, place.partitions, process)
        sampler.close()
        cpu, _ = sampler.used(begin, end)
        peak = sampler.peak_mb
    disk = sum(file.stat().st_size for file in state.rglob("*") if file.is_file())
    placing = Placing(place.partitions)
    expected = await asyncio.to_thread(expect_on_all_cores, mix, events, place.partitions, known=articles)
    asked = time.time()
    with runs.started(desk, warm.folder) as process:
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
    return Restored(
        articles=articles,
        articles_s=articles / cpu,
        cold_s=end - begin,
        warm_s=ready - asked,
        disk_bytes=disk / articles,
        topic_bytes=topic_bytes / articles,
        events_s=result.events_s,
        cpu_us=result.cpu_us,
        rss_mb=max(peak, sampler.peak_mb),
        wrong=result.wrong,
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
