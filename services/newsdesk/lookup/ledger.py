"""The ledger of an audit: for every offset of an input partition one byte that says how it was answered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from newsdesk.lookup.topics import Place


class Answer(IntEnum):
    """The three ends an event can come to; the value is the place of its two-bit count within the byte."""

    DECISION = 0
    DEAD_LETTER = 2
    FORWARDED = 4


_READ: Final = 0x80
_COUNT: Final = 0b11
_ONCE: Final = frozenset(_READ | 1 << answer for answer in Answer)
_EMPTY: Final = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """An offset without exactly one answer; counts stop at 3. *read* is False where answers name what is not there."""

    place: Place
    offset: int
    read: bool
    counts: Mapping[Answer, int]

    @property
    def what(self) -> str:
        """What is wrong, in words."""
        total = sum(self.counts.values())
        if not self.read:
            return "answered, but there is no such record"
        return "not answered" if not total else f"answered {total} times"

    def wire(self) -> dict[str, Any]:
        """The fault as JSON."""
        topic, partition = self.place
        return {
            "topic": topic,
            "partition": partition,
            "offset": self.offset,
            "fault": self.what,
            "decisions": self.counts[Answer.DECISION],
            "deadLetters": self.counts[Answer.DEAD_LETTER],
            "forwarded": self.counts[Answer.FORWARDED],
        }


@dataclass(slots=True)
class Tally:
    """The sums over all partitions. *waiting* are those that the desk has not come to yet."""

    read: int = 0
    waiting: int = 0
    unanswered: int = 0
    repeated: int = 0
    baseless: int = 0
    answers: Counter[Answer] = field(default_factory=Counter)


class Page:
    """One input partition from *start* to *end*, a byte for each offset."""

    def __init__(self, place: Place, start: int, end: int) -> None:
        self.place = place
        self.start = start
        self._marks = bytearray(max(0, end - start))
        self._answers: Counter[Answer] = Counter()
        self.older = 0
        """Answers to what retention has deleted."""
        self.later = 0
        """Answers to what came after the audit began."""
        self._last = start - 1

    def note_read(self, offset: int) -> None:
        """There is a record at *offset*."""
        if self.holds(offset):
            self._marks[offset - self.start] |= _READ

    def note_answer(self, offset: int, answer: Answer) -> None:
        """An *answer* names *offset*."""
        at = offset - self.start
        if at < 0:
            self.older += 1
        elif at >= len(self._marks):
            self.later += 1
        else:
            self._answers[answer] += 1
            self._last = max(self._last, offset)
            mark = self._marks[at]
            if (mark >> answer) & _COUNT < _COUNT:
                self._marks[at] = mark + (1 << answer)

    def holds(self, offset: int) -> bool:
        """Whether *offset* is among those that were read."""
        return 0 <= offset - self.start < len(self._marks)

    def add_to(self, tally: Tally, committed: int | None) -> None:
        """Count this page; unanswered offsets from *committed* on wait, or without one those after the last answer."""
        frontier = self._frontier(committed)
        tally.answers.update(self._answers)
        for behind, marks in ((True, self._marks[:frontier]), (False, self._marks[frontier:])):
            for mark, count in Counter(marks).items():
                if mark & _READ:
                    tally.read += count
                if mark == _READ and not behind:
                    tally.waiting += count
                elif mark == _READ:
                    tally.unanswered += count
                elif mark and not mark & _READ:
                    tally.baseless += count
                elif mark and mark not in _ONCE:
                    tally.repeated += count

    def faults(self, committed: int | None) -> Iterator[Fault]:
        """Every offset without exactly one answer, in order."""
        frontier = self._frontier(committed)
        for at, mark in enumerate(self._marks):
            if mark == _EMPTY or mark in _ONCE or (mark == _READ and at >= frontier):
                continue
            counts = {answer: (mark >> answer) & _COUNT for answer in Answer}
            yield Fault(self.place, self.start + at, bool(mark & _READ), counts)

    def _frontier(self, committed: int | None) -> int:
        behind = self._last + 1 if committed is None else committed
        return min(max(0, behind - self.start), len(self._marks))
