"""The capacity page says what the benchmark's figures come to, and its formulas do what its words say."""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from types import ModuleType

PROGRAM = Path(__file__).parents[2] / "deploy" / "capacity" / "plan.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("capacity_plan", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


capacity = load()
FIGURES = capacity.Figures(
    cpu_us=60.0,
    broker_us=30.0,
    submitted=1500.0,
    enriched=2000.0,
    published=500.0,
    decisions=800.0,
    state_bytes=460.0,
    enriched_article=2700.0,
    restore=((1_000_000, 50_000.0), (10_000_000, 25_000.0)),  # 20 us and 40 us of CPU an article
    worker_mb=210.0,
    published_share=0.25,
    machine="a machine",
    at="2026-01-01",
)


def measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capacity.RESULTS.read_text(encoding="utf-8"))
    return found


REAL = capacity.read_figures(measured())


def test_the_page_has_the_tables_of_the_latest_figures() -> None:
    tables = capacity.render([capacity.plan(load, REAL) for load in capacity.LOADS], REAL)
    page = capacity.PAGE.read_text(encoding="utf-8")
    assert page == capacity.with_tables(page, tables), "run `python deploy/capacity/plan.py --write`"
    assert capacity.with_tables(page, "other") != page


def test_a_burst_is_so_many_times_the_mean_and_its_cpu_follows() -> None:
    need = capacity.plan(capacity.Load("x", 86_400 / capacity.EVENTS_AN_ARTICLE, burst=1000), FIGURES)
    assert (need.mean, need.burst) == (pytest.approx(1.0), pytest.approx(1000.0))
    assert need.desk_cores == pytest.approx(1000 * 60e-6 / 0.6)


def test_the_state_holds_the_published_for_years_and_the_others_until_they_expire() -> None:
    need = capacity.plan(capacity.Load("x", 1000), FIGURES)
    assert need.state_articles == pytest.approx(1000 * (0.25 * 365 * 5 + 0.75 * 180))
    assert need.state_disk == pytest.approx(need.state_articles * 460 * 1.5)


def test_workers_are_enough_for_burst_restore_and_the_loss_of_one() -> None:
    assert capacity.plan(capacity.Load("small", 10), FIGURES).workers == 2
    busy = capacity.plan(capacity.Load("busy", 1e6, burst=50_000), FIGURES)
    assert busy.workers == -(-busy.desk_cores // 1)
    large = capacity.plan(capacity.Load("large", 2e6), FIGURES)
    assert large.workers * capacity.RESTORE_SECONDS * 25_000 >= large.state_articles
    for need in (busy, large):
        assert need.partitions >= need.workers * capacity.PARTITIONS_A_WORKER
        assert need.partitions & (need.partitions - 1) == 0


def test_twice_the_articles_need_twice_the_disk_and_the_network() -> None:
    one, two = (capacity.plan(capacity.Load("x", articles), FIGURES) for articles in (1e5, 2e5))
    for name in ("topics_disk", "state_disk", "network_in", "network_out", "broker_cores"):
        assert getattr(two, name) == pytest.approx(2 * getattr(one, name))


def test_what_breaks_first_is_in_bold() -> None:
    needs = [capacity.plan(load, FIGURES) for load in capacity.LOADS]
    tables = capacity.render(needs, FIGURES)
    pressures = needs[-1].pressures()
    first = max(pressures, key=lambda name: pressures[name])
    line = next(line for line in tables.splitlines() if line.startswith(f"| {first} "))
    assert line.endswith("** |")


def test_the_page_tells_of_every_need_what_to_do_when_it_breaks() -> None:
    page = capacity.PAGE.read_text(encoding="utf-8")
    told = page.partition("## What breaks first")[2]
    for name in capacity.plan(capacity.LOADS[0], FIGURES).pressures():
        assert f"\n| {name} | " in told, name


# ---- restoring


def test_a_site_by_hand() -> None:
    """20,000 articles a day, every figure worked out on paper and none by the program.

    20,000 x (0.25 x 1,825 days + 0.75 x 180 days) = 11,825,000 articles; with what is not compacted yet, 17,737,500
    records of 2,700 bytes: 47.891 GB. Two workers of four partitions have 5,912,500 articles each, and 8,868,750 records;
    log10(5.9125) = 0.7718, so an article costs 20 + 0.7718 x (40 - 20) = 35.44 us. On disk 3 x (31,000 x 14 x 1,500 B +
    31,000 x 30 x 800 B + 47.891 GB + 9,125,000 x 1.5 x 2,000 B) = 229.99 GB: three brokers, for the copies. In a burst
    31,000 x 50 / 86,400 = 17.94 events a second, of 1,500 bytes and 3,300 that the desk writes.
    """
    need = capacity.plan(capacity.Load("x", 20_000), FIGURES)
    assert need.state_articles == pytest.approx(11_825_000)
    assert (need.workers, need.partitions, need.brokers) == (2, 8, 3)
    assert need.worker_articles == pytest.approx(5_912_500)
    assert need.worker_restores_s == pytest.approx(28_220, rel=1e-3)
    assert need.topics_disk == pytest.approx(229.99e9, rel=1e-3)
    assert need.restore_bytes == pytest.approx(47.891e9, rel=1e-3)
    assert need.restore_cpu_seconds == pytest.approx(314.3, rel=1e-3)  # 8,868,750 x 35.44 us
    assert need.restore_core_seconds == pytest.approx(628.6, rel=1e-3)  # of both workers
    assert need.restore_link_seconds == pytest.approx(191.6, rel=1e-3)  # half of the bytes at 125 MB/s
    assert need.restore_brokers_seconds == pytest.approx(127.7, rel=1e-3)  # all of them at 375 MB/s
    assert need.restore_seconds == pytest.approx(314.3, rel=1e-3)
    assert need.network_in == pytest.approx(258_333, rel=1e-3)  # 17.94 x 4,800 x 3
    assert need.network_out == pytest.approx(317_535, rel=1e-3)  # 17.94 x (4,800 x 2 + 1,500 + 3,300 x 2)
    assert need.pressures()["CPU of a cold restore"] == pytest.approx(1.048, rel=1e-3)
    assert need.pressures()["network of a cold restore"] == pytest.approx(0.6385, rel=1e-3)  # 47.891 GB of 75 GB


def test_a_small_site_by_hand() -> None:
    """1,000 articles a day: 591,250 articles, of which one of two workers has 295,625, and 443,437.5 records.

    At 50,000 a second that is 8.87 s of CPU, but 1.1973 GB, which its machine's 125 MB/s give in 9.58 s.
    """
    need = capacity.plan(capacity.Load("x", 1_000), FIGURES)
    assert need.restore_cpu_seconds == pytest.approx(8.869, rel=1e-3)
    assert need.restore_link_seconds == pytest.approx(9.578, rel=1e-3)
    assert need.restore_brokers_seconds == pytest.approx(6.386, rel=1e-3)
    assert need.restore_seconds == pytest.approx(9.578, rel=1e-3)


def test_a_hundred_sites_by_hand() -> None:
    """2,000,000 articles a day: 1,182.5 million articles, 4.7891 TB to read.

    In 600 s a core restores 15 million records at 40 us: at most 10 million articles a worker. With 512 partitions and
    127 workers one has five partitions, 11.5 million articles; with 128 all have four, 9.2383 million at 39.31 us.
    23 TB need twelve brokers, which give 1.5 GB/s: the network is what the workers wait for.
    """
    need = capacity.plan(capacity.Load("x", 2_000_000), FIGURES)
    assert (need.workers, need.partitions, need.brokers) == (128, 512, 12)
    assert need.worker_articles == pytest.approx(9_238_281, rel=1e-6)
    assert need.restore_cpu_seconds == pytest.approx(544.8, rel=1e-3)
    assert need.restore_brokers_seconds == pytest.approx(3192.8, rel=1e-3)
    assert need.restore_seconds == need.restore_brokers_seconds
    assert need.pressures()["network of a cold restore"] == pytest.approx(63.86, rel=1e-3)
    assert need.pressures()["disk of a broker"] == pytest.approx(11.5, rel=1e-3)


def test_a_worker_restores_at_the_speed_that_a_core_was_measured_with_at_that_size() -> None:
    slowest = float("inf")
    for row in sorted(measured()["restore"], key=lambda row: float(row["articles"])):
        slowest = min(slowest, row["articles_s"])
        assert capacity.restores_s(row["articles"], REAL) == pytest.approx(slowest, rel=1e-9)
    on_the_clock = measured()
    for row in on_the_clock["restore"]:
        row["cold_s"] /= 10  # as on a machine where RocksDB has ten cores for its part
    assert capacity.read_figures(on_the_clock) == REAL


def test_between_measured_sizes_the_speed_lies_between_and_beyond_them_it_only_falls() -> None:
    assert capacity.restores_s(1, FIGURES) == 50_000
    assert capacity.restores_s(10**6.5, FIGURES) == pytest.approx(1e6 / 30)
    assert capacity.restores_s(1e8, FIGURES) == pytest.approx(1e6 / 60)
    for figures in (FIGURES, REAL):
        speeds = [capacity.restores_s(10 ** (tenths / 10), figures) for tenths in range(10, 100)]
        assert all(faster >= slower for faster, slower in itertools.pairwise(speeds))
        assert min(speeds) <= figures.restore[-1][1]


def test_a_larger_state_that_was_measured_faster_is_planned_no_faster() -> None:
    found = measured()
    row = found["restore"][0]
    found["restore"] = [
        {**row, "articles": articles, "articles_s": speed}
        for articles, speed in ((10**7, 9e4), (10**6, 4e4), (10**4, 5e4))
    ]
    figures = capacity.read_figures(found)
    assert figures.restore == ((10**4, 5e4), (10**6, 4e4), (10**7, 4e4))
    assert capacity.restores_s(1e9, figures) == pytest.approx(4e4)


def test_one_measured_size_is_enough() -> None:
    found = measured()
    found["restore"] = found["restore"][:1]
    found.pop("scaling", None)
    figures = capacity.read_figures(found)
    assert capacity.restores_s(1e9, figures) == pytest.approx(found["restore"][0]["articles_s"])
    assert capacity.plan(capacity.LOADS[-1], figures).restore_cpu_seconds <= capacity.RESTORE_SECONDS


@settings(deadline=None)
@given(st.floats(1, 1e8), st.sampled_from([FIGURES, REAL]))
def test_no_restore_is_faster_than_the_best_core_or_than_the_network(articles: float, figures: Any) -> None:
    need = capacity.plan(capacity.Load("x", articles), figures)
    best = max(speed for _, speed in figures.restore)
    live_bytes = need.state_articles * figures.enriched_article
    assert need.restore_core_seconds >= need.state_articles / best
    assert need.restore_seconds >= need.state_articles / need.workers / best
    assert need.restore_seconds >= live_bytes / (need.brokers * 125e6)
    assert need.restore_seconds >= live_bytes / need.workers / 125e6
    assert need.restore_bytes >= live_bytes
    assert need.brokers >= max(3, need.topics_disk / 2e12)
    assert need.restore_cpu_seconds <= 600
    assert need.restore_link_seconds <= 600
    assert need.workers * need.worker_articles >= need.state_articles * (1 - 1e-9)
    if need.worker_articles >= figures.restore[-1][0]:
        assert need.restore_cpu_seconds >= need.worker_articles / figures.restore[-1][1]


@settings(deadline=None)
@given(st.floats(1, 1e10), st.sampled_from([FIGURES, REAL]))
def test_with_more_workers_none_takes_longer(articles: float, figures: Any) -> None:
    times = [capacity.restore_times(capacity.of_the_fullest(articles, workers), figures) for workers in range(1, 200)]
    for fewer, more in itertools.pairwise(times):
        assert more[0] <= fewer[0] * (1 + 1e-9)
        assert more[1] <= fewer[1] * (1 + 1e-9)


def test_the_fullest_worker_has_whole_partitions() -> None:
    for workers in range(1, 100):
        partitions = capacity.partitions_for(workers)
        shares = [len(range(worker, partitions, workers)) for worker in range(workers)]  # dealt out one by one
        assert capacity.of_the_fullest(partitions, workers) == max(shares)


def test_memory_is_the_worst_that_a_worker_was_measured_with() -> None:
    found = measured()
    found["scaling"] = [
        {"partitions": 16, "workers": 1, "rss_mb": 900.0},
        {"partitions": 4, "workers": 4, "rss_mb": 1000.0},
    ]
    assert capacity.read_figures(found).worker_mb == 900
    found["scaling"][1]["rss_mb"] = 4000.0
    assert capacity.read_figures(found).worker_mb == 1000
    found["restore"][0]["rss_mb"] = 1200.0
    assert capacity.read_figures(found).worker_mb == 1200


def test_no_worker_gets_more_partitions_than_were_measured_not_even_when_one_of_them_failed() -> None:
    most = max((row["partitions"] / row["workers"] for row in measured().get("scaling", ())), default=16)
    for load in capacity.LOADS:
        need = capacity.plan(load, REAL)
        assert -(-need.partitions // (need.workers - 1)) <= most


def test_what_is_extrapolated_is_said_with_the_names_of_the_loads() -> None:
    within = replace(FIGURES, restore=(*FIGURES.restore, (10**9, 24_000.0)))
    assert "Extrapolated" not in capacity.render([capacity.plan(load, within) for load in capacity.LOADS], within)
    low = replace(FIGURES, restore=((10, 50_000.0), (1_000_000, 25_000.0)))
    said = capacity.render([capacity.plan(load, low) for load in capacity.LOADS], low)
    line = next(line for line in said.splitlines() if line.startswith("**Extrapolated**"))
    assert "a country's press" in line
    assert "a site" not in line
    assert "slower" in line


@pytest.mark.parametrize(
    ("number", "text"), [(999, "999 B"), (1500, "1.5 kB"), (2.5e12, "2.5 TB"), (3e15, "3,000 TB"), (12.3e9, "12.3 GB")]
)
def test_sizes_are_said_as_people_say_them(number: float, text: str) -> None:
    assert capacity.size(number) == text
