"""One task's log on Kafka: the group's consumer for the inputs, a reader for the changelog, a committer for the rest."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, cast

from aiokafka import errors as kafka
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from newsdesk.engine.broker_errors import names_in
from newsdesk.engine.committed import committed_offset, read_stamp, stamp
from newsdesk.engine.errors import NotOwnedError
from newsdesk.engine.port import Lag
from newsdesk.engine.rights import refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from aiokafka import AIOKafkaConsumer

    from newsdesk.engine.answered import Mark
    from newsdesk.engine.observer import Observer
    from newsdesk.engine.output import KafkaOutput
    from newsdesk.engine.port import Committed, Output
    from newsdesk.engine.producing import Committer
    from newsdesk.engine.reading import PartitionReader
    from newsdesk.engine.records import Record
    from newsdesk.engine.validity import Span

_PORTION: Final = 2_000
"""Records taken from the consumer at once: some 15 ms of unpacking."""
_TRUNCATION_LOOKS: Final = 20
_LOOK_SECONDS: Final = 0.25


def _is_another(span: Span, identity: str) -> bool:
    """Whether *span* is surely of another topic than the one with the id *identity*."""
    return bool(identity) and span.topic_id is not None and identity != span.topic_id


class KafkaLog:
    """The port of a task to its partitions. aiokafka's records are handed on as they are: they have Record's fields."""

    def __init__(
        self,
        *,
        task: int,
        inputs: Sequence[str],
        changelog: str,
        consumer: AIOKafkaConsumer,
        reader: PartitionReader,
        partitions: int,
        committer: Committer,
        owned: Callable[[], bool],
        observer: Observer,
    ) -> None:
        self._task = task
        self._inputs = {topic: TopicPartition(topic, task) for topic in inputs}
        self._changelog = changelog
        self._consumer = consumer
        self._reader = reader
        self._partitions = partitions
        self._committer = committer
        self._owned = owned
        self._observer = observer
        self._answered = time.monotonic()
        self._identities: dict[str, str | None] = {}

    @property
    def atomic(self) -> bool:
        """As the committer's."""
        return self._committer.atomic

    async def start(self) -> None:
        """Start the producer, which shuts out its predecessors."""
        await self._committer.start()

    def check_owned(self) -> None:
        """Raise NotOwnedError where a rebalance has begun or given the partitions to somebody else."""
        if not self._owned():
            raise NotOwnedError

    async def committed(self) -> Mapping[str, int]:
        """The group's offsets, moved to the first offset that is left where what they point at is gone.

        Where a topic has lost its end, they are moved to the end it has, and committed there: it will grow beyond them.
        Each was committed together with its topic's id: in a topic made anew it says nothing, however long that is.
        """
        return {topic: await self._committed_of(tp) for topic, tp in self._inputs.items()}

    async def _committed_of(self, tp: TopicPartition) -> int:
        span = await self._input(tp)
        coordinator: Any = self._consumer._coordinator  # noqa: SLF001 committed() leaves the metadata out
        found = await committed_offset(coordinator, tp)
        if found is None:
            return span.start
        offset, (identity, _) = int(found.offset), read_stamp(found.metadata)
        looks = 0
        while offset > span.end and looks < _TRUNCATION_LOOKS and not _is_another(span, identity):
            looks += 1  # a broker that has just started may not know its end yet
            await asyncio.sleep(_LOOK_SECONDS)
            span = await self._input(tp)
        if span.start <= offset <= span.end and not _is_another(span, identity):
            return offset
        if offset > span.end and identity and identity == span.topic_id:
            await self.commit(self.output(), {tp.topic: span.end})
            self._observer.tail_lost(self._task, tp.topic, offset, span.end)
            return span.end
        self._observer.data_lost(self._task, tp.topic, offset, span.start)
        return span.start

    async def _input(self, tp: TopicPartition) -> Span:
        """An input as it stands; the id of its topic goes with every offset that is committed from here on."""
        span = await self._reader.span(tp.topic, tp.partition)
        self._identities[tp.topic] = span.topic_id
        return span

    async def changelog(self) -> Span:
        """The changelog partition as it stands, up to its last stable offset."""
        return await self._reader.span(self._changelog, self._task)

    def read_changelog(self, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        """What is committed in the changelog partition."""
        return self._reader.read(self._changelog, self._task, start, end)

    async def past_answered(self, offsets: Mapping[str, int], marks: Mapping[str, Mark]) -> Mapping[str, int]:
        """As the port says. A record that is younger than its answer is another one: the topic was made anew."""
        if self._committer.atomic:
            return offsets
        moved: dict[str, int] = {}
        for topic, mark in marks.items():
            if topic not in offsets or mark.offset < offsets[topic]:
                continue
            span = await self._reader.span(topic, self._task)
            if not span.start <= mark.offset < span.end:
                continue
            async for portion in self._reader.read(topic, self._task, mark.offset, mark.offset + 1):
                if portion[0].timestamp <= mark.answered_ms:
                    moved[topic] = mark.offset + 1
        if moved:
            await self.commit(self.output(), moved)
        for topic, end in moved.items():
            self._observer.answered_passed(self._task, topic, offsets[topic], end)
        return {**offsets, **moved}

    async def seek(self, offsets: Mapping[str, int]) -> None:
        """Set the consumer's positions and let it fetch."""
        try:
            for topic, offset in offsets.items():
                self._consumer.seek(self._inputs[topic], offset)
            self._consumer.resume(*self._inputs.values())
        except kafka.IllegalStateError as error:
            raise NotOwnedError from error
        self._answered = time.monotonic()

    async def fetch(self, wait_seconds: float) -> Sequence[Record]:
        """What the consumer has of this task's partitions; a range that retention took is reported and skipped.

        Raises OffsetOutOfRangeError where the topic is another one by now or has lost its end: `committed` finds out.
        """
        partitions = self._inputs.values()
        try:
            found = await self._consumer.getmany(*partitions, timeout_ms=int(wait_seconds * 1000), max_records=_PORTION)
        except kafka.OffsetOutOfRangeError as error:
            await self._skip_lost(error)
            return ()
        except kafka.IllegalStateError as error:
            raise NotOwnedError from error
        return [cast("Record", record) for records in found.values() for record in records]

    async def _skip_lost(self, error: kafka.OffsetOutOfRangeError) -> None:
        (lost,) = error.args
        for tp, wanted in lost.items():
            span = await self._reader.span(tp.topic, tp.partition)
            known = self._identities[tp.topic]
            if span.topic_id != known or (known is not None and wanted >= span.start):
                said = f"offset {wanted} of {tp.topic}/{tp.partition}: the topic was made anew or has lost its end"
                raise kafka.OffsetOutOfRangeError(said) from error
            self._observer.data_lost(self._task, tp.topic, wanted, span.start)
            await self.seek({tp.topic: span.start})

    def output(self) -> Output:
        """An empty output of the committer's."""
        return self._committer.output()

    async def commit(self, output: Output, offsets: Mapping[str, int]) -> Committed:
        """Write both through the committer, each offset with the id of its topic and its number of partitions."""
        positions = {
            self._inputs[topic]: OffsetAndMetadata(offset, stamp(self._identities[topic], self._partitions))
            for topic, offset in offsets.items()
        }
        try:
            return await self._committer.commit(cast("KafkaOutput", output), positions)
        except BaseException as error:  # also where a rebalance or a stop cuts it off
            self._observer.commit_failed(self._task)
            if isinstance(error, kafka.TopicAuthorizationFailedError):
                raise refused("Write", "topic", names_in(error)) from error
            raise

    def lags(self) -> Mapping[str, Lag]:
        """By input, what the consumer knows from its last fetch; markers at the end count as read."""
        lags: dict[str, Lag] = {}
        subscription: Any = self._consumer._subscription.subscription  # noqa: SLF001
        assignment = None if subscription is None else subscription.assignment
        if assignment is None:
            return lags
        for topic, tp in self._inputs.items():
            state: Any = assignment.state_value(tp)
            if state is None or not (state.has_valid_position and isinstance(state.highwater, int)):
                continue
            stable = state.lso if state.lso is not None and state.lso >= 0 else state.highwater
            lags[topic] = Lag(state.position, max(stable, state.position))
        return lags

    def answered(self) -> float:
        """When a fetch of one of the partitions was last answered."""
        now, wall = time.monotonic(), time.time() * 1000
        for tp in self._inputs.values():
            try:
                polled = self._consumer.last_poll_timestamp(tp)
            except (AssertionError, AttributeError):
                continue
            if polled is not None:
                self._answered = max(self._answered, min(now, now - (wall - polled) / 1000))
        return self._answered

    async def stop(self) -> None:
        """Close the producer."""
        await self._committer.stop()

    async def discard(self) -> None:
        """Drop the producer."""
        await self._committer.discard()
