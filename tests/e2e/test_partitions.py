"""Any number of partitions decides as one state in memory does, byte for byte apart from where events were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.answers import from_judge, from_topics
from newsdesk.intake.generate import Tag, generate

if TYPE_CHECKING:
    from e2e.scene import Scene

pytestmark = pytest.mark.kafka

EVENTS = 1000


@pytest.mark.parametrize("partitions", [1, 3, 16])
def test_the_desk_decides_as_the_judge_does(kafka_scene: Scene, partitions: int) -> None:
    scene = kafka_scene
    stream = [event for event in generate(47, EVENTS) if Tag.WRONG_KEY not in event.tags]
    scene.apply(partitions)
    with scene.ready_desk(partitions) as desk:
        scene.submit((event.value for event in stream), "--raw")
        report = scene.until_answered(len(stream), desk)
    assert report["clean"]
    assert report["partitions"] == partitions
    assert len({line["partition"] for line in scene.tail("submitted")}) == partitions
    assert from_topics(scene) == {place: [answer] for place, answer in from_judge(scene).items()}
