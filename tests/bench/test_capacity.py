"""The capacity page says what the benchmark's figures come to, and its formulas do what its words say."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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
    restore_articles_s=50_000.0,
    worker_mb=210.0,
    published_share=0.25,
    machine="a machine",
    at="2026-01-01",
)


def test_the_page_has_the_tables_of_the_latest_figures() -> None:
    figures = capacity.read_figures(json.loads(capacity.RESULTS.read_text(encoding="utf-8")))
    tables = capacity.render([capacity.plan(load, figures) for load in capacity.LOADS], figures)
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
    assert large.workers * capacity.RESTORE_SECONDS * 50_000 >= large.state_articles
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


@pytest.mark.parametrize(
    ("number", "text"), [(999, "999 B"), (1500, "1.5 kB"), (2.5e12, "2.5 TB"), (3e15, "3,000 TB"), (12.3e9, "12.3 GB")]
)
def test_sizes_are_said_as_people_say_them(number: float, text: str) -> None:
    assert capacity.size(number) == text
