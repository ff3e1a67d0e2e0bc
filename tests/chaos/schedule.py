"""Which faults come, in which order: all of it follows from the seed."""

from __future__ import annotations

from collections import Counter, deque
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TRIES: Final = 5
"""How often in a row a kind of fault may fail to strike before it is given up, apart from others of it under way then."""


def schedule(seed: int, kinds: Sequence[str], count: int) -> Iterator[tuple[str, Random]]:
    """Kinds without an end, each with the chance that it draws from.

    Of the first *count* every kind is one, as far as there is room; all kinds come equally often after that, too.
    """
    rng = Random(f"faults {seed}")  # noqa: S311 - chance, not secrecy
    number = 0
    while True:
        deck = list(kinds)
        rng.shuffle(deck)
        for kind in deck if number or len(kinds) <= count else deck[:count]:
            number += 1
            yield kind, Random(f"fault {seed} {number}")  # noqa: S311


class Coming:
    """The faults to come until *wanted* have struck; one that did not strike comes again, until its kind is given up."""

    def __init__(self, seed: int, kinds: Sequence[str], wanted: int) -> None:
        self._schedule = schedule(seed, kinds, wanted)
        self._kinds = kinds
        self._left = wanted
        self._again: deque[tuple[str, Random]] = deque()
        self._misses: Counter[str] = Counter()
        self._under_way = 0

    @property
    def over(self) -> bool:
        """Whether enough have struck, or no kind is left that is worth a try."""
        return self._left <= 0 or not (self._under_way or self._again or self._worth_it)

    @property
    def _worth_it(self) -> bool:
        return any(self._misses[kind] < TRIES for kind in self._kinds)

    def next(self) -> tuple[str, Random] | None:
        """The next one; None where as many are under way as are left, or where there is none."""
        if self._under_way >= self._left:
            return None
        if self._again:
            chosen = self._again.popleft()
        elif self._worth_it:
            chosen = next(fault for fault in self._schedule if self._misses[fault[0]] < TRIES)
        else:
            return None
        self._under_way += 1
        return chosen

    def ended(self, kind: str, rng: Random, *, struck: bool) -> None:
        """It is over."""
        self._under_way -= 1
        if struck:
            self._left -= 1
            self._misses[kind] = 0
            return
        self._misses[kind] += 1
        if self._misses[kind] < TRIES:
            self._again.append((kind, rng))
        else:
            self._again = deque(fault for fault in self._again if fault[0] != kind)
