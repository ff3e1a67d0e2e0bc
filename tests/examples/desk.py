"""A desk for the examples to follow: it judges events and writes what it decides, in transactions as the real one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiokafka import AIOKafkaProducer

from newsdesk.contracts.topics import ENRICHED, PUBLISHED
from newsdesk.desk.judge import Judge
from newsdesk.editorial.rulebook import open_rulebook
from newsdesk.editorial.rulesfile import read_rules
from support.brokers import make_topics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PARTITIONS: Final = 2

Change = tuple[str, bytes, bytes | None]
"""Topic, key and value of a record that the desk writes."""


def event(url: str, *topics: str, **more: Any) -> dict[str, Any]:
    """An event about the article at *url*, under *topics*."""
    return {"title": f"Title of {url}", "webUrl": f"https://{url}", "topics": [*topics], **more}


class Desk:
    """Writes to topics whose names begin with *prefix*; every article that nothing forbids is published."""

    def __init__(self, prefix: str, producer: AIOKafkaProducer) -> None:
        text = (files("newsdesk") / "rules" / "newsdesk.yaml").read_text(encoding="utf-8")
        self.enriched = prefix + ENRICHED.name
        self.published = prefix + PUBLISHED.name
        self._producer = producer
        self._judge = Judge(open_rulebook(read_rules(text, "newsdesk", ["publish.threshold=0"])))

    async def take(self, *events: dict[str, Any], partition: int = 0) -> list[str]:
        """Answer *events*, each in a transaction of its own; return the ids of their articles."""
        ids = []
        for one in events:
            answer = self._judge.answer(orjson.dumps(one))
            assert answer["outcome"] == "decision", answer
            ids.append(answer["decision"]["articleId"])
            async with self._producer.transaction():
                await self._send(self._changes(answer), partition)
        return ids

    async def abort(self, *changes: Change, partition: int = 0) -> None:
        """Write *changes*, all the way to the broker, and abort."""
        await self._producer.begin_transaction()
        await self._send(changes, partition)
        await self._producer.flush()
        await self._producer.abort_transaction()

    async def _send(self, changes: tuple[Change, ...], partition: int) -> None:
        for topic, key, value in changes:
            await self._producer.send(topic, value, key=key, partition=partition)

    def _changes(self, answer: dict[str, Any]) -> tuple[Change, ...]:
        """What the real desk writes to the two topics for this answer, in its order."""
        key = answer["decision"]["articleId"].encode()
        merged = answer.get("merged", {})
        changes: list[Change] = []
        for name, topic in (("enriched", self.enriched), ("published", self.published)):
            if name in answer:
                changes.append((topic, key, None if answer[name] is None else orjson.dumps(answer[name])))
            changes.extend((topic, gone.encode(), None) for gone in merged.get(name, ()))
        return tuple(changes)


@asynccontextmanager
async def open_desk(bootstrap: str, prefix: str) -> AsyncIterator[Desk]:
    """A desk with topics of its own, as the registry says but for the prefix."""
    settings = {prefix + topic.name: (PARTITIONS, topic.config()) for topic in (ENRICHED, PUBLISHED)}
    await make_topics(bootstrap, settings)
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=f"{prefix}desk", enable_idempotence=True
    ) as producer:
        yield Desk(prefix, producer)
