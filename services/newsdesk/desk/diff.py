"""What a change of rules would change: the same events judged under both, article by article as they stand at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from newsdesk.contracts.reasons import DecisionKind
from newsdesk.desk.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from newsdesk.contracts.decision import RulesName
    from newsdesk.editorial.rulebook import Rulebook


class Event(Protocol):
    """An event as it was found."""

    @property
    def value(self) -> bytes | None:
        """Its bytes; None of a tombstone."""

    @property
    def key(self) -> bytes | None:
        """The record's key, where it was one."""

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """The record's headers, where it was one."""

    @property
    def timestamp(self) -> int | None:
        """The record's timestamp in milliseconds, where it was one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an article stands: the last decision about it that was no duplicate."""

    kind: str
    reason: str
    quality: int
    heat: int


@dataclass(frozen=True, slots=True)
class Difference:
    """An article that ends otherwise under the new rules; None where it is not known under them."""

    article_id: str
    title: str
    url: str
    old: Standing | None
    new: Standing | None

    @property
    def flips(self) -> bool:
        """Whether it is published under one of the two rules only."""
        return _published(self.old) != _published(self.new)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences, those that change what is published first; *moves* counts all articles by (old kind, new kind)."""

    old: RulesName
    new: RulesName
    events: int
    articles: int
    differences: tuple[Difference, ...]
    moves: dict[tuple[str, str], int]

    def wire(self) -> dict[str, Any]:
        """The comparison as JSON."""
        moves = [{"old": old, "new": new, "articles": count} for (old, new), count in self.moves.items()]
        return {
            "old": self.old,
            "new": self.new,
            "events": self.events,
            "articles": self.articles,
            "changed": len(self.differences),
            "moves": moves,
            "differences": [
                {
                    "articleId": difference.article_id,
                    "title": difference.title,
                    "url": difference.url,
                    "old": _wire(difference.old),
                    "new": _wire(difference.new),
                }
                for difference in self.differences
            ],
        }


class _Side:
    """One of the two: a judge, and how the articles stand under it; merged articles are forgotten."""

    def __init__(self, book: Rulebook) -> None:
        self._judge = Judge(book)
        self.standing: dict[str, Standing] = {}
        self.shown: dict[str, tuple[str, str]] = {}

    def take(self, event: Event) -> None:
        timestamp = -1 if event.timestamp is None else event.timestamp
        answer = self._judge.answer(event.value, key=event.key, headers=event.headers, timestamp=timestamp)
        decision = answer.get("decision")
        if decision is None or decision["kind"] == DecisionKind.DUPLICATE:
            return
        identity = decision["articleId"]
        self.standing[identity] = Standing(*(decision[name] for name in ("kind", "reason", "quality", "heat")))
        enriched = answer.get("enriched") or {}
        urls = (enriched.get(name) for name in ("webUrl", "originalUrl", "ampWebUrl", "cdnAmpWebUrl"))
        self.shown[identity] = (enriched.get("title", ""), next((url for url in urls if url), ""))
        for merged in decision.get("merged", ()):
            self.standing.pop(merged, None)
            self.shown.pop(merged, None)


def compare(
    events: Iterable[Event], old: Rulebook, new: Rulebook, progress: Callable[[int], None] = lambda _count: None
) -> Comparison:
    """How the articles of *events* stand in the end under the *old* and the *new* rules; memory grows with the articles."""
    first, second = _Side(old), _Side(new)
    count = 0
    for event in events:
        first.take(event)
        second.take(event)
        count += 1
        if not count % 500:
            progress(count)
    found: list[Difference] = []
    moves: Counter[tuple[str, str]] = Counter()
    for identity in {**first.standing, **second.standing}:
        before, after = first.standing.get(identity), second.standing.get(identity)
        moves[before.kind if before else "-", after.kind if after else "-"] += 1
        if before != after:
            title, url = second.shown.get(identity) or first.shown[identity]
            found.append(Difference(identity, title, url, before, after))
    found.sort(key=lambda difference: not difference.flips)
    return Comparison(old.name, new.name, count, sum(moves.values()), tuple(found), dict(sorted(moves.items())))


def _published(standing: Standing | None) -> bool:
    return standing is not None and standing.kind == DecisionKind.PUBLISHED


def _wire(standing: Standing | None) -> dict[str, Any] | None:
    if standing is None:
        return None
    return {"kind": standing.kind, "reason": standing.reason, "quality": standing.quality, "heat": standing.heat}
