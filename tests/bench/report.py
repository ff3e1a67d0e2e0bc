"""What was found, in words: the table, the targets, the last line, all computed from the figures that were measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.stages import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LEAST_US = 0.05


@dataclass(frozen=True, slots=True)
class Target:
    """A figure, the bound that it should keep, and whether it does; *least* says which way."""

    name: str
    value: float
    bound: float
    least: bool

    @property
    def met(self) -> bool:
        """Whether the bound is kept."""
        return self.value >= self.bound if self.least else self.value <= self.bound


def summary(found: dict[str, Any]) -> dict[str, float]:
    """The figures of the last line, those that were measured."""
    figures: dict[str, float] = {}
    systems = {row["system"]: row for row in found.get("systems", ())}
    desk, floor = systems.get("desk"), systems.get("floor")
    if desk is not None:
        figures["events_s"] = round(desk["events_s"])
        figures["cpu_us"] = round(desk["cpu_us"], 1)
        figures["rss_mb"] = round(desk["rss_mb"])
        if floor is not None and floor["cpu_us"]:
            figures["ratio_to_floor"] = round(desk["cpu_us"] / floor["cpu_us"], 2)
        for name, peer in (
            ("ratio_to_kafka_streams", "Kafka Streams"),
            ("ratio_to_quix", "Quix Streams"),
            ("ratio_to_quix_one_step", "Quix Streams, one step"),
            ("ratio_to_faust", "Faust"),
        ):
            if peer in systems:
                figures[name] = round(desk["events_s"] / systems[peer]["events_s"], 2)
    for rate in found.get("latency", {}).get("rates", ()):
        if rate["rate"] == 2000:
            figures["p50_ms_at_2000"] = round(rate["p50_ms"], 1)
            figures["p99_ms_at_2000"] = round(rate["p99_ms"], 1)
            figures["p999_ms_at_2000"] = round(rate["p999_ms"], 1)
    if states := found.get("restore"):
        largest = max(states, key=lambda state: state["articles"])
        figures["restore_articles_s"] = round(largest["articles_s"])
        figures["restore_warm_s"] = round(max(state["warm_s"] for state in states), 2)
        figures["state_rss_mb"] = round(max(state["rss_mb"] for state in states))
        smallest = min(states, key=lambda state: state["articles"])
        if largest["articles"] >= 5_000_000:
            figures["large_state_ratio"] = round(largest["events_s"] / smallest["events_s"], 2)
    return figures


_TARGETS = (
    ("ratio_to_floor", 3.0, False),
    ("ratio_to_kafka_streams", 1.5, True),
    ("ratio_to_quix", 8.0, True),
    ("p99_ms_at_2000", 150.0, False),
    ("large_state_ratio", 0.7, True),
    ("rss_mb", 400.0, False),
    ("state_rss_mb", 400.0, False),
    ("restore_warm_s", 2.0, False),
    ("restore_articles_s", 50_000.0, True),
)


def targets(figures: dict[str, float]) -> list[Target]:
    """The targets whose figures were measured."""
    return [Target(name, figures[name], bound, least) for name, bound, least in _TARGETS if name in figures]


def last_line(found: dict[str, Any]) -> dict[str, Any]:
    """The summary with the targets, each met or not, and whether every answer of every system was right."""
    figures = summary(found)
    bounds = {
        target.name: {
            "value": target.value,
            ("at_least" if target.least else "at_most"): target.bound,
            "met": target.met,
        }
        for target in targets(figures)
    }
    rows = [
        *found.get("systems", ()),
        *found.get("like_seed", ()),
        *found.get("restore", ()),
        *found.get("scaling", ()),
        *found.get("profile", ()),
    ]
    missing = sum(rate["missing"] for rate in found.get("latency", {}).get("rates", ()))
    right = not (found.get("failed") or missing or any(row["wrong"] for row in rows))
    return {**figures, "all_right": right, "targets": bounds}


def lines(found: dict[str, Any]) -> Iterator[str]:
    """All tables."""
    for title, name in (("Events of 1.5 KB", "systems"), ("Events like the seed, 4.5 KB", "like_seed")):
        if rows := found.get(name):
            yield from ("", title)
            yield from systems_table(rows)
    if profile := found.get("stages"):
        yield from ("", f"Where the desk's time goes: {profile['cpu_us']:.0f} us of CPU an event, one worker")
        rows = [
            [line["name"], f"{line['us']:.1f}", f"{100 * line['share']:.0f} %", line["what"]]
            for line in profile["lines"]
        ]
        total = sum(line["us"] for line in profile["lines"])
        yield from table(["stage", "us", "share", ""], [*rows, ["total", f"{total:.1f}", "100 %", ""]])
    if latency := found.get("latency"):
        yield from ("", f"From submit to a committed decision, {latency['workers']} worker(s), milliseconds")
        yield from table(
            ["events/s", "p50", "p99", "p99.9", "max", "missing"],
            [
                [
                    f"{rate['rate']:,}",
                    *(f"{rate[name]:.0f}" for name in ("p50_ms", "p99_ms", "p999_ms", "max_ms", "missing")),
                ]
                for rate in latency["rates"]
            ],
        )
    if scaling := found.get("scaling"):
        yield from ("", "Workers and partitions")
        yield from table(
            ["partitions", "workers", "events", "events/s", "CPU us", "MB", "right"],
            [
                [
                    str(row["partitions"]),
                    str(row["workers"]),
                    "half on one domain" if row["hot"] else "400 domains",
                    *(f"{row[name]:,.0f}" for name in ("events_s", "cpu_us", "rss_mb")),
                    "NO" if row["wrong"] else "yes",
                ]
                for row in scaling
            ],
        )
    if states := found.get("restore"):
        yield from ("", "State: restored cold from the topic, reopened warm, and at work, one worker")
        yield from table(
            [
                "articles",
                "cold s",
                "articles/s a core",
                "warm s",
                "bytes on disk",
                "in the topic",
                "events/s",
                "CPU us",
                "MB",
            ],
            [
                [
                    f"{row['articles']:,}",
                    f"{row['cold_s']:.1f}",
                    f"{row['articles_s']:,.0f}",
                    f"{row['warm_s']:.1f}",
                    *(f"{row[name]:,.0f}" for name in ("disk_bytes", "topic_bytes", "events_s", "cpu_us", "rss_mb")),
                ]
                for row in states
            ],
        )
    yield from profile_tables(found.get("profile", ()))
    if swept := found.get("sweep"):
        yield from (
            "",
            f"The sweep: {swept['expired']:,} of {swept['articles']:,} articles removed meanwhile, milliseconds",
        )
        yield from table(
            [f"at {swept['beside']['rate']:,} events/s", "p50", "p99", "p99.9", "max"],
            [
                [
                    f"{name} the sweep",
                    *(f"{swept[name][part]:.0f}" for part in ("p50_ms", "p99_ms", "p999_ms", "max_ms")),
                ]
                for name in ("beside", "without")
            ],
        )
    for failure in found.get("failed", ()):
        yield from ("", f"FAILED: {failure}")
    yield from ("", "Targets")
    yield from table(
        ["figure", "measured", "target", ""],
        [
            [
                target.name,
                f"{target.value:,g}",
                f"{'>=' if target.least else '<='} {target.bound:,g}",
                "met" if target.met else "NOT MET",
            ]
            for target in targets(summary(found))
        ],
    )


def profile_tables(states: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Parts down, those that take time; sizes of the state across."""
    for name, title in (
        ("restoring", "Where a cold restore's time goes: us of CPU an article, by the articles of the state"),
        ("answering", "Where an event's time goes on those states: us of CPU an event"),
    ):
        profiles = [state[name] for state in states]
        rows = [
            [part, *(f"{profile[part]:.1f}" for profile in profiles), what]
            for part, what in PARTS.items()
            if any(profile[part] >= _LEAST_US for profile in profiles)
        ]
        if rows:
            rows.append(["total", *(f"{sum(profile.values()):.1f}" for profile in profiles), ""])
            yield from ("", title)
            yield from table(["part", *(f"{state['articles']:,}" for state in states), ""], rows)


def systems_table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The comparison; the floor judges nothing, so it is only counted."""
    floor = next((row["cpu_us"] for row in rows if row["system"] == "floor"), None)
    return table(
        ["system", "", "events/s", "CPU us", "x floor", "broker us", "peak MB", "results"],
        [
            [
                row["system"],
                row["detail"],
                f"{row['events_s']:,.0f}",
                f"{row['cpu_us']:.0f}",
                f"{row['cpu_us'] / floor:.1f}" if floor else "",
                f"{row['broker_us']:.0f}",
                f"{row['rss_mb']:.0f}",
                "WRONG" if row["wrong"] else "right" if row["checked"] else "copied",
            ]
            for row in rows
        ],
    )


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Columns, those of numbers to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    numbers = [
        all(row[column][:1].isdigit() or row[column][:1] in "-~" or not row[column] for row in rows)
        for column in range(len(head))
    ]

    def line(row: list[str]) -> str:
        cells = (
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numbers, strict=True)
        )
        return "  " + "  ".join(cells).rstrip()

    return [line(head), "  " + "-" * (sum(widths) + 2 * len(widths) - 2), *map(line, rows)]
