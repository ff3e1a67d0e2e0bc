"""Where the values stand in JSON text, so that each is passed on in its own bytes: no number is rounded on the way."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

# Numbers stay texts: nothing is rounded, and an integer of a million digits costs nothing.
_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str)
_SPACE: Final = re.compile(r"[ \t\r\n]*")


class BrokenJsonError(ValueError):
    """The text stops being JSON at *position*, which is its length where it only stops too early."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Span:
    """A JSON value from *start* to *end* of a text."""

    start: int
    end: int


def values(text: str) -> list[Span]:
    """The values that stand one after another in *text*, with nothing but white space between them.

    Raises:
        BrokenJsonError: the text holds anything else, ends within a value, or nests deeper than Python recurses.
    """
    found: list[Span] = []
    at = _skip(text, 0)
    while at < len(text):
        end = _end(text, at)
        found.append(Span(at, end))
        at = _skip(text, end)
    return found


def stops(text: str) -> int | None:
    """Where *text* stops being JSON values, its length where it only ends too early; None where it does not."""
    try:
        values(text)
    except BrokenJsonError as error:
        return error.position
    return None


def elements(text: str, array: Span) -> Iterator[Span]:
    """The elements of a valid JSON *array* in *text*."""
    at = _skip(text, array.start + 1)
    while at < array.end - 1:
        end = _end(text, at)
        yield Span(at, end)
        at = _skip(text, _skip(text, end) + 1)


def members(text: str, whole: Span) -> Iterator[tuple[str, Span]]:
    """The names and values of a valid JSON object in *text*."""
    at = _skip(text, whole.start + 1)
    while at < whole.end - 1:
        name, end = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, end) + 1)
        end = _end(text, at)
        yield name, Span(at, end)
        at = _skip(text, _skip(text, end) + 1)


def write(value: object, *, indent: bool = False) -> bytes:
    """*value* as UTF-8 JSON, indented by 2 or compact; integers beyond 64 bits in full, where orjson gives up.

    Raises:
        TypeError, ValueError: the value is nothing that JSON has.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else None)
    except TypeError:
        layout: dict[str, Any] = {"indent": 2} if indent else {"separators": (",", ":")}
        return json.dumps(value, ensure_ascii=False, allow_nan=False, **layout).encode()


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _end(text: str, start: int) -> int:
    try:
        return _DECODER.raw_decode(text, start)[1]
    except json.JSONDecodeError as error:
        at_end = error.pos >= len(text.rstrip())
        raise BrokenJsonError(error.msg, len(text) if at_end else error.pos) from None
    except RecursionError:
        raise BrokenJsonError("nested too deep", start) from None
