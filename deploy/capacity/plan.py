"""Capacity on paper: what a site, a country's press and the whole web's news need, computed from the benchmark's figures.

`python deploy/capacity/plan.py` prints the tables, with `--write` it puts them into README.md beside it, and with
`--articles N --burst X` it answers for a load of your own. Needs nothing but Python and tests/bench/results.json.
"""
# ruff: noqa: INP001

from __future__ import annotations

import argparse
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
"""A worker that lost its files is to be back within so long."""
PARTITIONS_A_WORKER: Final = 4
READERS: Final = 2
"""Consumers of everything that the desk writes, besides the desk."""
DISK_OF_A_BROKER: Final = 2e12
NETWORK_OF_A_BROKER: Final = 125e6
"""1 Gbit/s, in bytes."""


_THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: CPU in microseconds an event, bytes an event by topic, bytes an article, articles a second a worker."""

    cpu_us: float
    broker_us: float
    submitted: float
    enriched: float
    published: float
    decisions: float
    state_bytes: float
    enriched_article: float
    restore_articles_s: float
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
    restore_worker_seconds: float
    workers: int
    partitions: int
    state_disk: float
    topics_disk: float
    network_in: float
    network_out: float
    worker_mb: float
    restore_seconds: float

    def pressures(self) -> dict[str, float]:
        """How many times one unit (a core, a broker, a worker) each need is; the largest breaks first."""
        return {
            "CPU of the desk": self.desk_cores,
            "CPU of one partition": self.desk_cores * HOTTEST_DOMAIN,
            "CPU of the broker": self.broker_cores,
            "time of a cold restore": self.restore_worker_seconds / RESTORE_SECONDS,
            "disk of a broker": self.topics_disk / COPIES / DISK_OF_A_BROKER,
            "network of a broker": max(self.network_in, self.network_out) / NETWORK_OF_A_BROKER,
        }


def read_figures(found: dict[str, Any]) -> Figures:
    """The figures in results.json; the largest state that was measured counts."""
    desk = next(row for row in found["systems"] if row["system"] == "desk")
    state = max(found["restore"], key=lambda row: row["articles"])
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
        restore_articles_s=state["articles"] / state["cold_s"],
        worker_mb=max(row["rss_mb"] for row in found["restore"]),
        published_share=found["published_share"],
        machine=found["setting"]["machine"],
        at=found["setting"]["at"][:10],
    )


def plan(load: Load, figures: Figures) -> Need:
    """The needs of *load*; README.md says the same in words."""
    events_day = load.articles * EVENTS_AN_ARTICLE
    mean = events_day / DAY
    burst = mean * load.burst
    desk_cores = burst * figures.cpu_us / 1e6 / BUSY
    published_articles = load.articles * figures.published_share * 365 * PUBLISHED_YEARS
    passing_articles = load.articles * (1 - figures.published_share) * RETENTION_DAYS
    state_articles = published_articles + passing_articles
    restore_worker_seconds = state_articles / figures.restore_articles_s
    workers = max(2, math.ceil(desk_cores), math.ceil(restore_worker_seconds / RESTORE_SECONDS))
    partitions = max(4, 2 ** math.ceil(math.log2(workers * PARTITIONS_A_WORKER)))
    written = figures.enriched + figures.published + figures.decisions
    published_bytes = figures.published / max(figures.published_share, 1e-9)
    topics_disk = COPIES * (
        events_day * SUBMITTED_DAYS * figures.submitted
        + events_day * DECISION_DAYS * figures.decisions
        + state_articles * COMPACTION * figures.enriched_article
        + published_articles * COMPACTION * published_bytes
    )
    return Need(
        load=load,
        events_day=events_day,
        mean=mean,
        burst=burst,
        desk_cores=desk_cores,
        broker_cores=burst * figures.broker_us / 1e6 * COPIES / BUSY,
        state_articles=state_articles,
        restore_worker_seconds=restore_worker_seconds,
        workers=workers,
        partitions=partitions,
        state_disk=state_articles * figures.state_bytes * COMPACTION,
        topics_disk=topics_disk,
        network_in=burst * (figures.submitted + written) * COPIES,
        network_out=burst * ((figures.submitted + written) * (COPIES - 1) + figures.submitted + READERS * written),
        worker_mb=figures.worker_mb,
        restore_seconds=restore_worker_seconds / workers,
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
        ("**workers**", [f"**{need.workers}**" for need in needs]),
        ("**partitions**", [f"**{need.partitions}**" for need in needs]),
        ("memory a worker", [f"{need.worker_mb:.0f} MB" for need in needs]),
        ("local state, all workers", [size(need.state_disk) for need in needs]),
        ("brokers' disks, all copies", [size(need.topics_disk) for need in needs]),
        ("into the brokers in a burst", [f"{size(need.network_in)}/s" for need in needs]),
        ("out of the brokers in a burst", [f"{size(need.network_out)}/s" for need in needs]),
        ("cold restore, all workers at once", [duration(need.restore_seconds) for need in needs]),
    ]
    head = ["| | " + " | ".join(need.load.name for need in needs) + " |", "|---|" + "--:|" * len(needs)]
    measured = (
        f"Measured on {figures.machine}, {figures.at}: {figures.cpu_us:.0f} us of CPU an event in the desk and "
        f"{figures.broker_us:.0f} us in the broker; {figures.state_bytes:.0f} bytes an article on a worker's disk and "
        f"{figures.enriched_article:,.0f} in the topic; {figures.restore_articles_s:,.0f} articles restored a second by a worker."
    )
    units = (
        "How many times one unit is needed (a core, a worker restored in ten minutes, a broker with 2 TB and 1 Gbit/s); "
        "the largest breaks first:"
    )
    lines = [measured, "", *head]
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows]
    lines += ["", units, "", *head]
    firsts = [max(need.pressures(), key=lambda name: need.pressures()[name]) for need in needs]
    for name in needs[0].pressures():
        cells = [
            f"**{rounded(need.pressures()[name])}**" if name == first else rounded(need.pressures()[name])
            for need, first in zip(needs, firsts, strict=True)
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


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
