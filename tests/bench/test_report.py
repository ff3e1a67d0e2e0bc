"""The last line, the tables and the picture say what was measured, and whether a target was met."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from bench import picture, report, stages
from bench.__main__ import added
from bench.latency import summary
from bench.machine import thread_seconds
from bench.medians import best_of
from bench.runs import Result
from bench.stages import (
    ORDER,
    PARTS,
    by_part,
    mean,
    read_parts,
    read_profile,
    stage_of,
    table,
    with_judgement,
)
from bench.systems import ours

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
        ("/x/newsdesk/engine/folding.py", "fold_writes", "store/fold"),
        ("/x/newsdesk/engine/rocks_store.py", "get", "store/get"),
        ("/x/newsdesk/engine/rocks_store.py", "apply", "store/write"),
        ("/x/newsdesk/engine/blank.py", "get", "store/blank"),
        ("/x/newsdesk/engine/reading.py", "_fetch", "read/topic"),
        ("/x/aiokafka/consumer/fetcher.py", "getone", "read/unpack"),
        ("/x/aiokafka/producer/sender.py", "_send_produce_req", "produce"),
        ("/x/aiokafka/conn.py", "send", None),
        ("/x/asyncio/events.py", "_run", None),
    ],
)
def test_a_frame_belongs_to_a_stage_or_to_its_callers(file: str, function: str, stage: str | None) -> None:
    assert stage_of(file, function) == stage


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    idle, busy = {"rocksdb:low": 0.1, "python": 0.9}, {"rocksdb:low": 0.3, "rocksdb:high": 0.12, "python": 4.5}
    lines = [
        {"at": 1.0, "main": 0.5, "process": 0.5, "threads": {}, "counts": {"rest": 500}},  # the start is not counted
        {"at": 9.5, "main": 1.0, "process": 1.0, "threads": idle, "counts": {"rest": 600, "parse": 10}},
        {
            "at": 14.0,
            "main": 4.6,
            "process": 5.0,
            "threads": busy,
            "counts": {"rest": 700, "parse": 210, "answer": 100, "store/get": 70, "store/write": 30},
        },
        {"at": 19.0, "main": 9.6, "process": 10.0, "threads": busy, "counts": {"rest": 9000}},  # after the work
    ]
    file = tmp_path / "profile"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_the_parts_are_those_of_the_work_and_the_threads_go_by_their_names(profile: Path) -> None:
    parts = by_part(read_parts(profile, 100.0, 5.0, 14.1))
    assert list(parts) == list(PARTS)
    assert (parts["get"], parts["write"]) == (pytest.approx(12.6), pytest.approx(5.4))
    assert parts["judgement"] == pytest.approx(54.0), "parse and answer"
    assert (parts["flush"], parts["compaction"], parts["threads"]) == (
        pytest.approx(3.0), pytest.approx(5.0), pytest.approx(2.0)
    )  # fmt: skip
    assert sum(parts.values()) == pytest.approx(100.0)


def test_every_stage_has_a_place_in_the_table_of_parts() -> None:
    found = {stage_of(f"/x/{file}", "") for file, stage in stages._FILES if stage is not None}
    found |= set(stages._FUNCTIONS.values()) | {"rest", "threads", "flush", "compaction"}
    parts = by_part({name: 1.0 for name in found if name is not None})
    assert sum(parts.values()) == len(found)
    assert set(parts) == set(PARTS)


def test_the_mean_of_several_rounds() -> None:
    assert mean([{"get": 1.0, "fold": 2.0}, {"get": 3.0, "fold": 2.0}]) == {"get": 2.0, "fold": 2.0}


def test_the_tables_of_the_states_have_the_parts_that_take_time() -> None:
    small, large = (dict.fromkeys(PARTS, 0.0) | {"get": us, "fold": 2.0} for us in (0.0, 7.5))
    states = [
        {"articles": 10_000, "restoring": small, "answering": small, "wrong": ""},
        {"articles": 5_000_000, "restoring": small, "answering": large, "wrong": ""},
    ]
    lines = list(report.profile_tables(states))
    assert [line.split()[:3] for line in lines if line.startswith(("  get", "  total"))] == [
        ["total", "2.0", "2.0"],
        ["get", "0.0", "7.5"],
        ["total", "2.0", "9.5"],
    ]
    assert not any(line.startswith("  compaction") for line in lines)
    assert not report.last_line(found(profile=[states[0] | {"wrong": "1 lost"}]))["all_right"]


def test_what_is_measured_later_spoils_nothing_and_says_when_it_was() -> None:
    before = {"setting": {"at": "then"}, "systems": [1], "profile": [0], "later": {"sweep": {"at": "before"}}}
    now = {"setting": {"at": "now"}, "profile": [2]}
    assert added(now, before) == {
        "setting": {"at": "then"},
        "systems": [1],
        "profile": [2],
        "later": {"sweep": {"at": "before"}, "profile": {"at": "now"}},
    }


INTERRUPTED = """
import signal, threading, time
from bench.sampled import interrupt

def burn():
    began = time.thread_time()
    while time.thread_time() < began + 0.3:
        pass

samples = []
signal.signal(signal.SIGPROF, lambda *_: samples.append(1))
interrupt(0.002)
other = threading.Thread(target=burn)
other.start()
other.join()
idle = len(samples)
burn()
print(idle, len(samples) - idle)
"""


def test_the_main_thread_is_interrupted_for_its_own_cpu_alone() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], env=os.environ | ours(), capture_output=True, check=True)
    idle, busy = map(int, done.stdout.split())
    assert idle < 5
    assert busy > 20, "a kernel's clock of 100 Hz would give 30"


def test_the_threads_of_this_process_have_names_and_used_cpu() -> None:
    before = sum(thread_seconds(os.getpid()).values())
    began = time.process_time()
    while time.process_time() < began + 0.05:
        pass
    assert sum(thread_seconds(os.getpid()).values()) > before + 0.04


def test_the_stages_add_up_to_the_cpu_that_was_measured_without_the_profiler(profile: Path) -> None:
    worked = profile.read_text().splitlines(keepends=True)[:3]
    profile.write_text("".join(worked))
    by_name = {stage.name: stage for stage in table(read_profile(profile, 100.0, 5.0))}
    assert list(by_name) == list(ORDER)
    assert by_name["threads"].us == pytest.approx(10.0)
    assert by_name["parse"].us == pytest.approx(36.0)
    assert by_name["store"].us == pytest.approx(18.0)
    assert by_name["engine"].us == pytest.approx(18.0)
    assert sum(stage.us for stage in by_name.values()) == pytest.approx(100.0)


def test_what_is_compiled_and_has_no_frames_is_split_as_in_plain_python() -> None:
    plain = {"answer": 4.0, "parse": 10.0, "enrich": 30.0, "read": 5.0}
    compiled = {"answer": 24.0, "read": 5.0}
    assert with_judgement(compiled, plain) == {
        "answer": 4.0, "read": 5.0, "parse": 5.0, "key": 0.0, "enrich": 15.0, "score": 0.0, "serialise": 0.0
    }  # fmt: skip
