"""Image choice: the pictures of an article that can be shown, the first of them leads."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final

import can_ada

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TRACKING_PIXELS: Final = 2
"""A picture of at most so many pixels in width or height is a tracker, not a picture."""


def choose_images(images: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The usable images in upstream's order, each URL once; width and height in pixels."""
    chosen: dict[str, dict[str, Any]] = {}
    for image in images:
        url = image_url(image["url"])
        if url is None or url in chosen or _is_tracker(image):
            continue
        usable = {"url": url}
        usable.update((field, value) for field, value in image.items() if field != "url" and value is not None)
        chosen[url] = usable
    return list(chosen.values())


def image_url(text: str) -> str | None:
    """The image's URL with entities undone, or None where it is no http(s) URL; it is not canonicalised."""
    text = text.strip()
    if "&" in text:
        text = html.unescape(text)
    if text.startswith("//"):
        text = "https:" + text
    if not text[:8].lower().startswith(("http://", "https://")):
        return None
    try:
        return text if can_ada.parse(text).hostname else None
    except ValueError:
        return None


def _is_tracker(image: Mapping[str, Any]) -> bool:
    return any((pixels := image.get(side)) is not None and pixels <= TRACKING_PIXELS for side in ("width", "height"))
