"""Heat and publishing of recorded states, where upstream's quality is trusted: equal to what the sites did.

A state whose related list holds no copy has the recorded heat and decision, but for a bonus of 1 to 8 points that
the records do not explain and for ties, which the records do not settle; every other state has those of the rule
after de-duplication, computed in `logs` without the code under test.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

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
        tally = self.tally
        if row.article is None:
            tally.unreadable += 1
            return
        article = row.article
        answer = self._judge.answer(orjson.dumps(article))
        if answer["outcome"] != "decision":
            tally.wrong.append((row.seq, row.path, f"no decision: {answer}"))
            return
        decision = answer["decision"]
        identity = decision["articleId"]
        if decision["kind"] != "duplicate":
            self._standing[identity] = decision["kind"]
        published = self._standing[identity] == "published"
        rule, tie = heat_by_the_rule(article)
        expected = rule
        if tie and _loses_tie(article, identity):
            expected = SUPPRESSED
        if article.get("removed"):
            tally.removed += 1
            said = (published, article["published"], self._standing[identity])
            if said != (False, False, "retracted"):
                tally.wrong.append((row.seq, row.path, f"removed, and {said}"))
        elif decision["heat"] != expected or published != (expected >= THRESHOLD):
            tally.wrong.append((row.seq, row.path, f"rule {expected}, decided {decision['heat']} {published}"))
        elif tie:
            tally.ties += 1
        elif has_copies(article):
            tally.by_rule += 1
        elif article["heat"] == decision["heat"] and article["published"] == published:
            tally.exact += 1
        elif article["heat"] - decision["heat"] in BONUS and decision["heat"] != SUPPRESSED:
            tally.bonus[article["heat"] - decision["heat"]] += 1
            if article["published"] != (article["heat"] >= THRESHOLD):
                tally.wrong.append((row.seq, row.path, "a bonus, and published otherwise than by its heat"))
        else:
            said = (article["heat"], article["published"], decision["heat"], published)
            tally.wrong.append((row.seq, row.path, f"recorded {said[:2]}, decided {said[2:]}"))


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
        ("synthetic", 118, 1),
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
