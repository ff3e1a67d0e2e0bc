from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson
import pytest

from cli.command import Called, call
from lookup.answering import producing
from newsdesk.contracts import topics
from support.brokers import make_topics
from support.desk import Desk, article, book, event, item

if TYPE_CHECKING:
    from newsdesk.engine.records import Write
    from newsdesk.ops.brokers import LocalBroker

ONE, TWO = "https://a.example/one", "https://a.example/two"
STORY = [
    article(webUrl=ONE),
    article(webUrl=TWO, title="Other"),
    *(article(webUrl=f"https://site{n}.example/x") for n in range(9)),
    article(webUrl=ONE, originalUrl=TWO, related=[item(1, quality=99)]),
    article(webUrl=ONE, originalUrl=TWO, related=[item(1, quality=99)]),
    article(webUrl=ONE, originalUrl=TWO, title="Later", related=[item(1, quality=99)]),
]


async def fill(broker: str, *, compacted: bool = False) -> list[Write]:
    """Write what the desk writes about STORY; *compacted*: of the enriched records the last of each article only."""
    await make_topics(broker, {topic.name: topic.partitions or 3 for topic in topics.TOPICS})
    desk = Desk(book(), 3)
    for told in STORY:
        desk.submit(event(told))
    latest = {write.key: write for write in desk.on(topics.ENRICHED)}
    written = [
        write
        for write in desk.written
        if not (compacted and write.topic == topics.ENRICHED.name) or latest[write.key] is write
    ]
    async with producing(broker) as producer:
        for write in written:
            await producer.send_and_wait(write.topic, write.value, key=write.key, partition=write.partition)
    return written


@pytest.fixture
async def decided(embedded_broker: LocalBroker) -> str:
    """An embedded broker that holds what the desk writes about STORY, in 3 partitions."""
    await fill(embedded_broker.bootstrap)
    return embedded_broker.bootstrap


async def explain(broker: str, asked: str, *options: str) -> Called:
    return await asyncio.to_thread(call, "explain", asked, "-b", broker, *options)


async def test_an_article_is_explained_from_the_topics_by_url_alias_id_and_merged_id(decided: str) -> None:
    (by_url,) = (await explain(decided, ONE, "-o", "json")).lines
    assert (by_url["foundBy"], by_url["kind"], by_url["title"]) == ("alias", "suppressed", "Later")
    assert [d["kind"] for d in by_url["decisions"]] == ["held", "suppressed", "duplicate", "suppressed"]
    assert by_url["outrankedBy"]["quality"] == 99
    (gone,) = by_url["merged"]
    for asked in (TWO, by_url["articleId"], gone):
        (found,) = (await explain(decided, asked, "-o", "json")).lines
        assert found["decisions"] == by_url["decisions"]
        assert found["articleId"] == by_url["articleId"]
    assert found["foundBy"] == "merged"
    assert "Suppressed" in (await explain(decided, ONE)).text


async def test_a_merged_id_is_found_when_compaction_has_left_only_the_latest_records(
    decided: str, embedded_broker: LocalBroker
) -> None:
    (whole,) = (await explain(decided, ONE, "-o", "json")).lines
    (gone,) = whole["merged"]
    embedded_broker.kill()
    embedded_broker.start()
    embedded_broker.wait_ready()
    written = await fill(decided, compacted=True)
    assert not any(write.topic == topics.ENRICHED.name and b'"merged"' in (write.value or b"") for write in written)
    (found,) = (await explain(decided, gone, "-o", "json")).lines
    assert (found["foundBy"], found["articleId"], found["title"]) == ("merged", whole["articleId"], "Later")


async def test_an_unknown_article_is_exit_code_1(decided: str) -> None:
    unknown = await explain(decided, "https://a.example/three")
    assert unknown.code == 1
    assert "a.example/" in unknown.err
    assert (await explain(decided, "a" * 26)).code == 1


async def test_the_explanation_from_topics_is_that_from_a_file_but_for_where_it_was_read(decided: str) -> None:
    (here,) = (await explain(decided, ONE, "-o", "json")).lines
    stdin = b"\n".join(map(orjson.dumps, STORY))
    (there,) = (await asyncio.to_thread(call, "explain", ONE, "--from", "-", "-o", "json", stdin=stdin)).lines
    for found in (here, there):
        for part in (found, *found["decisions"]):
            del part["source"]
        del found["firstSource"]
    assert here == there
