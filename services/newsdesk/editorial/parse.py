"""Parsing: the bytes of a record to a validated article event, or the precise reason why not."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple

import orjson
from pydantic import TypeAdapter, ValidationError

from newsdesk.contracts.article import ArticleEvent
from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.contracts.topics import EVENT_BYTES
from newsdesk.editorial.unreadable import Unreadable

DEEPEST: Final = 64
"""Levels of nesting; the articles of the world need five."""

_validate: Final = TypeAdapter(ArticleEvent).validator.validate_python
_DIGITS_AS_0: Final = bytes.maketrans(b"123456789", b"000000000")
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_LONG_NUMBER: Final = b"0" * 19
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""A string, or what there is of one that does not end: matching those too, it never looks at a byte twice."""

_SURROGATE: Final = re.compile(rf"[{chr(0xD800)}-{chr(0xDFFF)}]")
_OUT_OF_RANGE: Final = frozenset({"greater_than_equal", "less_than_equal", "int_parsing_size"})


class Parsed(NamedTuple):
    """A validated event, and what a structured CloudEvent said of it (empty where it was none)."""

    event: ArticleEvent
    attributes: dict[str, str]


def parse_event(value: bytes | None, limit: int = EVENT_BYTES) -> Parsed:
    """The event in *value*, bare or as a structured CloudEvent; raises Unreadable."""
    if value is None or not value.strip():
        raise Unreadable(DeadLetterReason.EMPTY, "the record has no value")
    if len(value) > limit:
        raise Unreadable(DeadLetterReason.TOO_LARGE, f"{len(value)} bytes, {limit} are allowed")
    try:
        data = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise diagnose(value, str(error)) from None
    if type(data) is not dict:
        raise Unreadable(DeadLetterReason.NOT_AN_OBJECT, f"an object is needed, this is {_kind(data)}")
    _check_whole(value, data)
    attributes: dict[str, str] = {}
    if "specversion" in data:
        data, attributes = _unwrap(data)
    try:
        event: ArticleEvent = _validate(data)
    except ValidationError as error:
        raise _wrong(error) from None
    return Parsed(event, attributes)


def diagnose(value: bytes, said: str) -> Unreadable:  # noqa: PLR0911 - one return for each reason
    """Why *value*, which is not the JSON we take, is not; *said* is the parser's own message."""
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        return Unreadable(DeadLetterReason.NOT_UTF8, f"byte {value[error.start]:#04x} at offset {error.start}")
    if too_deep(value):
        return Unreadable(DeadLetterReason.TOO_DEEP, f"nested deeper than {DEEPEST} levels")
    if "\0" in text:
        return Unreadable(DeadLetterReason.NUL_CHARACTER, f"U+0000 at character {text.index(chr(0))}")
    constants: list[str] = []
    huge: list[str] = []
    try:
        data = json.loads(text, parse_constant=constants.append, parse_int=lambda digits: _note_huge(digits, huge))
    except ValueError:
        return Unreadable(DeadLetterReason.NOT_JSON, said)
    if constants:
        return Unreadable(DeadLetterReason.NOT_A_NUMBER, f"{constants[0]} is not a number of JSON")
    if huge:
        return _out_of_range(huge)
    if any(_SURROGATE.search(part) for part in _texts(data)):
        return Unreadable(DeadLetterReason.LONE_SURROGATE, "a text holds half of a surrogate pair")
    return Unreadable(DeadLetterReason.NOT_JSON, said)


def too_deep(value: bytes) -> bool:
    """Whether more than DEEPEST brackets are open at once, those in strings left out."""
    level = 0
    for byte in _STRING.sub(b"", value).translate(None, _NO_BRACKETS):
        if byte in b"[{":
            level += 1
            if level > DEEPEST:
                return True
        else:
            level -= 1
    return False


def _check_whole(value: bytes, data: dict[str, Any]) -> None:
    """What orjson lets pass and newsdesk does not: NUL, deep nesting, integers that it made floats of."""
    if b"\\" in value and b"\\u0000" in value and any("\0" in text for text in _texts(data)):
        raise Unreadable(DeadLetterReason.NUL_CHARACTER, "a text holds U+0000")
    if value.count(b"[") + value.count(b"{") > DEEPEST and too_deep(value):
        raise Unreadable(DeadLetterReason.TOO_DEEP, f"nested deeper than {DEEPEST} levels")
    if _LONG_NUMBER in value.translate(_DIGITS_AS_0):
        huge: list[str] = []
        json.loads(value, parse_int=lambda digits: _note_huge(digits, huge))
        if huge:
            raise _out_of_range(huge)


def _note_huge(digits: str, huge: list[str]) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:  # noqa: PLR2004 - no 64-bit integer has more
        huge.append(digits[:24])
    return 0


def _out_of_range(huge: list[str]) -> Unreadable:
    return Unreadable(DeadLetterReason.INTEGER_OUT_OF_RANGE, f"{huge[0]}... does not fit into 64 bits")


def _unwrap(data: dict[str, Any]) -> tuple[Any, dict[str, str]]:
    """The data of a structured CloudEvent and its other attributes as texts."""
    if data["specversion"] != "1.0":
        raise Unreadable(DeadLetterReason.BAD_CLOUDEVENT, "specversion: only 1.0 is known")
    inner = data.get("data")
    if type(inner) is not dict:
        raise Unreadable(DeadLetterReason.BAD_CLOUDEVENT, f"data: an object is needed, this is {_kind(inner)}")
    return inner, {name: text for name, text in data.items() if type(text) is str and name != "data"}


def _texts(data: object) -> list[str]:
    """Every text in *data*, names of fields too."""
    found: list[str] = []
    waiting: list[object] = [data]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, dict):
            waiting.extend(part.keys())
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return found


def _wrong(error: ValidationError) -> Unreadable:
    """The first of pydantic's errors in our words; never the value itself."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] in _OUT_OF_RANGE:
        return Unreadable(DeadLetterReason.INTEGER_OUT_OF_RANGE, f"{where}: does not fit into 64 bits")
    if first["type"] == "missing":
        return Unreadable(DeadLetterReason.WRONG_TYPE, f"{where}: is missing")
    wanted = first["msg"].removeprefix("Input should be ")
    return Unreadable(DeadLetterReason.WRONG_TYPE, f"{where}: {wanted} is needed, this is {_kind(first['input'])}")


def _kind(data: object) -> str:
    """What JSON calls the type of *data*."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(data), "a number")
