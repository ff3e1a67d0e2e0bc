"""The articles of the benchmark: 1.5 KB of JSON, or like the seed's 4.7 KB.

An article is a pure function of (seed, number, version), so a revision of any one of millions can be made at any time.
"""

from __future__ import annotations

import base64
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any, Final

from bench.newsroom import DOMAINS, TOPICS

_POPULARITY: Final = list(accumulate(1 / (rank + 8) ** 0.6 for rank in range(len(DOMAINS))))
_NAMES: Final = tuple(TOPICS)
_HOSTS: Final = ("www.", "www.", "", "news.", "m.")

_WORDS: Final = [
    "after",
    "all",
    "along",
    "another",
    "answer",
    "as",
    "at",
    "before",
    "behind",
    "between",
    "board",
    "builds",
    "calls",
    "ceases",
    "changes",
    "city",
    "claims",
    "closes",
    "council",
    "court",
    "cuts",
    "delays",
    "denies",
    "despite",
    "doubts",
    "early",
    "earns",
    "ends",
    "expects",
    "faces",
    "fails",
    "fears",
    "final",
    "first",
    "follows",
    "for",
    "from",
    "gains",
    "gives",
    "grows",
    "halts",
    "heads",
    "holds",
    "in",
    "inside",
    "island",
    "joins",
    "keeps",
    "late",
    "leads",
    "leaves",
    "long",
    "loses",
    "makes",
    "mayor",
    "meets",
    "minister",
    "moves",
    "names",
    "near",
    "new",
    "next",
    "north",
    "offers",
    "old",
    "on",
    "opens",
    "over",
    "owners",
    "parents",
    "part",
    "pays",
    "people",
    "plans",
    "plant",
    "power",
    "public",
    "questions",
    "quits",
    "raises",
    "rejects",
    "report",
    "residents",
    "returns",
    "reveals",
    "river",
    "rules",
    "says",
    "second",
    "seeks",
    "sells",
    "signs",
    "six",
    "slows",
    "south",
    "stalls",
    "starts",
    "state",
    "still",
    "stops",
    "study",
    "talks",
    "tests",
    "three",
    "to",
    "town",
    "turns",
    "two",
    "under",
    "union",
    "until",
    "valley",
    "vows",
    "wants",
    "warns",
    "wins",
    "with",
    "without",
    "workers",
    "year",
]


def _sentences() -> list[str]:
    """Some four hundred sentences of 40 to 140 characters; every fifth has a typographic apostrophe."""
    random = Random(20)  # noqa: S311 - the same events every time
    made = []
    for number in range(400):
        words = random.choices(_WORDS, k=random.randrange(7, 24))
        if number % 5 == 0:
            words.insert(2, "town\u2019s")
        made.append(" ".join(words).capitalize() + ".")
    return made


_SENTENCES: Final = _sentences()


@dataclass(frozen=True, slots=True)
class Mix:
    """What kind of events: *like_seed* the large ones, *hot* half of all on one domain; the shares are of all events."""

    seed: int = 1
    like_seed: bool = False
    hot: bool = False
    copies: float = 0.22
    revisions: float = 0.12
    stale: float = 0.01
    retractions: float = 0.01
    malformed: float = 0.005


def article(mix: Mix, number: int, version: int = 0) -> tuple[str, dict[str, Any]]:
    """Domain and content of the article *number* at *version*, which grows with every revision."""
    random = Random(mix.seed * 1_000_000_007 + number)  # noqa: S311 - the same article every time
    draw = random.random
    domain = DOMAINS[0] if mix.hot and draw() < 0.5 else _domain(draw())
    topics = random.sample(_NAMES, 2 + int(draw() * 3))
    title = _title(random, topics)
    url = f"https://{pick(_HOSTS, draw())}{domain}/{2019 + int(draw() * 7)}/{_slug(title)}-{number:x}"
    if draw() < 0.25:
        url += f"?id={number}&b={int(draw() * 9)}&a={int(draw() * 9)}"
    published = _date(draw(), draw())
    excerpt = " ".join(random.choices(_SENTENCES, k=4 if mix.like_seed else 5 + int(draw() * 6)))
    made: dict[str, Any] = {"category": "news", "title": title, "excerpt": excerpt, "publishedDateTime": published}
    made["webUrl"] = url
    if mix.like_seed or draw() < 0.3:
        made["ampWebUrl"] = _amp(url, domain, draw())
        if mix.like_seed:
            made["cdnAmpWebUrl"] = f"https://{domain.replace('.', '-')}.cdn.ampproject.org/c/s/{made['ampWebUrl'][8:]}"
    made["type"] = "article" if draw() < 0.8 else "video"
    made["locale"] = "en-us"
    made["provider"] = {"name": domain.partition(".")[0].title(), "domain": domain}
    made["topics"] = topics
    made["images"] = [_image(random, domain, mix.like_seed) for _ in range(pick((0, 1, 1, 1, 2), draw()))]
    made["related"] = [
        _related(random, mix, (number << 8) + place, published)
        for place in range(4 if mix.like_seed else pick((0, 0, 1, 1, 2, 3), draw()))
    ]
    _odd_related(made, draw())
    if mix.like_seed:
        made["secured"] = f"{_base64(random, 384)};{_base64(random, 16)}"
    for step in range(1, version + 1):
        _revise(made, step)
    return domain, made


def _domain(draw: float) -> str:
    return DOMAINS[min(bisect(_POPULARITY, draw * _POPULARITY[-1]), len(DOMAINS) - 1)]


def pick(choices: tuple[Any, ...], draw: float) -> Any:
    """One of *choices*, by a draw from 0 to 1."""
    return choices[int(draw * len(choices))]


def _title(random: Random, topics: list[str]) -> str:
    """Four to fourteen words; most titles hold a keyword of their first topics, one in fifty an escaped ampersand."""
    words = random.choices(_WORDS, k=4 + int(random.random() * 8))
    chance = random.random()
    if chance < 0.6:
        words.insert(1, pick(TOPICS[topics[0]], random.random()))
    if chance < 0.2:
        words.insert(3, pick(TOPICS[topics[1]], random.random()))
    if chance > 0.98:
        words.insert(2, "&amp;")
    return " ".join(words).capitalize()


def _slug(title: str) -> str:
    return "-".join(word for word in title.lower().split()[:7] if word.isalnum())


def _amp(url: str, domain: str, draw: float) -> str:
    """An AMP page of *url*; all three forms have the key of the article's own URL."""
    path, mark, query = url.partition("?")
    if draw < 0.4:
        return f"{path}/amp{mark}{query}"
    if draw < 0.7:
        return f"{path}.amp{mark}{query}"
    return (
        f"https://amp.{domain}{path[path.index('/', 8) :]}{mark}{query}"
        if "news." not in path
        else f"{path}/amp{mark}{query}"
    )


def _date(day: float, clock: float) -> str:
    """A date of the last years; one in eight is given with an offset."""
    days, seconds = int(day * 2190), int(clock * 86400)
    text = f"{2019 + days // 365}-{days % 365 // 31 + 1:02d}-{days % 28 + 1:02d}"
    text += f"T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return text + ("+02:00" if days % 8 == 0 else "Z")


def _image(random: Random, domain: str, cached: bool) -> dict[str, Any]:  # noqa: FBT001 - a field's value
    image = {"url": f"https://cdn.{domain}/img/{int(random.random() * 2**40):x}.jpg", "width": 1280, "height": 720}
    return {**image, "isCached": True} if cached else image


def _related(random: Random, mix: Mix, unique: int, published: str) -> dict[str, Any]:
    """Another article on the story, mostly of the same week; with all three URLs where events are like the seed's."""
    draw = random.random
    domain = _domain(draw())
    title = " ".join(random.choices(_WORDS, k=7)).capitalize()
    url = f"https://www.{domain}/{_slug(title)}-r{unique:x}"
    item: dict[str, Any] = {"title": title}
    if mix.like_seed:
        item["excerpt"] = _SENTENCES[int(draw() * 400)]
    item["publishedDateTime"] = f"{published[:8]}{1 + int(draw() * 28):02d}{published[10:]}"
    item["webUrl"] = url
    if mix.like_seed:
        item["ampWebUrl"] = f"{url}/amp"
        item["cdnAmpWebUrl"] = f"https://www-{domain.replace('.', '-')}.cdn.ampproject.org/c/s/{url[8:]}/amp"
        item["type"] = "article"
        item["images"] = [_image(random, domain, cached=True)]
    item["provider"] = {"name": domain.partition(".")[0].title(), "domain": domain}
    item["quality"] = int(draw() * 90)
    return item


def _odd_related(made: dict[str, Any], draw: float) -> None:
    """In three of a hundred the article's own URL is among its related ones, in three a related one is there twice."""
    related = made["related"]
    if related and draw < 0.03:
        related.append({**related[0], "webUrl": made["webUrl"] + "#top", "title": "Earlier: " + made["title"]})
        for field in ("ampWebUrl", "cdnAmpWebUrl"):
            related[-1].pop(field, None)
    elif related and draw < 0.06:
        related.append({**related[0], "title": related[0]["title"] + " again", "quality": related[0]["quality"] // 2})


def _base64(random: Random, size: int) -> str:
    return base64.b64encode(random.randbytes(size)).decode()


def _revise(made: dict[str, Any], step: int) -> None:
    """A later version: another date, and either the title, the excerpt or the story has changed."""
    made["updatedDateTime"] = f"{made['publishedDateTime'][:10]}T23:{step // 60 % 60:02d}:{step % 60:02d}Z"
    if step % 3 == 1:
        made["title"] += f", {_WORDS[step % len(_WORDS)]}"
    elif step % 3 == 2:
        made["excerpt"] += " " + _SENTENCES[step % 400]
    elif made["related"]:
        made["related"] = made["related"][1:]
