"""The writes of one batch as Kafka record batches, made while the records are decided."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from newsdesk.engine.port import Misfit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.records import Write

TARGET_BYTES: Final = 1024 * 1024
"""Where a record batch is closed and the next begun, unless the topic takes only less."""

_CODECS: Final = {None: 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
_estimate = DefaultRecordBatchBuilder.estimate_size_in_bytes

Slot = tuple[str, int]
"""Topic and partition."""


class KafkaOutput:
    """Record batches by topic and partition. A batch is never larger than its topic takes."""

    def __init__(self, config: EngineConfig, *, transactional: bool) -> None:
        self._config = config
        self._transactional = int(transactional)
        self._codec = _CODECS[config.compression]
        self._limits: dict[str, int] = {}
        self._open: dict[Slot, BatchBuilder] = {}
        self.batches: dict[Slot, list[BatchBuilder]] = {}
        self.size = 0

    def misfit(self, writes: Sequence[Write]) -> Misfit | None:
        """The first of *writes* that would not fit an empty record batch of its topic, or None."""
        limits = self._limits
        for write in writes:
            topic = write.topic
            limit = limits.get(topic)
            if limit is None:
                limit = limits[topic] = self._config.limit_of(topic)
            size = _estimate(write.key, write.value, [*write.headers])
            if size > limit:
                return Misfit(topic, size)
        return None

    def add(self, writes: Sequence[Write]) -> None:
        """Append *writes*, which belong together: those of one partition into one record batch, where that takes them.

        Without a transaction a crash may come between two record batches; it should not part the answer to one record.
        """
        if len({write.topic for write in writes}) < len(writes):
            self._make_room(writes)
        for write in writes:
            self._append(write)

    def _make_room(self, writes: Sequence[Write]) -> None:
        """Begin a new record batch wherever the open one does not take all that comes."""
        sizes: Counter[Slot] = Counter()
        for write in writes:
            sizes[write.topic, write.partition] += _estimate(write.key, write.value, [*write.headers])
        for slot, size in sizes.items():
            builder = self._open.get(slot)
            if builder is None or builder.size() + size > self._target(slot[0]):
                self._begin(slot, min(size, self._config.limit_of(slot[0])))

    def _append(self, write: Write) -> None:
        slot = (write.topic, write.partition)
        headers: list[tuple[str, bytes | None]] = [*write.headers]
        builder = self._open.get(slot)
        if builder is not None:
            appended = builder.append(timestamp=write.timestamp, key=write.key, value=write.value, headers=headers)
            if appended is not None:
                self.size += appended.size
                return
        size = _estimate(write.key, write.value, headers)
        builder = self._begin(slot, size)
        appended = builder.append(timestamp=write.timestamp, key=write.key, value=write.value, headers=headers)
        if appended is None:
            raise ValueError(f"a record of {size} bytes for {write.topic} does not fit an empty batch of its own")
        self.size += appended.size

    def _begin(self, slot: Slot, size: int) -> BatchBuilder:
        """A new record batch that takes at least *size* bytes."""
        target = max(size, self._target(slot[0]))
        builder = self._open[slot] = BatchBuilder(target, self._codec, is_transactional=self._transactional)
        self.batches.setdefault(slot, []).append(builder)
        return builder

    def _target(self, topic: str) -> int:
        return min(TARGET_BYTES, self._config.limit_of(topic))
