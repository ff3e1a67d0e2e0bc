"""What a run left behind: the topics as a read_committed reader finds them, one partition at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.engine.reading import open_client, read_to
from newsdesk.engine.records import Record, Write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiokafka.client import AIOKafkaClient

SUBMITTED = topics.SUBMITTED.name
REPARTITIONED = topics.REPARTITIONED.name
ENRICHED = topics.ENRICHED.name
PUBLISHED = topics.PUBLISHED.name
DECISIONS = topics.DECISIONS.name
DEAD_LETTERS = topics.DEAD_LETTERS.name

_EXPIRED = ce.TYPE_EXPIRED.encode()

Source = tuple[str, int]
"""Input topic and offset: where within its partition an event was read."""


@dataclass(slots=True)
class Partition:
    """All records of one partition, each topic in its order; *forwarded* are those that its task forwarded elsewhere."""

    number: int
    submitted: list[Record] = field(default_factory=list)
    repartitioned: list[Record] = field(default_factory=list)
    enriched: list[Record] = field(default_factory=list)
    published: list[Record] = field(default_factory=list)
    decisions: list[Record] = field(default_factory=list)
    dead_letters: list[Record] = field(default_factory=list)
    forwarded: list[Record] = field(default_factory=list)

    @property
    def inputs(self) -> dict[Source, Record]:
        """Every event by where it was read."""
        return {(record.topic, record.offset): record for record in (*self.submitted, *self.repartitioned)}

    def where(self, source: Source) -> str:
        """For people."""
        return f"{source[0]}/{self.number}/{source[1]}"


def decided(record: Record) -> Source:
    """The event that a decision answers."""
    source = orjson.loads(record.value or b"null")["source"]
    return source["topic"], source["offset"]


def died(record: Record) -> Source:
    """The event that a dead letter answers."""
    headers = dict(record.headers)
    return headers[ce.CONNECT_TOPIC].decode(), int(headers[ce.CONNECT_OFFSET])


def came_from(record: Record) -> tuple[int, Source] | None:
    """The partition and event that a forwarded record was made of; None where somebody else wrote it."""
    headers = dict(record.headers)
    if ce.FORWARDED_TOPIC not in headers:
        return None
    source = headers[ce.FORWARDED_TOPIC].decode(), int(headers[ce.FORWARDED_OFFSET])
    return int(headers[ce.FORWARDED_PARTITION]), source


def answers(partition: Partition) -> list[tuple[Source, str, Record]]:
    """Every answer that the partition's task gave: the event, what kind of answer, the record."""
    found = [(decided(record), "decision", record) for record in partition.decisions]
    found += [(died(record), "dead letter", record) for record in partition.dead_letters]
    for record in partition.forwarded:
        origin = came_from(record)
        assert origin is not None
        found.append((origin[1], "forwarded", record))
    return found


def is_swept(record: Record | Write) -> bool:
    """Whether it is the tombstone of an article that has expired: it answers no event."""
    return record.value is None and dict(record.headers).get(ce.CE_TYPE) == _EXPIRED


def swept(partition: Partition) -> list[Record]:
    """The tombstones of articles that have expired."""
    return [record for record in partition.enriched if is_swept(record)]


async def read_partitions(bootstrap: str, partitions: int, prefix: str = "") -> AsyncIterator[Partition]:
    """Partition after partition; *prefix* is taken off the topics' names."""
    async with open_client(bootstrap, "chaos", {}) as client:
        repartitioned = [await _read(client, prefix, REPARTITIONED, number) for number in range(partitions)]
        forwarded: dict[int, list[Record]] = {number: [] for number in range(partitions)}
        for record in (record for records in repartitioned for record in records):
            if (origin := came_from(record)) is not None:
                forwarded[origin[0]].append(record)
        for number in range(partitions):
            yield Partition(
                number,
                await _read(client, prefix, SUBMITTED, number),
                repartitioned[number],
                await _read(client, prefix, ENRICHED, number),
                await _read(client, prefix, PUBLISHED, number),
                await _read(client, prefix, DECISIONS, number),
                await _read(client, prefix, DEAD_LETTERS, number),
                forwarded[number],
            )


async def _read(client: AIOKafkaClient, prefix: str, topic: str, number: int) -> list[Record]:
    return [
        Record(topic, record.partition, record.offset, record.timestamp, record.key, record.value, record.headers)
        async for portion in read_to(client, prefix + topic, number)
        for record in portion
    ]
