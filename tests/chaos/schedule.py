"""Which faults come, in which order: all of it follows from the seed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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
