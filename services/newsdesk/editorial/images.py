"""Image choice: the pictures of an article that can be shown, the first of them leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import can_ada

from newsdesk.editorial.text import repair_line
from newsdesk.editorial.urls.whatwg import undo_html

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TRACKING_PIXELS: Final = 2
"""A picture of at most so many pixels in width or height is a tracker, not a picture."""


def choose_images(images: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The usable images in upstream's order, each URL once; width and height in pixels."""
    if not images:
        return []
    chosen: dict[str, dict[str, Any]] = {}
    for image in images:
        url = image_url(image["url"])
        if url is None or url in chosen or _is_tracker(image):
            continue
        usable = {"url": url}
        for field, value in image.items():
            if value is not None and field != "url":
                usable[field] = repair_line(value) if field == "title" else value
        chosen[url] = usable
    return list(chosen.values())


def image_url(text: str) -> str | None:
    """The image's URL with HTML's ampersands undone; None where it is no http(s) URL, or one with credentials.

    It is not canonicalised.
    """
    text = undo_html(text.strip())
    if text.startswith("//"):
        text = "https:" + text
    if not text[:8].lower().startswith(("http://", "https://")):
        return None
    try:
        url = can_ada.parse(text)
    except ValueError:
        return None
    return text if url.hostname and not (url.username or url.password) else None


def _is_tracker(image: Mapping[str, Any]) -> bool:
    width, height = image.get("width"), image.get("height")
    return (width is not None and width <= TRACKING_PIXELS) or (height is not None and height <= TRACKING_PIXELS)
