"""In which order the outputs of a batch are delivered where no transaction holds them together."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import given
from hypothesis import strategies as st

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
        output.add([Write(topic, 0, b"key", b"v" * 100, (), None)])
    return output


def keys_by_batch(output: KafkaOutput, topic: str) -> list[list[bytes | None]]:
    """The keys in each record batch of a topic, in the order in which those are sent."""
    found = []
    for builder in output.batches[topic, 0]:
        builder.close()
        records = DefaultRecordBatch(bytes(builder._build()))
        found.append([record.key for record in records])
    return found


def changes(number: int, count: int, size: int) -> list[Write]:
    """So many writes of one answer, which go to the changelog and, between them, elsewhere."""
    writes = []
    for place in range(count):
        writes += [Write(topic, 0, b"%d/%d" % (number, place), b"v" * size, ()) for topic in ("changelog", "published")]
    return writes


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 400)), min_size=1, max_size=30))
def test_the_changes_of_one_answer_are_never_parted(answers: list[tuple[int, int]]) -> None:
    """At least once a crash may come between any two record batches: half an answer would be the state for ever."""
    config = EngineConfig(bootstrap_servers="", group="", message_bytes={"changelog": 2_200, "published": 2_200})
    output = KafkaOutput(config, transactional=False)
    for number, (count, size) in enumerate(answers):
        output.add(changes(number, count, size))
    batches = keys_by_batch(output, "changelog")
    places = [{(key or b"").split(b"/")[0] for key in batch} for batch in batches]
    for one, after in pairwise(places):
        assert not one & after
    assert [key for batch in batches for key in batch] == [
        b"%d/%d" % (number, place) for number, (count, _) in enumerate(answers) for place in range(count)
    ]


def test_what_no_record_batch_takes_as_one_is_parted_and_whole() -> None:
    config = EngineConfig(bootstrap_servers="", group="", message_bytes={"changelog": 1_000, "published": 1_000})
    output = KafkaOutput(config, transactional=False)
    output.add(changes(0, 1, 10))
    output.add(changes(1, 4, 400))
    assert keys_by_batch(output, "changelog") == [[b"0/0"], [b"1/0", b"1/1"], [b"1/2", b"1/3"]]


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
