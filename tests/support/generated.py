"""The generated stream judged, each event beside its answer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from newsdesk.bootstrap import rulebook
from newsdesk.desk.judge import Judge
from newsdesk.intake.generate import GeneratedEvent, Tag, generate

if TYPE_CHECKING:
    from newsdesk.editorial.rulebook import Rulebook


def shipped(name: str, *overrides: str) -> Rulebook:
    """The rulebook of a shipped rules file, with overrides as --set takes them."""
    return rulebook(name, overrides)


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
