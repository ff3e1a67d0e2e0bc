"""The state of a task: the fold of the enriched topic, by article and by alias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from newsdesk.contracts.reasons import Change
from newsdesk.editorial.retention import FOR_EVER, Expired, Retention, clock_of, fold_clock, opened, seal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsdesk.editorial.kept import Kept

ARTICLE: Final = b"a"
ALIAS: Final = b"u"
"""The first byte of a key: ARTICLE + id -> what the desk knows, ALIAS + url key -> id."""

_REMOVED: Final = Change.REMOVED.value


class View(Protocol):
    """Reads and changes the state; keys and values are bytes."""

    def get(self, key: bytes) -> bytes | None:
        """The value of *key*, None where there is none."""

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of *key*."""

    def delete(self, key: bytes) -> None:
        """Forget *key*, which may be unknown."""


class Reader(Protocol):
    """Reads the state."""

    def get(self, key: bytes) -> bytes | None:
        """The value of *key*, None where there is none."""


class Known(NamedTuple):
    """What the desk knows of an article: its current revision, as far as the next decision needs it."""

    article_id: str
    revision: int
    quality: int
    heat: int
    score: Mapping[str, Any]
    source: Mapping[str, Any]
    aliases: Sequence[str]
    keys: frozenset[str]
    content: Mapping[str, str]
    events: Sequence[str]
    updated: str | None
    published: str | None

    @property
    def removed(self) -> bool:
        """Whether the article is retracted."""
        return _REMOVED in self.content

    @property
    def age(self) -> tuple[int, str, str]:
        """Orders articles by their first event: the smaller is the older; by id after an input topic was made anew."""
        return (self.source["offset"], self.source["topic"], self.article_id)


def fold(state: View, article: bytes, kept: Kept | None, stamp: int = 0) -> None:
    """Apply one record of the enriched topic, or its tombstone (None), to *state*; twice is as good as once.

    *stamp* is the task time at its writing, 0 where it has none.
    """
    old = state.get(ARTICLE + article)
    before = opened(old)[1]["desk"]["aliases"] if old is not None else ()
    after = kept.aliases if kept is not None else ()
    for alias in before:
        if alias not in after and state.get(key := ALIAS + alias.encode()) == article:
            state.delete(key)
    for alias in after:
        if state.get(key := ALIAS + alias.encode()) != article:
            state.put(key, article)
    if kept is not None:
        sealed = seal(stamp)
        state.put(ARTICLE + article, sealed + kept.value)
        fold_clock(state, sealed)
    elif old is not None:
        state.delete(ARTICLE + article)


class Tied(NamedTuple):
    """The articles that some aliases belong to: those known, the oldest first, and those expired and not swept yet."""

    known: Sequence[Known]
    expired: Sequence[Expired]


_NOTHING: Final = Tied((), ())


def known_by(aliases: Iterable[str], state: Reader, retention: Retention = FOR_EVER) -> Tied:
    """The articles that *aliases* belong to: more than one where an event ties them together.

    One that has expired is unknown, whether it was swept or not. Whoever takes over an alias of it has to remove it as
    the sweep would: else both records would claim that alias, and to which of them it goes would hang on compaction.
    """
    ids: set[bytes] = set()
    for alias in aliases:
        if (article := state.get(ALIAS + alias.encode())) is not None:
            ids.add(article)
    if not ids:
        return _NOTHING
    clock = clock_of(state)
    found: list[Known] = []
    expired: list[Expired] = []
    for article in ids:
        if (value := state.get(ARTICLE + article)) is None:
            continue
        stamp, kept = opened(value)
        published = "published" in kept["desk"]
        if retention.expired(stamp, clock, published=published):
            expired.append(Expired(article, published, stamp))
        else:
            found.append(_known(article, kept))
    if len(ids) > 1:
        found.sort(key=lambda known: known.age)
        expired.sort()
    return Tied(found, expired)


def _known(article: bytes, kept: Mapping[str, Any]) -> Known:
    desk = kept["desk"]
    return Known(
        article_id=article.decode(),
        revision=kept["revision"],
        quality=kept["quality"],
        heat=kept["heat"],
        score=kept["score"],
        source=desk["source"],
        aliases=desk["aliases"],
        keys=frozenset(desk["keys"]),
        content=desk["content"],
        events=desk["events"],
        updated=desk.get("updated"),
        published=desk.get("published"),
    )
