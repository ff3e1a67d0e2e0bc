"""The broker is killed in the middle of the work and started again with its data; the embedded one keeps none."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from desk.running import until
from e2e.answers import from_judge, from_topics
from newsdesk.intake.generate import generate
from support.brokers import READY_SECONDS

if TYPE_CHECKING:
    from e2e.scene import Scene

pytestmark = pytest.mark.kafka

EVENTS = 1200
SLOWLY = {"batch_records": 5, "fetch_wait_ms": 20}
"""Five events a commit, so that the kill comes between the first and the last."""


def test_the_desk_goes_on_by_itself_and_answers_nothing_twice(kafka_scene: Scene) -> None:
    scene, broker = kafka_scene, kafka_scene.broker
    stream = (event.value for event in generate(31, EVENTS))
    scene.apply()
    with scene.desk(**SLOWLY) as desk:
        desk.until_ready(4)
        scene.submit(islice(stream, EVENTS - 100), "--raw")
        until(lambda: desk.metric("newsdesk_submitted_total") >= EVENTS / 8, "the work has begun")
        broker.kill()
        assert desk.metric("newsdesk_submitted_total") < EVENTS - 100, "it was killed too late to interrupt anything"
        broker.start()
        broker.wait_ready(READY_SECONDS)
        desk.until_ready(4)
        scene.submit(stream, "--raw")
        report = scene.until_answered(EVENTS, desk)
        assert desk.end() == 0
    assert report["clean"]
    assert from_topics(scene) == {place: [answer] for place, answer in from_judge(scene).items()}
