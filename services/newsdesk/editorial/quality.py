"""Quality: an additive score in points, every term with its reason. The source of the rules is the recorded site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from newsdesk.contracts.rules import Rules


class Term(NamedTuple):
    """Points for a reason; the terms of an article add up to its quality."""

    name: str
    points: int
    because: str


class Facts(NamedTuple):
    """What the score looks at, of an article or of a related item.

    *length* is in characters of its title as upstream gave it: the recorded site counted them before any repair. *hits*
    are the keyword entries of its topics in its title; *weight* is its provider's, and the domain that has it.
    """

    length: int
    topics: Sequence[str]
    hits: Sequence[str]
    image: bool
    amp: bool
    featured: bool
    weight: tuple[int, str]


Rule = Callable[[Facts], Term | None]
"""A rule gives an article its term, or none."""


def rules_of(rules: Rules) -> tuple[Rule, ...]:
    """The rules that score by *rules*, in the order in which their terms are shown."""
    points = rules.quality
    return (
        topics(points.per_topic),
        keywords(points.per_keyword),
        image(points.image),
        amp(points.amp),
        featured(points.featured),
        provider(),
        title_length(points.title_length.limit, points.title_length.per_point),
    )


def score(article: Facts, rules: Sequence[Rule]) -> tuple[int, list[Term]]:
    """The quality of *article* and its terms; sum(points) == quality, as the lower bound 0 is a term too."""
    terms = [term for rule in rules if (term := rule(article)) is not None]
    return _bounded(sum(term.points for term in terms), terms)


def _bounded(total: int, terms: list[Term]) -> tuple[int, list[Term]]:
    """*total* and its *terms*, with one more where it is under the lower bound."""
    if total >= 0:
        return total, terms
    return 0, [*terms, Term("floor", -total, "no quality is below 0")]


def trusted(quality: int) -> tuple[int, list[Term]]:
    """Upstream's quality as it is, as one term."""
    terms = [Term("upstream", quality, "the rules trust upstream's quality")]
    return _bounded(quality, terms)


def topics(per_topic: int) -> Rule:
    """*per_topic* points for each topic of the article."""

    def rule(article: Facts) -> Term | None:
        if not (number := len(article.topics)) or not per_topic:
            return None
        return Term("topics", per_topic * number, f"{number} x {per_topic}: {_some(article.topics)}")

    return rule


def keywords(per_keyword: int) -> Rule:
    """*per_keyword* points for each keyword entry of the article's topics that is found in its title."""

    def rule(article: Facts) -> Term | None:
        if not (number := len(article.hits)) or not per_keyword:
            return None
        return Term("keywords", per_keyword * number, f"{number} x {per_keyword} in the title: {_some(article.hits)}")

    return rule


def image(points: int) -> Rule:
    """*points* for an article with an image."""

    def rule(article: Facts) -> Term | None:
        return Term("image", points, "has an image") if article.image and points else None

    return rule


def amp(points: int) -> Rule:
    """*points* for an article with an AMP page."""

    def rule(article: Facts) -> Term | None:
        return Term("amp", points, "has an AMP page") if article.amp and points else None

    return rule


def featured(points: int) -> Rule:
    """*points* for an article that an editor featured."""

    def rule(article: Facts) -> Term | None:
        return Term("featured", points, "has featured content") if article.featured and points else None

    return rule


def provider() -> Rule:
    """The weight that the editors gave the article's provider."""

    def rule(article: Facts) -> Term | None:
        points, domain = article.weight
        return Term("provider", points, f"{domain} weighs {points}") if points else None

    return rule


def title_length(limit: int, per_point: int) -> Rule:
    """One point less for every *per_point* characters of the title, as it was given, beyond *limit*."""

    def rule(article: Facts) -> Term | None:
        over = max(0, article.length - limit)
        if not (points := over // per_point):
            return None
        return Term("title_length", -points, f"{article.length} characters, {over} over {limit}")

    return rule


def _some(names: Sequence[str]) -> str:
    """The first few names; an event may carry thousands of topics."""
    shown = ", ".join(name[:60] for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"  # noqa: PLR2004
