"""The article as it is judged: an event's known fields repaired, its URLs read, its facts for the score gathered."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from newsdesk.contracts.article import URL_FIELDS, ArticleEvent
from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.editorial.images import choose_images
from newsdesk.editorial.instants import InstantError, read_instant
from newsdesk.editorial.provider import Resolved
from newsdesk.editorial.quality import Facts
from newsdesk.editorial.text import repair_line, repair_text
from newsdesk.editorial.unreadable import Unreadable
from newsdesk.editorial.urls import Url, UrlError, amp_cache_url, read_url

if TYPE_CHECKING:
    from newsdesk.editorial.rulebook import Rulebook

KNOWN: Final = frozenset(ArticleEvent.__annotations__)
UPSTREAM: Final = ("quality", "heat", "published")
DATES: Final[tuple[str, ...]] = ("publishedDateTime", "updatedDateTime")
_IV_BYTES: Final = 16


class Article(NamedTuple):
    """One article of one event.

    *head* holds the known fields as they are written from category to locale, *tail* those from removed to images;
    *aliases* are the URL keys within the scope, the own one first. What is given_ is upstream's, before the rules had
    their say.
    """

    head: dict[str, Any]
    tail: dict[str, Any]
    secured: str | None
    extras: dict[str, Any]
    upstream: dict[str, Any]
    given_related: Sequence[Any]
    given_topics: Sequence[str]
    own: Url
    keys: Sequence[str]
    aliases: Sequence[str]
    removed: bool
    title: str
    published: str | None
    updated: str | None
    provider: Resolved
    facts: Facts


def read_article(event: Mapping[str, Any], book: Rulebook) -> Article:
    """The article in *event*; raises Unreadable with the reason why it is none."""
    removed = bool(event.get("removed"))
    given = without_unreadable(event) if removed else event
    urls = read_urls(given)
    own = own_url(urls)
    title = repair_line(given.get("title") or "")
    if not title and not removed:
        raise Unreadable(DeadLetterReason.MISSING_TITLE, "title: is missing or empty")
    if (secured := given.get("secured")) is not None:
        check_secured(secured)
    published = _instant("publishedDateTime", given.get("publishedDateTime"))
    updated = _instant("updatedDateTime", given.get("updatedDateTime"))
    excerpt = repair_text(given.get("excerpt") or "")
    topics = tidy_topics(given.get("topics") or ())
    images = choose_images(given.get("images") or ())
    provider = book.providers.resolve(given.get("provider"), own.host)
    assigned = topics or book.topics.assign(title, excerpt)

    return Article(
        head=_head(given, title, excerpt, (published, updated), urls),
        tail=_tail(given, provider, assigned, images),
        secured=secured or None,
        extras={field: value for field, value in event.items() if field not in KNOWN},
        upstream={field: value for field in UPSTREAM if (value := given.get(field)) is not None},
        given_related=given.get("related") or (),
        given_topics=topics,
        own=own,
        keys=keys_in(urls.values()),
        aliases=keys_in([url for url in urls.values() if url.scope == own.scope]),
        removed=removed,
        title=title,
        published=published,
        updated=updated,
        provider=provider,
        facts=facts_of(given, title, topics=assigned, images=images, urls=urls, provider=provider, book=book),
    )


def facts_of(
    given: Mapping[str, Any],
    title: str,
    *,
    topics: Sequence[str],
    images: Sequence[Mapping[str, Any]],
    urls: Mapping[str, Url],
    provider: Resolved,
    book: Rulebook,
) -> Facts:
    """What the score looks at, of an article or of a related item; *title* is repaired, *given* is upstream's."""
    return Facts(
        length=len(given.get("title") or ""),
        topics=topics,
        hits=book.topics.hits(title, topics),
        image=bool(images),
        amp="ampWebUrl" in urls or "cdnAmpWebUrl" in urls,
        featured=bool(given.get("featuredContent")),
        weight=provider.weight,
    )


def keys_in(urls: Collection[Url]) -> Sequence[str]:
    """The keys of *urls*, each once."""
    keys = [url.key for url in urls]
    return keys if len(keys) == 1 else [*dict.fromkeys(keys)]


def _head(
    given: Mapping[str, Any],
    title: str,
    excerpt: str,
    dates: tuple[str | None, str | None],
    urls: Mapping[str, Url],
) -> dict[str, Any]:
    """The fields from category to locale, in the order of contracts.enriched, in which they are written."""
    head: dict[str, Any] = {}
    _put_line(head, "category", given.get("category"))
    if title:
        head["title"] = title
    if excerpt:
        head["excerpt"] = excerpt
    published, updated = dates
    if published:
        head["publishedDateTime"] = published
    if updated:
        head["updatedDateTime"] = updated
    put_urls(head, urls)
    _put_line(head, "type", given.get("type"))
    _put_line(head, "locale", given.get("locale"))
    return head


def _tail(
    given: Mapping[str, Any], provider: Resolved, topics: Sequence[str], images: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The fields from removed to images, in the same order."""
    tail: dict[str, Any] = {}
    if (removed := given.get("removed")) is not None:
        tail["removed"] = removed
    if featured := given.get("featuredContent"):
        tail["featuredContent"] = featured
    tail["provider"] = provider.fields
    if topics:
        tail["topics"] = topics
    if images:
        tail["images"] = images
    return tail


def without_unreadable(given: Mapping[str, Any]) -> dict[str, Any]:
    """What can be read of a retraction, for which one URL is enough; raises Unreadable where no URL can be read."""
    kept = dict(given)
    first: Unreadable | None = None
    for field, read in _OPTIONAL.items():
        if given.get(field) is None:
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
    if (amp := urls.get("ampWebUrl")) is not None and (cached := amp_cache_url(amp.clean)) is not None:
        urls["cdnAmpWebUrl"] = amp._replace(clean=cached)
    return urls


def put_urls(fields: dict[str, Any], urls: Mapping[str, Url]) -> None:
    """Add *urls* to *fields* in the order in which they are written."""
    for field in _WRITTEN_URLS:
        if (url := urls.get(field)) is not None:
            fields[field] = url.clean


def own_url(urls: Mapping[str, Url]) -> Url:
    """The URL of *urls*, in the order of read_urls, that the article goes by; raises Unreadable where there is none."""
    for url in urls.values():
        return url
    raise Unreadable(DeadLetterReason.MISSING_URL, f"none of {', '.join(URL_FIELDS)} is there")


def tidy_topics(topics: Sequence[str | None]) -> list[str]:
    """The topics that an event carries, repaired, each once, empty ones left out."""
    if not topics:
        return []
    return list(dict.fromkeys([name for topic in topics if topic and (name := repair_line(topic))]))


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


def _put_line(fields: dict[str, Any], field: str, text: str | None) -> None:
    if text and (line := repair_line(text)):
        fields[field] = line


def _instant(field: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return read_instant(text)
    except InstantError as error:
        raise Unreadable(error.reason, f"{field}: {error.detail}") from None


_WRITTEN_URLS: Final = tuple(field for field in ArticleEvent.__annotations__ if field in URL_FIELDS)

_OPTIONAL: Final[Mapping[str, Callable[[str, str], object]]] = {
    **dict.fromkeys(URL_FIELDS, lambda field, text: read_urls({field: text})),
    **dict.fromkeys(DATES, _instant),
    "secured": lambda _field, text: check_secured(text),
}
"""What a retraction can do without, and how it is read."""
