"""What a key needs to know of a host, and the few sites that have URL forms of their own."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.editorial.urls.amp import CACHE_PATH, VIEWER_PATH, is_cache, is_viewer
from newsdesk.editorial.urls.errors import UrlError, shown
from newsdesk.editorial.urls.suffixes import MAX_HOST_CHARS, is_registrable

FOLDED_PREFIXES: Final = frozenset({"www", "m", "mobile", "amp"})

Form = tuple[re.Pattern[str], str]
"""A pattern for path and query of a key, and the key that it stands for."""

_VIDEO: Final = r"([A-Za-z0-9_-]{11})"
_VIDEO_KEY: Final = r"youtube.com/watch?v=\1"
_VIDEO_PATH: Final = (re.compile(rf"/(?:embed|shorts|live|v)/{_VIDEO}(?:\?.*)?"), _VIDEO_KEY)

SITE_FORMS: Final[dict[str, tuple[Form, ...]]] = {
    "youtu.be": ((re.compile(rf"/{_VIDEO}(?:\?.*)?"), _VIDEO_KEY),),
    "youtube.com": (
        (re.compile(rf"/watch\?(?:.*&)?v={_VIDEO}(?:&.*)?"), _VIDEO_KEY),
        _VIDEO_PATH,
    ),
    "youtube-nocookie.com": (_VIDEO_PATH,),
    # GameSpot's AMP pages: a sixth of the AMP pages in two years of one site's log.
    "gamespot.com": ((re.compile(r"/amp-(articles|reviews|videos|gallery)(/.*)"), r"gamespot.com/\1\2"),),
}
"""Forms that only one site has. A key that a row makes must match no other row than one that makes it again."""

# Narrower than WHATWG, which lets hosts hold ! $ & ' and others that no DNS name of a site has.
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]")


class Site(NamedTuple):
    """A host as it is (without a dot at its end) and as keys have it, and how its paths are read.

    wrapper: the pattern of its paths where it serves other sites' pages. forms: its own URL forms.
    """

    host: str
    folded: str
    wrapper: re.Pattern[str] | None
    cache: bool
    forms: tuple[Form, ...]


@lru_cache(maxsize=16_384)
def site_of(hostname: str) -> Site:
    """What there is to know of *hostname*, as a WHATWG parser gives it; raises UrlError where it is no host's name."""
    if _HOST.fullmatch(hostname) is None or len(hostname) > MAX_HOST_CHARS:
        raise UrlError(DeadLetterReason.BAD_URL, f"not the name of a host: {shown(hostname)}")
    host = hostname.removesuffix(".")
    folded = without_prefixes(host)
    cache = is_cache(folded)
    wrapper = CACHE_PATH if cache else VIEWER_PATH if is_viewer(folded) else None
    return Site(host, folded, wrapper, cache, SITE_FORMS.get(folded, ()))


def without_prefixes(host: str) -> str:
    """*host* without leading www., m., mobile. and amp., as long as what is left is registrable: m.com stays."""
    while True:
        prefix, _, rest = host.partition(".")
        if prefix not in FOLDED_PREFIXES or not is_registrable(rest):
            return host
        host = rest
