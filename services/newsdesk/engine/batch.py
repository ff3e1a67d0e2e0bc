"""A batch: what was decided since the last commit and goes into the next one, and what is told of it afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsdesk.engine.observer import BatchReport

if TYPE_CHECKING:
    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.observer import Stage
    from newsdesk.engine.port import Committed, Output
    from newsdesk.engine.records import Outcome, Record


@dataclass(slots=True)
class Batch:
    """Records decided, and what punctuation wrote, not yet committed. *since* is the timestamp of the first of each topic, in milliseconds."""

    output: Output
    offsets: dict[str, int] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    counts: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    records: int = 0
    bytes_read: int = 0
    decide_seconds: float = 0.0
    punctuate_seconds: float = 0.0
    punctuated: Counter[str] = field(default_factory=Counter)
    last_timestamp: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit: an answer may write nothing, and a write may answer nothing."""
        return not self.records and not self.output.size

    def note(self, record: Record, outcome: Outcome) -> None:
        """*record* is answered with *outcome*, whose writes are in the output."""
        self.offsets[record.topic] = record.offset + 1
        self.since.setdefault(record.topic, record.timestamp)
        self.counts[outcome.label, outcome.tags] += 1
        self.records += 1
        self.bytes_read += len(record.value) if record.value is not None else 0
        self.last_timestamp = record.timestamp

    def is_full(self, config: EngineConfig) -> bool:
        """Whether it should be committed before it grows."""
        return self.records >= config.batch_records or self.bytes_read + self.output.size >= config.batch_bytes

    def report(self, task: int, committed: Committed, flush_seconds: float) -> BatchReport:
        """What the observer is told when the batch is committed and the store has it."""
        seconds: dict[Stage, float] = {"decide": self.decide_seconds, **committed.seconds, "flush": flush_seconds}
        return BatchReport(
            task=task,
            records=self.records,
            counts=self.counts,
            seconds=seconds,
            bytes_read=self.bytes_read,
            bytes_written=self.output.size,
            punctuated=self.punctuated,
            punctuate_seconds=self.punctuate_seconds,
        )
