"""What the story comes to under both shipped rules files."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from newsdesk.desk.judge import Judge
from newsdesk.editorial.rulebook import open_rulebook
from newsdesk.editorial.rulesfile import read_rules
from newsdesk.intake.story import story

if TYPE_CHECKING:
    from newsdesk.contracts.rules import Rules

SHIPPED: Final = ("classic", "newsdesk")


def shipped_rules(name: str) -> Rules:
    """The rules file of this name that comes with newsdesk."""
    return read_rules((resources.files("newsdesk") / "rules" / f"{name}.yaml").read_text("utf-8"), f"{name}.yaml")


def story_outcomes() -> dict[str, list[dict[str, Any]]]:
    """For each shipped rules file what is decided about each event of the story, in their order."""
    outcomes = {}
    for name in SHIPPED:
        desk = Judge(open_rulebook(shipped_rules(name)))
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
