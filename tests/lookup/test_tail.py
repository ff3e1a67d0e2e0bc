from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson
import pytest

from cli.command import call, start
from lookup.answering import producing
from newsdesk.contracts import topics
from support.brokers import make_topics

if TYPE_CHECKING:
    from cli.command import Called
    from newsdesk.ops.brokers import LocalBroker

SECONDS = 30


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def bootstrap(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(request.param)
    return address


async def tail(bootstrap: str, *arguments: object) -> Called:
    return await asyncio.to_thread(call, "tail", "-b", bootstrap, *arguments)


async def filled(bootstrap: str, topic: str, count: int) -> None:
    await make_topics(bootstrap, {topic: 3})
    async with producing(bootstrap) as producer:
        for number in range(count):
            await producer.send_and_wait(topic, b'{"n":%d}' % number, key=b"k", partition=number % 3)


async def test_until_end_prints_every_record_once_and_each_partition_in_order(bootstrap: str, unique: str) -> None:
    await filled(bootstrap, topic := unique + "full", 30)
    called = await tail(bootstrap, topic, "--until-end")
    assert (called.code, called.err) == (0, "")
    seen: dict[int, list[int]] = {}
    for line in called.lines:
        assert list(line) == ["topic", "partition", "offset", "timestamp", "key", "headers", "value"]
        seen.setdefault(line["partition"], []).append(line["value"]["n"])
    assert seen == {partition: list(range(partition, 30, 3)) for partition in range(3)}


async def test_an_empty_topic_ends_at_once(bootstrap: str, unique: str) -> None:
    topic = unique + "empty"
    await make_topics(bootstrap, {topic: 2})
    called = await tail(bootstrap, topic, "--until-end")
    assert (called.code, called.out) == (0, b"")


async def test_max_bounds_the_records_and_from_end_skips_those_there(bootstrap: str, unique: str) -> None:
    await filled(bootstrap, topic := unique + "max", 9)
    assert len((await tail(bootstrap, topic, "--until-end", "--max", 4)).lines) == 4
    assert len((await tail(bootstrap, topic, "--max", 9)).lines) == 9  # without --until-end: it has what it wanted
    assert (await tail(bootstrap, topic, "--max", 0)).out == b""
    assert (await tail(bootstrap, topic, "--from", "end", "--until-end")).out == b""


async def test_it_follows_a_topic_and_ends_when_interrupted(bootstrap: str, unique: str) -> None:
    await filled(bootstrap, topic := unique + "follow", 3)
    with start("tail", topic, "-b", bootstrap) as running:
        assert running.stdout is not None
        first = {orjson.loads(await asyncio.to_thread(running.stdout.readline))["offset"] for _ in range(3)}
        assert first == {0}
        async with producing(bootstrap) as producer:
            await producer.send_and_wait(topic, None, key=b"gone", partition=1)
        line = orjson.loads(await asyncio.to_thread(running.stdout.readline))
        assert (line["key"], line["value"], line["partition"], line["offset"]) == ("gone", None, 1, 1)
        running.send_signal(2)
        assert await asyncio.to_thread(running.wait, SECONDS) == 130
        assert running.stderr is not None
        assert running.stderr.read() == b""


@pytest.mark.kafka
async def test_control_markers_and_aborted_records_neither_show_nor_hang_it(kafka: str, unique: str) -> None:
    topic = unique + "marked"
    await make_topics(kafka, {topic: 3})
    async with producing(kafka, transactional_id=unique) as producer:
        async with producer.transaction():
            for partition in range(3):
                await producer.send(topic, b"1", partition=partition)
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"2", partition=1)
        await producer.abort_transaction()
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"3", partition=2)
        open_ended = await asyncio.wait_for(tail(kafka, topic, "--until-end"), SECONDS)
        await producer.abort_transaction()
    closed = await asyncio.wait_for(tail(kafka, topic, "--until-end"), SECONDS)
    for called in (open_ended, closed):
        assert [line["value"] for line in called.lines] == [1, 1, 1]


@pytest.mark.kafka
async def test_following_shows_what_is_committed_only(kafka: str, unique: str) -> None:
    topic = unique + "followed"
    await make_topics(kafka, {topic: 1})
    with start("tail", topic, "-b", kafka, "--max", 2) as running:
        assert running.stdout is not None
        async with producing(kafka, transactional_id=unique) as producer:
            for value, keep in ((b"1", True), (b"2", False), (b"3", True)):
                await producer.begin_transaction()
                await producer.send_and_wait(topic, value)
                await (producer.commit_transaction() if keep else producer.abort_transaction())
        assert await asyncio.to_thread(running.wait, SECONDS) == 0
        assert [orjson.loads(line)["value"] for line in running.stdout] == [1, 3]


async def test_topics_have_short_names_and_an_unknown_one_is_exit_code_1(embedded_broker: LocalBroker) -> None:
    broker = embedded_broker.bootstrap
    missing = await tail(broker, "decisions", "--until-end")
    assert missing.code == 1
    assert "newsdesk topics apply" in missing.err
    await make_topics(broker, {topic.name: 1 for topic in topics.TOPICS})
    for short in ("published", "articles.published", "newsdesk.articles.published", "decisions", "rules"):
        assert (await tail(broker, short, "--until-end")).code == 0
    unknown = await tail(broker, "nonsense", "--until-end")
    assert unknown.code == 1
    assert "articles.submitted" in unknown.err
    assert (await tail(broker, "nonsense", "--until-end")).code == 1  # asking did not make it
