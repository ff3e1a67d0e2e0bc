"""Punctuation: work on the state that no record asks for, now and then, a bounded slice at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from newsdesk.engine.folding import fold_writes
from newsdesk.engine.pacing import Backoff
from newsdesk.engine.processor import Processor
from newsdesk.engine.store import Slice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsdesk.engine.batch import Batch
    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.observer import Observer
    from newsdesk.engine.overlay import Overlay
    from newsdesk.engine.records import Write

_CHUNK: Final = 50
"""Keys read between two looks at the clock."""
_SHARE: Final = 0.5
"""Of its turn, what may go into reading; the rest is for the processor and the folding."""


@dataclass(slots=True)
class Punctuated:
    """What one punctuation comes to: all of *writes* in one commit, and where the next one goes on.

    *cursor* None: at the beginning. *counts* is told to the observer when the next batch is committed.
    """

    writes: list[Write] = field(default_factory=list)
    cursor: bytes | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


class Stretch(Protocol):
    """The state as of now, as far as one punctuation may see of it."""

    def get(self, key: bytes) -> bytes | None:
        """The value under *key*, or None."""

    def scan(self, start: bytes) -> Slice:
        """The next keys from *start* on: as many as are left of this punctuation's allowance, then none."""


@runtime_checkable
class Punctuating(Processor, Protocol):
    """A processor that wants to punctuate."""

    def punctuate(self, task: int, state: Stretch, cursor: bytes | None) -> Punctuated:
        """What *task* is to write, pure as `process` is; *cursor* is what the last one gave, None at the beginning."""


class Allowance:
    """A stretch of at most *keys* keys, read until the time.perf_counter() *until*."""

    def __init__(self, view: Overlay, keys: int, until: float) -> None:
        self.get = view.get
        self._view = view
        self._left = keys
        self._until = until

    def scan(self, start: bytes) -> Slice:
        """What is left of the allowance, from *start* on."""
        items: list[tuple[bytes, bytes]] = []
        place: bytes | None = start
        while place is not None and self._left > 0:
            wanted = min(_CHUNK, self._left)
            found = self._view.scan(place, wanted)
            self._left -= wanted
            items += found.items
            stuck, place = place == found.next, found.next
            if stuck or time.perf_counter() >= self._until:
                self._left = 0
        return Slice(items, place)


class Punctuator:
    """Lets a processor punctuate at most every punctuate_ms; a failure costs nothing but the next try's delay."""

    def __init__(
        self, task: int, processor: Processor, view: Overlay, *, config: EngineConfig, observer: Observer
    ) -> None:
        self._task = task
        self._processor = processor if isinstance(processor, Punctuating) else None
        self._view = view
        self._observer = observer
        self._most_keys = config.punctuate_keys
        self._keys = min(_CHUNK, self._most_keys)
        self._interval = config.punctuate_ms / 1000
        self._backoff = Backoff(self._interval, max(self._interval, config.backoff_max_ms / 1000))
        self._due = time.monotonic() + self._interval
        self._cursor: bytes | None = None

    def seconds_left(self) -> float | None:
        """How long until the next is due; None: it never is."""
        return None if self._processor is None else max(0.0, self._due - time.monotonic())

    def is_due(self, *, busy: bool) -> bool:
        """Whether it is time: where records wait they go first, but not for longer than another punctuate_ms."""
        if self._processor is None:
            return False
        return time.monotonic() >= self._due + (self._interval if busy else 0.0)

    def punctuate(self, batch: Batch, until: float) -> bool:
        """One slice of it goes into *batch*; whether it wrote something. Raises what the store says, nothing else."""
        view = self._view
        began = time.perf_counter()
        try:
            done = self._ask(batch, began + (until - began) * _SHARE)
        except Exception as error:  # noqa: BLE001 a defect here must not hold up the records
            view.drop_record()
            if view.failure is not None:
                raise view.failure from None
            wait = self._backoff.next()
            self._due = time.monotonic() + wait
            self._observer.punctuate_failed(self._task, error, wait)
            return False
        batch.output.add(done.writes)
        view.keep_record()
        self._cursor = done.cursor
        self._backoff.reset()
        self._due = time.monotonic() + self._interval
        batch.punctuated.update(done.counts)
        spent = time.perf_counter() - began
        batch.punctuate_seconds += spent
        self._pace(spent, until - began)
        return bool(done.writes)

    def _pace(self, spent: float, turn: float) -> None:
        """Fewer keys after a slice that outlasted its turn, more after a quick one: a removal costs more than a look."""
        if spent > turn:
            self._keys = max(min(_CHUNK, self._most_keys), self._keys // 2)
        elif spent < turn / 4:
            self._keys = min(self._most_keys, self._keys * 2)

    def _ask(self, batch: Batch, until: float) -> Punctuated:
        """What the processor says, folded into the view's uppermost layer."""
        processor, view = self._processor, self._view
        assert processor is not None  # noqa: S101
        done = processor.punctuate(self._task, Allowance(view, self._keys, until), self._cursor)
        view.drop_record()
        if (misfit := batch.output.misfit(done.writes)) is not None:
            raise ValueError(f"a write of {misfit.size} bytes does not fit {misfit.topic}")
        fold_writes(processor, self._task, view, done.writes)
        view.check()
        return done
