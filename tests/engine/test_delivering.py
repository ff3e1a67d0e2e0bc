"""In which order the outputs of a batch are delivered where no transaction holds them together."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from newsdesk.engine.config import EngineConfig
from newsdesk.engine.output import KafkaOutput
from newsdesk.engine.producing import deliver_changelog_last
from newsdesk.engine.records import Write

if TYPE_CHECKING:
    from collections.abc import Mapping


class Deliveries:
    """A producer that notes what is sent and what arrives, a turn of the loop later; *failing* never arrives."""

    def __init__(self, failing: str = "") -> None:
        self.notes: list[str] = []
        self._failing = failing

    async def send_batch(self, _batch: Any, topic: str, *, partition: int) -> asyncio.Task[Any]:
        self.notes.append(f"{topic} sent")
        return asyncio.create_task(self._arrive(topic, partition))

    async def _arrive(self, topic: str, partition: int) -> Any:
        await asyncio.sleep(0)
        if topic == self._failing:
            raise OSError(topic)
        self.notes.append(f"{topic} arrived")
        return SimpleNamespace(topic=topic, partition=partition, offset=41)


def batch(limits: Mapping[str, int] | None = None) -> KafkaOutput:
    config = EngineConfig(bootstrap_servers="", group="", message_bytes=limits or {})
    output = KafkaOutput(config, transactional=False)
    for topic in ("changelog", "published", "decisions", "changelog"):
        output.add(Write(topic, 0, b"key", b"v" * 100, (), None))
    return output


async def test_the_changelog_comes_after_all_else_has_arrived() -> None:
    producer: Any = Deliveries()
    assert await deliver_changelog_last(producer, batch(), ("changelog", 0)) == 43
    assert producer.notes[-2:] == ["changelog sent", "changelog arrived"]
    assert sorted(producer.notes[:-2]) == ["decisions arrived", "decisions sent", "published arrived", "published sent"]


async def test_what_did_not_arrive_keeps_the_changelog_from_being_sent() -> None:
    producer: Any = Deliveries(failing="published")
    with pytest.raises(OSError, match="published"):
        await deliver_changelog_last(producer, batch(), ("changelog", 0))
    assert "changelog sent" not in producer.notes


async def test_each_batch_of_the_changelog_waits_until_the_one_before_has_arrived() -> None:
    producer: Any = Deliveries()
    assert await deliver_changelog_last(producer, batch({"changelog": 1}), ("changelog", 0)) == 42
    assert producer.notes[-4:] == ["changelog sent", "changelog arrived"] * 2


async def test_a_batch_of_the_changelog_that_did_not_arrive_keeps_the_next_from_being_sent() -> None:
    """The next one's mark would say that the events of both are answered."""
    producer: Any = Deliveries(failing="changelog")
    with pytest.raises(OSError, match="changelog"):
        await deliver_changelog_last(producer, batch({"changelog": 1}), ("changelog", 0))
    assert producer.notes.count("changelog sent") == 1
