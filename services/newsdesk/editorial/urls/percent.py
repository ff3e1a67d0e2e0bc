"""One spelling for each percent-encoded text."""

from __future__ import annotations

import re
import string
from typing import Final

_UNRESERVED: Final = frozenset(string.ascii_letters + string.digits + "-._~")
_ESCAPE = re.compile(r"%(?:[0-9A-Fa-f]{2})?")


def _spelling(escape: re.Match[str]) -> str:
    code = escape[0]
    if len(code) == 1:
        return "%25"
    character = chr(int(code[1:], 16))
    return character if character in _UNRESERVED else code.upper()


def one_spelling(text: str) -> str:
    """*text* with unreserved characters decoded, hexadecimal digits in upper case and stray percent signs encoded.

    Encoding the stray ones makes it idempotent in one pass: %%34%31 must not become an escape of its own.
    (RFC 3986, 6.2.2; path and query of a URL that a WHATWG parser has normalised.)
    """
    return _ESCAPE.sub(_spelling, text) if "%" in text else text
