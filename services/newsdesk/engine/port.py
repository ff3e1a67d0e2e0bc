"""The port between a task and the broker: everything a task needs of it, for Kafka and for the log in memory alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from newsdesk.engine.answered import Mark
    from newsdesk.engine.observer import Stage
    from newsdesk.engine.records import Record, Write
    from newsdesk.engine.validity import Span


@dataclass(frozen=True, slots=True)
class Misfit:
    """A write that its topic does not take: it would be *size* bytes there."""

    topic: str
    size: int


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that went through.

    *position* is the changelog offset behind the last change written, None where the commit wrote none.
    """

    position: int | None
    seconds: Mapping[Stage, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lag:
    """How far an input is read: *next_offset* is the first one not read, *end* the end of what can be read."""

    next_offset: int
    end: int


class Output(Protocol):
    """The writes of one batch, on their way to the broker."""

    size: int
    """Bytes so far."""

    def misfit(self, writes: Sequence[Write]) -> Misfit | None:
        """The first of *writes* that its topic does not take, or None."""

    def add(self, writes: Sequence[Write]) -> None:
        """Take *writes*, which fit and belong together; the order is kept in each topic."""


class TaskLog(Protocol):
    """What one task reads and writes. Any method may raise FencedError, NotOwnedError, EngineError or a passing error."""

    @property
    def atomic(self) -> bool:
        """Whether a commit's writes and offsets become visible together; else the writes may be there alone."""

    async def start(self) -> None:
        """Shut out earlier owners of the task; on return none of their transactions is open."""

    def check_owned(self) -> None:
        """Raise NotOwnedError where the group has given the task to somebody else."""

    async def committed(self) -> Mapping[str, int]:
        """The next offset of every input. Where those records are gone, the first that is left, and the loss is reported."""

    async def changelog(self) -> Span:
        """The changelog as it stands."""

    def read_changelog(self, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        """What is committed in the changelog from *start* to below *end*, in portions; it ends, however *end* is made up."""

    async def past_answered(self, offsets: Mapping[str, int], marks: Mapping[str, Mark]) -> Mapping[str, int]:
        """*offsets*, moved behind what *marks* say is answered already, which with transactions nothing is."""

    async def seek(self, offsets: Mapping[str, int]) -> None:
        """Begin reading the inputs at *offsets*."""

    async def fetch(self, wait_seconds: float) -> Sequence[Record]:
        """Records that follow what was fetched before, at most a few thousand; none when none came for so long.

        May be cancelled at any time without losing a record.
        """

    def output(self) -> Output:
        """An empty output."""

    async def commit(self, output: Output, offsets: Mapping[str, int]) -> Committed:
        """Write *output* and *offsets*, either of which may be empty: all of it, or it raises. What a raise leaves behind the next `start` clears up."""

    def lags(self) -> Mapping[str, Lag]:
        """The lag of every input as far as the last fetch told; an input may be missing."""

    def answered(self) -> float:
        """The time.monotonic() of the broker's last answer to a fetch."""

    async def stop(self) -> None:
        """Let go of everything, nothing being under way; never raises."""

    async def discard(self) -> None:
        """Let go of everything at once, whatever is under way; never raises."""
