"""Two deployments under one group name share the work, whatever their rules; and that they differ can be seen."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from desk.running import until
from newsdesk.bootstrap import rulebook
from newsdesk.intake.generate import generate

if TYPE_CHECKING:
    from e2e.scene import Scene

pytestmark = pytest.mark.kafka

PORTION = 300


def test_they_share_the_partitions_and_every_event_is_decided_once_under_the_rules_of_whoever_has_it(
    kafka_scene: Scene,
) -> None:
    scene = kafka_scene
    stream = (event.value for event in generate(41, 2 * PORTION))
    hashes = {name: rulebook(name).name["hash"] for name in ("newsdesk", "classic")}
    scene.apply()
    with scene.desk(folder="here") as here:
        here.until_ready(4)
        scene.submit(islice(stream, PORTION), "--raw")
        scene.until_answered(PORTION, here)
        with scene.desk("--rules", "classic", folder="there") as there:
            there.until_ready(2)
            here.until_ready(2)
            scene.submit(stream, "--raw")
            report = scene.until_answered(2 * PORTION, here, there)
            for desk, rules in ((here, "newsdesk"), (there, "classic")):
                assert desk.metric("newsdesk_build_info", rules=rules, rules_hash=hashes[rules]) == 1
            assert there.end() == 0
        until(lambda: here.metric("newsdesk_tasks", state="running") == 4, "all tasks are back")
        assert here.metric("newsdesk_rebalances_total") >= 3
        assert here.end() == 0
    assert report["clean"]
    decided = Counter(line["value"]["score"]["rules"]["name"] for line in scene.tail("decisions"))
    assert set(decided) == {"newsdesk", "classic"}
    assert {line["key"] for line in scene.tail("rules")} == set(hashes.values())
