"""Capacity on paper: what a site, a country's press and the whole web's news need, computed from the benchmark's figures.

`python deploy/capacity/plan.py` prints the tables, with `--write` it puts them into README.md beside it, and with
`--articles N --burst X` it answers for a load of your own. Needs nothing but Python and tests/bench/results.json.
"""
# ruff: noqa: INP001

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
PAGE: Final = HERE / "README.md"
RESULTS: Final = HERE.parents[1] / "tests" / "bench" / "results.json"
BEGIN: Final = "<!-- computed by plan.py: begin -->"
END: Final = "<!-- computed by plan.py: end -->"

DAY: Final = 86_400
EVENTS_AN_ARTICLE: Final = 1.55
"""Copies and revisions: the share of new articles among the benchmark's events is 65 %."""
BUSY: Final = 0.6
"""A core is planned to be busy for so much of a burst, so that waiting stays short."""
HOTTEST_DOMAIN: Final = 0.5
"""Of a burst so much may be about one domain, which is one partition's work and cannot be shared."""
RETENTION_DAYS: Final = 180
"""state.retention: an article without a revision for so long has expired, if it is not published."""
PUBLISHED_YEARS: Final = 5
"""Published articles do not expire; so many years of them are planned for."""
SUBMITTED_DAYS: Final = 14
DECISION_DAYS: Final = 30
COPIES: Final = 3
"""Replication factor of a cluster that survives the loss of a broker."""
COMPACTION: Final = 1.5
"""A compacted topic holds so much more than its live records before the cleaner comes round."""
RESTORE_SECONDS: Final = 600.0
"""A worker that lost its files is to be back within so long; it has a core of its own and uses all of it."""
PARTITIONS_A_WORKER: Final = 4
READERS: Final = 2
"""Consumers of everything that the desk writes, besides the desk."""
DISK_OF_A_BROKER: Final = 2e12
NETWORK: Final = 125e6
"""Of a broker's machine, and of a worker's: 1 Gbit/s in bytes, all of it used in a restore."""


_THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: CPU in microseconds an event, bytes an event by topic, bytes an article, articles restored.

    *restore* is (articles in the state, articles restored a second of CPU), from the smallest state that was measured to
    the largest, and no larger state in it is faster than a smaller one.
    """

    cpu_us: float
    broker_us: float
    submitted: float
    enriched: float
    published: float
    decisions: float
    state_bytes: float
    enriched_article: float
    restore: tuple[tuple[float, float], ...]
    worker_mb: float
    published_share: float
    machine: str
    at: str


@dataclass(frozen=True, slots=True)
class Load:
    """Articles a day, and how many times the mean rate a burst is."""

    name: str
    articles: float
    burst: float = 50.0


LOADS: Final = (Load("a site", 2_000), Load("a country's press", 100_000), Load("the web's news", 2_000_000))


@dataclass(frozen=True, slots=True)
class Need:
    """What a load needs. Rates in events a second, sizes in bytes, times in seconds, cores as fractions."""

    load: Load
    events_day: float
    mean: float
    burst: float
    desk_cores: float
    broker_cores: float
    state_articles: float
    workers: int
    partitions: int
    brokers: int
    worker_articles: float
    worker_restores_s: float
    state_disk: float
    topics_disk: float
    network_in: float
    network_out: float
    worker_mb: float
    restore_bytes: float
    restore_core_seconds: float
    restore_cpu_seconds: float
    restore_link_seconds: float
    restore_brokers_seconds: float

    @property
    def restore_seconds(self) -> float:
        """Until all workers are back that lost their files at once: CPU or network, whichever takes longer."""
        return max(self.restore_cpu_seconds, self.restore_link_seconds, self.restore_brokers_seconds)

    def pressures(self) -> dict[str, float]:
        """How many times one unit (a core, a broker, a worker) each need is; the largest breaks first."""
        return {
            "CPU of the desk": self.desk_cores,
            "CPU of one partition": self.desk_cores * HOTTEST_DOMAIN,
            "CPU of the broker": self.broker_cores,
            "CPU of a cold restore": self.restore_core_seconds / RESTORE_SECONDS,
            "network of a cold restore": self.restore_bytes / NETWORK / RESTORE_SECONDS,
            "network of a burst": max(self.network_in, self.network_out) / NETWORK,
            "disk of a broker": self.topics_disk / DISK_OF_A_BROKER,
        }


def read_figures(found: dict[str, Any]) -> Figures:
    """The figures in results.json: of the largest state that was measured, and the worst that a worker was measured with."""
    desk = next(row for row in found["systems"] if row["system"] == "desk")
    states = sorted(found["restore"], key=lambda row: float(row["articles"]))
    state = states[-1]
    memory = [row["rss_mb"] for row in states]
    memory += [row["rss_mb"] / row["workers"] for row in found.get("scaling", ())]
    traffic = found["traffic"]
    return Figures(
        cpu_us=max(desk["cpu_us"], state["cpu_us"]),
        broker_us=desk["broker_us"],
        submitted=traffic["newsdesk.articles.submitted"],
        enriched=traffic["newsdesk.articles.enriched"],
        published=traffic["newsdesk.articles.published"],
        decisions=traffic["newsdesk.decisions"],
        state_bytes=state["disk_bytes"],
        enriched_article=state["topic_bytes"],
        restore=tuple(
            zip(
                (row["articles"] for row in states),
                itertools.accumulate((row["articles_s"] for row in states), min),
                strict=True,
            )
        ),
        worker_mb=max(memory),
        published_share=found["published_share"],
        machine=found["setting"]["machine"],
        at=found["setting"]["at"][:10],
    )


def restores_s(articles: float, figures: Figures) -> float:
    """Articles a second that a core restores where the state is to have *articles*.

    Between two states that were measured the CPU an article grows with the logarithm of their number, and beyond the
    largest it goes on as between the last two. A state below the smallest is restored no faster than that one.
    """
    points = figures.restore
    smallest, fastest = points[0]
    if articles <= smallest or len(points) == 1:
        return fastest
    pairs = list(itertools.pairwise(points))
    (fewer, faster), (more, slower) = next((pair for pair in pairs if articles <= pair[1][0]), pairs[-1])
    way = math.log(articles / fewer) / math.log(more / fewer)
    return 1 / (1 / faster + way * (1 / slower - 1 / faster))


def partitions_for(workers: int) -> int:
    """Partitions that *workers* are planned with, a power of two."""
    return int(max(4, 2 ** math.ceil(math.log2(workers * PARTITIONS_A_WORKER))))


def of_the_fullest(state_articles: float, workers: int) -> float:
    """Articles of the worker that has most: partitions are shared out whole."""
    partitions = partitions_for(workers)
    return state_articles * math.ceil(partitions / workers) / partitions


def restore_times(worker_articles: float, figures: Figures) -> tuple[float, float]:
    """Seconds until a worker has restored *worker_articles*: of its core's time, and of its machine's network's.

    It reads the topic from the beginning, and so what the cleaner has not removed yet, too.
    """
    records = worker_articles * COMPACTION
    return records / restores_s(worker_articles, figures), records * figures.enriched_article / NETWORK


def plan(load: Load, figures: Figures) -> Need:
    """The needs of *load*; README.md says the same in words."""
    events_day = load.articles * EVENTS_AN_ARTICLE
    mean = events_day / DAY
    burst = mean * load.burst
    desk_cores = burst * figures.cpu_us / 1e6 / BUSY
    published_articles = load.articles * figures.published_share * 365 * PUBLISHED_YEARS
    passing_articles = load.articles * (1 - figures.published_share) * RETENTION_DAYS
    state_articles = published_articles + passing_articles
    workers = next(
        workers
        for workers in itertools.count(max(2, math.ceil(desk_cores)))
        if max(restore_times(of_the_fullest(state_articles, workers), figures)) <= RESTORE_SECONDS
    )
    worker_articles = of_the_fullest(state_articles, workers)
    restore_cpu_seconds, restore_link_seconds = restore_times(worker_articles, figures)
    worker_restores_s = restores_s(worker_articles, figures)
    written = figures.enriched + figures.published + figures.decisions
    published_bytes = figures.published / max(figures.published_share, 1e-9)
    restore_bytes = state_articles * COMPACTION * figures.enriched_article
    topics_disk = COPIES * (
        events_day * SUBMITTED_DAYS * figures.submitted
        + events_day * DECISION_DAYS * figures.decisions
        + restore_bytes
        + published_articles * COMPACTION * published_bytes
    )
    brokers = max(COPIES, math.ceil(topics_disk / DISK_OF_A_BROKER))
    return Need(
        load=load,
        events_day=events_day,
        mean=mean,
        burst=burst,
        desk_cores=desk_cores,
        broker_cores=burst * figures.broker_us / 1e6 * COPIES / BUSY,
        state_articles=state_articles,
        workers=workers,
        partitions=partitions_for(workers),
        brokers=brokers,
        worker_articles=worker_articles,
        worker_restores_s=worker_restores_s,
        state_disk=state_articles * figures.state_bytes * COMPACTION,
        topics_disk=topics_disk,
        network_in=burst * (figures.submitted + written) * COPIES,
        network_out=burst * ((figures.submitted + written) * (COPIES - 1) + figures.submitted + READERS * written),
        worker_mb=figures.worker_mb,
        restore_bytes=restore_bytes,
        restore_core_seconds=state_articles * COMPACTION / worker_restores_s,
        restore_cpu_seconds=restore_cpu_seconds,
        restore_link_seconds=restore_link_seconds,
        restore_brokers_seconds=restore_bytes / (brokers * NETWORK),
    )


def size(number: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < _THOUSAND:
            return f"{number:.3g} {unit}"
        number /= _THOUSAND
    return f"{number:.3g} TB" if number < _THOUSAND else f"{number:,.0f} TB"


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - no tenths above ten
    return f"{seconds / 60:.0f} min"


def rounded(number: float) -> str:
    """Two digits that count; more only of what is large."""
    if number >= 100:  # noqa: PLR2004 - whole numbers from there on
        return f"{float(f'{number:.3g}'):,.0f}"
    return f"{number:.2g}"


def render(needs: list[Need], figures: Figures) -> str:
    """The tables as Markdown."""
    rows: list[tuple[str, list[str]]] = [
        ("articles a day", [rounded(need.load.articles) for need in needs]),
        ("events a second: mean", [rounded(need.mean) for need in needs]),
        ("events a second: burst", [f"{rounded(need.burst)} ({need.load.burst:g} x)" for need in needs]),
        ("cores of the desk in a burst", [rounded(need.desk_cores) for need in needs]),
        ("cores of the brokers in a burst", [rounded(need.broker_cores) for need in needs]),
        ("articles in the state", [rounded(need.state_articles) for need in needs]),
        ("**workers**", [f"**{need.workers:,}**" for need in needs]),
        ("**partitions**", [f"**{need.partitions:,}**" for need in needs]),
        ("**brokers**", [f"**{need.brokers:,}**" for need in needs]),
        ("articles of the fullest worker", [rounded(need.worker_articles) for need in needs]),
        ("articles restored a second of its core", [rounded(need.worker_restores_s) for need in needs]),
        ("memory a worker", [f"{need.worker_mb:.0f} MB" for need in needs]),
        ("local state, all workers", [size(need.state_disk) for need in needs]),
        ("brokers' disks, all copies", [size(need.topics_disk) for need in needs]),
        ("into the brokers in a burst", [f"{size(need.network_in)}/s" for need in needs]),
        ("out of the brokers in a burst", [f"{size(need.network_out)}/s" for need in needs]),
        ("out of the brokers in a cold restore", [size(need.restore_bytes) for need in needs]),
        ("cold restore: the fullest worker's CPU", [duration(need.restore_cpu_seconds) for need in needs]),
        ("cold restore: its machine's network", [duration(need.restore_link_seconds) for need in needs]),
        ("cold restore: the brokers' network", [duration(need.restore_brokers_seconds) for need in needs]),
        ("**cold restore, all workers at once**", [f"**{duration(need.restore_seconds)}**" for need in needs]),
    ]
    head = ["| | " + " | ".join(need.load.name for need in needs) + " |", "|---|" + "--:|" * len(needs)]
    restored = ", ".join(f"{speed:,.0f} of {articles:,}" for articles, speed in figures.restore)
    measured = (
        f"Measured on {figures.machine}, {figures.at}: {figures.cpu_us:.0f} us of CPU an event in the desk and "
        f"{figures.broker_us:.0f} us in the broker; {figures.state_bytes:.0f} bytes an article on a worker's disk and "
        f"{figures.enriched_article:,.0f} in the topic; articles restored a second of CPU: {restored}; "
        f"at most {figures.worker_mb:.0f} MB a worker."
    )
    units = (
        "How many times one unit is needed (a core, a worker that restores for ten minutes, a broker with 2 TB and "
        "1 Gbit/s); the largest breaks first:"
    )
    lines = [measured, "", *head]
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows]
    lines += extrapolated(needs, figures)
    lines += ["", units, "", *head]
    firsts = [max(need.pressures(), key=lambda name: need.pressures()[name]) for need in needs]
    for name in needs[0].pressures():
        cells = [
            f"**{rounded(need.pressures()[name])}**" if name == first else rounded(need.pressures()[name])
            for need, first in zip(needs, firsts, strict=True)
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def extrapolated(needs: list[Need], figures: Figures) -> list[str]:
    """What the tables say about larger states than were measured, and which way that is; nothing where there are none."""
    largest, slowest = figures.restore[-1]
    beyond = [need for need in needs if need.worker_articles > largest]
    if not beyond:
        return []
    names = " and ".join(f"{need.load.name} ({rounded(need.worker_articles)})" for need in beyond)
    said = (
        f"**Extrapolated**, because the fullest worker has more than the {largest:,} articles that were measured: {names}. "
        f"Restoring is planned slower there than the {slowest:,.0f} articles a second of the largest measured state. "
        "CPU an event, memory and bytes an article are left as they were measured; CPU and memory will be more."
    )
    return ["", said]


def with_tables(page: str, tables: str) -> str:
    """*page* with *tables* between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="bring README.md up to date")
    parser.add_argument("--articles", type=float, help="articles a day of a load of your own")
    parser.add_argument("--burst", type=float, default=50.0, help="times the mean rate (default %(default)s)")
    chosen = parser.parse_args()
    figures = read_figures(json.loads(RESULTS.read_text(encoding="utf-8")))
    loads = LOADS if chosen.articles is None else (Load("yours", chosen.articles, chosen.burst),)
    tables = render([plan(load, figures) for load in loads], figures)
    if chosen.write:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), tables), encoding="utf-8")
    else:
        sys.stdout.write(tables + "\n")


if __name__ == "__main__":
    main()
