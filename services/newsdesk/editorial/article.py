"""The article as it is judged: an event's known fields repaired, its URLs read, its facts for the score gathered."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from newsdesk.contracts.article import URL_FIELDS, ArticleEvent
from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.editorial.images import choose_images
from newsdesk.editorial.instants import InstantError, read_instant
from newsdesk.editorial.provider import given_name, resolve_provider
from newsdesk.editorial.text import repair_line, repair_text
from newsdesk.editorial.unreadable import Unreadable
from newsdesk.editorial.urls import Url, UrlError, amp_cache_url, read_url, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from newsdesk.editorial.rulebook import Rulebook

KNOWN: Final = frozenset(ArticleEvent.__annotations__)
UPSTREAM: Final = ("quality", "heat", "published")
DATES: Final[tuple[str, ...]] = ("publishedDateTime", "updatedDateTime")
AMP_FIELDS: Final = ("ampWebUrl", "cdnAmpWebUrl")
_IV_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Article:
    """One article of one event.

    *fields* holds the known fields as they are written, but for related; *aliases* are the URL keys within the
    scope, the own one first; *length* is that of the title as it was given; *weight* is (points, domain) of the provider. What is given_ is upstream's, before
    the rules had their say.
    """

    fields: dict[str, Any]
    extras: dict[str, Any]
    upstream: dict[str, Any]
    given_related: Sequence[Any]
    given_topics: Sequence[str]
    given_name: str | None
    own: Url
    scope: str
    keys: tuple[str, ...]
    aliases: tuple[str, ...]
    removed: bool
    title: str
    length: int
    published: str | None
    updated: str | None
    topics: Sequence[str]
    hits: Sequence[str]
    image: str | None
    amp: str | None
    featured: bool
    weight: tuple[int, str]
    denied: bool


def read_article(event: ArticleEvent, book: Rulebook) -> Article:
    """The article in *event*; raises Unreadable with the reason why it is none."""
    given: dict[str, Any] = {field: value for field, value in event.items() if value is not None}
    removed = given.get("removed", False)
    if removed:
        given = without_unreadable(given)
    urls = read_urls(given)
    own = own_url(urls)
    title = repair_line(given.get("title", ""))
    if not title and not removed:
        raise Unreadable(DeadLetterReason.MISSING_TITLE, "title: is missing or empty")
    if "secured" in given:
        check_secured(given["secured"])
    dates = {field: _instant(field, given[field]) for field in DATES if field in given}
    excerpt = repair_text(given.get("excerpt", ""))
    topics = tidy_topics(given.get("topics", ()))
    images = choose_images(given.get("images", ()))
    said = given.get("provider")
    rule = book.providers.find(own.host, said.get("domain") if said else None)
    assigned = topics or book.topics.assign(title, excerpt)
    provider = resolve_provider(said, own.host, rule)

    repaired: dict[str, Any] = {
        "title": title,
        "excerpt": excerpt,
        **dates,
        **{field: url.clean for field, url in urls.items()},
        "provider": provider,
        "topics": assigned,
        "images": images,
    }
    for field in ("category", "type", "locale"):
        if field in given:
            repaired[field] = repair_line(given[field])
    fields = {}
    for field in ArticleEvent.__annotations__:
        if field in UPSTREAM or field == "related":
            continue
        value = repaired.get(field, given.get(field) if field not in URL_FIELDS else None)
        if value is not None and value not in ("", [], {}):
            fields[field] = value

    scope = scope_of(own)
    keys = tuple(dict.fromkeys((own.key, *(url.key for url in urls.values()))))
    within = {url.key for url in urls.values() if scope_of(url) == scope}
    return Article(
        fields=fields,
        extras={field: value for field, value in event.items() if field not in KNOWN},
        upstream={field: given[field] for field in UPSTREAM if field in given},
        given_related=given.get("related", ()),
        given_topics=topics,
        given_name=given_name(said),
        own=own,
        scope=scope,
        keys=keys,
        aliases=tuple(key for key in keys if key in within),
        removed=removed,
        title=title,
        length=len(given.get("title", "")),
        published=dates.get("publishedDateTime"),
        updated=dates.get("updatedDateTime"),
        topics=assigned,
        hits=book.topics.hits(title, assigned),
        image=images[0]["url"] if images else None,
        amp=next((fields[field] for field in AMP_FIELDS if field in fields), None),
        featured=bool(given.get("featuredContent")),
        weight=(rule.weight, rule.domain) if rule else (0, ""),
        denied=rule.deny if rule else False,
    )


def without_unreadable(given: Mapping[str, Any]) -> dict[str, Any]:
    """What can be read of a retraction, for which one URL is enough; raises Unreadable where no URL can be read."""
    kept = dict(given)
    first: Unreadable | None = None
    for field, read in _OPTIONAL.items():
        if field not in given:
            continue
        try:
            read(field, given[field])
        except Unreadable as error:
            del kept[field]
            if field in URL_FIELDS and first is None:
                first = error
    if first is not None and not read_urls(kept):
        raise first
    return kept


def read_urls(given: Mapping[str, Any]) -> dict[str, Url]:
    """The URLs among *given* by field; raises Unreadable.

    The AMP cache's is a function of the AMP page's: given or not, it is computed where there is an AMP page.
    """
    urls: dict[str, Url] = {}
    for field in URL_FIELDS:
        if (text := given.get(field)) is None or not text.strip():
            continue
        try:
            urls[field] = read_url(text)
        except UrlError as error:
            raise Unreadable(error.reason, f"{field}: {error.detail}") from None
    if "ampWebUrl" in urls and (cached := amp_cache_url(urls["ampWebUrl"].clean)) is not None:
        urls["cdnAmpWebUrl"] = Url(clean=cached, key=urls["ampWebUrl"].key, host=urls["ampWebUrl"].host)
    return urls


def own_url(urls: Mapping[str, Url]) -> Url:
    """The URL of *urls* that the article goes by; raises Unreadable where there is none."""
    for field in URL_FIELDS:
        if field in urls:
            return urls[field]
    raise Unreadable(DeadLetterReason.MISSING_URL, f"none of {', '.join(URL_FIELDS)} is there")


def tidy_topics(topics: Sequence[str | None]) -> list[str]:
    """The topics that an event carries, repaired, each once, empty ones left out."""
    return list(dict.fromkeys(name for topic in topics if topic and (name := repair_line(topic))))


def check_secured(secured: str) -> None:
    """Raises Unreadable unless *secured* is base64(ciphertext) ";" base64(16 bytes); it is opaque and never shown."""
    ciphertext, separator, vector = secured.partition(";")
    try:
        base64.b64decode(ciphertext, validate=True)
        right = bool(separator) and len(base64.b64decode(vector, validate=True)) == _IV_BYTES
    except (binascii.Error, ValueError):
        right = False
    if not right:
        raise Unreadable(DeadLetterReason.BAD_SECURED, "secured: is not base64 ';' base64 of 16 bytes")


def _instant(field: str, text: str) -> str:
    try:
        return read_instant(text)
    except InstantError as error:
        raise Unreadable(error.reason, f"{field}: {error.detail}") from None


_OPTIONAL: Final[Mapping[str, Callable[[str, str], object]]] = {
    **dict.fromkeys(URL_FIELDS, lambda field, text: read_urls({field: text})),
    **dict.fromkeys(DATES, _instant),
    "secured": lambda _field, text: check_secured(text),
}
"""What a retraction can do without, and how it is read."""
