"""The additive score, row by row as it was recovered from the recorded site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from newsdesk.contracts.rules import Quality, Rules, TitleLength
from newsdesk.editorial.quality import Term, rules_of, score, trusted

if TYPE_CHECKING:
    from collections.abc import Sequence

RULES = rules_of(Rules(name="r", version="1"))


@dataclass(frozen=True)
class Facts:
    length: int = 10
    topics: Sequence[str] = ()
    hits: Sequence[str] = ()
    image: str | None = None
    amp: str | None = None
    featured: bool = False
    weight: tuple[int, str] = (0, "")


def story(length: int, *, hit: bool = True, image: bool = True, amp: bool = True) -> Facts:
    return Facts(
        length=length,
        topics=("Computer Vision", "AI"),
        hits=("facial recognition",) if hit else (),
        image="https://i.example/" if image else None,
        amp="https://a.example/" if amp else None,
        weight=(30, "p.example"),
    )


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        pytest.param(story(67), 89, id="CNET"),
        pytest.param(story(86), 81, id="NBC, new title"),
        pytest.param(story(89), 80, id="NBC, earlier title"),
        pytest.param(story(90, amp=False), 59, id="Business Insider"),
        pytest.param(story(68, hit=False, image=False), 54, id="Nasdaq"),
        pytest.param(Facts(), 0, id="nothing"),
        pytest.param(Facts(featured=True), 50, id="featured"),
        pytest.param(Facts(length=71, featured=True), 50, id="one character over costs nothing"),
        pytest.param(Facts(length=72, featured=True), 49, id="two cost one"),
        pytest.param(Facts(length=200), 0, id="not below 0"),
        pytest.param(Facts(weight=(-40, "p.example")), 0, id="a negative weight alone"),
        pytest.param(Facts(weight=(-40, "p.example"), featured=True), 10, id="a negative weight"),
        pytest.param(Facts(topics=["a"] * 3, hits=["a", "a"]), 36, id="entries and topics are counted"),
    ],
)
def test_the_terms_add_up_to_the_quality(facts: Facts, points: int) -> None:
    quality, terms = score(facts, RULES)

    assert quality == points
    assert sum(term.points for term in terms) == points
    assert all(term.points and term.because for term in terms)


def test_the_terms_say_why_in_one_order() -> None:
    facts = Facts(75, ("AI",), ("ai",), "i", "a", featured=True, weight=(30, "p.example"))

    assert score(facts, RULES)[1] == [
        Term("topics", 2, "1 x 2: AI"),
        Term("keywords", 15, "1 x 15 in the title: ai"),
        Term("image", 20, "has an image"),
        Term("amp", 20, "has an AMP page"),
        Term("featured", 50, "has featured content"),
        Term("provider", 30, "p.example weighs 30"),
        Term("title_length", -2, "75 characters, 5 over 70"),
    ]


def test_the_lower_bound_is_a_term() -> None:
    assert score(Facts(length=80), RULES) == (
        0,
        [Term("title_length", -5, "80 characters, 10 over 70"), Term("floor", 5, "no quality is below 0")],
    )


def test_a_rule_without_points_gives_no_term() -> None:
    quality = Quality(per_topic=0, per_keyword=0, image=0, amp=0, featured=0, title_length=TitleLength(limit=0))
    facts = Facts(1, ("AI",), ("ai",), "i", "a", featured=True)

    assert score(facts, rules_of(Rules(name="r", version="1", quality=quality))) == (0, [])


def test_thousands_of_topics_are_not_all_named() -> None:
    (term,) = score(Facts(topics=["x" * 1000] * 5000), RULES)[1]

    assert term.points == 10_000
    assert len(term.because) < 400
    assert term.because.endswith("and 4995 more")


def test_a_trusted_quality_is_one_term() -> None:
    assert trusted(3) == (3, [Term("upstream", 3, "the rules trust upstream's quality")])
