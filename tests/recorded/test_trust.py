"""Heat and publishing of recorded states, where upstream's quality is trusted: equal to what the sites did.

A state whose related list holds no copy has the recorded heat and decision, but for a bonus of 1 to 8 points that
the records do not explain and for ties, which the records do not settle; every other state has those of the rule
after de-duplication, computed in `logs` without the code under test.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from newsdesk.desk.judge import Judge
from newsdesk.editorial.identity import article_id
from newsdesk.editorial.urls import read_url
from recorded.logs import (
    SUPPRESSED,
    SYNTHETIC,
    THRESHOLD,
    Row,
    has_copies,
    heat_by_the_rule,
    rows,
    tied_dates,
    without_copies,
)
from recorded.synthetic import lines
from support.desk import book

BONUS = range(1, 9)


@dataclass(slots=True)
class Tally:
    """How the states of one log compare."""

    exact: int = 0
    ties: int = 0
    by_rule: int = 0
    bonus: Counter[int] = field(default_factory=Counter)
    unreadable: int = 0
    removed: int = 0
    wrong: list[tuple[int, str, str]] = field(default_factory=list)


class Comparison:
    """Answers a log row by row and compares each answer with the row; standing is the kind of each article."""

    def __init__(self) -> None:
        settings = ("quality.mode=trust", f"publish.threshold={THRESHOLD}", "heat.per_related=20")
        self._judge = Judge(book("classic", *settings))
        self._standing: dict[str, str] = {}
        self.tally = Tally()

    def compare(self, row: Row) -> None:
        """Count *row* as what it is."""
        if row.article is None:
            self.tally.unreadable += 1
            return
        answer = self._judge.answer(orjson.dumps(row.article))
        if answer["outcome"] != "decision":
            self.tally.wrong.append((row.seq, row.path, f"no decision: {answer}"))
            return
        decision = answer["decision"]
        identity = decision["articleId"]
        if decision["kind"] != "duplicate":
            self._standing[identity] = decision["kind"]
        expected, tie = heat_by_the_rule(row.article)
        if tie and _loses_tie(row.article, identity):
            expected = SUPPRESSED
        kind, heat = self._standing[identity], decision["heat"]
        if row.article.get("removed"):
            self.tally.removed += 1
            right = kind == "retracted" and row.article["published"] is False
        else:
            right = heat == expected and (kind == "published") == (expected >= THRESHOLD)
            right = right and self._count(row.article, heat, tie=tie)
        if not right:
            recorded = (row.article["heat"], row.article["published"])
            self.tally.wrong.append((row.seq, row.path, f"recorded {recorded}, rule {expected}, decided {heat} {kind}"))

    def _count(self, article: dict[str, Any], heat: int, *, tie: bool) -> bool:
        """Count a state that is decided by the rule; whether that explains what was recorded of it."""
        tally = self.tally
        bonus = article["heat"] - heat
        if tie:
            tally.ties += 1
        elif has_copies(article):
            tally.by_rule += 1
        elif not bonus:
            tally.exact += 1
            return bool(article["published"] == (heat >= THRESHOLD))
        else:
            tally.bonus[bonus] += 1
            leads = heat != SUPPRESSED
            return bonus in BONUS and leads and article["published"] == (article["heat"] >= THRESHOLD)
        return True


def _loses_tie(article: dict[str, object], identity: str) -> bool:
    """The earlier date leads, then the smaller id."""
    own, other = tied_dates(article)
    if own != other:
        return other < own
    rivals = [
        article_id(read_url(item["webUrl"]).key)
        for item in without_copies(article)
        if item["quality"] == article["quality"] and item.get("publishedDateTime") == article["publishedDateTime"]
    ]
    return min(rivals) < identity


def compared(site: str) -> Tally:
    comparison = Comparison()
    for row in rows(site):
        comparison.compare(row)
    tally = comparison.tally
    print(  # noqa: T201 - shown with -rP: the counts are the result
        f"{site}: {tally.exact} exact, {tally.ties} ties by our rule, {tally.by_rule} with copies by the rule, "
        f"{tally.removed} removed, bonus {dict(sorted(tally.bonus.items()))}"
    )
    return tally


@pytest.mark.parametrize(
    ("site", "states", "unreadable"),
    [
        ("synthetic", 110, 1),
        ("diablo4", 16_525, 0),
        ("microsoft-power-apps", 2_437, 0),
        ("powerapps", 6_955, 0),
    ],
)
def test_every_state_is_decided_as_recorded_or_by_the_rule_after_de_duplication(
    site: str, states: int, unreadable: int
) -> None:
    tally = compared(site)

    assert tally.wrong == []
    assert tally.unreadable == unreadable
    assert tally.exact + tally.ties + tally.by_rule + tally.removed + tally.bonus.total() == states


def test_the_synthetic_log_has_all_that_the_recorded_ones_have() -> None:
    tally = compared("synthetic")

    assert min(tally.exact, tally.ties, tally.by_rule, tally.removed) > 0
    assert set(tally.bonus) == set(BONUS)


def test_the_synthetic_log_is_what_its_script_writes() -> None:
    assert SYNTHETIC.read_text(encoding="utf-8").splitlines() == lines()
