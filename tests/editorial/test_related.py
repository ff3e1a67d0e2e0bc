from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.contracts.reasons import DropReason
from newsdesk.desk.judge import Judge
from newsdesk.editorial.related import DROPPED_SHOWN, Story, read_story
from support.desk import article, book, decided, item, told
from support.streams import ITEMS

if TYPE_CHECKING:
    import random

OWN = ["harbour.example/1", "harbour.example/2"]
LONG_PATH = "x" * 9000


def story(*related: Any, rules: str = "newsdesk") -> Story:
    return read_story(related, OWN, book(rules))


def kept(*related: Any) -> list[str]:
    return [found.title.removeprefix("Another look at the ferry, part ") for found in story(*related).items]


def page(number: int, name: str, **fields: Any) -> dict[str, Any]:
    """Item *number* at the URL *name* of the same site."""
    return item(number, webUrl=f"https://island.example/{name}", **fields)


@pytest.mark.parametrize(
    ("related", "parts"),
    [
        pytest.param([], [], id="none"),
        pytest.param([item(1), item(2, quality=20), item(3, quality=5)], ["2", "1", "3"], id="the best first"),
        pytest.param(
            [item(1), item(2, publishedDateTime="2021-01-01T00:00:00Z"), item(3, publishedDateTime=None)],
            ["2", "1", "3"],
            id="then the latest",
        ),
        pytest.param([item(2), item(1)], ["1", "2"], id="then the smaller key"),
        pytest.param([item(1, webUrl="https://www.harbour.example/2/")], [], id="the article itself"),
        pytest.param([item(1, ampWebUrl="https://harbour.example/amp/1")], [], id="its AMP page is the article's"),
        pytest.param([page(1, "a"), page(2, "a?utm_source=x", quality=20)], ["2"], id="of copies the best"),
        pytest.param(
            [page(1, "a"), page(2, "a", publishedDateTime="2020-07-02T00:00:01Z")], ["2"], id="of copies the latest"
        ),
        pytest.param([page(2, "a"), page(1, "a")], ["1"], id="of copies the smaller title"),
        pytest.param(
            [page(1, "a", originalUrl="https://x.example/b"), page(2, "c"), item(3, webUrl="https://x.example/b")],
            ["1", "2"],
            id="copies by another of their URLs",
        ),
        pytest.param(
            [
                page(1, "a", quality=1),
                page(2, "b", quality=2, originalUrl="https://island.example/c"),
                page(3, "a", quality=3, originalUrl="https://island.example/b"),
                page(4, "c", quality=4),
                page(5, "d", quality=0),
            ],
            ["4", "5"],
            id="copies of copies",
        ),
        pytest.param([item(1, webUrl=None), item(1, webUrl=None)], ["1"], id="without URLs: by title and date"),
        pytest.param([item(1, webUrl=None), item(2, webUrl=None)], ["1", "2"], id="without URLs: others"),
        pytest.param([item(1, webUrl=" ")], ["1"], id="an empty URL is none"),
    ],
)
def test_the_story_is_each_related_article_once(related: list[dict[str, Any]], parts: list[str]) -> None:
    assert kept(*related) == parts


def test_of_copies_alike_in_rank_the_same_one_is_kept_in_any_order() -> None:
    copies = [item(1, excerpt=f"Version {number}.") for number in range(5)]

    assert {story(*copies[turn:], *copies[:turn]).items[0].fields["excerpt"] for turn in range(5)} == {"Version 0."}


@pytest.mark.parametrize(
    ("bad", "drop"),
    [
        (5, {"reason": "not_an_object"}),
        (None, {"reason": "not_an_object"}),
        ([item(1)], {"reason": "not_an_object"}),
        ({}, {"reason": "missing_title"}),
        (item(1, title=" \n"), {"reason": "missing_title", "url": "https://island.example/1"}),
        (item(1, title=None), {"reason": "missing_title", "url": "https://island.example/1"}),
        (item(1, title=["x"]), {"reason": "wrong_type", "detail": "title", "url": "https://island.example/1"}),
        (
            item(1, title="T", provider={"name": 5}),
            {"reason": "wrong_type", "title": "T", "detail": "provider.name", "url": "https://island.example/1"},
        ),
        (item(1, quality=1.5), {"reason": "wrong_type", "detail": "quality"}),
        (item(1, quality=True), {"reason": "wrong_type", "detail": "quality"}),
        (item(1, quality=2**63), {"reason": "wrong_type", "detail": "quality"}),
        (item(1, webUrl="harbour"), {"reason": "bad_url"}),
        (item(1, webUrl="ftp://island.example/1"), {"reason": "bad_url"}),
        (item(1, originalUrl=f"https://island.example/{LONG_PATH}"), {"reason": "bad_url"}),
        (item(1, webUrl="https://editor:letmein@island.example/1"), {"reason": "bad_url"}),
        (item(1, publishedDateTime="2020-07-01"), {"reason": "bad_date", "url": "https://island.example/1"}),
        (item(1, publishedDateTime="1899-01-01T00:00:00Z"), {"reason": "bad_date"}),
        (item(1, webUrl="https://harbour.example/1"), {"reason": "self", "url": "https://harbour.example/1"}),
    ],
)
def test_a_bad_item_is_dropped_with_its_reason_and_sinks_no_other(bad: Any, drop: dict[str, str]) -> None:
    found = story(item(2), bad, item(3))
    (shown,) = found.shown_drops()

    assert [other.title[-1] for other in found.items] == ["2", "3"]
    assert shown | drop == shown
    assert found.counts(50) == {drop["reason"]: 1}
    assert "letmein" not in str(shown)
    assert all(len(text) <= 200 for text in shown.values())


def test_every_reason_to_drop_is_reached() -> None:
    bad = [5, {}, item(1, quality="x"), item(1, webUrl="x"), item(1, publishedDateTime="x")]
    found = story(*bad, item(1, webUrl="https://harbour.example/1"), item(2), item(2), item(3))

    assert set(found.counts(1)) == {reason.value for reason in DropReason}


def test_an_item_without_a_quality_is_scored_from_its_own_fields() -> None:
    seen = {
        "quality": None,
        "title": "Facial-recognition on the ferry",
        "topics": ["Computer Vision", "AI"],
        "images": [{"url": "https://pictures.example/1.jpg"}],
        "webUrl": "https://www.cnet.com/1",
        "ampWebUrl": "https://www.cnet.com/amp/1",
    }

    assert story(item(1, **seen)).items[0].quality == 4 + 15 + 20 + 20 + 30
    assert story(item(1, **seen), rules="classic").items[0].quality == 4 + 20 + 20 + 30
    assert story(item(1, **{**seen, "quality": 7})).items[0].quality == 7
    assert story(item(1, **{**seen, "ampWebUrl": " "})).items[0].quality == 4 + 15 + 20 + 30


def test_an_item_is_repaired_as_an_article_is() -> None:
    (found,) = story(
        item(
            1,
            title="CafÃ©  open",
            webUrl="https://M.island.example/1/?fbclid=x",
            publishedDateTime="2020-07-02T01:00:00+01:00",
        )
    ).items

    assert found.fields == {
        "title": "Café open",
        "publishedDateTime": "2020-07-02T00:00:00Z",
        "webUrl": "https://m.island.example/1/",
        "provider": {"domain": "island.example"},
        "quality": 10,
    }


@given(st.lists(ITEMS, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_the_items_is_irrelevant(related: list[Any], chance: random.Random) -> None:
    shuffled = chance.sample(related, len(related))
    first, second = story(*related), story(*shuffled)

    assert first.items == second.items
    assert first.shown_drops() == second.shown_drops()
    assert first.counts(2) == second.counts(2)


@given(st.lists(ITEMS, min_size=1, max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_what_is_kept_has_no_copy_and_with_what_is_dropped_is_all_that_was_given(
    related: list[Any], chance: random.Random
) -> None:
    found = story(*related)
    keys = [key for other in found.items for key in other.keys]
    more = story(*related, chance.choice(related))

    assert len(set(keys)) == len(keys)
    assert not set(keys) & set(OWN)
    assert len(found.items) + len(found.dropped) == len(related)
    assert more.items == found.items, "an item twice"


@pytest.mark.parametrize(
    "related",
    [
        pytest.param([item(number) for number in range(5000)], id="all different"),
        pytest.param([item(number, webUrl="https://island.example/1") for number in range(5000)], id="all copies"),
        pytest.param(
            [page(number, f"{number}", originalUrl=f"https://island.example/{number + 1}") for number in range(5000)],
            id="a chain of copies",
        ),
        pytest.param([item(number, title="ThÃ© ferry  &amp; me") for number in range(5000)], id="all to be repaired"),
        pytest.param([item(number, quality="x") for number in range(5000)], id="all bad"),
        pytest.param(list(range(5000)), id="no objects"),
    ],
)
def test_thousands_of_related_items_are_bounded_not_refused(related: list[Any]) -> None:

    judge = Judge(book())
    began = time.process_time()
    answer = told(judge, article(related=related))
    took = time.process_time() - began

    assert took < 1.0
    enriched = answer["enriched"]
    counts = enriched.get("droppedCounts", {})
    assert len(enriched.get("related", ())) <= 50
    assert len(enriched.get("dropped", ())) <= DROPPED_SHOWN
    assert enriched.get("relatedCount", 0) + sum(counts.values()) - counts.get("beyond_limit", 0) == 5000
    assert decided(judge, article(related=related[::-1]))["kind"] == "duplicate"


def test_all_related_items_count_for_heat_though_the_record_keeps_fifty() -> None:

    related = [item(number, quality=number) for number in range(60)]
    answer = told(Judge(book("newsdesk", "quality.mode=trust")), article(quality=60, related=related))
    enriched = answer["enriched"]

    assert answer["decision"]["heat"] == 60 + 20 * 60
    assert [other["quality"] for other in enriched["related"]] == list(range(59, 9, -1))
    assert (enriched["relatedCount"], enriched["droppedCounts"]) == (60, {"beyond_limit": 10})
