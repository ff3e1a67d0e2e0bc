"""Content: what makes a new revision. Everything else about an event is noise."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from newsdesk.contracts.reasons import Change
from newsdesk.editorial.identity import digest_of, short_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from newsdesk.editorial.article import Article
    from newsdesk.editorial.related import RelatedItem, Story

AMP: Final = "amp"
"""Stands among an article's keys where it has an AMP page, whose URL often folds to the article's own key."""

# Looked up once: a member's value costs more than its digest.
_TITLE: Final = Change.TITLE.value
_EXCERPT: Final = Change.EXCERPT.value
_LABELS: Final = ((Change.CATEGORY.value, "category"), (Change.LOCALE.value, "locale"), (Change.TYPE.value, "type"))
_FEATURED: Final = Change.FEATURED.value
_DATES: Final = Change.DATES.value
_PROVIDER: Final = Change.PROVIDER.value
_TOPICS: Final = Change.TOPICS.value
_IMAGES: Final = Change.IMAGES.value
_RELATED: Final = Change.RELATED.value
_QUALITY: Final = Change.QUALITY.value
_REMOVED: Final = Change.REMOVED.value

_LABEL_CHARS: Final = 64


def content_of(article: Article, story: Story) -> dict[str, str]:  # noqa: C901 - one line for each part
    """A digest for each part of the content that the article has, but for its URLs.

    Not content: upstream's heat and published, secured, images[].isCached, unknown fields, headers, the order of keys and of related.
    Upstream's quality is here always and compared only where the rules trust it.
    """
    head, tail = article.head, article.tail
    parts: dict[str, str] = {}
    if article.title:
        parts[_TITLE] = short_digest(article.title.encode())
    if excerpt := head.get("excerpt"):
        parts[_EXCERPT] = short_digest(excerpt.encode())
    for part, field in _LABELS:
        if label := head.get(field):
            parts[part] = _label(label) if len(label) <= _LABEL_CHARS else short_digest(label.encode())
    if featured := tail.get("featuredContent"):
        parts[_FEATURED] = short_digest(featured.encode())
    if article.published or article.updated:
        parts[_DATES] = digest_of([article.published, article.updated])
    parts[_PROVIDER] = article.provider.content
    if article.given_topics:
        parts[_TOPICS] = digest_of(article.given_topics)
    if images := tail.get("images"):
        parts[_IMAGES] = digest_of(_images(images))
    if story.told:
        parts[_RELATED] = digest_of([_related(item) for item in _by_key(story.told)])
    if (quality := article.upstream.get("quality")) is not None:
        parts[_QUALITY] = str(quality)
    if article.removed:
        parts[_REMOVED] = "true"
    return parts


def keys_of(article: Article) -> list[str]:
    """The article's URLs as digests of their keys, sorted, and AMP where it has an AMP page."""
    keys = [short_digest(key.encode()) for key in article.keys]
    keys.sort()
    if article.facts.amp:
        keys.append(AMP)
    return keys


def changes_between(old: Mapping[str, str], new: Mapping[str, str], *, trust: bool) -> list[Change]:
    """The parts in which two contents differ, in the order of Change; quality only where the rules trust it."""
    if old == new:
        return []
    return [
        change
        for change in Change
        if old.get(change.value) != new.get(change.value) and (trust or change is not Change.QUALITY)
    ]


@lru_cache(maxsize=4096)
def _label(text: str) -> str:
    return short_digest(text.encode())


def _images(images: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    return [[image["url"], image.get("width"), image.get("height"), image.get("title")] for image in images]


def _by_key(items: Sequence[RelatedItem]) -> Sequence[RelatedItem]:
    """An order that no rule can change."""
    return items if len(items) == 1 else sorted(items, key=lambda item: (item.key, item.title))


def _related(item: RelatedItem) -> list[Any]:
    fields = item.fields
    images = fields.get("images")
    return [
        item.title,
        fields.get("excerpt"),
        item.published,
        sorted(item.keys),
        "ampWebUrl" in fields or "cdnAmpWebUrl" in fields,
        fields.get("type"),
        fields["provider"].get("domain") if "provider" in fields else None,
        item.given_quality,
        fields.get("featuredContent"),
        fields.get("topics"),
        _images(images) if images else [],
    ]
