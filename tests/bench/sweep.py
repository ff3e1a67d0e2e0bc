"""The sweep: what the readers of decisions notice while articles that have expired are removed from the state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import uvloop
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from bench import latency, systems
from bench.events import Mix
from bench.filler import fill_state
from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics

if TYPE_CHECKING:
    from bench.latency import Latency
    from bench.systems import Place

ARTICLES: Final = 40_000
RATE: Final = 1_000
_SECONDS: Final = 15.0
_DAYS: Final = 10
"""The articles are so old; those that are not published expire after one day here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """Of *articles*, so many *expired* and were removed; the latency meanwhile, and on the same state without a sweep."""

    articles: int
    expired: int
    beside: Latency
    without: Latency


async def measure(place: Place) -> Swept:
    """Fill the state, then answer events without a sweep and with one."""
    desk = systems.desk(place, 1, group=f"bench-sweep-{place.run}")
    await latency.renewed(place, desk)
    await fill_state(place, ARTICLES, 11, _DAYS)
    found = []
    for seed, days in ((21, "0"), (22, "1")):
        system = replace(desk, environment={**desk.environment, "NEWSDESK_STATE_RETENTION": days})
        found.append(await latency.measure(place, system, RATE, _SECONDS, Mix(seed=seed, malformed=0.0)))
    without, beside = found
    return Swept(articles=ARTICLES, expired=await _expired(place), beside=beside, without=without)


async def _expired(place: Place) -> int:
    """Tombstones of the sweep in the enriched topic."""
    partitions = [TopicPartition(topics.ENRICHED.name, number) for number in range(place.partitions)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=place.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        swept = 0
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                swept += sum((ce.CE_TYPE, ce.TYPE_EXPIRED.encode()) in record.headers for record in records)
        return swept
    finally:
        await consumer.stop()


def run(place: Place) -> Swept:
    """As measure, in an event loop of its own."""
    return uvloop.run(measure(place))
