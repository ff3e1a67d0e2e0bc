"""The AMP forms of an article's URL, and what is left of them in a key."""

from __future__ import annotations

import re
from typing import Final

from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.editorial.urls.errors import UrlError

AMP_CACHES: Final = ("cdn.ampproject.org", "bing-amp.com")
"""The AMP caches in service (AMP project, caches.json)."""

MAX_NESTING: Final = 4
"""How many wrappers around a URL are taken off; genuine ones have one, a cache URL in a viewer's URL two."""

CACHE_PATH: Final = re.compile(r"/(?:c|v|wp)/(s/)?([^/].*)")
"""Document, viewer or web package; s for https; then host and path of the original."""

VIEWER_PATH: Final = re.compile(r"/amp/(s/)?([^/].*)")

_GOOGLE = re.compile(r"google\.(?:com|cat|[a-z]{2}|com?\.[a-z]{2})")

_FIRST: Final = frozenset({"amp", "google-amp", "amphtml"})
_LAST: Final = frozenset({"amp", "amphtml"})
_ENDINGS: Final = ((".amp", ""), (".amphtml", ""), (".amp.html", ".html"), (".amp.htm", ".htm"))
_SLUG_HYPHENS: Final = 2

_FLAGS: Final = frozenset({"amp", "amphtml"})
_SET: Final = frozenset({"", "0", "1", "true", "false", "yes", "amp"})
_OUTPUTS: Final = frozenset({"outputtype", "output", "view", "format", "mode"})


def is_cache(host: str) -> bool:
    """Whether *host* is an AMP cache or a site's name on one."""
    return host.endswith(AMP_CACHES) and any(host == cache or host.endswith(f".{cache}") for cache in AMP_CACHES)


def is_viewer(host: str) -> bool:
    """Whether *host*, without www., is a Google search domain, which shows AMP pages under /amp/."""
    return host.startswith("google.") and _GOOGLE.fullmatch(host) is not None


def unwrapped(wrapper: re.Pattern[str], path: str) -> str | None:
    """The URL that *path* wraps, or None where it wraps none; *path* is in one spelling.

    An original's host has a dot, so that /c/s and /v/s/ are no originals of host s. Credentials in front of it
    raise UrlError, even where the rest would not parse.
    """
    found = wrapper.match(path)
    if found is None:
        return None
    secure, original = found.groups()
    authority = original.partition("/")[0]
    if "@" in authority:
        raise UrlError(DeadLetterReason.URL_CREDENTIALS, "the URL inside an AMP URL holds a user name or a password")
    if "." not in authority:
        return None
    return f"https://{original}" if secure else f"http://{original}"


def fold_path(path: str) -> str:
    """*path* without its AMP marks: /amp, /google-amp or /amphtml in front, /amp, .amp or .amp.html at the end.

    An /amp in the middle goes only before a slug of three words or more: one site does not give one such slug
    to two articles, but /news/amp/123 and /news/123 may well be two. *path* has no slash at its end.
    """
    segments = path.split("/")[1:]
    while segments:
        name = _without_ending(segments[-1])
        if name and name.lower() not in _LAST:
            segments[-1] = name
            break
        segments.pop()
    first = 0
    while first < len(segments) and segments[first].lower() in _FIRST:
        first += 1
    segments = segments[first:]
    if segments and segments[-1].count("-") >= _SLUG_HYPHENS:
        segments[1:-1] = [segment for segment in segments[1:-1] if segment.lower() != "amp"]
    return "".join([f"/{segment}" for segment in segments])


def _without_ending(name: str) -> str:
    while True:
        lower = name.lower()
        for ending, kept in _ENDINGS:
            stem = name[: -len(ending)]
            # A stem of dots alone would become a path of its own (. or ..).
            if lower.endswith(ending) and stem.strip("."):
                name = stem + name[len(name) - len(kept) :] if kept else stem
                break
        else:
            return name


def is_amp_parameter(parameter: str) -> bool:
    """Whether *parameter* only asks for the AMP form: amp, amp=1, amphtml=1, outputType=amp and the like."""
    name, _, value = parameter.lower().partition("=")
    return (name in _FLAGS and value in _SET) or (value == "amp" and name in _OUTPUTS)
