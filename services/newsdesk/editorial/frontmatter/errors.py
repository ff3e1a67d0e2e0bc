from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 100
"""How many lists and objects may lie in each other, read or written; orjson writes no more than 254."""


class FrontMatterError(ValueError):
    """The text is no article file, or the article cannot be written as one; *line* counts from 1 in the text."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.line = line
