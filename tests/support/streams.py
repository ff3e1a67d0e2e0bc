"""Event streams as hypothesis draws them: so few sites, articles and variations that everything happens to them."""

from __future__ import annotations

import base64
from typing import Any

import orjson
from hypothesis import strategies as st

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts.article import URL_FIELDS
from newsdesk.contracts.partitions import partition_of
from newsdesk.editorial.urls import UrlError, read_url
from support.desk import Event

HARBOUR, ISLAND, DENIED, VIDEOS = "harbour.example", "news.island.co.uk", "denied.example", "youtube.com"

BAD_INPUT = (
    None,
    b"",
    b"not json",
    b"[1]",
    b'{"title":"\xff"}',
    b'{"quality":NaN}',
    b'{"title":"no url"}',
    b'{"webUrl":"https://harbour.example/untitled"}',
    b'{"title":"x","webUrl":"ftp://harbour.example/1"}',
    b'{"title":"x","webUrl":"https://user:secret@harbour.example/1"}',
    b'{"title":"x","webUrl":"https://harbour.example/1","publishedDateTime":"2020-07-01T00:00:00"}',
    b'{"title":5,"webUrl":"https://harbour.example/1"}',
    b'{"specversion":"1.0","id":"1","source":"/","data":"text"}',
)


def _page(site: str, number: int) -> str:
    return f"https://www.{site}/watch?v=abcdefghij{number}" if site == VIDEOS else f"https://www.{site}/{number}"


def _forms(site: str, number: int) -> list[str]:
    page = _page(site, number)
    if site == VIDEOS:
        return [page, f"https://youtu.be/abcdefghij{number}", page + "&utm_source=feed"]
    return [
        page,
        f"http://m.{site}/{number}/?utm_campaign=a&fbclid=b",
        f"https://www.{site}/amp/{number}",
        f"https://{site}/story?id={number}",  # a second key of the same article: ties two together
        f"https://{site}/story?id={3 - number}",
    ]


PLACES = st.sampled_from(
    [(HARBOUR, 1), (HARBOUR, 2), (HARBOUR, 1), (HARBOUR, 2), (ISLAND, 1), (ISLAND, 2), (DENIED, 1), (VIDEOS, 1)]
)
TITLES = st.sampled_from(
    ["Ferry sails again", "Facial recognition on the ferry, again", "It wouldnâ€™t sail &amp; won't", "Ferry " * 20]
)
DATES = st.sampled_from(["2020-07-01T03:38:00Z", "2020-07-01T05:38:00+02:00", "2020-07-02T00:00:00.5Z"])


@st.composite
def _items(draw: st.DrawFn) -> Any:
    if draw(st.integers(0, 4)) == 0:
        return draw(
            st.sampled_from(
                [5, {"title": " "}, {"title": "no date", "publishedDateTime": "1.1.2020"}, {"title": ["x"]}]
            )
        )
    form = draw(st.sampled_from(_forms(*draw(PLACES))))
    item: dict[str, Any] = {"title": draw(TITLES), "webUrl": form}
    if draw(st.booleans()):
        item["quality"] = draw(st.sampled_from([10, 60, 100]))
    if draw(st.booleans()):
        item["publishedDateTime"] = draw(DATES)
    if draw(st.integers(0, 5)) == 0:
        item["originalUrl"] = draw(st.sampled_from(_forms(*draw(PLACES))))
    if draw(st.integers(0, 9)) == 0:
        del item["webUrl"]
    return item


ITEMS = _items()
_OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "excerpt": st.sampled_from(["", "Rekognition was on board."]),
    "publishedDateTime": DATES,
    "quality": st.sampled_from([40, 60, 100]),
    "heat": st.integers(0, 2),
    "published": st.booleans(),
    "secured": st.just(base64.b64encode(b"c").decode() + ";" + base64.b64encode(b"i" * 16).decode()),
    "featuredContent": st.just("<iframe></iframe>"),
    "provider": st.sampled_from([{"name": "Harbour Post", "domain": "harbour.example"}, {"domain": "island.co.uk"}]),
    "topics": st.sampled_from([[], ["AI"], ["Computer Vision", "AI"]]),
    "images": st.sampled_from([[], [{"url": "https://i.example/1.jpg", "width": 9, "isCached": True}]]),
    "deskNote": st.integers(0, 1),
}


@st.composite
def articles(draw: st.DrawFn) -> dict[str, Any]:
    """An article: mostly a page of a site and a few fields."""
    place = draw(PLACES)
    forms = _forms(*place)
    fields: dict[str, Any] = {"title": draw(TITLES), "webUrl": draw(st.sampled_from(forms))}
    if draw(st.booleans()):
        fields["related"] = draw(st.lists(ITEMS, max_size=4))
    if draw(st.booleans()):
        elsewhere = draw(st.integers(0, 2)) == 0  # a URL of another site, mostly: no alias
        fields["originalUrl"] = draw(st.sampled_from(_forms(*draw(PLACES)) if elsewhere else forms))
    if draw(st.integers(0, 2)) == 0:
        fields["updatedDateTime"] = draw(DATES)
    if draw(st.integers(0, 3)) == 0:
        fields["ampWebUrl"] = forms[2]
    for name in draw(st.lists(st.sampled_from(sorted(_OPTIONAL)), max_size=4, unique=True)):
        fields[name] = draw(_OPTIONAL[name])
    if draw(st.integers(0, 6)) == 0:
        fields["removed"] = True
        if draw(st.booleans()):
            fields = {name: value for name, value in fields.items() if name in (*URL_FIELDS, "removed")}
    return fields


@st.composite
def events(draw: st.DrawFn) -> Event:
    """An event: an article, or now and then bad input."""
    if draw(st.integers(0, 9)) == 0:
        return Event(draw(st.sampled_from(BAD_INPUT)))
    value = orjson.dumps(draw(articles()))
    headers: list[tuple[str, bytes]] = []
    if draw(st.integers(0, 3)) == 0:
        headers = [(ce.CE_ID, draw(st.sampled_from([b"1", b"2"]))), (ce.CE_SOURCE, b"/upstream")]
    if draw(st.integers(0, 3)) == 0:
        headers.append((ce.TRACEPARENT, b"00-0-0-01"))
    return Event(value, tuple(headers), draw(st.sampled_from([-1, 1_593_574_680_000])))


STREAMS = st.lists(events(), max_size=4) | st.lists(events(), min_size=8, max_size=12)


def home_of(sent: Event, partitions: int) -> int:
    """The partition where an upstream that keys by scope would put *sent*; what has no scope goes to the first."""
    try:
        fields = orjson.loads(sent.value or b"null")
        own = next(fields[field] for field in URL_FIELDS if field in fields)
        return partition_of(read_url(own).scope.encode(), partitions)
    except (orjson.JSONDecodeError, StopIteration, TypeError, UrlError):
        return 0
