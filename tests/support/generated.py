"""The generated stream judged, each event beside its answer."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from newsdesk.desk.judge import Judge
from newsdesk.editorial.rulebook import open_rulebook
from newsdesk.editorial.rulesfile import read_rules
from newsdesk.intake.generate import GeneratedEvent, Tag, generate

if TYPE_CHECKING:
    from newsdesk.editorial.rulebook import Rulebook


def shipped(name: str, *overrides: str) -> Rulebook:
    """The rulebook of a shipped rules file, with overrides as --set takes them."""
    text = (resources.files("newsdesk") / "rules" / f"{name}.yaml").read_text("utf-8")
    return open_rulebook(read_rules(text, name, overrides))


@cache
def judged(
    seed: int, count: int, rules: str = "newsdesk", *overrides: str
) -> tuple[tuple[GeneratedEvent, dict[str, Any]], ...]:
    """Each event of the stream with the judge's full answer to it."""
    judge = Judge(shipped(rules, *overrides))
    return tuple((event, judge.answer(event.value, key=event.key)) for event in generate(seed, count))


def with_tag(events: tuple[tuple[GeneratedEvent, dict[str, Any]], ...], tag: Tag) -> list[dict[str, Any]]:
    """The answers to the events that have this tag."""
    return [answer for event, answer in events if tag in event.tags]
