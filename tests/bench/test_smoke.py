"""The benchmark itself runs: floor and desk over a few events on a real Kafka, answers checked, nothing timed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import cluster, report
from bench.events import Mix
from bench.measuring import Bench
from bench.medians import best_of
from newsdesk.ops.brokers import kafka
from support.brokers import need

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = 400


@pytest.mark.kafka
def test_floor_and_desk_answer_every_event_rightly(tmp_path: Path) -> None:
    need(kafka)
    said: list[str] = []
    with cluster.new_broker(tmp_path / "broker", said.append) as broker:
        bench = Bench(broker, tmp_path, EVENTS, said.append)
        expected = bench.submit(Mix(), EVENTS)
        rows = [bench.floor(expected), bench.desk(expected, 1)]
        traffic = bench.traffic(EVENTS)
    found = {"systems": best_of(rows)}
    assert [row["system"] for row in found["systems"]] == ["floor", "desk"], said
    assert report.last_line(found)["all_right"], said
    assert found["systems"][1]["events"] == EVENTS
    assert all(size > 0 for topic, size in traffic.items() if not topic.endswith("repartitioned")), traffic
