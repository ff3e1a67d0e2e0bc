"""Fills the enriched topic with the state of many articles, as the desk's own processor writes it.

`python -m bench.filler BOOTSTRAP FIRST LAST PARTITIONS SEED DAYS` does its share, dated so many days back; `fill_state`
starts one for each core.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import uvloop

from bench.cluster import Placed, fill
from bench.events import Mix, first_event
from bench.expected import Placing
from bench.newsroom import rules
from bench.systems import ours
from newsdesk.contracts import topics
from newsdesk.contracts.rules import Rules
from newsdesk.desk.judge import MemoryState
from newsdesk.desk.processor import DeskProcessor
from newsdesk.editorial.rulebook import open_rulebook
from newsdesk.engine.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.systems import Place


_DAY_MS = 86_400_000


def records(first: int, last: int, partitions: int, seed: int, days: int) -> Iterator[Placed]:
    """The enriched record of each article."""
    processor = DeskProcessor(open_rulebook(Rules.model_validate(rules())), partitions)
    placing, mix, now = Placing(partitions), Mix(seed=seed), int(time.time() * 1000) - days * _DAY_MS
    for number in range(first, last):
        event = first_event(mix, number)
        partition = placing.of(event.key)
        record = Record(topics.SUBMITTED.name, partition, number, now, event.key, event.value)
        for write in processor.process(record, MemoryState()).writes:
            if write.topic == topics.ENRICHED.name and write.key is not None and write.value is not None:
                yield Placed(partition, write.key, write.value, write.headers)


async def fill_state(place: Place, articles: int, seed: int, days: int = 0) -> None:
    """Write the state of *articles* articles, last revised *days* days ago, on all cores."""
    cores = len(os.sched_getaffinity(0))
    bounds = [articles * core // cores for core in range(cores + 1)]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.filler",
            place.bootstrap,
            *map(str, (first, last, place.partitions, seed, days)),
            env={**os.environ, **ours(*([place.compiled] if place.compiled else []))},
        )
        for first, last in pairwise(bounds)
    ]
    for process in processes:
        if code := await process.wait():
            raise subprocess.CalledProcessError(code, "bench.filler")


if __name__ == "__main__":
    share = (int(text) for text in sys.argv[2:7])
    uvloop.run(fill(sys.argv[1], topics.ENRICHED.name, records(*share)))
