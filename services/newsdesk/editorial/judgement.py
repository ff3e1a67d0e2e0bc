"""The judgement: one article of one event, and what is known of it, to one decision with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from newsdesk.contracts.reasons import Change, DecisionKind, DecisionReason
from newsdesk.editorial.content import changes_between, content_of, keys_of
from newsdesk.editorial.heat import standing
from newsdesk.editorial.identity import article_id
from newsdesk.editorial.instants import sort_key
from newsdesk.editorial.quality import Term, score, trusted
from newsdesk.editorial.related import NO_STORY, RelatedItem, Story, read_story
from newsdesk.editorial.state import Known

if TYPE_CHECKING:
    from newsdesk.editorial.article import Article
    from newsdesk.editorial.heat import Standing
    from newsdesk.editorial.rulebook import Rulebook

ALIASES_KEPT: Final = 100
"""Aliases an article may have; of more, the own one and the latest are kept."""

EVENTS_KEPT: Final = 8
"""Event ids an article remembers."""


class Verdict(NamedTuple):
    """A decision before it is written.

    *known* is the article as it stood, *younger* are those merged into it; for a duplicate nothing but the
    decision is written and the standing of *known* holds.
    """

    article_id: str
    revision: int
    kind: DecisionKind
    reason: DecisionReason
    quality: int
    heat: int
    terms: Sequence[Term] = ()
    changes: Sequence[Change] = ()
    leader: RelatedItem | None = None
    story: Story = NO_STORY
    known: Known | None = None
    younger: Sequence[Known] = ()
    aliases: Sequence[str] = ()
    keys: Sequence[str] = ()
    content: Mapping[str, str] = MappingProxyType({})
    events: Sequence[str] = ()


def judge(article: Article, event: str | None, tied: Sequence[Known], book: Rulebook) -> Verdict:
    """Decide about *article*.

    *event* is the digest of the event's id, if it has one; *tied* are the articles that its URLs belong to, the
    oldest first.
    """
    known, younger = (tied[0], tied[1:]) if tied else (None, ())
    aliases = _aliases(article, tied)
    story = read_story(article.given_related, (*article.keys, *aliases), book) if article.given_related else NO_STORY
    content = content_of(article, story)
    keys = keys_of(article)
    changes: list[Change] = []
    if known is not None:
        changes = _changes(article, tied, content, keys, book)
        if reason := _nothing_new(article, event, tied, changes):
            return Verdict(
                article_id=known.article_id,
                revision=known.revision,
                kind=DecisionKind.DUPLICATE,
                reason=reason,
                quality=known.quality,
                heat=known.heat,
                known=known,
            )
    identity = known.article_id if known is not None else article_id(article.own.key)
    quality, terms = _quality(article, book)
    place = standing(quality, article.published, identity, story.items, book.rules.heat)
    kind, reason = _decide(article, place, known, book)
    return Verdict(
        article_id=identity,
        revision=_revision(known, kind, changes),
        kind=kind,
        reason=reason,
        quality=quality,
        heat=place.heat,
        terms=terms,
        changes=changes,
        leader=place.leader,
        story=story,
        known=known,
        younger=younger,
        aliases=aliases,
        keys=keys,
        content=content,
        events=_events(event, tied),
    )


def _nothing_new(
    article: Article, event: str | None, tied: Sequence[Known], changes: Sequence[Change]
) -> DecisionReason | None:
    """Why the event is a duplicate, or None: other rules decide the same content anew, whoever sends it again."""
    if list(changes) == [Change.RULES]:
        return None
    if event is not None and any(event in known.events for known in tied):
        return DecisionReason.RESENT
    if not changes:
        return DecisionReason.SAME_CONTENT
    known = tied[0]
    if article.updated and known.updated and sort_key(article.updated) < sort_key(known.updated):
        return DecisionReason.STALE
    return None


def _changes(
    article: Article, tied: Sequence[Known], content: Mapping[str, str], keys: Sequence[str], book: Rulebook
) -> list[Change]:
    """In what the article differs from what is known of it: a newly learned URL counts, one left out does not.

    A retraction needs no content, so only that it removes counts, and once.
    """
    known, merging = tied[0], len(tied) > 1
    if not merging and not article.removed and known.content == content and known.keys.issuperset(keys):
        return [] if known.score["rules"]["hash"] == book.name["hash"] else [Change.RULES]
    if article.removed:
        found = set() if known.removed and not merging else {Change.REMOVED}
    else:
        found = set(changes_between(known.content, content, trust=book.rules.quality.mode == "trust"))
        if not known.keys.issuperset(keys):
            found.add(Change.URLS)
        if known.score["rules"]["hash"] != book.name["hash"]:
            found.add(Change.RULES)
    if merging:
        found.add(Change.URLS)
    return [change for change in Change if change in found]


def _quality(article: Article, book: Rulebook) -> tuple[int, list[Term]]:
    """The article's quality and its terms: upstream's where the rules trust it and there is one.

    A retraction that names no more than a URL has nothing to score.
    """
    if not article.title:
        return 0, []
    given = article.upstream.get("quality")
    if book.rules.quality.mode == "trust" and given is not None:
        return trusted(given)
    return score(article.facts, book.terms)


def _decide(
    article: Article, place: Standing, known: Known | None, book: Rulebook
) -> tuple[DecisionKind, DecisionReason]:
    """The kind of the decision: what removes goes before what forbids, and that before the article's standing."""
    if article.removed:
        return DecisionKind.RETRACTED, DecisionReason.UNKNOWN_ARTICLE if known is None else DecisionReason.REMOVED
    if article.provider.denied:
        return DecisionKind.REJECTED, DecisionReason.PROVIDER_DENIED
    if place.leader is not None:
        return DecisionKind.SUPPRESSED, DecisionReason.TIE if place.tie else DecisionReason.OUTRANKED
    if place.heat >= book.rules.publish.threshold:
        return DecisionKind.PUBLISHED, DecisionReason.THRESHOLD_MET
    return DecisionKind.HELD, DecisionReason.BELOW_THRESHOLD


def _revision(known: Known | None, kind: DecisionKind, changes: Sequence[Change]) -> int:
    """Revisions count from 1; an unknown article's retraction is 0, other rules make no new revision."""
    if known is None:
        return 0 if kind is DecisionKind.RETRACTED else 1
    return known.revision if list(changes) == [Change.RULES] else known.revision + 1


def _aliases(article: Article, tied: Sequence[Known]) -> Sequence[str]:
    """The article's aliases, in the order in which they were learned; the first is the one that its id names."""
    if not tied:
        return article.aliases[:ALIASES_KEPT]
    aliases = tuple(dict.fromkeys([alias for known in tied for alias in known.aliases] + list(article.aliases)))
    if len(aliases) <= ALIASES_KEPT:
        return aliases
    return (aliases[0], *aliases[1 - ALIASES_KEPT :])


def _events(event: str | None, tied: Sequence[Known]) -> tuple[str, ...]:
    """The ids of the latest events that changed the article, those of merged articles too."""
    if not tied:
        return () if event is None else (event,)
    events = dict.fromkeys(known_event for known in reversed(tied) for known_event in known.events)
    if event is not None:
        events.pop(event, None)
        events[event] = None
    return tuple(events)[-EVENTS_KEPT:]
