"""Reading a text as an http(s) URL, as a browser's address bar would (WHATWG URL Standard)."""

from __future__ import annotations

import re
from typing import Final

import can_ada

from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.editorial.urls.errors import UrlError, shown

MAX_BYTES: Final = 8 * 1024
"""The longest URL, as given and as normalised."""

_LONGEST_SCHEME: Final = len("https:")

_AMPERSAND = re.compile(r"&(?:(?:amp|#0*38|#[xX]0*26);)+")
"""An ampersand that was escaped for HTML, once or several times over."""

_DOT_SEGMENT = re.compile(r"(?<=/)\.\.?(?=/|$)")

_REMOVED_BY_BROWSERS: Final = str.maketrans("", "", "\t\n\r")


def undo_html(text: str) -> str:
    """*text* with its ampersands as they were before HTML escaping; other entities do not occur in URLs by escaping.

    A general unescape would turn ?a=1&copy=2 into a copyright sign.
    """
    if "&" not in text or ";" not in text:
        return text
    return _AMPERSAND.sub("&", text)


def parse_http(text: str) -> can_ada.URL:
    """The URL in *text*; raises UrlError unless it is http(s), has a host, no credentials, and at most 8 KiB."""
    text = text.strip()
    if not text:
        raise UrlError(DeadLetterReason.BAD_URL, "the URL is empty")
    if len(text) > MAX_BYTES:
        raise _too_long(text)
    if "&" in text:
        text = undo_html(text.translate(_REMOVED_BY_BROWSERS))
    try:
        url = can_ada.parse(text)
    except (ValueError, TypeError):  # TypeError: a lone surrogate
        raise UrlError(
            DeadLetterReason.BAD_URL, f"not an absolute URL: {shown(text)}; give it as https://host/path"
        ) from None
    scheme = url.protocol
    if scheme not in ("https:", "http:"):
        raise UrlError(DeadLetterReason.URL_SCHEME, f"neither http nor https: {shown(text)}")
    if "/." in text:
        _resolve_dots(url)
    href = url.href
    if "@" in href and (url.username or url.password):
        raise UrlError(
            DeadLetterReason.URL_CREDENTIALS, f"the URL at host {shown(url.hostname)} holds a user name or a password"
        )
    # Measured as if it were https, so that the key, which is read under https, is never over the limit.
    if len(href) - len(scheme) + _LONGEST_SCHEME > MAX_BYTES:
        raise _too_long(text)
    return url


def _resolve_dots(url: can_ada.URL) -> None:
    """Resolve the dot segments that can_ada 3.0 leaves after a name that begins with a dot: /a/.b/../c.

    Its shortcut for plain paths looks at the first such segment only; encoded dots take the long way.
    """
    path = url.pathname
    if _DOT_SEGMENT.search(path):
        url.pathname = _DOT_SEGMENT.sub(lambda dots: "%2e" * len(dots[0]), path)


def _too_long(text: str) -> UrlError:
    return UrlError(DeadLetterReason.BAD_URL, f"the URL is over {MAX_BYTES} bytes: {shown(text)}")
