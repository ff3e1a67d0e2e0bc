"""The stream: one event after another, each with the tags that say what the desk must make of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

import orjson

from newsdesk.contracts import cloudevents as ce
from newsdesk.intake.generate import words
from newsdesk.intake.generate.articles import Article, Composer, related_item
from newsdesk.intake.generate.bad import BREAKABLE, broken
from newsdesk.intake.generate.forms import entities, mojibake, other_url, shuffled
from newsdesk.intake.generate.tags import Tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ARTICLES_KEPT: Final = 2000
"""Articles that the stream comes back to: of more, any may be forgotten."""

BUSY_KEPT: Final = 8
"""Those of them that it comes back to most: the talk of the day."""

STORY_SIZE: Final = 4
"""Articles of a story that the next one of it may name as related."""

STORIES_KEPT: Final = 100
TWINS_KEPT: Final = 100
_TRIES: Final = 20
_FAR_HIGHER: Final = 1000


@dataclass(frozen=True, slots=True)
class GeneratedEvent:
    """An event: *value* is one line of text, *tags* say what it is. *key* is None where the scope is the key."""

    value: bytes
    tags: frozenset[str]
    key: bytes | None = None


def generate(seed: int, count: int) -> Iterator[GeneratedEvent]:
    """*count* events of the stream of this *seed*; memory is bounded, however many."""
    stream = _Stream(Random(seed))  # noqa: S311 - chance, not secrecy
    for _ in range(count):
        yield stream.next()


class _Stream:
    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._compose = Composer(rng)
        self._articles: list[Article] = []
        self._busy: deque[Article] = deque(maxlen=BUSY_KEPT)
        self._stories: list[list[Article]] = []
        self._twins: list[tuple[Article, Article]] = []
        self._reasons = list(BREAKABLE)
        self._bad = 0
        self._ids = 0
        makers: dict[Callable[[], GeneratedEvent | None], int] = {
            self._new: 380,
            self._revision: 180,
            self._repeated: 150,
            self._resent: 70,
            self._bad_event: 60,
            self._retraction: 40,
            self._stale: 20,
            self._return: 20,
            self._retracted_again: 15,
            self._twin: 15,
            self._merge: 20,
            self._video: 30,
            self._tie: 10,
            self._unknown_retraction: 5,
            self._wrong_key: 5,
        }
        self._makers = [maker for maker, weight in makers.items() for _ in range(weight)]

    def next(self) -> GeneratedEvent:
        """The next event."""
        self._compose.tick()
        maker = self._makers[int(self._rng.random() * len(self._makers))]
        return maker() or self._new()

    def _new(self) -> GeneratedEvent:
        article = self._compose.page()
        tags = {Tag.NEW}
        self._put_into_story(article, tags)
        if self._rng.random() < 0.1:  # noqa: PLR2004
            article.fields["secured"] = self._compose.secured()
            tags.add(Tag.SECURED)
        if self._rng.random() < 0.1:  # noqa: PLR2004
            article.fields |= {"section": {"id": article.number, "path": ["made", "up"]}, "wordCount": 420.5}
            tags.add(Tag.UNKNOWN_FIELDS)
        self._keep(article)
        return self._counted(article, article.fields, tags)

    def _video(self) -> GeneratedEvent:
        article = self._compose.video()
        self._keep(article)
        return self._counted(article, article.fields, {Tag.NEW, Tag.VIDEO})

    def _twin(self) -> GeneratedEvent | None:
        article = self._pick(lambda known: not (known.removed or known.video))
        if article is None or len(self._twins) == TWINS_KEPT:
            return None
        twin = self._compose.twin(article)
        self._twins.append((article, twin))
        self._keep(twin)
        return self._counted(twin, twin.fields, {Tag.NEW})

    def _merge(self) -> GeneratedEvent | None:
        """An event with the URLs of both twins; the older of them goes on."""
        if not self._twins:
            return None
        older, younger = self._twins.pop(int(self._rng.random() * len(self._twins)))
        if older.gone or younger.gone or older.removed or younger.removed:
            return None
        younger.gone = True
        older.ids = [*younger.ids, *older.ids][-8:]
        fields = self._updated(older, {**older.fields, "originalUrl": younger.url})
        return self._counted(older, fields, {Tag.MERGE})

    def _tie(self) -> GeneratedEvent | None:
        article = self._pick(lambda known: not (known.removed or known.video))
        if article is None:
            return None
        copy = self._compose.syndicated(article)
        self._keep(copy)
        return self._counted(copy, copy.fields, {Tag.NEW, Tag.TIE})

    def _wrong_key(self) -> GeneratedEvent:
        """An article of its own, which nothing comes back to: forwarding changes the order of events."""
        article = self._compose.page()
        event = self._counted(article, article.fields, {Tag.NEW, Tag.WRONG_KEY})
        return GeneratedEvent(event.value, event.tags, f"wrong-{article.number}".encode())

    def _revision(self) -> GeneratedEvent | None:
        article = self._pick(lambda known: not known.removed)
        if article is None:
            return None
        tags = {Tag.REVISION}
        fields = dict(article.fields)
        match int(self._rng.random() * 4):
            case 0:
                fields["excerpt"] = f"{words.excerpt(self._rng)} ({self._compose.now()})"
            case 1:
                fields["images"] = [self._compose.image("example"), *fields.get("images", ())][:3]
            case 2:
                self._rework_related(article, fields, tags)
            case _:
                fields["title"] = self._other_title(fields["title"])
        return self._counted(article, self._updated(article, fields), tags)

    def _repeated(self) -> GeneratedEvent | None:
        """The same content, dressed up; its id, if it has one, is new and soon forgotten."""
        article = self._pick(lambda known: not known.removed)
        if article is None:
            return None
        tags = {Tag.REPEATED}
        fields = dict(article.fields)
        chance = self._rng.random()
        if chance < 0.7:  # noqa: PLR2004
            own = "originalUrl" if article.video else "webUrl"
            fields[own], form = other_url(fields[own], self._rng, video=article.video)
            tags.add(form)
        if chance > 0.5:  # noqa: PLR2004
            fields |= {"heat": int(chance * 100), "published": chance > 0.6, "secured": self._compose.secured()}  # noqa: PLR2004
            fields["crawler"] = {"visits": self._ids}
            if "images" in fields:
                fields["images"] = [{**image, "isCached": chance > 0.9} for image in fields["images"]]  # noqa: PLR2004
            tags |= {Tag.NOISE, Tag.SECURED, Tag.UNKNOWN_FIELDS}
        if self._rng.random() < 0.3:  # noqa: PLR2004
            fields = shuffled(fields, self._rng)
            tags.add(Tag.SHUFFLED)
        value, _ = self._dressed(fields, tags)
        return GeneratedEvent(value, frozenset(tags))

    def _resent(self) -> GeneratedEvent | None:
        article = self._pick(lambda known: bool(known.ids))
        if article is None:
            return None
        oldest = self._rng.random() < 0.5  # noqa: PLR2004
        event = article.ids[0] if oldest else self._rng.choice(article.ids)
        return GeneratedEvent(event, frozenset({Tag.RESENT, Tag.CLOUDEVENT}))

    def _stale(self) -> GeneratedEvent | None:
        article = self._pick(lambda known: known.updated and not known.removed)
        if article is None:
            return None
        title = self._other_title(article.fields["title"])
        fields = {**article.fields, "title": title, "updatedDateTime": "2024-05-01T00:00:00Z"}
        tags = {Tag.STALE}
        value, _ = self._dressed(fields, tags)
        return GeneratedEvent(value, frozenset(tags))

    def _retraction(self) -> GeneratedEvent | None:
        article = self._pick(lambda known: not known.removed)
        if article is None:
            return None
        article.removed = True
        tags = {Tag.RETRACTION}
        if self._rng.random() < 0.5:  # noqa: PLR2004
            fields = self._gone(article, tags)
        else:
            fields = self._updated(article, {**article.fields, "removed": True})
        value, event = self._dressed(fields, tags)
        article.applied(None, event)
        return GeneratedEvent(value, frozenset(tags))

    def _retracted_again(self) -> GeneratedEvent | None:
        article = self._pick(lambda known: known.removed)
        if article is None:
            return None
        tags = {Tag.RETRACTED_AGAIN}
        value, _ = self._dressed(self._gone(article, tags), tags)
        return GeneratedEvent(value, frozenset(tags))

    def _unknown_retraction(self) -> GeneratedEvent:
        tags = {Tag.UNKNOWN_RETRACTION}
        value, _ = self._dressed({"webUrl": self._compose.page().url, "removed": True}, tags)
        return GeneratedEvent(value, frozenset(tags))

    def _return(self) -> GeneratedEvent | None:
        article = self._pick(lambda known: known.removed)
        if article is None:
            return None
        article.removed = False
        return self._counted(article, self._updated(article, article.fields), {Tag.RETURN})

    def _bad_event(self) -> GeneratedEvent:
        """Every kind of bad input in turn."""
        reason = self._reasons[self._bad % len(self._reasons)]
        self._bad += 1
        return GeneratedEvent(broken(self._compose.page().fields, reason), frozenset({Tag.BAD, reason.value}))

    def _counted(self, article: Article, fields: dict[str, Any], tags: set[Tag]) -> GeneratedEvent:
        """The event that brings *fields* to *article*."""
        value, event = self._dressed(fields, tags)
        article.applied(fields, event)
        return GeneratedEvent(value, frozenset(tags))

    def _dressed(self, fields: dict[str, Any], tags: set[Tag]) -> tuple[bytes, bytes | None]:
        """*fields* as bytes, their texts at times damaged on the way; twice the same where the event has an id."""
        chance = self._rng.random()
        excerpt = fields.get("excerpt", "")
        if chance < 0.04 and not excerpt.isascii():  # noqa: PLR2004
            fields = {**fields, "excerpt": mojibake(excerpt)}
            tags.add(Tag.MOJIBAKE)
        elif 0.04 <= chance < 0.07 and ("’" in excerpt or "é" in excerpt):  # noqa: RUF001, PLR2004
            fields = {**fields, "title": entities(fields["title"]), "excerpt": entities(excerpt)}
            tags.add(Tag.ENTITIES)
        if self._rng.random() < 0.5:  # noqa: PLR2004
            return orjson.dumps(fields), None
        self._ids += 1
        tags.add(Tag.CLOUDEVENT)
        event = orjson.dumps(
            {
                "specversion": ce.SPEC_VERSION,
                "id": f"e{self._ids}",
                "source": "https://feeds.example/made-up",
                "type": ce.TYPE_SUBMITTED,
                "time": self._compose.now(),
                "data": fields,
            }
        )
        return event, event

    def _put_into_story(self, article: Article, tags: set[Tag]) -> None:
        """Give *article* its related articles: those of a story that is told already, or none if it begins one."""
        stories = self._stories
        if stories and self._rng.random() < 0.6:  # noqa: PLR2004
            story = stories[int(self._rng.random() * len(stories))]
            self._relate(article.fields, story, tags)
            if len(story) == STORY_SIZE:
                story.pop(0)
            story.append(article)
        elif len(stories) < STORIES_KEPT:
            stories.append([article])
        else:
            stories[int(self._rng.random() * STORIES_KEPT)] = [article]

    def _rework_related(self, article: Article, fields: dict[str, Any], tags: set[Tag]) -> None:
        """Other related articles than before: those of a story and one that was made up for this revision alone."""
        stranger = self._compose.page()
        self._relate(fields, [stranger], tags)
        if self._rng.random() < 0.3:  # noqa: PLR2004
            earlier = {"title": self._other_title(fields["title"]), "quality": _FAR_HIGHER}
            earlier |= {name: fields[name] for name in ("webUrl", "originalUrl") if name in fields}
            fields["related"].append(earlier)
            tags.add(Tag.SELF_RELATED)
        elif article.number % 2:
            fields["related"].insert(0, related_item(article))
            tags.add(Tag.SELF_RELATED)

    def _relate(self, fields: dict[str, Any], story: list[Article], tags: set[Tag]) -> None:
        items: list[Any] = [related_item(other) for other in story]
        chance = self._rng.random()
        if chance < 0.08:  # noqa: PLR2004
            items.append({**items[0], **_in_another_form(items[0], self._rng)})
            tags.add(Tag.COPIES)
        elif chance < 0.14:  # noqa: PLR2004
            items.append(self._rng.choice(_BAD_ITEMS))
            tags.add(Tag.BAD_RELATED)
        elif chance < 0.2:  # noqa: PLR2004
            items[0] = {**items[0], "quality": _FAR_HIGHER + int(chance * 1000)}
            tags.add(Tag.OUTRANKED)
        fields["related"] = items

    def _updated(self, article: Article, fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "updatedDateTime": self._compose.now()} if article.updated else fields

    def _gone(self, article: Article, tags: set[Tag]) -> dict[str, Any]:
        """The shortest retraction of *article*."""
        url, form = other_url(article.url, self._rng, video=article.video)
        tags.add(form)
        return {"webUrl": url, "removed": True}

    def _other_title(self, title: str) -> str:
        while (other := words.title(self._rng)) == title:
            pass
        return other

    def _pick(self, suits: Callable[[Article], bool]) -> Article | None:
        """An article that is still there and *suits*, or None where it is hard to find one."""
        if not self._articles:
            return None
        first = int(self._rng.random() * 2)
        for number in range(first, _TRIES):
            known = self._busy if number % 2 else self._articles
            article = known[int(self._rng.random() * len(known))]
            if not article.gone and suits(article):
                return article
        return None

    def _keep(self, article: Article) -> None:
        if len(self._busy) < BUSY_KEPT or self._rng.random() < 0.02:  # noqa: PLR2004
            self._busy.append(article)
        if len(self._articles) < ARTICLES_KEPT:
            self._articles.append(article)
        else:
            self._articles[int(self._rng.random() * ARTICLES_KEPT)] = article


_BAD_ITEMS: Final[tuple[Any, ...]] = (
    42,
    {"webUrl": "https://www.birchhaven-post.example/untitled"},
    {"title": "Of a bad date", "webUrl": "https://www.birchhaven-post.example/d", "publishedDateTime": "yesterday"},
    {"title": "Of a bad link", "webUrl": "javascript:void(0)"},
    {"title": "Of a wrong type", "webUrl": "https://www.birchhaven-post.example/t", "quality": "high"},
)


def _in_another_form(item: dict[str, Any], rng: Random) -> dict[str, Any]:
    """The URL of a related *item* in another form."""
    if "webUrl" in item:
        return {"webUrl": other_url(item["webUrl"], rng, video=False)[0]}
    return {"originalUrl": other_url(item["originalUrl"], rng, video=True)[0]}
