"""The broker is not there at first, and goes away for a while in the middle: the desk says so, waits and resumes."""

from __future__ import annotations

import re
import time
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from desk.running import until
from e2e.scene import Scene
from newsdesk.intake.generate import generate
from newsdesk.ops.brokers import kafka as kafka_kind
from support.brokers import READY_SECONDS, kafka_node, need

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kafka

EVENTS = 600
CAP_SECONDS = 0.8
SETTINGS = {"batch_records": 5, "backoff_max_ms": int(CAP_SECONDS * 1000), "silence_ms": 1000}
AWAY_SECONDS = 6.0
"""Longer than a session: the group has forgotten the desk when the broker is back."""


def waits(log: str) -> list[float]:
    """All waits that the desk announced, in seconds."""
    return [float(found) for found in re.findall(r"(?:next try|starts again) in ([0-9.]+) s", log)]


def test_the_desk_waits_for_its_broker_says_so_and_resumes_by_itself(tmp_path: Path) -> None:
    need(kafka_kind)
    broker = kafka_node(tmp_path / "kafka")
    scene = Scene(broker, tmp_path)
    stream = (event.value for event in generate(53, EVENTS))
    try:
        with scene.desk(**SETTINGS) as desk:
            until(lambda: desk.metric("newsdesk_broker_errors_total", error="connection") >= 5, "some tries")
            assert desk.metric("newsdesk_broker_up") == 0
            told = desk.health("ready")
            assert told["status"] == 503
            assert told["wrong"][0].startswith("looking for the broker: ")
            assert broker.bootstrap in told["wrong"][0]
            assert desk.health("live")["status"] == 200

            broker.start()
            broker.wait_ready(READY_SECONDS)
            scene.apply()
            desk.until_ready(4)
            until(lambda: desk.metric("newsdesk_broker_up") == 1, "the broker is back")

            scene.submit(islice(stream, EVENTS - 100), "--raw")
            until(lambda: desk.metric("newsdesk_submitted_total") >= EVENTS / 8, "the work has begun")
            broker.kill()
            gone = time.monotonic()
            assert desk.metric("newsdesk_submitted_total") < EVENTS - 100, (
                "it was killed too late to interrupt anything"
            )
            until(lambda: desk.metric("newsdesk_broker_up") == 0, "it is noticed")
            until(lambda: desk.health("ready")["status"] == 503, "not ready")
            assert any("KafkaConnectionError" in wrong for wrong in desk.health("ready")["wrong"])
            until(lambda: time.monotonic() - gone > AWAY_SECONDS, "a session is over")
            assert desk.health("live")["status"] == 200
            tries = len(waits(desk.messages()))

            broker.start()
            broker.wait_ready(READY_SECONDS)
            desk.until_ready(4)
            until(lambda: desk.metric("newsdesk_broker_up") == 1, "the broker is back")
            scene.submit(stream, "--raw")
            report = scene.until_answered(EVENTS, desk)
            assert desk.end() == 0
            said = desk.messages()
    finally:
        broker.stop()
    assert report["clean"]
    assert 5 < tries < 200, "it tries again, but not as fast as it can"
    assert max(waits(said)) == pytest.approx(CAP_SECONDS), "the waits grow to what the setting says, and no longer"
    assert '"the broker answers"' in said
    assert "Traceback" not in said
