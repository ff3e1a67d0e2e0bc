"""Colours of what the desk decides, the same in every command."""

from __future__ import annotations

from typing import Final

_STYLES: Final = {
    "published": "green",
    "held": "yellow",
    "suppressed": "magenta",
    "rejected": "red",
    "retracted": "cyan",
    "duplicate": "dim",
}


def style_of(kind: str) -> str:
    """The style of a decision's kind."""
    return _STYLES.get(kind, "")
