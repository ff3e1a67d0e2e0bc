"""What a bare word of the front matter means, and how a text is written so that it means itself."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Final

from newsdesk.editorial.frontmatter.errors import FrontMatterError

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None, "": None}
_MAX_DIGITS: Final = 4000  # Python itself refuses to read integers of more than 4,300

_SPECIAL_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_NUMBER_LIKE: Final = re.compile(r"[-+.]*[0-9][0-9a-fA-FxXoO_.,:+-]*")
_DATE_LIKE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9]).*")
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
# A first character that opens no other YAML construct, then printable text without a tab, ": " and " #".
_BARE: Final = re.compile(
    r"(?![-?:,\[\]{}#&*!|>'\"%@`~=<. ])"
    r"(?:(?!: |:$| #)[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff])+"
    r"(?<! )"
)
_ESCAPED: Final = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]')
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def value_of(bare: str) -> str | int | float | bool | None:
    """What *bare* means: true, false, null (or nothing), a number in JSON's form; anything else is its own text."""
    if bare in _WORDS:
        return _WORDS[bare]
    if not (match := _NUMBER.fullmatch(bare)):
        return bare
    if match[1] is None and match[2] is None:
        if len(bare) > _MAX_DIGITS:
            raise FrontMatterError(f"an integer of more than {_MAX_DIGITS} digits")
        return int(bare)
    if math.isinf(number := float(bare)):
        raise FrontMatterError(f"the number {bare[:40]} is too large; quote it to keep it as text")
    return number


def scalar(value: object, *, bare: bool) -> str:
    """*value* as YAML that reads back as itself; a text goes without quotes where *bare* is set and it can."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return repr(value)
        case str():
            return value if bare and _stands_bare(value) else quoted(value)
    raise FrontMatterError(f"front matter cannot hold {value!r:.80} ({type(value).__name__})")


def key(name: object) -> str:
    """*name* as a YAML key, bare where it is a plain word."""
    if not isinstance(name, str):
        raise FrontMatterError(f"a field's name must be a text, not {name!r:.80}")
    return name if _KEY.fullmatch(name) and name.casefold() not in _SPECIAL_WORDS else quoted(name)


def quoted(text: str) -> str:
    """*text* in double quotes, on one line, everything escaped that YAML would refuse or fold."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if "\ud800" <= character <= "\udfff":
        raise FrontMatterError(f"a lone surrogate (U+{ord(character):04X}) is no text")
    return _SHORT.get(character) or (f"\\x{ord(character):02X}" if character < "\u0100" else f"\\u{ord(character):04X}")


def _stands_bare(text: str) -> bool:
    """Any common YAML reader, of 1.1 or 1.2, reads the bare *text* as that text, or as the date that it is."""
    if not _BARE.fullmatch(text) or text.casefold() in _SPECIAL_WORDS:
        return False
    if _DATE_LIKE.fullmatch(text):
        return _is_date(text)
    return not _NUMBER_LIKE.fullmatch(text)


def _is_date(text: str) -> bool:
    """A date of the calendar in its one form: what only looks like one makes other readers fail."""
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
