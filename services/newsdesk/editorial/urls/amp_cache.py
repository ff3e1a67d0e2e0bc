"""Where the Google AMP cache keeps a copy of an AMP page (amp.dev, "AMP cache URL format and request handling")."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import can_ada

from newsdesk.editorial.urls.amp import AMP_CACHES
from newsdesk.editorial.urls.errors import UrlError
from newsdesk.editorial.urls.sites import site_of
from newsdesk.editorial.urls.whatwg import parse_http

_CACHE: Final = AMP_CACHES[0]
_MAX_LABEL: Final = 63


def amp_cache_url(amp_url: str) -> str | None:
    """The cache's URL of the AMP page at *amp_url*: https://SITE.cdn.ampproject.org/c/s/HOST/PATH, or None if it is no URL.

    Of a URL on a cache it is that URL. Fragments are dropped, all parameters stay.
    """
    try:
        url = parse_http(amp_url)
        site = site_of(url.hostname)
    except UrlError:
        return None
    if site.cache:
        return url.href.partition("#")[0]
    scheme = "s/" if url.protocol == "https:" else ""
    return f"https://{cache_label(site.host)}.{_CACHE}/c/{scheme}{url.host}{url.pathname}{url.search}"


def cache_label(host: str) -> str:
    """The label of *host* under the cache's domain: dots as dashes and dashes doubled, or a hash where that is no label.

    No label: longer than 63, from a host without a dot, or nothing that IDNA would encode.
    """
    return _readable_label(host) or _hashed_label(host)


def _readable_label(host: str) -> str | None:
    if "." not in host or len(host) > _MAX_LABEL:
        return None
    if "xn--" in host:
        host = can_ada.idna_decode(host.encode())  # type: ignore[arg-type]  # its stub says str, it takes bytes
    label = host.replace("-", "--").replace(".", "-")
    if label[2:4] == "--":  # dashes in third and fourth place are IDNA's
        label = f"0-{label}-0"
    if not label.isascii():  # empty where IDNA forbids the label, as of mixed writing directions
        label = can_ada.idna_encode(label).decode()
    return label if label and len(label) <= _MAX_LABEL else None


def _hashed_label(host: str) -> str:
    digest = hashlib.sha256(host.encode()).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()
