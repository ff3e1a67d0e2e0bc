"""Related articles: the story around an article, each of its members once, in an order of its own."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from newsdesk.contracts.article import URL_FIELDS, RelatedArticle
from newsdesk.contracts.reasons import DropReason
from newsdesk.editorial.article import AMP_FIELDS, read_urls, tidy_topics
from newsdesk.editorial.identity import article_id
from newsdesk.editorial.images import choose_images
from newsdesk.editorial.instants import InstantError, read_instant
from newsdesk.editorial.provider import domain_host, resolve_provider
from newsdesk.editorial.quality import score
from newsdesk.editorial.ranking import precedence
from newsdesk.editorial.text import repair_line, repair_text
from newsdesk.editorial.unreadable import Unreadable
from newsdesk.editorial.urls import UrlError, read_url

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from newsdesk.editorial.rulebook import Rulebook

DROPPED_SHOWN: Final = 50
"""How many dropped items the record names; all are counted."""

_ITEM: Final = TypeAdapter(RelatedArticle)
_ITEMS: Final = TypeAdapter(Annotated[list[RelatedArticle], Field(fail_fast=True)])
_WRITTEN: Final = tuple(RelatedArticle.__annotations__)
_SHOWN_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class RelatedItem:
    """A related article, read and scored.

    *key* names it: its own URL's key, or its title and date where it came without a URL, as embedded videos do.
    *precedence* orders leaders of the same quality, the smallest first.
    """

    fields: dict[str, Any]
    key: str
    url: str | None
    keys: tuple[str, ...]
    title: str
    published: str | None
    quality: int
    given_quality: int | None
    precedence: tuple[str, str]

    @property
    def date(self) -> str:
        """Orders by date, a missing one before all."""
        return self.published[:-1] if self.published else ""


@dataclass(frozen=True, slots=True)
class Drop:
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


@dataclass(frozen=True, slots=True)
class Story:
    """The related articles in canonical order (best first), and what was dropped.

    *told* are the same articles by upstream's word alone: where there are copies, the rules may keep another one as the
    best, and other rules must not make other content.
    """

    items: tuple[RelatedItem, ...]
    dropped: tuple[Drop, ...]
    told: tuple[RelatedItem, ...]

    def counts(self, keep: int) -> dict[str, int]:
        """How many were dropped, by reason; those beyond the *keep* best too, though they count for heat."""
        counts = Counter(drop.reason.value for drop in self.dropped)
        if (beyond := len(self.items) - keep) > 0:
            counts[DropReason.BEYOND_LIMIT.value] = beyond
        return dict(sorted(counts.items()))

    def shown_drops(self) -> list[dict[str, str]]:
        """The dropped items that the record names, in an order that does not depend on upstream's."""
        return [drop.wire() for drop in heapq.nsmallest(DROPPED_SHOWN, self.dropped, key=Drop.order)]


NO_STORY: Final = Story((), (), ())
"""An article that stands alone."""


def read_story(given: Sequence[Any], own_keys: Collection[str], book: Rulebook) -> Story:
    """The story in *given*, without the article whose URL keys are *own_keys*, copies and what cannot be read.

    The result does not depend on the order of *given*; an item that is repeated is a copy more, and no other change.
    """
    if not given:
        return NO_STORY
    dropped: list[Drop] = []
    others: list[RelatedItem] = []
    for raw in _typed(given, dropped):
        item = _read(raw, book, dropped)
        if item is None:
            continue
        if any(key in own_keys for key in item.keys):
            dropped.append(_drop(item, DropReason.SELF))
        else:
            others.append(item)
    kept, told = _without_copies(others, dropped)
    return Story(tuple(kept), tuple(dropped), tuple(told))


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
    if sum(len(item.keys) for item in items) == len({key for item in items for key in item.keys}):
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
        return _ITEMS.validate_python(given)
    except ValidationError:
        pass  # one by one, to name those that are wrong
    typed: list[RelatedArticle] = []
    for raw in given:
        if type(raw) is not dict:
            dropped.append(Drop(DropReason.NOT_AN_OBJECT))
            continue
        try:
            typed.append(_ITEM.validate_python(raw))
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
            dropped.append(Drop(DropReason.WRONG_TYPE, _text(raw, "title"), _url_text(raw), where))
    return typed


def _read(raw: RelatedArticle, book: Rulebook, dropped: list[Drop]) -> RelatedItem | None:
    given: dict[str, Any] = {field: value for field, value in raw.items() if value is not None}
    title = repair_line(given.get("title", ""))
    if not title:
        dropped.append(Drop(DropReason.MISSING_TITLE, url=_url_text(given)))
        return None
    try:
        urls = read_urls(given)
    except Unreadable as error:
        dropped.append(Drop(DropReason.BAD_URL, title, detail=error.detail))
        return None
    try:
        published = read_instant(given["publishedDateTime"]) if "publishedDateTime" in given else None
    except InstantError as error:
        dropped.append(Drop(DropReason.BAD_DATE, title, _url_text(given), error.detail))
        return None
    own = next((urls[field] for field in URL_FIELDS if field in urls), None)
    key = own.key if own is not None else f"\n{title.casefold()}\n{published}"
    excerpt = repair_text(given.get("excerpt", ""))
    images = choose_images(given.get("images", ()))
    topics = tidy_topics(given.get("topics", ()))
    said = given.get("provider")
    domain = said.get("domain") if said else None
    host = own.host if own is not None else domain_host(domain) or ""
    rule = book.providers.find(host, domain)
    quality = given.get("quality")
    if quality is None:
        assigned = topics or book.topics.assign(title, excerpt)
        facts = _Facts(
            length=len(given["title"]),
            topics=assigned,
            hits=book.topics.hits(title, assigned),
            image=images[0]["url"] if images else None,
            amp=next((urls[field].clean for field in AMP_FIELDS if field in urls), None),
            featured=bool(given.get("featuredContent")),
            weight=(rule.weight, rule.domain) if rule else (0, ""),
        )
        quality = score(facts, book.terms)[0]
    repaired: dict[str, Any] = {
        "title": title,
        "excerpt": excerpt,
        "publishedDateTime": published,
        **{field: url.clean for field, url in urls.items()},
        "provider": resolve_provider(said, host, rule),
        "quality": quality,
        "topics": topics,
        "images": images,
    }
    fields = {}
    for field in (*_WRITTEN, *given):
        value = repaired.get(field, given.get(field) if field not in URL_FIELDS else None)
        if value is not None and value not in ("", [], {}):
            fields[field] = value
    return RelatedItem(
        fields=fields,
        key=key,
        url=own.clean if own is not None else None,
        keys=tuple(dict.fromkeys(url.key for url in urls.values())) or (key,),
        title=title,
        published=published,
        quality=quality,
        given_quality=given.get("quality"),
        precedence=precedence(published, article_id(key)),
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the score looks at, of a related item without a quality of its own."""

    length: int
    topics: Sequence[str]
    hits: Sequence[str]
    image: str | None
    amp: str | None
    featured: bool
    weight: tuple[int, str]


def _drop(item: RelatedItem, reason: DropReason) -> Drop:
    return Drop(reason, item.title, item.url)


def _text(raw: dict[str, Any], field: str) -> str | None:
    value = raw.get(field)
    return value if isinstance(value, str) else None


def _url_text(raw: dict[str, Any]) -> str | None:
    """A URL of the item that can be shown: one that reads, so it holds no credentials."""
    for field in URL_FIELDS:
        if text := _text(raw, field):
            try:
                return read_url(text).clean
            except UrlError:
                continue
    return None
