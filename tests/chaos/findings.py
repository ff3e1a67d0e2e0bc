"""What a broken promise looks like in a report."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 20
"""Findings kept of one invariant and partition: the first tell the story, the rest follow from them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation: which invariant, where, and what exactly."""

    invariant: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.where}: {self.what}"
