"""From submit to a decision that a read_committed reader sees, under a load that does not wait for answers.

Every event is due at a time of its own, and its latency counts from there, whenever it could really be sent: a system (or
a sender) that falls behind is not spared the wait.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from bench import runs
from bench.cluster import Placed, fill, renew_topics
from bench.events import Event, Mix, stream
from bench.expected import Placing, read_decision
from bench.systems import SUBMITTED
from newsdesk.contracts import topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.systems import Place, System

WARM_SECONDS: Final = 5.0
_TICK: Final = 0.002
_READY_SECONDS: Final = 60.0
_DRAIN_SECONDS: Final = 30.0
MIX: Final = Mix(seed=3, malformed=0.0)
"""Every event gets a decision, so that every one is timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds at a rate; *missing* events had no decision when the reader gave up."""

    rate: int
    events: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    missing: int


class Load:
    """Sends placed events at a steady rate, in as many requests as there are partitions due, and remembers when each was due."""

    def __init__(self, producer: AIOKafkaProducer, placed: Sequence[tuple[int, Event]]) -> None:
        self._producer = producer
        self._placed = placed
        self._sending: list[tuple[asyncio.Future[Any], int, list[float]]] = []

    async def run(self, rate: float) -> None:
        """Send them all."""
        begin = time.time() + 0.05
        following = 0
        while following < len(self._placed):
            now = time.time()
            batches: dict[int, tuple[Any, list[float]]] = {}
            while following < len(self._placed) and (due := begin + following / rate) <= now:
                partition, event = self._placed[following]
                if partition not in batches:
                    batches[partition] = (self._producer.create_batch(), [])
                batch, dues = batches[partition]
                if batch.append(key=event.key, value=event.value, timestamp=None) is None:
                    break
                dues.append(due)
                following += 1
            for partition, (batch, dues) in batches.items():
                sent = await self._producer.send_batch(batch, SUBMITTED, partition=partition)
                self._sending.append((sent, partition, dues))
            await asyncio.sleep(_TICK)

    async def due(self) -> dict[tuple[int, int], float]:
        """When the event at each place was due."""
        found = {}
        for sent, partition, dues in self._sending:
            first = (await sent).offset
            found.update(zip(((partition, first + step) for step in count()), dues, strict=False))
        return found


async def renewed(place: Place, system: System) -> None:
    """Make the topics of *system* anew."""
    outputs = {**system.outputs, SUBMITTED: topics.SUBMITTED.config()}
    await renew_topics(place.bootstrap, outputs, place.partitions)


async def measure(place: Place, system: System, rate: int, seconds: float, mix: Mix = MIX) -> Latency:
    """The latency of *system*, which is started, at *rate* events a second for *seconds* after the warm-up."""
    placing = Placing(place.partitions)
    placed = [(placing.of(event.key), event) for event in stream(mix, int(rate * (WARM_SECONDS + seconds)))]
    with runs.started(system, place.folder) as process:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=place.bootstrap,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=20,
        )
        producer = AIOKafkaProducer(
            bootstrap_servers=place.bootstrap, acks="all", max_batch_size=1_000_000, max_request_size=8_000_000
        )
        await consumer.start()
        await producer.start()
        try:
            consumer.assign([TopicPartition(topics.DECISIONS.name, number) for number in range(place.partitions)])
            await consumer.seek_to_end()
            seen: dict[tuple[int, int], float] = {}
            await _until_ready(place, consumer, process, seen)
            seen.clear()
            load = Load(producer, placed)
            sending = asyncio.create_task(load.run(rate))
            await _read(consumer, seen, len(placed), sending)
            await sending
            due = await load.due()
        finally:
            await producer.stop()
            await consumer.stop()
    return summary(rate, due, seen, WARM_SECONDS)


async def _until_ready(
    place: Place, consumer: AIOKafkaConsumer, process: Any, seen: dict[tuple[int, int], float]
) -> None:
    """Return when an event of every partition has its decision."""
    first = [
        Placed(
            number,
            b"",
            b'{"title":"Ready","publishedDateTime":"2020-07-01T03:38:00Z","webUrl":"https://%s/ready"}' % key,
        )
        for number, key in _a_domain_each(place.partitions).items()
    ]
    await fill(place.bootstrap, SUBMITTED, first)
    until = time.monotonic() + _READY_SECONDS
    while len(seen) < place.partitions:
        if process.poll() is not None or time.monotonic() > until:
            raise runs.RunError(f"the desk did not become ready:\n{runs.last_words(place.folder)}")
        await _take(consumer, seen)


def _a_domain_each(partitions: int) -> dict[int, bytes]:
    placing, found = Placing(partitions), {}
    for number in count():
        key = b"ready%d.com" % number
        found.setdefault(placing.of(key), key)
        if len(found) == partitions:
            return found
    raise AssertionError


async def _read(
    consumer: AIOKafkaConsumer, seen: dict[tuple[int, int], float], wanted: int, sending: asyncio.Task[None]
) -> None:
    """Note when each decision came, until all have, or nothing more is sent and patience is over."""
    until = None
    while len(seen) < wanted:
        await _take(consumer, seen)
        if sending.done():
            until = until or time.monotonic() + _DRAIN_SECONDS
            if time.monotonic() > until:
                return


async def _take(consumer: AIOKafkaConsumer, seen: dict[tuple[int, int], float]) -> None:
    found = await consumer.getmany(timeout_ms=100)
    now = time.time()
    for records in found.values():
        for record in records:
            seen[read_decision(record.value)[0]] = now


def summary(rate: int, due: dict[tuple[int, int], float], seen: dict[tuple[int, int], float], warm: float) -> Latency:
    """The quantiles of what was due after the warm-up."""
    begin = min(due.values()) + warm
    counted = {where: when for where, when in due.items() if when >= begin}
    waits = sorted(1000 * (seen[where] - when) for where, when in counted.items() if where in seen)

    def quantile(share: float) -> float:
        return waits[min(len(waits) - 1, int(share * len(waits)))] if waits else float("inf")

    return Latency(
        rate=rate,
        events=len(counted),
        p50_ms=quantile(0.5),
        p99_ms=quantile(0.99),
        p999_ms=quantile(0.999),
        max_ms=waits[-1] if waits else float("inf"),
        missing=len(counted) - len(waits),
    )


def run(place: Place, system: System, rate: int, seconds: float) -> Latency:
    """As measure, on new topics and in an event loop of its own."""

    async def both() -> Latency:
        await renewed(place, system)
        return await measure(place, system, rate, seconds)

    return uvloop.run(both())
