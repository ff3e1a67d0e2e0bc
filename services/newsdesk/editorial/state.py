"""The state of a task: the fold of the enriched topic, by article and by alias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import orjson

from newsdesk.contracts.reasons import Change
from newsdesk.editorial.retention import FOR_EVER, Retention, clock_of, fold_clock, opened, seal

if TYPE_CHECKING:
    from collections.abc import Iterable

ARTICLE: Final = b"a"
ALIAS: Final = b"u"
"""The first byte of a key: ARTICLE + id -> what the desk knows, ALIAS + url key -> id."""

_REMOVED: Final = Change.REMOVED.value
_KEPT: Final = ("revision", "quality", "heat", "score", "desk")


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


def fold(state: View, article: bytes, record: Mapping[str, Any] | None, stamp: int = 0) -> None:
    """Apply one record of the enriched topic, or its tombstone (None), to *state*; twice is as good as once.

    *stamp* is the task time at its writing, 0 where it has none.
    """
    old = state.get(ARTICLE + article)
    before = opened(old)[1]["desk"]["aliases"] if old is not None else ()
    after = record["desk"]["aliases"] if record is not None else ()
    for alias in before:
        if alias not in after and state.get(key := ALIAS + alias.encode()) == article:
            state.delete(key)
    for alias in after:
        if state.get(key := ALIAS + alias.encode()) != article:
            state.put(key, article)
    if record is not None:
        sealed = seal(stamp)
        state.put(ARTICLE + article, sealed + orjson.dumps({field: record[field] for field in _KEPT}))
        fold_clock(state, sealed)
    elif old is not None:
        state.delete(ARTICLE + article)


def known_by(aliases: Iterable[str], state: Reader, retention: Retention = FOR_EVER) -> list[Known]:
    """The articles that *aliases* belong to, the oldest first: more than one where an event ties them together.

    One that has expired is unknown, whether it was swept or not.
    """
    ids: set[bytes] = set()
    for alias in aliases:
        if (article := state.get(ALIAS + alias.encode())) is not None:
            ids.add(article)
    if not ids:
        return []
    clock = clock_of(state)
    found = [known for article in ids if (known := _known(article, state, clock, retention)) is not None]
    return found if len(found) < 2 else sorted(found, key=lambda known: known.age)  # noqa: PLR2004


def _known(article: bytes, state: Reader, clock: int, retention: Retention) -> Known | None:
    value = state.get(ARTICLE + article)
    if value is None:
        return None
    stamp, kept = opened(value)
    desk = kept["desk"]
    if retention.expired(stamp, clock, published="published" in desk):
        return None
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
