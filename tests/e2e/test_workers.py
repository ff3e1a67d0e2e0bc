"""Several workers share the work; one is killed, one more joins."""

from __future__ import annotations

import os
import signal
from itertools import islice
from typing import TYPE_CHECKING

from desk.running import until
from e2e.answers import from_judge, from_topics, standing, standing_on_topics
from newsdesk.intake.generate import generate

if TYPE_CHECKING:
    from desk.running import RunningDesk
    from e2e.scene import Scene

PORTION = 800
SLOWLY = {"batch_records": 5, "fetch_wait_ms": 20}
"""Five events a commit: what takes a moment otherwise lasts long enough to be interrupted."""


def worker_pids(desk: RunningDesk) -> list[int]:
    """The process ids of all workers that were ever started, in their order."""
    return [line["pid"] for line in desk.log() if "pid" in line]


def tasks(desk: RunningDesk) -> list[int]:
    """How many tasks of each worker run."""
    return [
        sum(task["state"] == "running" for task in desk.health("ready", url).get("tasks", ())) for url in desk.urls()
    ]


def answered(desk: RunningDesk) -> float:
    """How many records all workers have answered."""
    return sum(desk.metric("newsdesk_submitted_total", url) for url in desk.urls())


def test_nothing_is_lost_when_a_worker_is_killed_and_another_joins(scene: Scene) -> None:
    stream = (event.value for event in generate(23, 3 * PORTION))
    scene.apply()
    with scene.desk("--workers", "2", folder="two", **SLOWLY) as two:
        until(lambda: tasks(two) == [2, 2], "two tasks each")
        scene.submit(islice(stream, PORTION), "--raw")
        until(lambda: answered(two) >= PORTION / 8, "the work has begun")
        first, second = worker_pids(two)
        os.kill(first, signal.SIGKILL)
        assert scene.audit()["waiting"] > 0, "it was killed too late to interrupt anything"
        scene.submit(islice(stream, PORTION), "--raw")
        scene.until_answered(2 * PORTION, two)
        until(lambda: len(worker_pids(two)) > 2, "the killed worker is started again")
        assert worker_pids(two)[1] == second

        until(lambda: sum(tasks(two)) == 4, "all tasks run")
        scene.submit(islice(stream, PORTION), "--raw")
        with scene.desk(folder="third", **SLOWLY) as third:
            until(lambda: sum(tasks(third)) >= 1, "the third worker has a task")
            report = scene.until_answered(3 * PORTION, two, third)
            assert third.end() == 0
        assert two.end() == 0

    _is_complete(scene, report)


def _is_complete(scene: Scene, report: dict[str, object]) -> None:
    """Nothing is lost, on Kafka nothing is answered twice, and everything stands as without the kill."""
    expected = from_judge(scene)
    answers = from_topics(scene)
    assert report["unanswered"] == report["baseless"] == report["unjoined"] == 0
    assert all(answers.values())
    assert standing_on_topics(scene) == standing(expected.values())
    if scene.exactly_once:
        assert report["clean"]
        assert answers == {place: [answer] for place, answer in expected.items()}
