"""What the codes of a closed list mean, read from where the list itself is written."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enum import StrEnum


def meanings(codes: type[StrEnum]) -> dict[str, str]:
    """The text that stands under each member of *codes* in its source, by the member's value, in its order.

    Raises:
        LookupError: a member has no such text.
    """
    tree = ast.parse(dedent(inspect.getsource(codes)))
    texts = {name: text for part in tree.body if isinstance(part, ast.ClassDef) for name, text in _texts(part)}
    if missing := [member.name for member in codes if member.name not in texts]:
        raise LookupError(f"{codes.__name__}: no text stands under {', '.join(missing)}")
    return {member.value: texts[member.name] for member in codes}


def one_line(text: str) -> str:
    """*text* with every run of white space as one space."""
    return " ".join(text.split())


def _texts(body: ast.ClassDef) -> list[tuple[str, str]]:
    found = []
    for member, text in pairwise(body.body):
        match member, text:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(words))):
                found.append((name, one_line(words)))
            case _:
                pass
    return found
