"""The desk refuses topics that are not right, with the remedy, and waits for a broker that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desk.running import until
from e2e.scene import PATIENCE, REFUSED, Scene
from newsdesk.contracts.topics import DECISIONS, ENRICHED, TOPICS
from newsdesk.ops.brokers import kafka as kafka_kind
from support.brokers import READY_SECONDS, create_topics, kafka_node, need

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kafka

PARTITIONS = 2


def test_it_refuses_to_start_on_drift_and_says_what_to_do(kafka_scene: Scene) -> None:
    scene = kafka_scene
    right = {topic.name: (topic.partitions or PARTITIONS, topic.config()) for topic in TOPICS}
    wrong = {
        DECISIONS.name: (PARTITIONS + 1, DECISIONS.config()),
        ENRICHED.name: (PARTITIONS, {**ENRICHED.config(), "cleanup.policy": "delete"}),
    }
    create_topics(scene.broker.bootstrap, right | wrong)
    checked = scene.call("topics", "check", "--output", "json", expect=(REFUSED,)).lines[0]
    assert {(drift["topic"], drift["setting"]) for drift in checked["drifts"]} == {
        (DECISIONS.name, "partitions"),
        (ENRICHED.name, "cleanup.policy"),
    }
    for workers in ("1", "2"):
        with scene.desk("--workers", workers, folder=f"desk-{workers}") as desk:
            assert desk.process.wait(PATIENCE) == 1
            said = desk.messages()
        for drift in checked["drifts"]:
            assert f"{drift['topic']}: {drift['setting']} is {drift['actual']}" in said
            assert drift["remedy"] in said
        assert "Traceback" not in said
    assert scene.tail("rules") == []


def test_it_waits_for_its_broker_and_then_for_its_topics(tmp_path: Path) -> None:
    need(kafka_kind)
    broker = kafka_node(tmp_path / "kafka")
    scene = Scene(broker, tmp_path)
    try:
        with scene.desk() as desk:
            waiting = until(lambda: desk.health("ready").get("wrong"), "it tells what it waits for")
            assert broker.bootstrap in waiting[0]
            assert desk.health("ready")["status"] == 503
            broker.start()
            broker.wait_ready(READY_SECONDS)
            until(lambda: "is missing" in desk.health("ready")["wrong"][0], "it tells which topic it waits for")
            scene.apply(PARTITIONS)
            desk.until_ready(PARTITIONS)
            assert desk.health("live")["status"] == 200
            assert desk.end() == 0
    finally:
        broker.stop()
