"""url.key: what all links to one article have in common. Never shown; article ids are made of it.

Everything here must keep key(key(u)) == key(u), where a key is read again under https://.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.editorial.urls.amp import MAX_NESTING, fold_path, is_amp_parameter, unwrapped
from newsdesk.editorial.urls.errors import UrlError, shown
from newsdesk.editorial.urls.percent import one_spelling
from newsdesk.editorial.urls.sites import Site, site_of
from newsdesk.editorial.urls.tracking import is_tracking
from newsdesk.editorial.urls.whatwg import MAX_BYTES, parse_http, undo_html

if TYPE_CHECKING:
    import can_ada

_DEFAULT_PORTS: Final = frozenset({"", "80", "443"})
"""Both, whatever the scheme: a key has none."""


def key_form(url: can_ada.URL) -> tuple[str, str]:
    """The key of *url*, and the host of the site that publishes it; raises UrlError where an AMP wrapper hides a bad one.

    The key: host folded, port if special, path in one spelling without a slash at its end and without AMP marks,
    the parameters that are neither tracking nor AMP, sorted. Scheme and fragment are gone.
    """
    site = site_of(url.hostname)
    path = _path_of(url)
    if site.wrapper is not None:
        url, site, path = _take_off_wrappers(url, site, path)
    path = path.rstrip("/")
    if "amp" in path.lower() and not site.cache:
        path = fold_path(path)
    query = url.search
    rest = f"{path}?{joined}" if query and (joined := _parameters(query[1:])) else path
    port = url.port
    if port not in _DEFAULT_PORTS:
        key = f"{site.folded}:{port}{rest}"
    else:
        key = _site_form(site, rest) if site.forms else site.folded + rest
    if len(key) + len("https://") > MAX_BYTES:  # a stray % takes three characters
        raise UrlError(DeadLetterReason.BAD_URL, f"the URL is over {MAX_BYTES} bytes: {shown(key)}")
    return key, site.host


def _path_of(url: can_ada.URL) -> str:
    path = url.pathname
    return undo_html(one_spelling(path)) if "%" in path else path


def _take_off_wrappers(url: can_ada.URL, site: Site, path: str) -> tuple[can_ada.URL, Site, str]:
    """The innermost original that *path* wraps, with its site and path; a malformed wrapper is a page of its own."""
    for _ in range(MAX_NESTING + 1):
        if site.wrapper is None or (original := unwrapped(site.wrapper, path)) is None:
            return url, site, path
        try:
            inner = parse_http(original + url.search)
            inner_site = site_of(inner.hostname)
        except UrlError:
            return url, site, path
        url, site, path = inner, inner_site, _path_of(inner)
    raise UrlError(DeadLetterReason.BAD_URL, f"AMP URLs nested deeper than {MAX_NESTING}: {shown(url.href)}")


def _parameters(query: str) -> str:
    kept = []
    for parameter in one_spelling(query).split("&"):
        while parameter.startswith("amp;"):  # the rest of an &amp; that lost its &
            parameter = parameter[4:]  # noqa: PLW2901
        if parameter and not is_tracking(parameter) and not is_amp_parameter(parameter):
            kept.append(parameter)
    kept.sort()
    return "&".join(kept)


def _site_form(site: Site, rest: str) -> str:
    for pattern, key in site.forms:
        if found := pattern.fullmatch(rest):
            return found.expand(key)
    return site.folded + rest
