"""What the desk writes of an article: the enriched record, which is also its state, and the published one."""

from __future__ import annotations

from typing import Any, NotRequired, Required

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from newsdesk.contracts.article import Flag, Image, Instant, Int64, Link, Provider, RelatedArticle, Text
from newsdesk.contracts.decision import STRICT, OutrankedBy, Score, Source
from newsdesk.contracts.reasons import DecisionKind, DecisionReason, DropReason

OPEN = ConfigDict(extra="allow", title=None)
"""Upstream's unknown fields travel on the record; a reader takes what it knows."""


@with_config(OPEN)
class Upstream(TypedDict, total=False):
    """What upstream had computed itself; the desk uses none of it unless the rules trust its quality.

    Unknown fields whose names are newsdesk's own are kept here too.
    """

    quality: Int64
    heat: Int64
    published: Flag


@with_config(STRICT)
class Dropped(TypedDict):
    """An item that is not among related, and why; title and url as far as it had them."""

    reason: DropReason
    title: NotRequired[Text]
    url: NotRequired[Text]
    detail: NotRequired[Text]


@with_config(STRICT)
class DeskState(TypedDict):
    """What only the desk needs to go on from this record; not for other readers.

    source: where the article's first event was read. aliases: every URL key within the scope.
    keys: the URL keys of the current revision, as digests. content: one digest for each part of the content.
    events: digests of the last event ids. updated: the current revision's updatedDateTime.
    published: digest of the published record, absent where there is none.
    """

    source: Source
    aliases: list[Text]
    keys: list[Text]
    content: dict[Text, Text]
    events: list[Text]
    updated: NotRequired[Instant]
    published: NotRequired[Text]


class _Article(TypedDict, total=False):
    articleId: Required[Text]
    revision: Required[Int64]
    category: Text
    title: Text
    excerpt: Text
    publishedDateTime: Instant
    updatedDateTime: Instant
    originalUrl: Link
    webUrl: Link
    ampWebUrl: Link
    cdnAmpWebUrl: Link
    type: Text
    locale: Text
    quality: Required[Int64]
    heat: Required[Int64]
    published: Required[Flag]
    removed: Flag
    featuredContent: Text
    provider: Provider
    topics: list[Text]
    images: list[Image]
    related: list[RelatedArticle]
    relatedCount: Int64


@with_config(OPEN)
class PublishedArticle(_Article, total=False):
    """A published article. quality, heat and published are the desk's; relatedCount counts what heat counts."""

    secured: Text
    upstream: Upstream


@with_config(OPEN)
class EnrichedArticle(_Article, total=False):
    """An article as the desk knows it, whatever was decided; dropped and droppedCounts tell what related lost."""

    dropped: list[Dropped]
    droppedCounts: dict[DropReason, Int64]
    secured: Text
    upstream: Upstream
    kind: Required[DecisionKind]
    reason: Required[DecisionReason]
    score: Required[Score]
    outrankedBy: OutrankedBy
    merged: list[Text]
    source: Required[Source]
    desk: Required[DeskState]


Json = dict[str, Any]
"""A JSON object."""
