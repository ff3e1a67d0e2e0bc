"""What makes a new revision, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from newsdesk.contracts.reasons import Change
from newsdesk.desk.judge import Judge
from newsdesk.editorial.content import changes_between
from support.desk import article, book, decided, item

IMAGE = {"url": "https://pictures.example/1.jpg", "width": 640, "title": "A ferry"}
BEFORE: dict[str, Any] = {
    "category": "news",
    "title": "Ferry sails, wouldn\u2019t it",
    "excerpt": "It sails.",
    "publishedDateTime": "2020-07-01T03:38:00Z",
    "updatedDateTime": "2020-07-01T03:39:00Z",
    "webUrl": "https://www.harbour.example/ferry?id=7",
    "ampWebUrl": "https://www.harbour.example/amp/ferry-7",
    "type": "article",
    "locale": "en",
    "quality": 60,
    "heat": 60,
    "published": False,
    "featuredContent": "<iframe></iframe>",
    "provider": {"name": "Harbour Post", "domain": "harbour.example"},
    "topics": ["AI", "Ferries"],
    "images": [IMAGE],
    "related": [item(1), item(2, quality=20), item(3, webUrl=None)],
    "secured": "Y2lwaGVydGV4dA==;aW5pdGlhbGlzYXRpb24xNg==",
    "note": {"a": 1, "b": [2]},
}


def related(number: int, **fields: Any) -> dict[str, Any]:
    """BEFORE's related list with *fields* changed in one item."""
    items = [dict(found) for found in BEFORE["related"]]
    items[number].update(fields)
    return {"related": items}


NO_CHANGE = [
    pytest.param({"heat": 99, "published": True}, id="upstream's heat and published"),
    pytest.param({"quality": 61}, id="upstream's quality, which the rules do not trust"),
    pytest.param({"secured": "Yw==;aW5pdGlhbGlzYXRpb24xNg=="}, id="secured"),
    pytest.param({"images": [{**IMAGE, "isCached": True}]}, id="a cached image"),
    pytest.param({"images": [IMAGE, {"url": "x"}]}, id="an image that cannot be shown"),
    pytest.param({"images": [IMAGE, {"url": "https://t.example/p.gif", "width": 1}]}, id="a tracking pixel"),
    pytest.param({"note": None, "another": 5}, id="unknown fields"),
    pytest.param({"title": "Ferry sails, wouldnâ€™t it"}, id="mojibake that is repaired alike"),
    pytest.param({"title": " Ferry  sails, wouldn\u2019t it"}, id="white space"),
    pytest.param({"publishedDateTime": "2020-07-01T05:38:00.0+02:00"}, id="the same instant"),
    pytest.param({"webUrl": "http://m.harbour.example/ferry/?id=7&utm_source=x#top"}, id="another form of the URL"),
    pytest.param({"ampWebUrl": "https://harbour.example/ferry-7/amp"}, id="another form of the AMP page"),
    pytest.param({"originalUrl": "https://harbour.example/ferry?id=7"}, id="the URL once more"),
    pytest.param({"cdnAmpWebUrl": "https://www-harbour-example.cdn.ampproject.org/c/s/x/y"}, id="the AMP cache's URL"),
    pytest.param({"topics": ["AI", "Ferries", "AI", None, " "]}, id="topics repeated"),
    pytest.param({"provider": {"domain": "www.harbour.example", "name": "Harbour  Post"}}, id="the provider's host"),
    pytest.param({"removed": False}, id="not removed"),
    pytest.param({"locale": "en ", "category": " news"}, id="trimmed"),
    pytest.param({"related": BEFORE["related"][::-1]}, id="the order of related"),
    pytest.param({"related": [*BEFORE["related"], item(1)]}, id="a copy in related"),
    pytest.param({"related": [*BEFORE["related"], {"title": 5}, 5]}, id="bad items in related"),
    pytest.param({"related": [*BEFORE["related"], {**item(9), "webUrl": BEFORE["webUrl"]}]}, id="itself in related"),
    pytest.param(related(0, note=1, heat=5), id="unknown fields in related"),
    pytest.param(related(0, images=[{"url": "x"}]), id="an image in related that cannot be shown"),
]

CHANGES = [
    pytest.param({"title": "Ferry sinks"}, ["title"], id="title"),
    pytest.param({"title": "ferry sails, wouldn\u2019t it"}, ["title"], id="the title's case"),
    pytest.param({"excerpt": None}, ["excerpt"], id="no excerpt"),
    pytest.param({"category": "sport"}, ["category"], id="category"),
    pytest.param({"locale": "de"}, ["locale"], id="locale"),
    pytest.param({"type": "video"}, ["type"], id="type"),
    pytest.param({"publishedDateTime": "2020-07-01T03:38:00.1Z"}, ["dates"], id="date"),
    pytest.param({"updatedDateTime": "2020-07-02T00:00:00Z"}, ["dates"], id="updated"),
    pytest.param({"updatedDateTime": None}, ["dates"], id="not updated"),
    pytest.param({"originalUrl": "https://harbour.example/ferry?id=8"}, ["urls"], id="a URL within the scope"),
    pytest.param({"originalUrl": "https://agency.example/1"}, ["urls"], id="a URL elsewhere"),
    pytest.param({"featuredContent": "<video>"}, ["featured"], id="featured content"),
    pytest.param({"provider": {"name": "Harbour Post", "domain": "post.example"}}, ["provider"], id="provider"),
    pytest.param({"provider": {"name": "The Post", "domain": "harbour.example"}}, ["provider"], id="provider's name"),
    pytest.param({"topics": ["AI"]}, ["topics"], id="topics"),
    pytest.param({"topics": []}, ["topics"], id="no topics"),
    pytest.param({"images": [{**IMAGE, "width": 641}]}, ["images"], id="an image's width"),
    pytest.param({"images": []}, ["images"], id="no image"),
    pytest.param({"related": []}, ["related"], id="no related"),
    pytest.param(related(0, quality=11), ["related"], id="a related article's quality"),
    pytest.param(related(0, title="New"), ["related"], id="a related article's title"),
    pytest.param(related(0, publishedDateTime="2020-07-03T00:00:00Z"), ["related"], id="a related article's date"),
    pytest.param(related(1, webUrl="https://island.example/9"), ["related"], id="a related article's URL"),
    pytest.param({"removed": True}, ["removed"], id="removed"),
    pytest.param(
        {"removed": None, "title": "New", "related": None, "topics": None, "excerpt": "New"},
        ["title", "excerpt", "topics", "related"],
        id="several, in the order of the list",
    ),
]


def after(change: dict[str, Any], *settings: str) -> tuple[dict[str, Any], dict[str, Any]]:
    judge = Judge(book("newsdesk", *settings))
    first = decided(judge, BEFORE)
    return first, decided(judge, article(**{**BEFORE, **change}))


@pytest.mark.parametrize("change", NO_CHANGE)
def test_what_is_no_content(change: dict[str, Any]) -> None:
    first, second = after(change)

    assert (second["kind"], second["reason"], second["revision"]) == ("duplicate", "same_content", 1)
    assert "changes" not in second
    assert (second["quality"], second["heat"], second["score"]) == (first["quality"], first["heat"], first["score"])


@pytest.mark.parametrize(("change", "changes"), CHANGES)
def test_what_is_content(change: dict[str, Any], changes: list[str]) -> None:
    _, second = after(change)

    assert second["kind"] != "duplicate"
    assert (second["revision"], second["changes"]) == (2, changes)


def test_every_change_that_an_article_can_have_is_in_the_table() -> None:
    seen = {change for case in CHANGES for change in case.values[1]}

    assert seen == {change.value for change in Change} - {"quality", "rules"}


def test_upstreams_quality_is_content_where_the_rules_trust_it() -> None:
    _, second = after({"quality": 61}, "quality.mode=trust")

    assert (second["changes"], second["quality"]) == (["quality"], 61)


def test_a_url_that_is_left_out_is_no_change() -> None:
    _, second = after({"ampWebUrl": None})

    assert second["kind"] == "duplicate"


def test_an_amp_page_whose_url_folds_to_the_articles_own_is_news() -> None:
    judge = Judge(book())
    decided(judge, article())
    second = decided(judge, article(ampWebUrl="https://www.harbour.example/amp/ferry-sails"))

    assert second["changes"] == ["urls"]
    assert "amp" in {term["name"] for term in second["score"]["terms"]}


def test_the_order_of_keys_is_no_content() -> None:
    judge = Judge(book())
    decided(judge, BEFORE)

    assert decided(judge, dict(reversed(BEFORE.items())))["kind"] == "duplicate"


def test_changes_come_in_the_order_of_the_list() -> None:
    new = {change.value: "x" for change in reversed(Change)}

    assert changes_between({}, new, trust=True) == list(Change)
    assert Change.QUALITY not in changes_between({}, new, trust=False)
