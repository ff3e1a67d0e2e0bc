"""The records as they are written: their models, their order of keys, what passes through and what does not."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from pydantic import TypeAdapter

from newsdesk.contracts import topics
from newsdesk.contracts.decision import Decision
from newsdesk.contracts.enriched import EnrichedArticle, PublishedArticle
from newsdesk.desk.judge import Judge
from support.desk import Event, article, book, decided, item, run, told
from support.streams import STREAMS

TRUST = book("newsdesk", "quality.mode=trust", "related.keep=1")
SECURED = "Y2lwaGVydGV4dA==;aW5pdGlhbGlzYXRpb24xNg=="
MODELS = {
    topics.ENRICHED.name: TypeAdapter(EnrichedArticle),
    topics.PUBLISHED.name: TypeAdapter(PublishedArticle),
    topics.DECISIONS.name: TypeAdapter(Decision),
}
FULL: dict[str, Any] = {
    "zebra": 1,
    "secured": SECURED,
    "related": [item(1), item(2), item(1)],
    "images": [{"isCached": True, "url": "https://pictures.example/1.jpg"}],
    "topics": ["AI"],
    "provider": {"note": 1, "domain": "www.harbour.example", "name": "Harbour Post"},
    "featuredContent": "<iframe></iframe>",
    "published": False,
    "heat": 3,
    "quality": 90,
    "locale": "en",
    "type": "article",
    "ampWebUrl": "https://www.harbour.example/amp/ferry-sails",
    "originalUrl": "https://harbour.example/story?id=7",
    "updatedDateTime": "2020-07-01T03:39:00Z",
    "excerpt": "It sails.",
    "category": "news",
    "apple": {"b": 1, "a": 2},
    "score": "ours",
    "desk": {"aliases": []},
    "articleId": "ours too",
    **article(),
}


def test_keys_stand_in_the_order_of_the_model_and_unknown_ones_after_them() -> None:
    answer = told(Judge(TRUST), FULL)
    enriched, published = answer["enriched"], answer["published"]
    left_out = {"removed", "outrankedBy", "merged"}

    assert list(enriched) == [name for name in EnrichedArticle.__annotations__ if name not in left_out] + [
        "zebra",
        "apple",
    ]
    assert list(published) == [n for n in PublishedArticle.__annotations__ if n in published] + ["zebra", "apple"]
    assert list(answer["decision"]) == [name for name in Decision.__annotations__ if name not in {*left_out, "changes"}]


def test_the_order_in_which_upstream_writes_changes_no_record() -> None:
    def backwards(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: backwards(value[name]) for name in reversed(value) if name != "zebra"}
        return value

    known = {name: value for name, value in FULL.items() if name != "zebra"}

    assert orjson.dumps(told(Judge(TRUST), known)["decision"]) == orjson.dumps(
        told(Judge(TRUST), backwards(known))["decision"]
    )


def test_what_upstream_computed_and_what_is_named_like_ours_is_kept_under_upstream() -> None:
    enriched = told(Judge(TRUST), FULL)["enriched"]

    assert enriched["upstream"] == {
        "quality": 90,
        "heat": 3,
        "published": False,
        "score": "ours",
        "desk": {"aliases": []},
        "articleId": "ours too",
    }
    assert (enriched["quality"], enriched["heat"], enriched["published"]) == (90, 130, True)


def test_unknown_fields_and_secured_pass_through_untouched() -> None:
    published = told(Judge(TRUST), FULL)["published"]

    assert (published["zebra"], published["apple"], published["secured"]) == (1, {"b": 1, "a": 2}, SECURED)
    assert list(published["apple"]) == ["b", "a"]
    assert published["images"] == [{"url": "https://pictures.example/1.jpg", "isCached": True}]
    assert published["provider"] == {"name": "Harbour Post", "domain": "harbour.example", "note": 1}


def test_the_cache_url_is_computed_whether_it_was_given_or_not() -> None:
    computed = "https://www-harbour-example.cdn.ampproject.org/c/s/www.harbour.example/amp/ferry-sails"

    assert told(Judge(TRUST), FULL)["enriched"]["cdnAmpWebUrl"] == computed
    assert told(Judge(TRUST), FULL | {"cdnAmpWebUrl": "https://other.example/"})["enriched"]["cdnAmpWebUrl"] == computed


def test_empty_fields_are_not_written() -> None:
    empty = {
        "excerpt": " ",
        "images": [],
        "topics": [""],
        "originalUrl": " ",
        "ampWebUrl": "",
        "category": "\n",
        "locale": None,
    }
    enriched = told(Judge(TRUST), article(**empty))["enriched"]

    assert not set(empty) & set(enriched)
    assert enriched["score"]["terms"] == []


def test_a_published_record_says_nothing_of_how_it_was_decided() -> None:
    published = told(Judge(TRUST), FULL)["published"]

    assert not {"kind", "reason", "score", "source", "desk", "dropped", "droppedCounts", "merged"} & set(published)
    assert (len(published["related"]), published["relatedCount"]) == (1, 2)


def test_a_duplicate_shows_the_standing_score() -> None:
    judge = Judge(TRUST)
    first = decided(judge, FULL)
    second = decided(judge, FULL)

    assert [second[name] for name in ("quality", "heat", "score")] == [
        first[name] for name in ("quality", "heat", "score")
    ]


@given(STREAMS)
@settings(max_examples=60, deadline=None)
def test_every_record_is_of_its_model(stream: list[Event]) -> None:
    for write in run(TRUST, stream).written:
        if write.value is not None and write.topic in MODELS:
            MODELS[write.topic].validate_json(write.value)
