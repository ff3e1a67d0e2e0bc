"""deploy/faults.md quotes what newsdesk says, word for word, and names metrics and settings that there are."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from newsdesk.ops.metrics import CATALOGUE
from newsdesk.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "deploy/faults.md").read_text(encoding="utf-8")
SERVICES = ROOT / "services/newsdesk"
OPEN = "\0"
QUOTES = [first or second for first, second in re.findall(r"`` (.+?) ``|(?<!`)`([^`\n]+)`(?!`)", PAGE)]
MESSAGES = [quote for quote in QUOTES if quote.count(" ") > 2]


@cache
def patterns() -> list[re.Pattern[str]]:
    """Every sentence of the sources as a regular expression, with what is put in left open."""
    found: set[str] = set()
    for file in SERVICES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.add("".join(part.value if isinstance(part, ast.Constant) else OPEN for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(re.sub(r"%(?:\.\d)?[dsgf]", OPEN, node.value))
    return [_pattern(text) for text in found if len(text.replace(OPEN, "").strip()) >= 10 and " " in text]


def _pattern(text: str) -> re.Pattern[str]:
    """*text* with its full stop, where that is put behind it, and what the client said, in brackets."""
    end = "$" if text.endswith(OPEN) else r"\.?(?: |$)(?:\(…\)\. )?"
    return re.compile(".+?".join(map(re.escape, text.split(OPEN))) + end)


def unexplained(message: str) -> str:
    """What of *message* is in no sentence of the sources: from its start, the longest that fits is taken off each time."""
    rest = message
    while rest:
        longest = max((len(match[0]) for pattern in patterns() if (match := pattern.match(rest))), default=0)
        if not longest:
            return rest
        rest = rest[longest:]
    return ""


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_is_one_that_newsdesk_gives(message: str) -> None:
    assert unexplained(message) == ""


def test_every_metric_and_setting_is_there() -> None:
    metrics = {metric.name for metric in CATALOGUE}
    assert set(re.findall(r"newsdesk_[a-z_]+", PAGE)) <= metrics
    settings = {f"NEWSDESK_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"NEWSDESK_[A-Z_]+", PAGE)) <= settings


def test_every_label_of_a_metric_is_there() -> None:
    values = {(metric.name, value) for metric in CATALOGUE for row in metric.values or () for value in row}
    for name, value in re.findall(r'(newsdesk_[a-z_]+)\{[a-z]+="([a-z_]+)"\}', PAGE):
        assert (name, value) in values
