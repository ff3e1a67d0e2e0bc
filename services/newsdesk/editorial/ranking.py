"""Ranking: who leads among articles of the same quality."""

from __future__ import annotations

from typing import Final

NO_DATE: Final = "~"
"""Sorts after every date: a missing date is the latest."""


def precedence(date: str | None, article_id: str) -> tuple[str, str]:
    """Who leads at the same quality: the smaller of these."""
    return (date[:-1] if date else NO_DATE, article_id)
