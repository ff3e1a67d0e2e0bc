from __future__ import annotations

import pytest

from newsdesk.editorial.text import LONGEST, repair_line, repair_text


@pytest.mark.parametrize(
    ("given", "repaired"),
    [
        pytest.param("Ferry sails", "Ferry sails", id="as it was"),
        pytest.param("wouldnâ€™t", "wouldn\u2019t", id="UTF-8 read as cp1252"),
        pytest.param("â€\u02dcSensitive Dataâ€™", "\u2018Sensitive Data\u2019", id="quotes stay curly"),
        pytest.param("CafÃ©", "Café", id="UTF-8 read as Latin-1"),
        pytest.param("Café", "Café", id="right already"),
        pytest.param("Q&amp;A &#8217;s &#x2019;s &hellip;", "Q&A \u2019s \u2019s …", id="entities"),
        pytest.param("a&copy=b AT&T &amp", "a&copy=b AT&T &amp", id="no entity without a semicolon"),
        pytest.param("&#0;&#xD800;", "\ufffd\ufffd", id="entities that are no characters"),
        pytest.param("a\x00b\x1b[0m\x7fc", "ab[0mc", id="control characters"),
        pytest.param("  a\nb\t ", "a\nb", id="white space at the ends"),
    ],
)
def test_repair_text(given: str, repaired: str) -> None:
    assert repair_text(given) == repaired


@pytest.mark.parametrize(
    ("given", "repaired"),
    [("a  b", "a b"), ("a\n\tb", "a b"), ("a\xa0\u3000b\xa0", "a b"), ("\u2003", ""), ("日本  語", "日本 語")],
)
def test_a_line_has_single_spaces(given: str, repaired: str) -> None:
    assert repair_line(given) == repaired


def test_mojibake_is_not_looked_for_in_endless_texts() -> None:
    assert repair_text("â€™" + "x" * LONGEST).startswith("â€™")
