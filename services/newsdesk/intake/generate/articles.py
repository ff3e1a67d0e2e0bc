"""Made-up articles: how they are composed, and what the stream remembers of each."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from newsdesk.intake.generate import words

if TYPE_CHECKING:
    from random import Random

_START: Final = datetime(2024, 5, 6, 6, 0, tzinfo=UTC)
_VIDEO_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789_-"
_VIDEO_ID: Final = 11
_IV_BYTES: Final = 16
_EVENTS_KNOWN: Final = 8
_TOPICS: Final = (["AI"], ["Computer Vision", "AI"], ["Transport"], ["Town", "Transport", "AI"])
_LOCALES: Final = ("en-US", "en-GB", "en-CA")


@dataclass(frozen=True, slots=True)
class Site:
    """A made-up publisher. *host* may have a www. before *domain*; *by_number*: its articles are at ?id=."""

    name: str
    host: str
    domain: str
    by_number: bool


@dataclass(slots=True, eq=False)
class Article:
    """An article as its last event that counted said it. *fields* are the good ones: never changed, replaced.

    *ids* are that many last event ids with their values, as the desk remembers them; *gone*: merged into another.
    """

    number: int
    fields: dict[str, Any]
    video: bool = False
    updated: bool = False
    removed: bool = False
    gone: bool = False
    ids: list[bytes] = field(default_factory=list)

    def applied(self, fields: dict[str, Any] | None, event: bytes | None) -> None:
        """An event counted: it brought *fields*, and if it had an id it is *event*."""
        if fields is not None:
            self.fields = fields
        if event is not None:
            self.ids = [*(known for known in self.ids if known is not event), event][-_EVENTS_KNOWN:]

    @property
    def url(self) -> str:
        """The article's own URL."""
        url: str = self.fields["originalUrl" if self.video else "webUrl"]
        return url


def sites() -> list[Site]:
    """Some hundred sites under the reserved domain `example`."""
    made = []
    for number, name in enumerate(words.site_names()):
        domain = f"{words.slug(name)}.example"
        host = domain if number % 4 == 0 else f"news.{domain}" if number % 7 == 0 else f"www.{domain}"
        made.append(Site(name, host, domain, by_number=number % 10 == 0))
    return made


class Composer:
    """Composes articles out of chance; its clock goes on with every event."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._sites = sites()
        self._articles = 0
        self._now = _START

    def tick(self) -> None:
        """Some seconds pass."""
        self._now += timedelta(seconds=1 + int(self._rng.random() * 40))

    def now(self) -> str:
        """The stream's time."""
        return f"{self._now:%Y-%m-%dT%H:%M:%S}Z"

    def earlier(self, seconds: int) -> str:
        """So many *seconds* before the stream's time."""
        return f"{self._now - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}Z"

    def page(self) -> Article:
        """A new article on one of the sites."""
        rng = self._rng
        self._articles += 1
        site = self._sites[int(rng.random() * len(self._sites))]
        title = words.title(rng)
        section = rng.choice(words.SECTIONS)
        url = f"https://{site.host}/{section}/{words.slug(title)}-{self._articles}"
        if site.by_number:
            url = f"https://{site.host}/{section}/story?id={self._articles}"
        fields: dict[str, Any] = {
            "category": section,
            "title": title,
            "excerpt": words.excerpt(rng),
            "publishedDateTime": self.earlier(60 + int(rng.random() * 7200)),
            "webUrl": url,
            "type": "article",
            "provider": {"name": site.name, "domain": site.domain},
        }
        chance = int(rng.random() * 4096)
        if chance & 3 and not site.by_number:
            fields["ampWebUrl"] = url.replace(f"/{section}/", f"/amp/{section}/", 1)
        if chance & 28:
            fields["images"] = [self.image(site.domain)]
        if not chance & 96:
            fields["topics"] = list(_TOPICS[chance >> 10 & 3])
        if not chance & 384:
            fields["quality"] = 20 + (chance >> 4) % 50
        if not chance & 520:
            fields["locale"] = rng.choice(_LOCALES)
        if not chance & 2560:
            fields["featuredContent"] = "editors' choice"
        article = Article(self._articles, fields, updated=bool(chance & 1024))
        if article.updated:
            fields["updatedDateTime"] = self.now()
        return article

    def video(self) -> Article:
        """A new video on a platform."""
        rng = self._rng
        self._articles += 1
        video = "".join(rng.choices(_VIDEO_LETTERS, k=_VIDEO_ID))
        fields = {
            "title": words.title(rng),
            "publishedDateTime": self.earlier(600),
            "originalUrl": f"https://www.youtube.com/watch?v={video}",
            "type": "video",
            "featuredContent": f'<iframe src="https://www.youtube.com/embed/{video}"></iframe>',
            "provider": {"name": rng.choice(self._sites).name, "domain": "youtube.com"},
        }
        return Article(self._articles, fields, video=True)

    def twin(self, article: Article) -> Article:
        """*article* under a second URL of its site, as if it were another."""
        self._articles += 1
        root = "/".join(article.url.split("/")[:3])
        fields = {
            name: value for name, value in article.fields.items() if name not in {"originalUrl", "ampWebUrl", "related"}
        }
        return Article(self._articles, {**fields, "webUrl": f"{root}/story/{self._articles}"}, updated=article.updated)

    def syndicated(self, article: Article) -> Article:
        """*article* as another site has it: equal in all that is scored, and later; it knows its original."""
        copy = self.page()
        own = copy.fields
        fields = {name: own[name] for name in ("category", "webUrl", "type", "provider")}
        fields |= {name: article.fields[name] for name in _SCORED_FIELDS if name in article.fields}
        fields["publishedDateTime"] = self.now()
        if "ampWebUrl" in article.fields:
            fields["ampWebUrl"] = f"{own['webUrl']}{'&' if '?' in own['webUrl'] else '?'}amp=1"
        item = {name: value for name, value in article.fields.items() if name in _ITEM_FIELDS and name != "quality"}
        return Article(copy.number, {**fields, "related": [item]})

    def image(self, domain: str) -> dict[str, Any]:
        """A picture."""
        number = int(self._rng.random() * 1_000_000)
        return {
            "url": f"https://images.{domain}/{number}.jpg",
            "width": 1200,
            "height": 800,
            "isCached": number % 2 == 0,
        }

    def secured(self) -> str:
        """A text of the shape of `secured`."""
        parts = (self._rng.randbytes(48), self._rng.randbytes(_IV_BYTES))
        return ";".join(base64.b64encode(part).decode() for part in parts)


_SCORED_FIELDS: Final = ("title", "excerpt", "topics", "images", "featuredContent")
_ITEM_FIELDS: Final = frozenset(
    {"title", "excerpt", "publishedDateTime", "webUrl", "ampWebUrl", "originalUrl", "type", "provider", "quality",
     "topics", "images", "featuredContent"}
)  # fmt: skip


def related_item(article: Article) -> dict[str, Any]:
    """*article* as it stands in the related list of another."""
    return {name: value for name, value in article.fields.items() if name in _ITEM_FIELDS and name != "excerpt"}
