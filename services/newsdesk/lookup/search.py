"""Finding an article among the enriched records, by its id, its aliases, or any URL it carries."""

from __future__ import annotations

from enum import StrEnum
from heapq import nlargest
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from newsdesk.lookup.wanted import Wanted

_NEIGHBOURS: Final = 5


class How(StrEnum):
    """By what an article was found, the best first."""

    ID = "id"
    ALIAS = "alias"
    """The URL is one of the article's aliases."""
    URL = "url"
    """The article carries the URL, but it is outside its scope and so no alias; several articles may carry it."""
    MERGED = "merged"
    """The id was merged into this article."""


_ORDER: Final = tuple(How)


class Search:
    """Takes the records of the enriched topic in their order and keeps those that may be what is wanted."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._found: dict[str, tuple[How, dict[str, Any]]] = {}
        self._survivors: set[str] = set()
        self._neighbours: list[tuple[int, str]] = []

    def survivor(self, identity: str) -> None:
        """From now on *identity* is known as the article that the wanted one was merged into."""
        self._survivors.add(identity)

    def take(self, identity: str, record: dict[str, Any] | None) -> None:
        """Note an enriched record, or its tombstone (None)."""
        if record is None:
            self._found.pop(identity, None)
            return
        how = self._how(identity, record)
        if how is not None:
            self._found[identity] = (how, record)
        else:
            self._found.pop(identity, None)
            self._near(record)

    def has(self, identity: str) -> bool:
        """Whether *identity* is among those that may be what is wanted."""
        return identity in self._found

    def best(self) -> tuple[How, dict[str, Any]] | None:
        """The article that is wanted, as it is now, and by what it was found."""
        if not self._found:
            return None
        return min(self._found.values(), key=lambda found: (_ORDER.index(found[0]), found[1]["articleId"]))

    @property
    def neighbours(self) -> list[str]:
        """URL keys of the same site that are known, the most similar first."""
        return [key for _, key in self._neighbours]

    def _how(self, identity: str, record: dict[str, Any]) -> How | None:
        wanted, desk = self._wanted, record["desk"]
        if wanted.key is None:
            if identity == wanted.article_id:
                return How.ID
            if wanted.article_id in record.get("merged", ()):
                self._survivors.add(identity)
            return How.MERGED if identity in self._survivors else None
        if wanted.key in desk["aliases"]:
            return How.ALIAS
        return How.URL if wanted.digest in desk["keys"] else None

    def _near(self, record: dict[str, Any]) -> None:
        if self._wanted.key is None:
            return
        host = self._wanted.key.partition("/")[0]
        for alias in record["desk"]["aliases"]:
            if alias.partition("/")[0] == host:
                entry = (_shared(alias, self._wanted.key), alias)
                if entry not in self._neighbours:
                    self._neighbours = nlargest(_NEIGHBOURS, [*self._neighbours, entry])


def _shared(first: str, second: str) -> int:
    """How many characters two texts have in common at their beginning."""
    return next(
        (at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
