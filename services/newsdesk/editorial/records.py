"""Records: a verdict as it is written, in one documented order of keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from newsdesk.contracts.enriched import EnrichedArticle
from newsdesk.contracts.reasons import DecisionKind
from newsdesk.editorial.identity import article_id, short_digest

if TYPE_CHECKING:
    from newsdesk.contracts.decision import Source
    from newsdesk.editorial.article import Article
    from newsdesk.editorial.judgement import Verdict
    from newsdesk.editorial.rulebook import Rulebook

RESERVED: Final = frozenset(EnrichedArticle.__annotations__)
"""Names of ours: an unknown field of the same name is kept under upstream."""


_BEFORE_WHY: Final = ("secured", "upstream")
_WHY: Final = ("kind", "reason", "score", "outrankedBy", "merged", "source")


class Records(NamedTuple):
    """What one verdict writes.

    *enriched* and *published* are None where nothing is written; *retract* says that the published record gets a
    tombstone; *merged* and *merged_published* are the ids that get tombstones.
    """

    decision: dict[str, Any]
    enriched: dict[str, Any] | None = None
    published: bytes | None = None
    retract: bool = False
    merged: Sequence[str] = ()
    merged_published: Sequence[str] = ()


def write_records(article: Article, verdict: Verdict, source: Source, time: str | None, book: Rulebook) -> Records:
    """The records of *verdict* about the event that was read at *source*; *time* is the event's, UTC."""
    decision = decision_record(verdict, source, time, book)
    if verdict.kind is DecisionKind.DUPLICATE:
        return Records(decision)
    before = verdict.known.published if verdict.known else None
    body = _body(article, verdict, book)
    value: bytes | None = None
    digest: str | None = None
    if verdict.kind is DecisionKind.PUBLISHED:
        value = orjson.dumps(body.first | body.last)
        digest = short_digest(value)
    return Records(
        decision=decision,
        enriched=_enriched(article, verdict, body, decision, digest),
        published=value if digest != before else None,
        retract=before is not None and digest is None,
        merged=[known.article_id for known in verdict.younger],
        merged_published=[known.article_id for known in verdict.younger if known.published is not None],
    )


def decision_record(verdict: Verdict, source: Source, time: str | None, book: Rulebook) -> dict[str, Any]:
    """The decision; of a duplicate, score is the standing one of its article."""
    decision: dict[str, Any] = {
        "articleId": verdict.article_id,
        "revision": verdict.revision,
        "kind": verdict.kind.value,
        "reason": verdict.reason.value,
        "quality": verdict.quality,
        "heat": verdict.heat,
        "score": {
            "rules": book.name,
            "terms": [{"name": name, "points": points, "because": because} for name, points, because in verdict.terms],
        },
    }
    if verdict.kind is DecisionKind.DUPLICATE and verdict.known is not None:
        decision["score"] = verdict.known.score
    if verdict.leader is not None:
        leader = verdict.leader
        named = {} if leader.url is None else {"articleId": article_id(leader.key), "url": leader.url}
        decision["outrankedBy"] = {**named, "title": leader.title, "quality": leader.quality}
    if verdict.younger:
        decision["merged"] = [known.article_id for known in verdict.younger]
    if verdict.changes:
        decision["changes"] = [change.value for change in verdict.changes]
    decision["trigger"] = "event"
    if time is not None:
        decision["time"] = time
    decision["source"] = source
    return decision


class _Body(NamedTuple):
    """The published article in two parts, between which the enriched one has more.

    The order of the keys is that of contracts.enriched, and after them come the unknown ones.
    """

    first: dict[str, Any]
    last: dict[str, Any]


def _body(article: Article, verdict: Verdict, book: Rulebook) -> _Body:
    first: dict[str, Any] = {
        "articleId": verdict.article_id,
        "revision": verdict.revision,
        **article.head,
        "quality": verdict.quality,
        "heat": verdict.heat,
        "published": verdict.kind is DecisionKind.PUBLISHED,
        **article.tail,
    }
    if items := verdict.story.items:
        first["related"] = [item.fields for item in items[: book.rules.related.keep]]
        first["relatedCount"] = len(items)
    last: dict[str, Any] = {}
    if article.secured is not None:
        last["secured"] = article.secured
    upstream = article.upstream
    if RESERVED.isdisjoint(article.extras):
        extras = article.extras
    else:
        extras = {name: value for name, value in article.extras.items() if name not in RESERVED}
        upstream = upstream | {name: value for name, value in article.extras.items() if name in RESERVED}
    if upstream:
        last["upstream"] = upstream
    last.update(extras)
    return _Body(first, last)


def _enriched(
    article: Article, verdict: Verdict, body: _Body, decision: dict[str, Any], digest: str | None
) -> dict[str, Any]:
    """The enriched record: the article, why it stands where it stands, and what the desk needs to go on."""
    enriched, last = body
    story = verdict.story
    if counts := story.counts(len(enriched.get("related", ()))):
        enriched["dropped"] = story.shown_drops()
        enriched["droppedCounts"] = counts
    for name in _BEFORE_WHY:
        if name in last:
            enriched[name] = last[name]
    for name in _WHY:
        if name in decision:
            enriched[name] = decision[name]
    desk: dict[str, Any] = {
        "source": verdict.known.source if verdict.known else decision["source"],
        "aliases": verdict.aliases,
        "keys": verdict.keys,
        "content": verdict.content,
        "events": verdict.events,
    }
    if article.updated is not None:
        desk["updated"] = article.updated
    if digest is not None:
        desk["published"] = digest
    enriched["desk"] = desk
    enriched.update(last)
    return enriched
