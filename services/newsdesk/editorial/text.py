"""Text repair: mojibake undone, entities unescaped, control characters removed."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Final

import ftfy

LONGEST: Final = 32_768
"""Characters; mojibake is not looked for in longer texts, as that takes about 0.6 us a character."""

_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
TYPOGRAPHY: Final = "\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u2022\u2122\xa0\xa9\xae"
"""Quotes, dashes, ellipsis, bullet and marks: a text with ASCII and these alone is never changed by ftfy (a test tries
every sequence of three), and looking for any other character is fifty times faster."""
_MOJIBAKE: Final = ftfy.TextFixerConfig(unescape_html=False, uncurl_quotes=False, explain=False)


def repair_text(text: str) -> str:
    """*text* as it was meant, white space trimmed at both ends; plain ASCII costs next to nothing."""
    if "&" in text:
        text = _ENTITY.sub(_unescaped, text)
    if not text.isascii() and len(text) <= LONGEST and _is_suspicious(text):
        text = ftfy.fix_text(text, _MOJIBAKE)
    if not text.isprintable():
        text = _CONTROL.sub("", text)
    return text.strip()


def _is_suspicious(text: str) -> bool:
    """Whether *text* holds anything but ASCII and TYPOGRAPHY; replacing is several times faster than a pattern."""
    for mark in TYPOGRAPHY:
        if mark in text:
            text = text.replace(mark, "")
    return not text.isascii()


def repair_line(text: str) -> str:
    """The same on one line: every run of white space is one space."""
    text = repair_text(text)
    return text if text.isprintable() and "  " not in text else " ".join(text.split())


def _unescaped(entity: re.Match[str]) -> str:
    return _character(entity[0])


@lru_cache(maxsize=1024)
def _character(entity: str) -> str:
    return html.unescape(entity)
