"""Content: what makes a new revision. Everything else about an event is noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from newsdesk.contracts.reasons import Change
from newsdesk.editorial.identity import short_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from newsdesk.editorial.article import Article
    from newsdesk.editorial.related import RelatedItem, Story

AMP: Final = "amp"
"""Stands among an article's keys where it has an AMP page, whose URL often folds to the article's own key."""

_TEXTS: Final = (
    (Change.TITLE, "title"),
    (Change.EXCERPT, "excerpt"),
    (Change.CATEGORY, "category"),
    (Change.LOCALE, "locale"),
    (Change.TYPE, "type"),
    (Change.FEATURED, "featuredContent"),
)


def content_of(article: Article, story: Story) -> dict[str, str]:
    """A digest for each part of the content that the article has, but for its URLs.

    Not content: upstream's heat and published, secured, images[].isCached, unknown fields, headers, the order of keys and of related.
    Upstream's quality is here always and compared only where the rules trust it.
    """
    fields = article.fields
    parts: dict[str, str] = {
        change.value: short_digest(text.encode()) for change, field in _TEXTS if (text := fields.get(field))
    }
    if article.published or article.updated:
        parts[Change.DATES.value] = _digest([article.published, article.updated])
    parts[Change.PROVIDER.value] = _digest([article.given_name, fields["provider"].get("domain")])
    if article.given_topics:
        parts[Change.TOPICS.value] = _digest(article.given_topics)
    if images := fields.get("images"):
        parts[Change.IMAGES.value] = _digest(_images(images))
    if story.told:
        parts[Change.RELATED.value] = _digest([_related(item) for item in _by_key(story.told)])
    if (quality := article.upstream.get("quality")) is not None:
        parts[Change.QUALITY.value] = str(quality)
    if article.removed:
        parts[Change.REMOVED.value] = "true"
    return parts


def keys_of(article: Article) -> list[str]:
    """The article's URLs as digests of their keys, sorted, and AMP where it has an AMP page."""
    keys = sorted(short_digest(key.encode()) for key in article.keys)
    return [*keys, AMP] if article.amp else keys


def changes_between(old: Mapping[str, str], new: Mapping[str, str], *, trust: bool) -> list[Change]:
    """The parts in which two contents differ, in the order of Change; quality only where the rules trust it."""
    return [
        change
        for change in Change
        if old.get(change.value) != new.get(change.value) and (trust or change is not Change.QUALITY)
    ]


def _digest(part: object) -> str:
    return short_digest(orjson.dumps(part))


def _images(images: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    return [[image["url"], image.get("width"), image.get("height"), image.get("title")] for image in images]


def _by_key(items: Iterable[RelatedItem]) -> list[RelatedItem]:
    """An order that no rule can change."""
    return sorted(items, key=lambda item: (item.key, item.title))


def _related(item: RelatedItem) -> list[Any]:
    fields = item.fields
    return [
        item.title,
        fields.get("excerpt"),
        item.published,
        sorted(item.keys),
        bool(fields.get("ampWebUrl") or fields.get("cdnAmpWebUrl")),
        fields.get("type"),
        fields.get("provider", {}).get("domain"),
        item.given_quality,
        fields.get("featuredContent"),
        fields.get("topics"),
        _images(fields.get("images", ())),
    ]
