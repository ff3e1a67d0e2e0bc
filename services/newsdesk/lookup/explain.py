"""Why an article is where it is: its standing, its score, what outranks it, what it was, and what was dropped from it."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from newsdesk.contracts import topics as registry
from newsdesk.contracts.article import URL_FIELDS
from newsdesk.contracts.partitions import partition_of
from newsdesk.lookup.search import How, Search
from newsdesk.lookup.spool import Spool
from newsdesk.lookup.topics import open_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from newsdesk.lookup.topics import Place, Topics
    from newsdesk.lookup.wanted import Wanted

DECISIONS_KEPT: Final = 500
"""The latest decisions that an explanation lists; all are counted."""

_ENRICHED: Final = registry.ENRICHED.name
_DECISIONS: Final = registry.DECISIONS.name
_SHOWN: Final = ("revision", "kind", "reason", "quality", "heat", "time", "changes", "merged", "outrankedBy", "source")


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is no such article; *neighbours* are URLs of the same site that are known."""

    neighbours: list[str]


@dataclass(slots=True)
class _History:
    """The decisions about one article, and which articles were merged into which."""

    article: str
    total: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    decisions: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=DECISIONS_KEPT))
    merged: list[str] = field(default_factory=list)

    def take(self, decision: dict[str, Any]) -> None:
        if decision["articleId"] != self.article:
            return
        self.total += 1
        self.kinds[decision["kind"]] += 1
        self.merged += (identity for identity in decision.get("merged", ()) if identity not in self.merged)
        shown: dict[str, Any] = {name: decision[name] for name in _SHOWN if name in decision}
        shown["rules"] = decision["score"]["rules"]
        self.decisions.append(shown)


def explain_answers(
    wanted: Wanted, answers: Iterable[Mapping[str, Any]], progress: Callable[[int], None] = lambda _count: None
) -> dict[str, Any] | Unknown:
    """The explanation of *wanted* from the full answers of a judge, in their order."""
    search = Search(wanted)
    with Spool() as decisions:
        for count, answer in enumerate(answers, 1):
            if (decision := answer.get("decision")) is not None:
                decisions.add(decision)
                if "enriched" in answer:
                    search.take(decision["articleId"], answer["enriched"])
                for merged in decision.get("merged", ()):
                    search.take(merged, None)
            if not count % 500:
                progress(count)
        if (best := search.best()) is None:
            return Unknown(search.neighbours)
        history = _History(best[1]["articleId"])
        for decision in decisions:
            history.take(decision)
    return _explanation(wanted, *best, history)


async def explain_topics(
    bootstrap: str,
    security: Mapping[str, Any],
    wanted: Wanted,
    progress: Callable[[int], None] = lambda _count: None,
) -> dict[str, Any] | Unknown:
    """The explanation of *wanted* from the topics, as they stand now; of a URL only its partition is read.

    Raises:
        TopicError: a topic is missing.
        KafkaError: the broker cannot be read.
    """
    async with open_topics(bootstrap, security) as topics:
        places = topics.places([_ENRICHED])
        if wanted.scope is not None:
            home = partition_of(wanted.scope.encode(), len(places))
            places = [place for place in places if place[1] == home]
        search = Search(wanted)
        found_in = await _search(topics, places, search, progress)
        decisions = [(_DECISIONS, partition) for _, partition in places]
        if search.best() is None and wanted.key is None:
            await _find_survivor(topics, decisions, wanted.article_id, search)
            found_in = await _search(topics, places, search, progress)
        if (best := search.best()) is None:
            return Unknown(search.neighbours)
        identity = best[1]["articleId"]
        history = _History(identity)
        spans = await topics.spans([place for place in decisions if place[1] == found_in[identity]])
        async for portion in topics.read(spans):
            for record in portion:
                if record.key == identity.encode() and record.value is not None:
                    history.take(orjson.loads(record.value))
        return _explanation(wanted, *best, history)


async def _search(
    topics: Topics, places: Iterable[Place], search: Search, progress: Callable[[int], None]
) -> dict[str, int]:
    """Show *search* the enriched records of *places*; the partition of each article that it may take."""
    found: dict[str, int] = {}
    count = 0
    async for portion in topics.read(await topics.spans(places)):
        for record in portion:
            identity = (record.key or b"").decode("utf-8", "replace")
            search.take(identity, None if record.value is None else orjson.loads(record.value))
            if search.has(identity):
                found[identity] = record.partition
        count += len(portion)
        progress(count)
    return found


async def _find_survivor(topics: Topics, places: Iterable[Place], identity: str, search: Search) -> None:
    """Tell *search* which article *identity* was merged into, and what that one was merged into, as decisions tell."""
    gone = identity
    async for portion in topics.read(await topics.spans(places)):
        for record in portion:
            if record.value is not None and gone.encode() in record.value:
                decision = orjson.loads(record.value)
                if gone in decision.get("merged", ()):
                    gone = decision["articleId"]
                    search.survivor(gone)


def _explanation(wanted: Wanted, how: How, record: dict[str, Any], history: _History) -> dict[str, Any]:
    """One object with everything; absent parts are absent."""
    desk = record["desk"]
    explanation: dict[str, Any] = {
        "asked": wanted.asked,
        "foundBy": how.value,
        "articleId": record["articleId"],
        "title": record.get("title"),
        "url": _url(record),
        "provider": record.get("provider"),
        "publishedDateTime": record.get("publishedDateTime"),
        "revision": record["revision"],
        "kind": record["kind"],
        "reason": record["reason"],
        "quality": record["quality"],
        "heat": record["heat"],
        "isPublished": "published" in desk,
        "score": record["score"],
        "outrankedBy": record.get("outrankedBy"),
        "relatedCount": record.get("relatedCount"),
        "related": [_related(item) for item in record.get("related", ())] or None,
        "droppedCounts": record.get("droppedCounts"),
        "dropped": record.get("dropped"),
        "upstream": record.get("upstream"),
        "aliases": desk["aliases"],
        "merged": history.merged or None,
        "firstSource": desk["source"],
        "source": record["source"],
        "decisionCount": history.total,
        "decisionKinds": dict(history.kinds),
        "decisions": list(history.decisions),
    }
    return {name: value for name, value in explanation.items() if value is not None}


def _related(item: Mapping[str, Any]) -> dict[str, Any]:
    provider = item.get("provider") or {}
    shown = {
        "title": item.get("title"),
        "url": _url(item),
        "quality": item.get("quality"),
        "publishedDateTime": item.get("publishedDateTime"),
        "provider": provider.get("domain"),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _url(record: Mapping[str, Any]) -> str | None:
    return next((record[name] for name in URL_FIELDS if record.get(name)), None)
