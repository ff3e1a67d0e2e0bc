"""Alive is who makes progress; ready is who answers events. Both are functions of a status and the time."""

from __future__ import annotations

import pytest

from newsdesk.engine.status import TaskStatus, WorkerStatus
from newsdesk.ops.health import Beginning, live, ready

NOW = 1000.0


def task(number: int, state: str = "running", *, ago: float = 0.0, error: str = "", lag: int | None = 0) -> TaskStatus:
    return TaskStatus(task=number, state=state, progress_at=NOW - ago, error=error, lag_records=lag)  # type: ignore[arg-type]


def worker(*tasks: TaskStatus, state: str = "member", error: str = "", ago: float = 0.0) -> WorkerStatus:
    return WorkerStatus(
        ready=state == "member" and all(one.state == "running" for one in tasks),
        state=state,
        guarantee="exactly_once",
        guarantee_reason="",
        tasks=tasks,
        progress_at=min([NOW - ago, *(one.progress_at for one in tasks)]),
        error=error,
    )


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(worker(task(0), task(1)), id="all run"),
        pytest.param(worker(), id="no tasks: there are more workers than partitions"),
        pytest.param(worker(task(0, ago=59)), id="idle for a moment"),
        pytest.param(worker(task(0, "restoring")), id="a restore that advances, however long it takes"),
        pytest.param(worker(task(0, "braked")), id="braked: ending it would cure nothing"),
        pytest.param(worker(task(0, "waiting", error="broker away")), id="waits for the next try"),
        pytest.param(
            worker(state="connecting", error="KafkaConnectionError"), id="the broker is away, and it keeps trying"
        ),
        pytest.param(Beginning("looking for the broker", NOW - 30, "connection refused"), id="not begun, and trying"),
    ],
)
def test_alive(status: WorkerStatus | Beginning) -> None:
    answer = live(status, NOW)
    assert answer.ok
    assert answer.body["live"] is True
    assert answer.body["wrong"] == []


def test_a_task_that_stands_still_is_not_alive_whatever_the_others_do() -> None:
    answer = live(worker(task(0), task(1, "restoring", ago=61)), NOW)
    assert not answer.ok
    assert "task 1 (restoring): no progress for 61 s" in answer.body["wrong"]
    assert not any("task 0" in wrong for wrong in answer.body["wrong"])


def test_a_worker_that_stands_still_is_not_alive() -> None:
    assert live(worker(task(0), ago=100), NOW).body["wrong"] == ["no progress for 100 s"]
    assert not live(Beginning("starting", NOW - 100), NOW).ok


def test_patience_is_a_matter_of_choice() -> None:
    assert live(worker(task(0, ago=61)), NOW, patience=120).ok


@pytest.mark.parametrize(
    ("status", "wrong"),
    [
        pytest.param(worker(task(0), task(1)), [], id="every task runs"),
        pytest.param(worker(), [], id="a member without tasks"),
        pytest.param(worker(task(0), task(1, "starting")), ["task 1 is starting"], id="starting"),
        pytest.param(
            worker(task(0, "waiting", error="TimeoutError: x")), ["task 0 is waiting: TimeoutError: x"], id="waiting"
        ),
        pytest.param(
            worker(task(0, "fenced", error="another owner")), ["task 0 is fenced: another owner"], id="fenced"
        ),
        pytest.param(worker(state="joining"), ["the worker is joining"], id="not yet a member"),
        pytest.param(worker(task(0), state="silent", error="no fetch"), ["no fetch"], id="the broker does not answer"),
        pytest.param(worker(task(0), state="silent"), ["the worker is silent"], id="the same, before it is told why"),
        pytest.param(
            Beginning("looking for the broker", NOW, "refused"), ["looking for the broker: refused"], id="no broker yet"
        ),
        pytest.param(Beginning("publishing the rules", NOW), ["publishing the rules"], id="not begun"),
    ],
)
def test_ready(status: WorkerStatus | Beginning, wrong: list[str]) -> None:
    answer = ready(status, {})
    assert answer.body["wrong"] == wrong
    assert answer.ok == answer.body["ready"] == (not wrong)


def test_a_braked_task_is_not_ready_and_says_what_to_do() -> None:
    answer = ready(worker(task(0), task(1, "braked")), {})
    assert not answer.ok
    (wrong,) = answer.body["wrong"]
    assert "task 1 has paused" in wrong
    assert "SIGHUP" in wrong


def test_a_restoring_task_is_not_ready_and_says_how_far_it_is() -> None:
    answer = ready(worker(task(0), task(7, "restoring")), {7: (250, 1000), 0: (5, 5)})
    assert not answer.ok
    assert answer.body["wrong"] == ["task 7 is restoring: 250 of 1000"]
    assert answer.body["tasks"] == [
        {"task": 0, "state": "running", "lag_records": 0},
        {"task": 7, "state": "restoring", "lag_records": 0, "restored": {"done": 250, "total": 1000, "ratio": 0.25}},
    ]
