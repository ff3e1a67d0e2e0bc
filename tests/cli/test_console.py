from __future__ import annotations

import pytest

from newsdesk.cli.console import plain, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ferry \x1b[31mred\x1b[0m", "Ferry [31mred[0m"),
        ("C1 \x9b2J and bell \a", "C1 2J and bell "),
        ("turned \u202eround\u2066", "turned round"),
        ("two\nlines\tand a tab\r", "two lines and a tab"),
        ("Größe “x” 新聞 🛳️", "Größe “x” 新聞 🛳️"),
        (7, "7"),
    ],
)
def test_nothing_steers_the_terminal_and_all_letters_stay(text: object, expected: str) -> None:
    assert plain(text) == expected


def test_words_of_the_contracts_are_shown_as_words() -> None:
    assert shown("below_threshold") == "below threshold"
