"""Related articles: the story around an article, each of its members once, in an order of its own."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from newsdesk.contracts.article import URL_FIELDS, RelatedArticle
from newsdesk.contracts.reasons import DropReason
from newsdesk.editorial.article import facts_of, keys_in, own_url, put_urls, read_urls, tidy_topics
from newsdesk.editorial.identity import article_id
from newsdesk.editorial.images import choose_images
from newsdesk.editorial.instants import InstantError, read_instant
from newsdesk.editorial.provider import domain_host
from newsdesk.editorial.quality import score
from newsdesk.editorial.ranking import precedence
from newsdesk.editorial.text import repair_line, repair_text
from newsdesk.editorial.unreadable import Unreadable
from newsdesk.editorial.urls import Url, UrlError, read_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from newsdesk.editorial.rulebook import Rulebook

DROPPED_SHOWN: Final = 50
"""How many dropped items the record names; all are counted."""

_validate_item: Final = TypeAdapter(RelatedArticle).validator.validate_python
_validate_items: Final = TypeAdapter(Annotated[list[RelatedArticle], Field(fail_fast=True)]).validator.validate_python
_KNOWN: Final = frozenset(RelatedArticle.__annotations__)
_EMPTY: Final[tuple[Any, ...]] = ("", [], {})
_SHOWN_LENGTH: Final = 200


class RelatedItem(NamedTuple):
    """A related article, read and scored.

    *key* names it: its own URL's key, or its title and date where it came without a URL, as embedded videos do.
    """

    fields: dict[str, Any]
    key: str
    url: str | None
    keys: Sequence[str]
    title: str
    published: str | None
    quality: int
    given_quality: int | None

    @property
    def date(self) -> str:
        """Orders by date, a missing one before all."""
        return self.published[:-1] if self.published else ""

    @property
    def precedence(self) -> tuple[str, str]:
        """Orders leaders of the same quality, the smallest first."""
        return precedence(self.published, article_id(self.key))


class Drop(NamedTuple):
    """An item that was dropped, why, and what is shown of it."""

    reason: DropReason
    title: str | None = None
    url: str | None = None
    detail: str | None = None

    def wire(self) -> dict[str, str]:
        """The drop as it is written."""
        shown = {"reason": self.reason.value, "title": self.title, "url": self.url, "detail": self.detail}
        return {name: text[:_SHOWN_LENGTH] for name, text in shown.items() if text}

    def order(self) -> tuple[str, ...]:
        """Orders drops by what they say."""
        return (self.reason.value, self.title or "", self.url or "", self.detail or "")


class Story(NamedTuple):
    """The related articles in canonical order (best first), and what was dropped.

    *told* are the same articles by upstream's word alone: where there are copies, the rules may keep another one as the
    best, and other rules must not make other content.
    """

    items: Sequence[RelatedItem]
    dropped: Sequence[Drop]
    told: Sequence[RelatedItem]

    def counts(self, keep: int) -> dict[str, int]:
        """How many were dropped, by reason; those beyond the *keep* best too, though they count for heat."""
        if not self.dropped and len(self.items) <= keep:
            return {}
        counts = Counter(drop.reason.value for drop in self.dropped)
        if (beyond := len(self.items) - keep) > 0:
            counts[DropReason.BEYOND_LIMIT.value] = beyond
        return dict(sorted(counts.items()))

    def shown_drops(self) -> list[dict[str, str]]:
        """The dropped items that the record names, in an order that does not depend on upstream's."""
        return [drop.wire() for drop in heapq.nsmallest(DROPPED_SHOWN, self.dropped, key=Drop.order)]


NO_STORY: Final = Story((), (), ())
"""An article that stands alone."""


def read_story(given: Sequence[Any], own_keys: Iterable[str], book: Rulebook) -> Story:
    """The story in *given*, without the article whose URL keys are *own_keys*, copies and what cannot be read.

    The result does not depend on the order of *given*; an item that is repeated is a copy more, and no other change.
    """
    if not given:
        return NO_STORY
    own = frozenset(own_keys)
    dropped: list[Drop] = []
    others: list[RelatedItem] = []
    for raw in _typed(given, dropped):
        item = _read(raw, book, dropped)
        if item is None:
            continue
        if own.isdisjoint(item.keys):
            others.append(item)
        else:
            dropped.append(_drop(item, DropReason.SELF))
    kept, told = _without_copies(others, dropped)
    return Story(kept, dropped, told)


def canonical_order(
    items: Iterable[RelatedItem], quality: Callable[[RelatedItem], int] = lambda item: item.quality
) -> list[RelatedItem]:
    """The best first: highest quality, then latest date, then smallest key and title."""
    ordered = sorted(items, key=lambda item: (item.key, item.title))
    ordered.sort(key=lambda item: item.date, reverse=True)
    ordered.sort(key=quality, reverse=True)
    return ordered


def _given_quality(item: RelatedItem) -> int:
    """The quality by upstream's word; one without is below all others."""
    return item.given_quality if item.given_quality is not None else -(2**64)


def _without_copies(items: list[RelatedItem], dropped: list[Drop]) -> tuple[list[RelatedItem], list[RelatedItem]]:
    """One item, the best, of each group that shares URLs, in canonical order; and the best by upstream's word."""
    if len(items) < 2:  # noqa: PLR2004
        return items, items
    if sum([len(item.keys) for item in items]) == len({key for item in items for key in item.keys}):
        return (ordered := canonical_order(items)), ordered
    items = sorted(items, key=lambda item: str(sorted(item.fields.items())))
    ordered = canonical_order(items)
    leader = {key: key for item in ordered for key in item.keys}

    def find(key: str) -> str:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for item in ordered:
        first = find(item.keys[0])
        for key in item.keys[1:]:
            leader[find(key)] = first
    kept: dict[str, RelatedItem] = {}
    copies = [item for item in ordered if kept.setdefault(find(item.keys[0]), item) is not item]
    dropped.extend(_drop(item, DropReason.COPY) for item in copies)
    told: dict[str, RelatedItem] = {}
    for item in canonical_order(items, _given_quality):
        told.setdefault(find(item.keys[0]), item)
    return [*kept.values()], [*told.values()]


def _typed(given: Sequence[Any], dropped: list[Drop]) -> list[RelatedArticle]:
    """The items of the right types; the others are dropped."""
    try:
        typed: list[RelatedArticle] = _validate_items(given)
    except ValidationError:
        typed = []  # one by one, to name those that are wrong
    else:
        return typed
    for raw in given:
        if type(raw) is not dict:
            dropped.append(Drop(DropReason.NOT_AN_OBJECT))
            continue
        try:
            typed.append(_validate_item(raw))
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
            dropped.append(Drop(DropReason.WRONG_TYPE, _text(raw, "title"), _url_text(raw), where))
    return typed


def _read(raw: RelatedArticle, book: Rulebook, dropped: list[Drop]) -> RelatedItem | None:
    given: Mapping[str, Any] = raw
    title = repair_line(given.get("title") or "")
    if not title:
        dropped.append(Drop(DropReason.MISSING_TITLE, url=_url_text(given)))
        return None
    try:
        urls = read_urls(given)
    except Unreadable as error:
        dropped.append(Drop(DropReason.BAD_URL, title, detail=error.detail))
        return None
    published = None
    if (date := given.get("publishedDateTime")) is not None:
        try:
            published = read_instant(date)
        except InstantError as error:
            dropped.append(Drop(DropReason.BAD_DATE, title, _url_text(given), error.detail))
            return None
    own = own_url(urls) if urls else None
    said = given.get("provider")
    host = own.host if own is not None else (domain_host(said.get("domain")) if said else None) or ""
    provider = book.providers.resolve(said, host)
    topics = tidy_topics(given.get("topics") or ())
    images = choose_images(given.get("images") or ())
    fields = _first_fields(given, title, published, urls)
    if provider.fields:
        fields["provider"] = provider.fields
    given_quality = quality = given.get("quality")
    if quality is None:
        assigned = topics or book.topics.assign(title, fields.get("excerpt", ""))
        facts = facts_of(given, title, topics=assigned, images=images, urls=urls, provider=provider, book=book)
        quality = score(facts, book.terms)[0]
    fields["quality"] = quality
    _add_last_fields(fields, given, topics, images)
    key = own.key if own is not None else f"\n{title.casefold()}\n{published}"
    return RelatedItem(
        fields=fields,
        key=key,
        url=own.clean if own is not None else None,
        keys=keys_in(urls.values()) if urls else (key,),
        title=title,
        published=published,
        quality=quality,
        given_quality=given_quality,
    )


def _first_fields(
    given: Mapping[str, Any], title: str, published: str | None, urls: Mapping[str, Url]
) -> dict[str, Any]:
    """The fields from title to type, in the order of contracts.article, in which they are written."""
    fields: dict[str, Any] = {"title": title}
    if excerpt := repair_text(given.get("excerpt") or ""):
        fields["excerpt"] = excerpt
    if published:
        fields["publishedDateTime"] = published
    put_urls(fields, urls)
    if type_ := given.get("type"):
        fields["type"] = type_
    return fields


def _add_last_fields(
    fields: dict[str, Any], given: Mapping[str, Any], topics: Sequence[str], images: Sequence[Mapping[str, Any]]
) -> None:
    """Add the fields after quality in the same order, and then upstream's unknown ones."""
    if featured := given.get("featuredContent"):
        fields["featuredContent"] = featured
    if topics:
        fields["topics"] = topics
    if images:
        fields["images"] = images
    for field in given:
        if field not in _KNOWN and (value := given[field]) is not None and value not in _EMPTY:
            fields[field] = value


def _drop(item: RelatedItem, reason: DropReason) -> Drop:
    return Drop(reason, item.title, item.url)


def _text(raw: Mapping[str, Any], field: str) -> str | None:
    value = raw.get(field)
    return value if isinstance(value, str) else None


def _url_text(raw: Mapping[str, Any]) -> str | None:
    """A URL of the item that can be shown: one that reads, so it holds no credentials."""
    for field in URL_FIELDS:
        if text := _text(raw, field):
            try:
                return read_url(text).clean
            except UrlError:
                continue
    return None
