"""The last line, the tables and the picture say what was measured, and whether a target was met."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from bench import picture, report
from bench.latency import summary
from bench.medians import best_of
from bench.runs import Result
from bench.stages import ORDER, read_profile, stage_of, table, with_judgement

if TYPE_CHECKING:
    from pathlib import Path


MISSING = {"rate": 100, "p50_ms": 1.0, "p99_ms": 1.0, "p999_ms": 1.0, "max_ms": 1.0, "missing": 1}


def run(system: str, detail: str, events_s: float, cpu_us: float, *, wrong: str = "") -> Result:
    return Result(
        system=system,
        detail=detail,
        events=1000,
        seconds=1.0,
        events_s=events_s,
        cpu_us=cpu_us,
        broker_us=20.0,
        rss_mb=100.0,
        checked=system != "floor",
        wrong=wrong,
    )


def found(**changes: Any) -> dict[str, Any]:
    rows = [
        run("floor", "", 30_000, 10),
        run("desk", "1 worker", 12_000, 28),
        run("desk", "2 workers", 18_000, 30),
        run("desk", "2 workers", 22_000, 32),
        run("Kafka Streams", "1 thread", 10_000, 90),
        run("Quix Streams", "exactly-once", 2_000, 400),
        run("Quix Streams", "exactly-once, one step", 4_000, 200),
        None,
    ]
    rates = [{"rate": 2000, "p50_ms": 40.0, "p99_ms": 90.0, "p999_ms": 120.0, "max_ms": 130.0, "missing": 0}]
    state = {
        "articles": 200_000,
        "articles_s": 60_000.0,
        "cold_s": 3.3,
        "warm_s": 2.4,
        "disk_bytes": 460.0,
        "topic_bytes": 2700.0,
        "events_s": 19_000.0,
        "cpu_us": 31.0,
        "rss_mb": 210.0,
        "wrong": "",
    }
    return {
        "systems": best_of(rows),
        "latency": {"workers": 2, "rates": rates},
        "restore": [state],
        **changes,
    }


def test_a_system_is_shown_in_its_fastest_form_by_the_median_of_its_runs() -> None:
    rows = {row["system"]: row for row in found()["systems"]}
    assert (rows["desk"]["detail"], rows["desk"]["events_s"], rows["desk"]["cpu_us"]) == ("2 workers", 20_000, 31)
    assert set(rows) == {"floor", "desk", "Kafka Streams", "Quix Streams", "Quix Streams, one step"}


def test_the_last_line_has_the_ratios_of_this_run() -> None:
    last = report.last_line(found())
    assert last["ratio_to_floor"] == 3.1
    assert last["ratio_to_kafka_streams"] == 2.0
    assert last["ratio_to_quix"] == 10.0
    assert last["ratio_to_quix_one_step"] == 5.0
    assert (last["p50_ms_at_2000"], last["p99_ms_at_2000"]) == (40.0, 90.0)
    assert last["restore_articles_s"] == 60_000
    assert last["all_right"]


def test_a_target_is_met_or_not() -> None:
    bounds = report.last_line(found())["targets"]
    assert bounds["ratio_to_floor"] == {"value": 3.1, "at_most": 3.0, "met": False}
    assert bounds["ratio_to_kafka_streams"] == {"value": 2.0, "at_least": 1.5, "met": True}
    assert bounds["restore_warm_s"] == {"value": 2.4, "at_most": 2.0, "met": False}
    assert "large_state_ratio" not in bounds, "five million articles were not measured"


def test_one_wrong_answer_of_any_system_is_told() -> None:
    rows = best_of([run("desk", "1 worker", 1, 1), run("Faust", "at least once", 1, 1, wrong="1 lost")])
    last = report.last_line(found(systems=rows))
    assert not last["all_right"]
    assert any("WRONG" in line for line in report.lines(found(systems=rows)))
    assert "results wrong" in picture.draw(found(systems=rows))


@pytest.mark.parametrize(
    "fault", [{"failed": ["faust: never finished"]}, {"latency": {"workers": 1, "rates": [MISSING]}}]
)
def test_a_run_that_failed_and_a_decision_that_never_came_are_told(fault: dict[str, Any]) -> None:
    assert not report.last_line(found(**fault))["all_right"]


def test_the_picture_is_well_formed_and_names_every_system() -> None:
    drawn = picture.draw(found())
    ET.fromstring(drawn)  # noqa: S314 - our own picture
    for name in (
        "transport floor",
        "newsdesk",
        "Kafka Streams",
        "Quix Streams",
        "20,000",
        "prefers-color-scheme: dark",
    ):
        assert name in drawn


def test_latency_counts_from_when_an_event_was_due_and_leaves_out_the_warm_up() -> None:
    due = {(0, number): number / 100 for number in range(200)}
    seen = {place: when + (9.0 if when < 1 else 0.010 + when / 1000) for place, when in due.items()}
    del seen[0, 199]
    latency = summary(100, due, seen, warm=1.0)
    assert (latency.events, latency.missing) == (100, 1)
    assert latency.p50_ms == pytest.approx(11.5, abs=0.1)
    assert latency.max_ms < 12.1


@pytest.mark.parametrize(
    ("file", "function", "stage"),
    [
        ("/x/newsdesk/editorial/parse.py", "parse_event", "parse"),
        ("/x/newsdesk/editorial/urls/key.py", "key_form", "key"),
        ("/x/newsdesk/editorial/identity.py", "article_id", "key"),
        ("/x/newsdesk/editorial/identity.py", "short_digest", None),
        ("/x/newsdesk/editorial/related.py", "_read", "enrich"),
        ("/x/newsdesk/editorial/quality.py", "score", "score"),
        ("/x/newsdesk/engine/task.py", "run", "engine"),
        ("/x/newsdesk/engine/deciding.py", "answer", "answer"),
        ("/x/newsdesk/engine/folding.py", "fold_writes", "store"),
        ("/x/aiokafka/consumer/fetcher.py", "getone", "read"),
        ("/x/aiokafka/producer/sender.py", "_send_produce_req", "produce"),
        ("/x/aiokafka/conn.py", "send", None),
        ("/x/asyncio/events.py", "_run", None),
    ],
)
def test_a_frame_belongs_to_a_stage_or_to_its_callers(file: str, function: str, stage: str | None) -> None:
    assert stage_of(file, function) == stage


def test_the_stages_add_up_to_the_cpu_that_was_measured_without_the_profiler(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    lines = [
        {"at": 1.0, "main": 0.5, "process": 0.5, "counts": {"rest": 500}},  # the start, which is not counted
        {"at": 10.0, "main": 1.0, "process": 1.0, "counts": {"rest": 600, "parse": 10}},
        {"at": 14.0, "main": 4.6, "process": 5.0, "counts": {"rest": 700, "parse": 310, "answer": 100}},
    ]
    profile.write_text("".join(json.dumps(line) + "\n" for line in lines))
    stages = {stage.name: stage for stage in table(read_profile(profile, 100.0, 5.0))}
    assert list(stages) == list(ORDER)
    assert stages["threads"].us == pytest.approx(10.0)
    assert stages["parse"].us == pytest.approx(54.0)
    assert stages["engine"].us == pytest.approx(18.0)
    assert sum(stage.us for stage in stages.values()) == pytest.approx(100.0)


def test_what_is_compiled_and_has_no_frames_is_split_as_in_plain_python() -> None:
    plain = {"answer": 4.0, "parse": 10.0, "enrich": 30.0, "read": 5.0}
    compiled = {"answer": 24.0, "read": 5.0}
    assert with_judgement(compiled, plain) == {
        "answer": 4.0, "read": 5.0, "parse": 5.0, "key": 0.0, "enrich": 15.0, "score": 0.0, "serialise": 0.0
    }  # fmt: skip
