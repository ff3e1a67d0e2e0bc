"""The events of the benchmark: a stream of articles with all that upstreams do to them.

They are sent again by other links, revised, taken back, sent in an old version after the new one, and broken.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Any, Final

import orjson

from bench.articles import Mix, article, pick

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Event", "Mix", "first_event", "stream"]

_TRACKING: Final = ("utm_source=rss", "utm_source=letter&utm_medium=email", "fbclid=IwAR{n:x}", "gclid=g{n:x}")
_RECENT: Final = 4096
"""Upstreams repeat and revise what is new: a copy is one of so many latest articles, or else any."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: the key that it travels under (its scope), its bytes, and the number of its article, -1 of a broken one."""

    key: bytes
    value: bytes
    number: int


def _copy(made: dict[str, Any], number: int, draw: float) -> None:
    """The same article by another link."""
    url = made["webUrl"]
    tracking = pick(_TRACKING, draw * 7 % 1).format(n=number)
    joined = f"{url}{'&' if '?' in url else '?'}{tracking}"
    if draw < 0.4:
        made["webUrl"] = joined
    elif draw < 0.6:
        made["webUrl"] = f"{url}#section-{number % 9}"
    elif draw < 0.75:
        host = url[8:].partition("/")[0]
        made["webUrl"] = joined.replace(host, host.upper(), 1)
    elif draw < 0.9 and "?" not in url:
        made["webUrl"] = url.replace("https:", "http:", 1) + "/"
    elif "ampWebUrl" in made:
        del made["webUrl"]


def _break(made: dict[str, Any], draw: float) -> bytes:
    """The bytes of an event that nobody can read."""
    way = int(draw * 6)
    if way == 0:
        return dump(made)[:-9]
    if way == 1:
        return dump([made["title"]])
    if way == 2:
        del made["title"]
    elif way == 3:
        made["title"] = 7
    elif way == 4:
        made["publishedDateTime"] = "yesterday"
    else:
        made.pop("webUrl")
        made.pop("ampWebUrl", None)
        made.pop("cdnAmpWebUrl", None)
    return dump(made)


def dump(made: object) -> bytes:
    """An event as JSON."""
    return orjson.dumps(made)


def first_event(mix: Mix, number: int) -> Event:
    """The event that brought the article *number* first."""
    domain, made = article(mix, number)
    return Event(domain.encode(), dump(made), number)


def stream(mix: Mix, count: int, *, known: int = 0) -> Iterator[Event]:
    """*count* events; the articles below *known* have been sent before, at version 0."""
    random = Random(mix.seed + 77_003 * known)  # noqa: S311 - the same events every time
    draw = random.random
    versions: dict[int, int] = {}
    recent: deque[int] = deque(maxlen=_RECENT)
    revised: deque[int] = deque(maxlen=16)
    following = known
    limits = list(accumulate((mix.malformed, mix.retractions, mix.stale, mix.revisions, mix.copies)))
    for place in range(count):
        chance = draw()
        if following == 0 or chance >= limits[4]:
            number, following = following, following + 1
            recent.append(number)
            domain, made = article(mix, number)
            yield Event(domain.encode(), dump(made), number)
            continue
        number = _again(random, following, recent)
        version = versions.get(number, 0)
        if chance < limits[0]:
            domain, made = article(mix, following + place)
            yield Event(domain.encode(), _break(made, draw()), -1)
        elif chance < limits[1]:
            domain, made = article(mix, number)
            yield Event(domain.encode(), dump({"webUrl": made["webUrl"], "removed": True}), number)
        elif chance < limits[2] and revised:
            number = pick(tuple(revised), draw())
            domain, made = article(mix, number, versions[number] - 1)
            yield Event(domain.encode(), dump(made), number)
        elif chance < limits[3]:
            versions[number] = version = version + 1
            revised.append(number)
            domain, made = article(mix, number, version)
            yield Event(domain.encode(), dump(made), number)
        else:
            domain, made = article(mix, number, version)
            _copy(made, place, draw())
            yield Event(domain.encode(), dump(made), number)


def _again(random: Random, following: int, recent: deque[int]) -> int:
    if recent and random.random() < 0.5:
        return recent[int(random.random() * len(recent))]
    return int(random.random() * following)
