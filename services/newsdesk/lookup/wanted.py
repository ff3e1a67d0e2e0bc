"""The article that somebody asks for, by one of its URLs or by its id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from newsdesk.editorial.identity import article_id, short_digest
from newsdesk.editorial.urls import UrlError, read_url

_ID: Final = re.compile(r"[a-z2-7]{26}", re.ASCII)


class WantedError(ValueError):
    """What was asked for is neither an id nor a URL."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. Of an id only *article_id* is known, of a URL its *key*, the key's *digest* and its *scope* too."""

    asked: str
    article_id: str
    key: str | None = None
    digest: str | None = None
    scope: str | None = None


def read_wanted(text: str) -> Wanted:
    """The article that *text* names: an id of 26 characters, or a URL, https:// being added where it is left out.

    Raises:
        WantedError: it is neither.
    """
    asked = text.strip()
    if _ID.fullmatch(asked.lower()):
        return Wanted(asked, asked.lower())
    try:
        url = read_url(asked if "://" in asked else f"https://{asked}")
    except UrlError as error:
        raise WantedError(f"neither an article's id nor a URL: {error.detail}") from None
    return Wanted(asked, article_id(url.key), url.key, short_digest(url.key.encode()), url.scope)
