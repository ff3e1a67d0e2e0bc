"""What the story comes to under both shipped rules files."""

from __future__ import annotations

from typing import Any, Final

from newsdesk.bootstrap import rulebook
from newsdesk.desk.judge import Judge
from newsdesk.intake.story import story

SHIPPED: Final = ("classic", "newsdesk")


def story_outcomes() -> dict[str, list[dict[str, Any]]]:
    """For each shipped rules file what is decided about each event of the story, in their order."""
    outcomes = {}
    for name in SHIPPED:
        desk = Judge(rulebook(name))
        outcomes[name] = [_in_short(desk.answer(event)) for event in story()]
    return outcomes


def _in_short(answer: dict[str, Any]) -> dict[str, Any]:
    decision = answer["decision"]
    return {
        "title": answer["enriched"]["title"],
        **{name: decision[name] for name in ("articleId", "revision", "kind", "reason", "quality", "heat")},
        "terms": sum(term["points"] for term in decision["score"]["terms"]),
        "outrankedBy": decision.get("outrankedBy"),
    }
