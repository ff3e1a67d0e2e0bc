"""Retention: an article whose last revision is older than so much task time has expired, whether swept away or not.

Task time is made of events alone. Every enriched record is stamped with it in a header, and the state keeps, for each
article, the stamp of its record, and the clock: the largest stamp folded. Stamps never fall from one record of a
partition to the next, so the clock is the stamp of the partition's last record that has a value. Compaction keeps that
record, since none of its key follows; a sweep keeps it, since its age is nought. So the clock of a state that is restored
from whatever compaction and sweeps have left is the live one, and with it every answer about what has expired.

That an article has expired is found when it is looked up. The sweep only removes what no look-up would find again; an
event that takes over a URL of such an article removes it before the sweep comes by, so that no URL has two owners.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from newsdesk.contracts.cloudevents import TASK_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from newsdesk.editorial.state import Reader, View

CLOCK: Final = b"t"
"""The key of the clock in the state."""

DAY_MS: Final = 24 * 3_600_000
AHEAD_MS: Final = DAY_MS
"""An event dated further ahead of its record's timestamp has a wrong clock, and does not advance the task's."""
_END_MS: Final = round(datetime(2101, 1, 1, tzinfo=UTC).timestamp()) * 1000
"""Senders set timestamps in microseconds by mistake; what lies beyond is no time at all."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

_STAMP_BYTES: Final = 8
_PLAIN: Final = ord("{")
"""The first byte of an article's state where it has no stamp; that of a stamp is 0 for another 2 million years."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long an article is known after its last revision: *period_ms* of task time, None for ever.

    A published article expires only where *expire_published* says so.
    """

    period_ms: int | None = None
    expire_published: bool = False

    def expired(self, stamp: int, clock: int, *, published: bool) -> bool:
        """Whether an article stamped *stamp* has expired by *clock*; one without a stamp (0) never does."""
        if self.period_ms is None or not stamp or clock - stamp <= self.period_ms:
            return False
        return self.expire_published or not published


FOR_EVER: Final = Retention()


# ---- task time


def advanced(clock: int, event_ms: int | None, record_ms: int) -> int:
    """The task time after an event dated *event_ms*, else as its record; offline (*record_ms* is -1) it stands still.

    Monotone: never before *clock*.
    """
    if not 0 <= record_ms < _END_MS:
        return clock
    moment = record_ms if event_ms is None else event_ms
    return clock if moment > record_ms + AHEAD_MS else max(clock, moment)


def milliseconds(instant: str) -> int:
    """An instant as read_instant writes it, in milliseconds since 1970."""
    return (datetime.fromisoformat(instant) - _EPOCH) // _MILLISECOND


def stamp_header(clock: int) -> tuple[tuple[str, bytes], ...]:
    """The header of a record written at *clock*; none where no event has told the time yet."""
    return ((TASK_TIME, b"%d" % clock),) if clock else ()


def stamp_in(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """The stamp among a record's headers; 0 where there is none: it was written offline, or before there were stamps."""
    for name, value in headers:
        if name == TASK_TIME and value is not None and value.isdigit():
            stamp = int(value)
            return stamp if stamp < _END_MS else 0
    return 0


# ---- in the state


def clock_of(state: Reader) -> int:
    """The task time as of the last record folded; 0 before there is any."""
    clock = state.get(CLOCK)
    return 0 if clock is None else int.from_bytes(clock, "big")


def seal(stamp: int) -> bytes:
    """A stamp as the state holds it, before an article's JSON object and as the clock; nothing where there is none."""
    return stamp.to_bytes(_STAMP_BYTES, "big") if stamp else b""


def fold_clock(state: View, sealed: bytes) -> None:
    """Set the clock by the sealed stamp of a record with a value."""
    if sealed > (state.get(CLOCK) or b""):
        state.put(CLOCK, sealed)


def opened(stored: bytes) -> tuple[int, dict[str, Any]]:
    """The stamp and the JSON object that the state holds of an article."""
    if stored[0] == _PLAIN:
        return 0, orjson.loads(stored)
    return int.from_bytes(stored[:_STAMP_BYTES], "big"), orjson.loads(memoryview(stored)[_STAMP_BYTES:])


def _stamp_of(stored: bytes) -> int:
    return 0 if stored[0] == _PLAIN else int.from_bytes(stored[:_STAMP_BYTES], "big")


def _is_published(kept: dict[str, Any]) -> bool:
    return "published" in kept["desk"]


# ---- what has expired


class Expired(NamedTuple):
    """An article that goes, whether it is on the published topic, and the stamp by which it has expired."""

    article: bytes
    published: bool
    stamp: int


def swept(articles: Iterable[tuple[bytes, bytes]], clock: int, retention: Retention) -> Iterator[Expired]:
    """Those of *articles*, ids with what the state holds of them, that have expired; all others are hardly looked at."""
    for article, stored in articles:
        stamp = _stamp_of(stored)
        if retention.expired(stamp, clock, published=False):
            published = _is_published(opened(stored)[1])
            if retention.expired(stamp, clock, published=published):
                yield Expired(article, published, stamp)
