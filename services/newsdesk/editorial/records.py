"""Records: a verdict as it is written, in one documented order of keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

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

_ORDER: Final = tuple(EnrichedArticle.__annotations__)
"""The order of the keys on enriched and published records is their model's, and after them the unknown ones."""


@dataclass(frozen=True, slots=True)
class Records:
    """What one verdict writes.

    *enriched* and *published* are None where nothing is written; *retract* says that the published record gets a
    tombstone; *merged* and *merged_published* are the ids that get tombstones.
    """

    decision: dict[str, Any]
    enriched: dict[str, Any] | None = None
    published: bytes | None = None
    retract: bool = False
    merged: tuple[str, ...] = ()
    merged_published: tuple[str, ...] = ()


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
        value = orjson.dumps(body)
        digest = short_digest(value)
    return Records(
        decision=decision,
        enriched=_enriched(article, verdict, body, decision, digest),
        published=value if digest != before else None,
        retract=before is not None and digest is None,
        merged=tuple(known.article_id for known in verdict.younger),
        merged_published=tuple(known.article_id for known in verdict.younger if known.published is not None),
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


def _body(article: Article, verdict: Verdict, book: Rulebook) -> dict[str, Any]:
    """The published article, and the first part of the enriched one."""
    keep = book.rules.related.keep
    body: dict[str, Any] = {
        **article.fields,
        "articleId": verdict.article_id,
        "revision": verdict.revision,
        "quality": verdict.quality,
        "heat": verdict.heat,
        "published": verdict.kind is DecisionKind.PUBLISHED,
    }
    if verdict.story.items:
        body["related"] = [item.fields for item in verdict.story.items[:keep]]
        body["relatedCount"] = len(verdict.story.items)
    upstream = dict(article.upstream)
    for name, value in article.extras.items():
        (upstream if name in RESERVED else body)[name] = value
    if upstream:
        body["upstream"] = upstream
    return _in_order(body)


def _enriched(
    article: Article, verdict: Verdict, body: dict[str, Any], decision: dict[str, Any], digest: str | None
) -> dict[str, Any]:
    """The enriched record: the article, why it stands where it stands, and what the desk needs to go on."""
    enriched = dict(body)
    story, keep = verdict.story, len(body.get("related", ()))
    if counts := story.counts(keep):
        enriched["dropped"] = story.shown_drops()
        enriched["droppedCounts"] = counts
    for name in ("kind", "reason", "score", "outrankedBy", "merged", "source"):
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
    return _in_order(enriched)


def _in_order(record: dict[str, Any]) -> dict[str, Any]:
    known = {name: record[name] for name in _ORDER if name in record}
    return known | record if len(known) < len(record) else known
