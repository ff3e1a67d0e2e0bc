"""What was fetched and is not committed: the records that wait, the batches that are open, and how late both are."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from newsdesk.engine.batch import Batch
    from newsdesk.engine.port import Lag
    from newsdesk.engine.records import Record


class InFlight:
    """The records of one task on their way from the fetch to the commit."""

    def __init__(self) -> None:
        self.pending: deque[Record] = deque()
        """Fetched, not decided; the oldest first."""
        self.open: deque[Batch] = deque()
        """The batch under commit, if any, and the one that is filled."""
        self._fetched: dict[str, int] = {}
        self._committed: dict[str, int] = {}

    def begin(self, offsets: Mapping[str, int]) -> None:
        """Nothing is in flight, and these offsets are committed."""
        self._committed.update(offsets)
        self._fetched.update(offsets)

    def fetched(self, records: Sequence[Record]) -> None:
        """*records* wait to be decided."""
        self.pending.extend(records)
        for record in records:
            self._fetched[record.topic] = record.offset + 1

    def committed(self, batch: Batch) -> None:
        """*batch* is through."""
        self._committed.update(batch.offsets)

    def lateness(self, lags: Mapping[str, Lag]) -> Iterator[tuple[str, int, float]]:
        """By input topic: how many records from the first uncommitted one to the end, and how many seconds old that is."""
        for topic, lag in lags.items():
            open_from = self._committed.get(topic, 0) if self._outstanding(topic) else lag.next_offset
            behind = max(0, lag.end - open_from)
            since = self._since_ms(topic) if behind else None
            yield topic, behind, max(0.0, time.time() - since / 1000) if since is not None else 0.0

    def _outstanding(self, topic: str) -> bool:
        """Whether a record of *topic* was fetched and is not committed."""
        return self._fetched.get(topic, 0) > self._committed.get(topic, 0)

    def _since_ms(self, topic: str) -> int | None:
        """The timestamp of the oldest record of *topic* that was fetched and is not committed; None: none was."""
        for batch in self.open:
            if topic in batch.since:
                return batch.since[topic]
        return next((record.timestamp for record in self.pending if record.topic == topic), None)
