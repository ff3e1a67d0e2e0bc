"""The closed lists of codes as a page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from newsdesk.contracts.meanings import meanings, one_line
from newsdesk.contracts.reasons import Change, DeadLetterReason, DecisionKind, DecisionReason, DropReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_INTRODUCTION: Final = (
    "Every event ends as one decision or one dead letter, and every code on it is one of these. "
    "The page is made from the code itself."
)


def reasons_page() -> str:
    """A Markdown page with a table for every closed list: no record ever carries a code that is not on it."""
    decided = [
        (f"`{code}`", f"`{kind}`", _sentence(text))
        for code, (kind, _, text) in ((code, words.partition(": ")) for code, words in meanings(DecisionReason).items())
    ]
    parts = [
        "# Reason codes",
        _INTRODUCTION,
        _section("Decisions: kinds", DecisionKind, ("kind", "meaning"), _coded(DecisionKind)),
        _section("Decisions: reasons", DecisionReason, ("reason", "kind", "meaning"), decided),
        _section("Dead letters", DeadLetterReason, ("reason", "meaning"), _coded(DeadLetterReason)),
        _section("Dropped from related", DropReason, ("reason", "meaning"), _coded(DropReason)),
        _section("Changes of a revision", Change, ("change", "meaning"), _coded(Change)),
    ]
    return "\n\n".join(parts) + "\n"


def _coded(codes: type[DecisionKind | DeadLetterReason | DropReason | Change]) -> list[tuple[str, ...]]:
    return [(f"`{code}`", text) for code, text in meanings(codes).items()]


def _section(title: str, codes: type, names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [names, ["---"] * len(names), *rows]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table]
    return "\n".join([f"## {title}", "", one_line(codes.__doc__ or ""), "", *lines])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
