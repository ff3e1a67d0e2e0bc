"""The lines that `newsdesk tail` prints, turned back into the records that they show."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from newsdesk.intake.items import Item
from newsdesk.intake.jsontext import Span, members

_REQUIRED: Final = frozenset({"topic", "partition", "offset", "value"})
_ALLOWED: Final = _REQUIRED | {"timestamp", "key", "headers"}


def may_be_tail_line(line: bytes) -> bool:
    """False where *line* cannot be one, told without parsing it."""
    return b'"partition"' in line and b'"offset"' in line and b'"topic"' in line


def restore(file: str, number: int, line: bytes, shown: dict[str, Any]) -> Item | None:
    """The record that *line*, which reads as *shown*, stands for; None where it has not exactly the shape of a tail line.

    The value keeps the bytes that it has in the line.
    """
    if not _has_the_shape(shown):
        return None
    key, headers = _bytes(shown.get("key")), _headers(shown.get("headers"))
    if key is _UNREADABLE or headers is None:
        return None
    value = shown["value"]
    if value is not None:
        value = _from_base64(value) if _is_base64(value) else _value_text(line)
        if value is _UNREADABLE:
            return None
    return Item(
        file=file,
        line=number,
        value=value,
        key=key,
        headers=headers,
        timestamp=shown.get("timestamp"),
        partition=shown["partition"],
        offset=shown["offset"],
        topic=shown["topic"],
    )


_UNREADABLE: Final[Any] = object()


def _has_the_shape(shown: dict[str, Any]) -> bool:
    return (
        _REQUIRED <= shown.keys() <= _ALLOWED
        and isinstance(shown["topic"], str)
        and _is_count(shown["partition"])
        and _is_count(shown["offset"])
        and (shown.get("timestamp") is None or _is_count(shown["timestamp"]))
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _headers(shown: Any) -> tuple[tuple[str, bytes], ...] | None:
    if shown is None:
        return ()
    if not isinstance(shown, dict):
        return None
    found = tuple((name, _bytes(value)) for name, value in shown.items() if value is not None)
    return None if any(value is _UNREADABLE for _, value in found) else found


def _bytes(shown: Any) -> Any:
    """Bytes of a text or of {"base64": text}; None of null."""
    if isinstance(shown, str):
        return shown.encode()
    return None if shown is None else _from_base64(shown)


def _is_base64(shown: Any) -> bool:
    return isinstance(shown, dict) and shown.keys() == {"base64"} and isinstance(shown["base64"], str)


def _from_base64(shown: Any) -> Any:
    if not _is_base64(shown):
        return _UNREADABLE
    try:
        return base64.b64decode(shown["base64"], validate=True)
    except (binascii.Error, ValueError):
        return _UNREADABLE


def _value_text(line: bytes) -> bytes:
    text = line.decode()
    start = len(text) - len(text.lstrip())
    spans = dict(members(text, Span(start, len(text.rstrip()))))
    return text[spans["value"].start : spans["value"].end].encode()
