"""The upstream: numbered events of a seed, good and bad, some under wrong keys, at a moderate rate and without a gap."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from newsdesk.contracts import topics
from newsdesk.contracts.partitions import partition_of
from newsdesk.intake.generate import Tag, generate
from newsdesk.intake.items import Item
from newsdesk.intake.letter import UnsendableError, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsdesk.engine.records import Headers

NUMBER = "chaos-number"
"""The header with an event's number."""
_ENDLESS = 10**9
_TICK = 0.05
_MOST_OPEN = 2_000
_WRONG_PARTITION = 0.02
_WRITTEN_BY_OTHERS = 0.004
_NO_VALUE = 0.002
_NOISE = 0.004
_TOO_LARGE = 0.0005


@dataclass(frozen=True, slots=True)
class Sent:
    """One record for an input topic."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    tags: frozenset[str]


def events(seed: int, partitions: int, *, reorder: bool = True) -> Iterator[Sent]:
    """The records of this *seed*, without an end.

    *reorder* puts events of known articles into wrong partitions, so that forwarding changes their order; without it
    only articles that nothing comes back to are forwarded, and the order of every article is that of its partition.
    """
    rng = Random(f"feeder {seed}")  # noqa: S311 - chance, not secrecy
    writer = Writer(partitions, 0)
    for number, event in enumerate(generate(seed, _ENDLESS)):
        chance = rng.random()
        topic, key, tags = topics.SUBMITTED.name, event.key, set(event.tags)
        value: bytes | None = event.value
        partition = rng.randrange(partitions)
        if chance < _NO_VALUE:
            key, value = b"nothing", None
            tags = {Tag.BAD, "no_value"}
        elif chance < _NO_VALUE + _NOISE:
            value = rng.randbytes(40)
            tags = {Tag.BAD, "noise"}
        elif chance < _NO_VALUE + _NOISE + _TOO_LARGE:
            value = event.value + b" " * topics.EVENT_BYTES
            tags = {Tag.BAD, "too_large"}
        elif key is not None:
            partition = partition_of(key, partitions)
        elif (scope := _scope(writer, number, event.value)) is not None:
            key, home = scope, partition_of(scope, partitions)
            if reorder and chance > 1 - _WRONG_PARTITION:
                tags.add("wrong_partition")
            elif reorder and chance > 1 - _WRONG_PARTITION - _WRITTEN_BY_OTHERS:
                topic = topics.REPARTITIONED.name
                tags.add("written_by_others")
            else:
                partition = home
        headers = ((NUMBER, b"%d" % number),)
        yield Sent(topic, partition, key, value, headers, frozenset(tags))


def _scope(writer: Writer, number: int, value: bytes) -> bytes | None:
    """The scope of an event that can be read so far."""
    try:
        return writer.letter(Item(file="-", line=number + 1, value=value)).key
    except UnsendableError:
        return None


class Feeder:
    """Sends until stopped. What the broker did not acknowledge is sent again, and then it may be there twice."""

    def __init__(self, bootstrap: str, source: Iterator[Sent], rate: int, *, idempotent: bool) -> None:
        self.sent = 0
        """Acknowledged."""
        self.again = 0
        """Of these, sent more than once."""
        self.tags: Counter[str] = Counter()
        self._bootstrap = bootstrap
        self._source = source
        self._rate = rate
        self._idempotent = idempotent
        self._waiting: deque[Sent] = deque()
        self._open = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Feed; returns after `stop`, when everything begun is acknowledged."""
        while not (self._stopping.is_set() and not self._waiting and not self._open):
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                acks="all",
                enable_idempotence=self._idempotent,
                max_request_size=topics.SUBMITTED.max_message_bytes,
                linger_ms=5,
                request_timeout_ms=10_000,
            )
            try:
                await producer.start()
                await self._feed(producer)
            except KafkaError:
                await asyncio.sleep(0.2)  # a back-off: the broker is away, or the producer has to be made anew
            finally:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(producer.stop(), 10)

    async def _feed(self, producer: AIOKafkaProducer) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        credit = 0.0
        deliveries: set[asyncio.Future[None]] = set()
        while True:
            stopping = self._stopping.is_set()
            if stopping and not self._waiting and not deliveries:
                return
            now = loop.time()
            credit = min(credit + (now - due) * self._rate, self._rate * 2.0)
            due = now
            while (self._waiting or (credit >= 1 and not stopping)) and len(deliveries) < _MOST_OPEN:
                if self._waiting:
                    event = self._waiting.popleft()
                    self.again += 1
                else:
                    event = next(self._source)
                    credit -= 1
                try:
                    future = await producer.send(
                        event.topic, event.value, event.key, event.partition, headers=[*event.headers]
                    )
                except KafkaError:
                    self._waiting.append(event)
                    await asyncio.gather(*deliveries)
                    raise
                delivery = asyncio.ensure_future(self._delivered(future, event))
                deliveries.add(delivery)
                delivery.add_done_callback(deliveries.discard)
            await asyncio.wait({asyncio.ensure_future(asyncio.sleep(_TICK)), *deliveries}, timeout=_TICK)

    async def _delivered(self, future: asyncio.Future[object], event: Sent) -> None:
        self._open += 1
        try:
            await future
        except KafkaError:
            self._waiting.append(event)
        else:
            self.sent += 1
            self.tags.update(event.tags)
        finally:
            self._open -= 1
