"""Heat: does an article lead its story, and how hot is it. The source of the rules is the recorded site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from newsdesk.editorial.ranking import precedence
from newsdesk.editorial.related import RelatedItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsdesk.contracts.rules import Heat

SUPPRESSED: Final = -1
"""The heat of an article that does not lead its story."""

HOTTEST: Final = 2**63 - 1
"""No heat is beyond 64 bits, as upstream's quality, which rules may trust, can be just within."""


class Standing(NamedTuple):
    """An article's heat, and the related item that leads instead of it, if one does."""

    heat: int
    leader: RelatedItem | None = None
    tie: bool = False


def standing(quality: int, date: str | None, article_id: str, related: Sequence[RelatedItem], rules: Heat) -> Standing:
    """Where an article of *quality* stands among *related*, which are in canonical order (the best first).

    A higher quality leads; at the same quality the earlier date, then the smaller id.
    """
    if not related:
        return Standing(quality)
    best = related[0]
    if best.quality > quality:
        return Standing(SUPPRESSED, leader=best)
    if best.quality == quality:
        tied = min((item for item in related if item.quality == quality), key=lambda item: item.precedence)
        if tied.precedence < precedence(date, article_id):
            return Standing(SUPPRESSED, leader=tied, tie=True)
    return Standing(heat_of_leader(quality, len(related), rules))


def heat_of_leader(quality: int, related: int, rules: Heat) -> int:
    """The heat of an article that leads *related* others; below the floor they add nothing."""
    return min(quality + rules.per_related * related, HOTTEST) if quality >= rules.floor else quality
