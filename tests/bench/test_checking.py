"""The benchmark notices wrong results: what is lost, answered twice, or answered otherwise than the judge would."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from bench.expected import Expected, digest
from bench.runs import Answers
from newsdesk.engine.records import Record

DEAD = b'{"title":7}'


def expected() -> Expected:
    return Expected(
        decisions={(0, 0): ("published", 80, 100, 1), (0, 1): ("duplicate", 80, 100, 1)},
        dead=Counter([digest(DEAD)]),
        counts=[3],
    )


def decision(offset: int, kind: str = "published", quality: int = 80) -> Record:
    source = {"topic": "in", "partition": 0, "offset": offset}
    value = {"kind": kind, "quality": quality, "heat": 100, "revision": 1, "source": source}
    return Record("decisions", 0, offset, 1000 + offset, b"id", orjson.dumps(value))


def letter(value: bytes = DEAD) -> Record:
    return Record("dead", 0, 0, 1005, None, value)


def faults(decisions: list[Record], letters: list[Record]) -> str:
    answers = Answers()
    for record in decisions:
        answers.decision(record)
    for record in letters:
        answers.letter(record)
    return answers.faults(expected())


RIGHT = [decision(0), decision(1, "duplicate")]


def test_right_answers_have_no_faults() -> None:
    assert faults(RIGHT, [letter()]) == ""


@pytest.mark.parametrize(
    ("decisions", "letters", "said"),
    [
        pytest.param(RIGHT[:1], [letter()], "1 lost, first [(0, 1)]", id="lost"),
        pytest.param([*RIGHT, decision(0)], [letter()], "1 twice", id="twice"),
        pytest.param([decision(0, "held"), RIGHT[1]], [letter()], "1 not as the judge says", id="another kind"),
        pytest.param([decision(0, quality=81), RIGHT[1]], [letter()], "1 not as the judge says", id="another quality"),
        pytest.param([*RIGHT, decision(2)], [letter()], "1 not as the judge says", id="a decision for a dead event"),
        pytest.param(RIGHT, [], "0 dead letters, 1 expected", id="a dead letter lost"),
        pytest.param(RIGHT, [letter(b"other")], "1 dead letters, 1 expected", id="another dead letter"),
    ],
)
def test_what_is_wrong_is_named(decisions: list[Record], letters: list[Record], said: str) -> None:
    assert said in faults(decisions, letters)
