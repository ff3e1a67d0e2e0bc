from __future__ import annotations

from enum import StrEnum

import pytest

from newsdesk.contracts.meanings import meanings
from newsdesk.contracts.reasons import DecisionKind, DecisionReason
from newsdesk.contracts.reasonsdoc import reasons_page
from newsdesk.contracts.schemas import CODES


class Mute(StrEnum):
    SAID = "said"
    """It has
    two lines."""
    UNSAID = "unsaid"
    UNSAID_TOO = "unsaid_too"


class Spoken(StrEnum):
    SAID = "said"
    """It has
    two lines."""


@pytest.mark.parametrize("codes", CODES)
def test_every_code_of_a_closed_list_has_a_meaning_of_its_own(codes: type[StrEnum]) -> None:
    texts = meanings(codes)
    assert list(texts) == [code.value for code in codes]
    assert len(set(texts.values())) == len(texts)
    assert all(text.endswith(".") for text in texts.values())


def test_a_code_without_a_meaning_is_named() -> None:
    with pytest.raises(LookupError, match="Mute: no text stands under UNSAID, UNSAID_TOO"):
        meanings(Mute)


def test_a_meaning_is_one_line() -> None:
    assert meanings(Spoken) == {"said": "It has two lines."}


def test_every_reason_of_a_decision_belongs_to_one_kind() -> None:
    kinds = {text.partition(": ")[0] for text in meanings(DecisionReason).values()}
    assert kinds == {kind.value for kind in DecisionKind}


def test_the_page_has_a_row_for_every_code_of_every_list() -> None:
    page = reasons_page()
    for codes in CODES:
        for code, text in meanings(codes).items():
            kind, _, words = text.partition(": ")
            row = f"| `{code}` | {text} |"
            if codes is DecisionReason:
                row = f"| `{code}` | `{kind}` | {words[:1].upper()}{words[1:]} |"
            assert row in page
    assert page.count("\n| `") == sum(len(codes) for codes in CODES)
