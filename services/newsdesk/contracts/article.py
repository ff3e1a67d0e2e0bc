"""The article as it travels: what upstream submits. Wire names are the keys; unknown fields are tolerated and kept.

The models are TypedDicts: pydantic validates them with the same schemas and the same errors as classes,
at a third of the cost, and a validated article stays the plain dict that is written again.
"""

from __future__ import annotations

from typing import Annotated, Any, Required

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic asks for it below Python 3.12

Int64 = Annotated[int, Field(strict=True, ge=-(2**63), le=2**63 - 1)]
Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Instant = Annotated[str, Field(strict=True, json_schema_extra={"format": "date-time"})]
"""An instant as RFC 3339 text with an offset, between 1900 and 2100; the desk writes UTC with Z."""
Link = Annotated[str, Field(strict=True, json_schema_extra={"format": "uri"})]
"""An absolute http or https URL without credentials."""

TOLERANT = ConfigDict(extra="allow", strict=True, title=None)


@with_config(TOLERANT)
class Image(TypedDict, total=False):
    """A picture; width and height in pixels. isCached is upstream's note and no content."""

    url: Required[Text]
    width: Int64 | None
    height: Int64 | None
    isCached: Flag | None
    title: Text | None


Images = Annotated[list[Image], Field(fail_fast=True)]
"""Pictures; the first fault is enough, as a list may hold half a million."""


@with_config(TOLERANT)
class Provider(TypedDict, total=False):
    """Who published the article, by name and registered domain."""

    name: Text | None
    domain: Text | None
    images: Images | None


@with_config(TOLERANT)
class RelatedArticle(TypedDict, total=False):
    """Another article on the same story, as upstream saw it; quality is in points."""

    title: Text | None
    excerpt: Text | None
    publishedDateTime: Instant | None
    originalUrl: Link | None
    webUrl: Link | None
    ampWebUrl: Link | None
    cdnAmpWebUrl: Link | None
    type: Text | None
    provider: Provider | None
    quality: Int64 | None
    featuredContent: Text | None
    topics: Annotated[list[Text | None], Field(fail_fast=True)] | None
    images: Images | None


@with_config(TOLERANT)
class ArticleEvent(TypedDict, total=False):
    """One event: an article as it is now, or with removed, that it is gone (then one URL is enough).

    quality, heat and published are upstream's own and are kept under upstream; related items that cannot be
    read are dropped with a reason and do not sink the article, so they are Any here and RelatedArticle after.
    """

    category: Text | None
    title: Text | None
    excerpt: Text | None
    publishedDateTime: Instant | None
    updatedDateTime: Instant | None
    originalUrl: Link | None
    webUrl: Link | None
    ampWebUrl: Link | None
    cdnAmpWebUrl: Link | None
    type: Text | None
    locale: Text | None
    quality: Int64 | None
    heat: Int64 | None
    published: Flag | None
    removed: Flag | None
    featuredContent: Text | None
    provider: Provider | None
    topics: Annotated[list[Text | None], Field(fail_fast=True)] | None
    images: Images | None
    related: list[Any] | None
    secured: Text | None


URL_FIELDS: tuple[str, ...] = ("webUrl", "originalUrl", "ampWebUrl", "cdnAmpWebUrl")
"""An article's own URL is the first of these that is there."""
