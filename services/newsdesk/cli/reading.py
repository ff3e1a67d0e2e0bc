"""Reading what a command's arguments name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from newsdesk.intake.files import read_items
from newsdesk.intake.items import InputError, Item, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator


def existing(paths: list[str]) -> list[str]:
    """*paths*, all of which can be looked for before the first is read.

    Raises:
        InputError: one does not exist.
    """
    for path in paths:
        if path != "-" and not Path(path).exists():
            raise InputError(f"{path}: no such file or folder. Check the name, or pass - to read standard input")
    return paths


def entries(paths: list[str], *, raw: bool = False) -> Iterator[Item | Refused]:
    """Everything in *paths*, in order, with what is refused in it; raises InputError."""
    for path in existing(paths):
        yield from read_items(path, raw=raw)


def events(paths: list[str]) -> Iterator[Item]:
    """Everything in *paths* as events, what is refused too: the desk answers it with a dead letter; raises InputError."""
    for entry in entries(paths):
        yield entry.item if isinstance(entry, Refused) else entry
