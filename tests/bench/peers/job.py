"""The desk's job for one event, written out once for the Python peers; a test holds it equal to newsdesk's judge.

Parse and validate, fold the URL to a key, look the article up, tell duplicates, count revisions, score with terms,
compare with the related articles, decide; what is written are the state, the enriched article, the published one or its
tombstone, and the decision. It covers what the benchmark's events hold, which is less than the desk covers: no repair of
mojibake, no platforms, aliases or merges, no AMP caches, one digest for the content instead of one for each part.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

STRICT: Final = ConfigDict(strict=True, extra="allow")


@with_config(STRICT)
class Image(TypedDict, total=False):
    url: str
    width: int | None
    height: int | None


@with_config(STRICT)
class Provider(TypedDict, total=False):
    name: str | None
    domain: str | None


@with_config(STRICT)
class Related(TypedDict, total=False):
    title: str
    publishedDateTime: str | None
    webUrl: str | None
    ampWebUrl: str | None
    provider: Provider | None
    quality: int
    images: list[Image] | None


@with_config(STRICT)
class Event(TypedDict, total=False):
    category: str | None
    title: str | None
    excerpt: str | None
    publishedDateTime: str | None
    updatedDateTime: str | None
    webUrl: str | None
    ampWebUrl: str | None
    type: str | None
    locale: str | None
    removed: bool | None
    provider: Provider | None
    topics: list[str] | None
    images: list[Image] | None
    related: list[Related] | None


_EVENT: Final = TypeAdapter(Event)
_TRACKING: Final = ("utm_", "fbclid", "gclid")
_PREFIXES: Final = ("www.", "m.", "amp.")
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"


class UnreadableError(ValueError):
    """An event that becomes a dead letter."""


class Rules:
    """The rules file: the keywords of every topic, folded, and the publishers' weights."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.keywords = {
            topic["name"]: [word.lower().replace("-", " ") for word in topic["keywords"]] for topic in data["topics"]
        }
        self.weights = {provider["domain"]: provider.get("weight", 0) for provider in data["providers"]}
        self.denied = {provider["domain"] for provider in data["providers"] if provider.get("deny")}


def rules_of_environment() -> Rules:
    """The rules file that BENCH_RULES names."""
    return Rules(json.loads(Path(os.environ["BENCH_RULES"]).read_text(encoding="utf-8")))


@dataclass(slots=True)
class Article:
    """A readable event: its key, its repaired fields, and where it was read."""

    key: str
    fields: dict[str, Any]
    domain: str
    length: int


@dataclass(slots=True)
class Answer:
    """What to write about one event; state and enriched are None of a duplicate."""

    article_id: bytes
    decision: bytes
    state: bytes | None = None
    enriched: bytes | None = None
    published: bytes | None = None
    tombstone: bool = False


def url_key(url: str) -> str:
    """What all links to one article share: no scheme, no www., no fragment, no tracking, no AMP form, no slash at the end."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        raise UnreadableError("bad URL") from None
    if parts.scheme not in ("https", "http") or not host:
        raise UnreadableError("bad URL")
    for prefix in _PREFIXES:
        host = host.removeprefix(prefix)
    path = parts.path.rstrip("/")
    path = path.removesuffix("/amp").removesuffix(".amp")
    if not parts.query:
        return host + path
    kept = sorted(part for part in parts.query.split("&") if part and not part.startswith(_TRACKING))
    return f"{host}{path}?{'&'.join(kept)}" if kept else host + path


def article_id(key: str) -> str:
    """26 characters of base32: the first 130 bits of a SHA-256."""
    bits = int.from_bytes(hashlib.sha256(b"v1\0" + key.encode()).digest(), "big") >> 126
    return "".join([_ALPHABET[bits >> shift & 31] for shift in range(125, -1, -5)])


def instant(text: str) -> str:
    """The date in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableError("bad date") from None
    if moment.tzinfo is None:
        raise UnreadableError("date without an offset")
    return text if text[-1] == "Z" else moment.astimezone(UTC).isoformat()[:19] + "Z"


def read(value: bytes) -> Article:
    """The article in an event; raises UnreadableError."""
    try:
        given = _EVENT.validate_json(value)
    except ValidationError:
        raise UnreadableError("not an article") from None
    fields: dict[str, Any] = {name: field for name, field in given.items() if field is not None}
    own = fields.get("webUrl") or fields.get("ampWebUrl")
    if not own:
        raise UnreadableError("no URL")
    title = fields.get("title", "")
    if not title and not fields.get("removed"):
        raise UnreadableError("no title")
    key = url_key(own)
    for name in ("publishedDateTime", "updatedDateTime"):
        if name in fields:
            fields[name] = instant(fields[name])
    if "&" in title:
        fields["title"] = html.unescape(title)
    domain = ".".join(key.partition("/")[0].rsplit(".", 2)[-2:])
    return Article(key, fields, domain, len(title))


def score(article: Article, rules: Rules) -> tuple[int, list[dict[str, Any]]]:
    """The quality and its terms."""
    fields = article.fields
    title = fields.get("title")
    if not title:
        return 0, []
    terms: list[dict[str, Any]] = []

    def term(name: str, points: int, because: str) -> None:
        terms.append({"name": name, "points": points, "because": because})

    topics = fields.get("topics", ())
    if topics:
        term("topics", 2 * len(topics), f"{len(topics)} x 2: {', '.join(topics)}")
    folded = title.lower().replace("-", " ")
    hits = [word for topic in topics for word in rules.keywords.get(topic, ()) if stands_alone(word, folded)]
    if hits:
        term("keywords", 15 * len(hits), f"{len(hits)} x 15 in the title: {', '.join(hits)}")
    if fields.get("images"):
        term("image", 20, "has an image")
    if fields.get("ampWebUrl"):
        term("amp", 20, "has an AMP page")
    if weight := rules.weights.get(article.domain, 0):
        term("provider", weight, f"{article.domain} weighs {weight}")
    if over := max(0, article.length - 70) // 2:
        term("title_length", -over, f"{article.length} characters")
    quality = sum(found["points"] for found in terms)
    if quality < 0:
        term("floor", -quality, "no quality is below 0")
        quality = 0
    return quality, terms


def stands_alone(word: str, text: str) -> bool:
    """Whether *word* occurs in *text* and is no part of a longer word."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not (start and text[start - 1].isalnum()) and not (end < len(text) and text[end].isalnum()):
            return True
        start = text.find(word, start + 1)
    return False


def story(article: Article) -> list[tuple[str, dict[str, Any]]]:
    """The related articles with their keys, the best first, without the article itself and copies."""
    found = []
    for item in article.fields.get("related", ()):
        date = item.get("publishedDateTime")
        key = url_key(item.get("webUrl") or item["ampWebUrl"])
        if key != article.key:
            found.append((key, {**item, "publishedDateTime": instant(date)} if date else item))
    found.sort(key=lambda pair: (pair[0], pair[1]["title"]))
    found.sort(key=lambda pair: (pair[1]["quality"], pair[1].get("publishedDateTime", "")), reverse=True)
    kept: dict[str, dict[str, Any]] = {}
    for key, item in found:
        kept.setdefault(key, item)
    return list(kept.items())


def leads(
    quality: int, date: str | None, identity: str, related: Sequence[tuple[str, dict[str, Any]]]
) -> dict[str, Any] | None:
    """The related article that leads in place of this one, None where it leads itself."""
    if not related or related[0][1]["quality"] < quality:
        return None
    if related[0][1]["quality"] > quality:
        return related[0][1]

    def precedence(date: str | None, identity: str) -> tuple[str, str]:
        return (date[:-1] if date else "~", identity)

    tied = min(
        (
            (precedence(item.get("publishedDateTime"), article_id(key)), item)
            for key, item in related
            if item["quality"] == quality
        ),
        key=lambda pair: pair[0],
    )
    return tied[1] if tied[0] < precedence(date, identity) else None


def content_digest(article: Article, related: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Changes when the article says something new, but for its URLs."""
    fields = article.fields
    provider = fields.get("provider") or {}
    parts = [
        *(fields.get(name) for name in ("title", "excerpt", "category", "locale", "type", "topics")),
        *(fields.get(name) for name in ("publishedDateTime", "updatedDateTime")),
        provider.get("name"),
        article.domain,
        [[image["url"], image.get("width"), image.get("height")] for image in fields.get("images", ())],
        sorted(
            [key, item["title"], item.get("publishedDateTime"), item["quality"], bool(item.get("ampWebUrl"))]
            for key, item in related
        ),
    ]
    return hashlib.blake2b(orjson.dumps(parts), digest_size=8).hexdigest()


def decide(article: Article, old: bytes | None, place: tuple[str, int, int], rules: Rules) -> Answer:
    """The answer to *article*; *old* is the state under its key, *place* are topic, partition and offset of the event."""
    fields = article.fields
    known = orjson.loads(old) if old is not None else None
    source = dict(zip(("topic", "partition", "offset"), place, strict=True))
    related = story(article)
    digest = content_digest(article, related)
    removed, amp, updated = bool(fields.get("removed")), "ampWebUrl" in fields, fields.get("updatedDateTime")
    if known is not None and not _is_news(known, digest, updated, removed=removed, amp=amp):
        decision = {name: known[name] for name in ("articleId", "revision", "quality", "heat", "score")}
        return Answer(known["articleId"].encode(), orjson.dumps({**decision, "kind": "duplicate", "source": source}))
    identity = known["articleId"] if known is not None else article_id(article.key)
    quality, terms = score(article, rules)
    leader = leads(quality, fields.get("publishedDateTime"), identity, related)
    heat = -1 if leader is not None else quality + 20 * len(related) if quality >= 50 else quality
    if removed:
        kind = "retracted"
    elif article.domain in rules.denied:
        kind = "rejected"
    elif leader is not None:
        kind = "suppressed"
    else:
        kind = "published" if heat >= 70 else "held"
    revision = known["revision"] + 1 if known is not None else 0 if removed else 1
    standing = {
        "articleId": identity,
        "revision": revision,
        "quality": quality,
        "heat": heat,
        "score": {"terms": terms},
    }
    decision = {**standing, "kind": kind, "source": source}
    if leader is not None:
        decision["outrankedBy"] = {"title": leader["title"], "quality": leader["quality"], "url": leader.get("webUrl")}
    published = kind == "published"
    body = {**fields, **standing, "published": published, "related": [item for _, item in related]}
    del body["score"]
    state = {**standing, "digest": digest, "amp": amp, "updated": updated, "removed": removed, "published": published}
    return Answer(
        identity.encode(),
        orjson.dumps(decision),
        orjson.dumps(state),
        orjson.dumps({**body, **decision}),
        orjson.dumps(body) if published else None,
        tombstone=not published and known is not None and known["published"],
    )


def _is_news(known: dict[str, Any], digest: str, updated: str | None, *, removed: bool, amp: bool) -> bool:
    """Whether the event says something about the article that the state does not know."""
    if removed:
        changed = not known["removed"]
    else:
        changed = known["removed"] or known["digest"] != digest or (amp and not known["amp"])
    return changed and not (updated and known["updated"] and updated < known["updated"])
