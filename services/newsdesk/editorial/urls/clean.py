"""url.clean: the link that people see and click."""

from __future__ import annotations

from newsdesk.editorial.urls.tracking import is_tracking


def clean_form(href: str) -> str:
    """The normalised *href* without tracking parameters; scheme, host, AMP form and the order of parameters stay.

    A fragment names a place on the page and goes; one that begins with ! names a page (#!/story/1) and stays.
    """
    if "#" in href:
        href, _, fragment = href.partition("#")
        if fragment.startswith("!"):
            return f"{_without_tracking(href)}#{fragment}"
    return _without_tracking(href)


def _without_tracking(href: str) -> str:
    base, mark, query = href.partition("?")
    if not mark:
        return href
    kept = "&".join([part for part in query.split("&") if part and not is_tracking(part)])
    return f"{base}?{kept}" if kept else base
