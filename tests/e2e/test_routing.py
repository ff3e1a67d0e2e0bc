"""Records in wrong partitions, and records that nobody can read: forwarded once, dead with all that they had."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import AIOKafkaProducer

from e2e.answers import from_judge, from_topics
from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.contracts.partitions import partition_of
from newsdesk.intake.generate import Tag, generate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.scene import Scene
    from newsdesk.contracts.topics import Topic

PARTITIONS = 4
SCOPE = "harbour.example"
HOME = partition_of(SCOPE.encode(), PARTITIONS)
AWAY = (HOME + 1) % PARTITIONS
ARTICLE = orjson.dumps({"title": "Harbour ferry sails again", "webUrl": f"https://www.{SCOPE}/ferry"})
TRACE = ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
BYTES = b'\xff\xfe not an article \x00 "'
HEADERS = [TRACE, ("upstream", b"feed 7"), ("blob", b"\xff\x00")]


def produce(scene: Scene, topic: Topic, records: Sequence[tuple[bytes | None, bytes | None, int]]) -> None:
    """Write (key, value, partition) to *topic* as an upstream does that knows nothing of newsdesk."""

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=scene.broker.bootstrap) as producer:
            for key, value, partition in records:
                await producer.send_and_wait(topic.name, value, key=key, partition=partition, headers=HEADERS)

    asyncio.run(send())


def shown(value: bytes) -> dict[str, str]:
    """What `tail` prints of bytes that are no text."""
    return {"base64": base64.b64encode(value).decode()}


def where(line: dict[str, Any]) -> tuple[str, int, int]:
    """What a dead letter says of the record that it was."""
    headers = line["headers"]
    return headers[ce.CONNECT_TOPIC], int(headers[ce.CONNECT_PARTITION]), int(headers[ce.CONNECT_OFFSET])


def test_a_record_in_the_wrong_partition_is_forwarded_once_and_decided(scene: Scene) -> None:
    scene.apply(PARTITIONS)
    with scene.ready_desk(PARTITIONS) as desk:
        produce(scene, topics.SUBMITTED, [(b"any key", ARTICLE, AWAY)])
        report = scene.until_answered(1, desk)
        assert report["clean"]
        assert (report["read"], report["forwarded"], report["decisions"]) == (2, 1, 1)
    (submitted,), (forwarded,), (decision,) = (scene.tail(name) for name in ("submitted", "repartitioned", "decisions"))
    assert (forwarded["partition"], forwarded["key"]) == (HOME, SCOPE)
    assert forwarded["value"] == submitted["value"]
    assert forwarded["timestamp"] == submitted["timestamp"]
    assert forwarded["headers"] == {
        **submitted["headers"],
        ce.FORWARDED_TOPIC: topics.SUBMITTED.name,
        ce.FORWARDED_PARTITION: str(AWAY),
        ce.FORWARDED_OFFSET: "0",
    }
    assert decision["partition"] == HOME
    assert decision["value"]["source"] == {"topic": topics.REPARTITIONED.name, "partition": HOME, "offset": 0}
    assert decision["headers"]["traceparent"] == TRACE[1].decode()
    assert from_topics(scene) == {place: [answer] for place, answer in from_judge(scene).items()}


def test_what_cannot_be_read_or_lies_wrong_again_is_dead_with_its_bytes_and_headers(scene: Scene) -> None:
    scene.apply(PARTITIONS)
    with scene.ready_desk(PARTITIONS) as desk:
        produce(scene, topics.SUBMITTED, [(b"\xff key", BYTES, AWAY), (b"gone", None, HOME), (None, b"", HOME)])
        produce(scene, topics.REPARTITIONED, [(SCOPE.encode(), ARTICLE, AWAY), (b"poison", BYTES, HOME)])
        report = scene.until_answered(5, desk)
    assert report["clean"]
    assert report["reasons"] == {"empty": 2, "misrouted": 1, "not_utf8": 2}
    letters = {where(line): line for line in scene.tail("dead-letters")}
    submitted, repartitioned = topics.SUBMITTED.name, topics.REPARTITIONED.name
    assert {place: (line["partition"], line["key"], line["value"]) for place, line in letters.items()} == {
        (submitted, AWAY, 0): (AWAY, shown(b"\xff key"), shown(BYTES)),
        (submitted, HOME, 0): (HOME, "gone", None),
        (submitted, HOME, 1): (HOME, None, shown(b"")),
        (repartitioned, AWAY, 0): (AWAY, SCOPE, orjson.loads(ARTICLE)),
        (repartitioned, HOME, 0): (HOME, "poison", shown(BYTES)),
    }
    brought = {"traceparent": TRACE[1].decode(), "upstream": "feed 7", "blob": shown(b"\xff\x00")}
    for line in letters.values():
        assert list(line["headers"])[: len(brought)] == list(brought)
        assert brought.items() <= line["headers"].items()
        assert line["headers"][ce.CONNECT_STAGE] == "VALUE_CONVERTER"
    assert scene.tail("decisions") == []


def test_a_stream_whose_keys_are_all_wrong_is_decided_all_the_same(scene: Scene) -> None:
    events = [event for event in generate(5, 300) if Tag.BAD not in event.tags]
    scene.apply(PARTITIONS)
    with scene.ready_desk(PARTITIONS) as desk:
        produce(scene, topics.SUBMITTED, [(b"one key", event.value, 0) for event in events])
        report = scene.until_answered(len(events), desk)
    assert report["clean"]
    assert 0 < report["forwarded"] < len(events)
    assert from_topics(scene) == {place: [answer] for place, answer in from_judge(scene).items()}
