"""Reading a URL once into all that the desk asks of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from newsdesk.editorial.urls.clean import clean_form
from newsdesk.editorial.urls.key import key_form
from newsdesk.editorial.urls.scope import scope_of_key
from newsdesk.editorial.urls.whatwg import parse_http

_REMEMBERED_CHARS: Final = 512
"""Longer URLs are read anew each time, so that the memory is bounded by some 20 MB."""


class Url(NamedTuple):
    """A URL of an article: *clean* is the link to show, *key* its identity, *scope* what one task must see together.

    *host* is the publishing site's, in punycode and lower case, without a port; of an AMP cache URL the original's.
    """

    clean: str
    key: str
    host: str
    scope: str


def read_url(text: str) -> Url:
    """The URL in *text*; raises UrlError (BAD_URL, URL_SCHEME, URL_CREDENTIALS)."""
    return _remembered(text) if len(text) <= _REMEMBERED_CHARS else _read(text)


def _read(text: str) -> Url:
    url = parse_http(text)
    key, host = key_form(url)
    return Url(clean_form(url.href), key, host, scope_of_key(key))


_remembered = lru_cache(maxsize=8192)(_read)
