"""The decisions, row by row of their table, and the stories of identity: merges, retractions, events sent again."""

from __future__ import annotations

from typing import Any

import pytest

from newsdesk.contracts.reasons import DecisionKind, DecisionReason
from newsdesk.desk.judge import Judge
from newsdesk.editorial.identity import article_id
from newsdesk.editorial.judgement import ALIASES_KEPT, EVENTS_KEPT
from newsdesk.editorial.rulebook import open_rulebook
from newsdesk.editorial.rulesfile import read_rules
from support.desk import article, book, decided, item, rules_text, told

PAGE, ALIAS, OTHER = (f"https://www.harbour.example/{name}" for name in ("ferry-sails", "story?id=7", "story?id=8"))
FERRY = article_id("harbour.example/ferry-sails")
TRUST = book("newsdesk", "quality.mode=trust")
DENYING = open_rulebook(
    read_rules(
        rules_text("newsdesk").replace("providers:\n", "providers:\n  - domain: denied.example\n    deny: true\n"), "r"
    )
)

TABLE = [
    pytest.param({"quality": 70}, "published", "threshold_met", 70, id="at the threshold"),
    pytest.param({"quality": 69}, "held", "below_threshold", 69, id="below it"),
    pytest.param({"quality": 50, "related": [item(1)]}, "published", "threshold_met", 70, id="hot by its story"),
    pytest.param({"quality": 49, "related": [item(1)]}, "held", "below_threshold", 49, id="below the floor"),
    pytest.param({"quality": 90, "related": [item(1, quality=91)]}, "suppressed", "outranked", -1, id="outranked"),
    pytest.param(
        {"quality": 90, "related": [item(1, quality=90, publishedDateTime="2020-01-01T00:00:00Z")]},
        "suppressed",
        "tie",
        -1,
        id="a tie that it loses",
    ),
    pytest.param({"quality": 90, "related": [item(1, quality=90)]}, "published", "threshold_met", 110, id="it wins"),
    pytest.param(
        {"quality": 90, "webUrl": "https://denied.example/1"}, "rejected", "provider_denied", 90, id="a denied host"
    ),
    pytest.param(
        {"quality": 90, "provider": {"domain": "denied.example"}}, "rejected", "provider_denied", 90, id="by its word"
    ),
    pytest.param(
        {"quality": 9, "webUrl": "https://denied.example/1", "related": [item(1)]},
        "rejected",
        "provider_denied",
        -1,
        id="denied before outranked",
    ),
    pytest.param({"quality": 90, "removed": True}, "retracted", "unknown_article", 90, id="removed and never seen"),
    pytest.param(
        {"removed": True, "webUrl": "https://denied.example/1", "quality": 9},
        "retracted",
        "unknown_article",
        9,
        id="removed before denied",
    ),
]


def trusting(rules: Any = None) -> Judge:
    rules = rules or open_rulebook(DENYING.rules.model_copy(update={"quality": TRUST.rules.quality}))
    return Judge(rules)


@pytest.mark.parametrize(("fields", "kind", "reason", "heat"), TABLE)
def test_a_first_decision(fields: dict[str, Any], kind: str, reason: str, heat: int) -> None:
    decision = decided(trusting(), article(**fields))

    assert (decision["kind"], decision["reason"], decision["heat"]) == (kind, reason, heat)
    assert decision["revision"] == (0 if kind == "retracted" else 1)
    assert sum(term["points"] for term in decision["score"]["terms"]) == decision["quality"]
    assert ("outrankedBy" in decision) == (heat == -1)


def test_every_kind_and_reason_is_reached() -> None:
    rest = {"removed", "same_content", "resent", "stale"}

    assert {case.values[2] for case in TABLE} | rest == {reason.value for reason in DecisionReason}
    assert {case.values[1] for case in TABLE} | {"duplicate"} == {kind.value for kind in DecisionKind}


def test_whoever_outranks_is_named() -> None:
    decision = decided(trusting(), article(quality=60, related=[item(1, quality=61), item(2)]))

    assert decision["outrankedBy"] == {
        "articleId": article_id("island.example/1"),
        "url": "https://island.example/1",
        "title": "Another look at the ferry, part 1",
        "quality": 61,
    }


def test_whoever_outranks_without_a_url_is_named_by_title() -> None:
    decision = decided(trusting(), article(quality=60, related=[item(1, quality=61, webUrl=None)]))

    assert decision["outrankedBy"] == {"title": "Another look at the ferry, part 1", "quality": 61}


@pytest.mark.parametrize(
    ("fields", "quality", "terms"),
    [
        pytest.param({"quality": 33}, 33, ["upstream"], id="upstream's"),
        pytest.param({"quality": 0}, 0, ["upstream"], id="upstream's, and be it 0"),
        pytest.param({"quality": -4}, 0, ["upstream", "floor"], id="upstream's below 0"),
        pytest.param({"featuredContent": "x"}, 50, ["featured"], id="none: scored"),
        pytest.param({"quality": None, "featuredContent": "x"}, 50, ["featured"], id="null: scored"),
    ],
)
def test_trusted_quality_falls_back_to_the_score(fields: dict[str, Any], quality: int, terms: list[str]) -> None:
    decision = decided(Judge(TRUST), {**article(), **fields})

    assert decision["quality"] == quality
    assert [term["name"] for term in decision["score"]["terms"]] == terms


def test_the_score_is_of_the_title_as_it_was_given() -> None:
    """The recorded site counted before any repair; the record shows the repaired title."""
    long = decided(Judge(book()), article(title="x" * 69 + "â€™", featuredContent="x"))

    assert long["score"]["terms"][-1] == {"name": "title_length", "points": -1, "because": "72 characters, 2 over 70"}


# An event sent again


def test_an_event_id_that_was_seen_is_a_duplicate_whatever_it_says() -> None:
    judge = Judge(book())
    decided(judge, article(), event_id="1")
    again = decided(judge, article(title="Something else"), event_id="1")

    assert (again["kind"], again["reason"], again["revision"]) == ("duplicate", "resent", 1)


def test_an_event_id_of_another_article_says_nothing() -> None:
    judge = Judge(book())
    decided(judge, article(), event_id="1")

    assert decided(judge, article(webUrl=OTHER), event_id="1")["kind"] == "held"


def test_an_article_remembers_its_last_event_ids() -> None:
    judge = Judge(book())
    for number in range(EVENTS_KEPT + 1):
        decided(judge, article(title=f"Ferry {number}"), event_id=str(number))

    reasons = [decided(judge, article(title="New"), event_id=str(number))["reason"] for number in (8, 1)]
    assert reasons == ["resent", "resent"]
    forgotten = decided(judge, article(title="New"), event_id="0")
    assert (forgotten["kind"], forgotten["revision"]) == ("held", EVENTS_KEPT + 2)


def test_an_older_update_is_stale_and_an_equal_one_is_not() -> None:
    judge = Judge(book())
    decided(judge, article(updatedDateTime="2020-07-02T00:00:00.5Z"))
    older = decided(judge, article(title="Old", updatedDateTime="2020-07-02T02:00:00+02:00"))
    equal = decided(judge, article(title="New", updatedDateTime="2020-07-02T00:00:00.5Z"))

    assert (older["kind"], older["reason"], older["revision"]) == ("duplicate", "stale", 1)
    assert (equal["kind"], equal["revision"]) == ("held", 2)


def test_without_dates_on_both_sides_arrival_order_wins() -> None:
    judge = Judge(book())
    decided(judge, article(updatedDateTime="2020-07-02T00:00:00Z"))

    assert decided(judge, article(title="Undated"))["kind"] == "held"
    assert decided(judge, article(title="Old", updatedDateTime="2020-07-01T00:00:00Z"))["kind"] == "held"


# Other rules


def test_other_rules_decide_the_same_content_anew_as_the_same_revision() -> None:
    judge, other = Judge(TRUST), Judge(book("newsdesk", "quality.mode=trust", "publish.threshold=60"))
    first = decided(judge, article(quality=60), event_id="1")
    other.state.update(judge.state)
    anew = decided(other, article(quality=60), event_id="1")

    assert (first["kind"], anew["kind"]) == ("held", "published")
    assert (anew["revision"], anew["changes"]) == (1, ["rules"])
    assert first["score"]["rules"]["hash"] != anew["score"]["rules"]["hash"]
    assert decided(other, article(quality=60))["reason"] == "same_content"


def test_new_content_under_other_rules_is_a_new_revision() -> None:
    judge, other = Judge(TRUST), Judge(book())
    decided(judge, article())
    other.state.update(judge.state)

    decision = decided(other, article(title="New"))
    assert (decision["revision"], decision["changes"]) == (2, ["title", "rules"])


def test_rules_that_name_a_provider_change_no_content() -> None:
    named = rules_text("newsdesk").replace("providers:\n", "providers:\n  - domain: harbour.example\n    name: Post\n")
    judge, other = Judge(book()), Judge(open_rulebook(read_rules(named, "named")))
    decided(judge, article())
    other.state.update(judge.state)
    answer = told(other, article())

    assert (answer["decision"]["revision"], answer["decision"]["changes"]) == (1, ["rules"])
    assert answer["enriched"]["provider"] == {"name": "Post", "domain": "harbour.example"}


# Identity


@pytest.mark.parametrize(
    "url",
    [
        "http://harbour.example/ferry-sails/",
        "https://m.harbour.example/ferry-sails?utm_source=x&fbclid=y#top",
        "https://www.harbour.example/ferry-sails/amp",
        "https://www-harbour-example.cdn.ampproject.org/c/s/www.harbour.example/amp/ferry-sails",
        "https://www.google.com/amp/s/www.harbour.example/ferry-sails",
        " HTTPS://WWW.HARBOUR.EXAMPLE:443/./ferry-sails ",
    ],
)
def test_all_forms_of_a_url_are_one_article(url: str) -> None:
    judge = Judge(book())

    assert decided(judge, article())["articleId"] == FERRY
    assert decided(judge, article(webUrl=url))["reason"] == "same_content"


def test_the_first_url_decides_who_an_article_is() -> None:
    four = {"webUrl": PAGE, "originalUrl": ALIAS, "ampWebUrl": OTHER, "cdnAmpWebUrl": "https://harbour.example/9"}
    ids = []
    for field in tuple(four):
        ids.append(decided(Judge(book()), {"title": "T", **four})["articleId"])
        del four[field]

    keys = ("ferry-sails", "story?id=7", "story?id=8", "9")
    assert ids == [article_id(f"harbour.example/{key}") for key in keys]


def test_a_changed_title_is_a_revision_and_no_relative() -> None:
    judge = Judge(TRUST)
    decided(judge, article(quality=60))
    earlier = item(1, webUrl=PAGE, quality=99)
    answer = told(judge, article(title="Ferry sails at last", quality=60, related=[earlier]))

    assert (answer["decision"]["revision"], answer["decision"]["heat"]) == (2, 60)
    assert [drop["reason"] for drop in answer["enriched"]["dropped"]] == ["self"]


def test_an_alias_that_was_learned_long_ago_is_still_the_article() -> None:
    judge = Judge(TRUST)
    decided(judge, article(originalUrl=ALIAS))
    decided(judge, article(title="New"))
    decision = decided(judge, article(webUrl=ALIAS, title="Newer", quality=1, related=[item(1, webUrl=PAGE)]))

    assert (decision["articleId"], decision["revision"], decision["heat"]) == (FERRY, 3, 1)


def test_a_url_elsewhere_is_no_alias() -> None:
    judge = Judge(book())
    decided(judge, article(originalUrl="https://agency.example/1"))
    other = decided(judge, article(webUrl="https://agency.example/1"))

    assert (other["articleId"], other["revision"]) == (article_id("agency.example/1"), 1)


def test_an_event_that_ties_two_articles_merges_them_into_the_older() -> None:
    judge = trusting()
    decided(judge, article(webUrl=OTHER, quality=80), event_id="a")
    decided(judge, article(quality=90), event_id="b")
    older, younger = article_id("harbour.example/story?id=8"), FERRY
    answer = told(judge, article(originalUrl=OTHER, quality=90))
    decision, record = answer["decision"], answer["enriched"]

    assert (decision["articleId"], decision["revision"], decision["merged"]) == (older, 2, [younger])
    assert "urls" in decision["changes"]
    assert answer["merged"] == {"enriched": [younger], "published": [younger]}
    assert record["desk"]["aliases"] == ["harbour.example/story?id=8", "harbour.example/ferry-sails"]
    assert record["desk"]["source"]["offset"] == 0
    for url in (PAGE, OTHER):
        assert decided(judge, article(webUrl=url, quality=90, originalUrl=PAGE))["articleId"] == older
    for sent in ("a", "b"):
        assert decided(judge, article(title="New"), event_id=sent)["reason"] == "resent"


def test_an_event_id_of_either_article_is_known_when_two_are_tied() -> None:
    judge = Judge(book())
    decided(judge, article(webUrl=OTHER), event_id="a")
    decided(judge, article(), event_id="b")

    assert decided(judge, article(originalUrl=OTHER), event_id="b")["reason"] == "resent"


def test_a_retraction_that_ties_two_articles_retracts_both() -> None:
    judge = trusting()
    decided(judge, article(webUrl=OTHER, quality=90))
    decided(judge, article(quality=90))
    answer = told(judge, {"removed": True, "webUrl": PAGE, "originalUrl": OTHER})

    assert (answer["decision"]["changes"], answer["decision"]["merged"]) == (["urls", "removed"], [FERRY])
    assert (answer["published"], answer["merged"]["published"]) == (None, [FERRY])
    assert decided(judge, {"removed": True, "webUrl": PAGE})["kind"] == "duplicate"


def test_three_articles_become_one_and_only_the_published_ones_are_retracted() -> None:
    judge = trusting()
    for url, quality in ((OTHER, 10), (PAGE, 90), (ALIAS, 10)):
        decided(judge, article(webUrl=url, quality=quality))
    answer = told(judge, article(webUrl=ALIAS, originalUrl=OTHER, ampWebUrl=PAGE, quality=90))

    assert answer["decision"]["merged"] == [FERRY, article_id("harbour.example/story?id=7")]
    assert answer["merged"]["enriched"] == answer["decision"]["merged"]
    assert answer["merged"]["published"] == [FERRY]
    assert answer["published"]["articleId"] == answer["decision"]["articleId"]


def test_a_merge_of_the_same_content_is_no_duplicate() -> None:
    judge = Judge(book())
    decided(judge, article(webUrl=OTHER, originalUrl=None))
    decided(judge, article(webUrl=PAGE))
    both = decided(judge, article(webUrl=OTHER, originalUrl=PAGE))

    assert (both["kind"], both["changes"]) == ("held", ["urls"])
    assert decided(judge, article(webUrl=OTHER, originalUrl=PAGE))["kind"] == "duplicate"


def test_the_aliases_of_an_article_are_bounded_and_the_first_stays() -> None:
    judge = Judge(book())
    for number in range(ALIASES_KEPT + 5):
        decided(judge, article(originalUrl=f"https://harbour.example/{number}"))
    first = decided(judge, article(webUrl="https://harbour.example/0"))
    last = decided(judge, article(webUrl=f"https://harbour.example/{ALIASES_KEPT + 4}", title="New"))

    assert first["articleId"] == article_id("harbour.example/0"), "forgotten: an article of its own"
    assert last["articleId"] == FERRY
    assert decided(judge, article(title="Newer"))["articleId"] == FERRY
    assert len(judge.state) == 2 + ALIASES_KEPT + 1


# Retractions


def test_a_retraction_needs_one_url_only() -> None:
    judge = trusting()
    decided(judge, article(quality=90))
    answer = told(judge, {"removed": True, "ampWebUrl": f"{PAGE}/amp"})
    decision = answer["decision"]

    assert (decision["kind"], decision["reason"], decision["revision"]) == ("retracted", "removed", 2)
    assert (decision["articleId"], decision["quality"], decision["score"]["terms"]) == (FERRY, 0, [])
    assert answer["published"] is None


def test_a_retraction_of_what_is_not_published_writes_no_tombstone() -> None:
    judge = trusting()
    decided(judge, article(quality=9))

    assert "published" not in told(judge, {"removed": True, "webUrl": PAGE})


def test_a_second_retraction_is_a_duplicate() -> None:
    judge = Judge(book())
    first = decided(judge, {"removed": True, "webUrl": PAGE})
    second = decided(judge, {"removed": True, "webUrl": PAGE, "title": "Gone"})

    assert (first["reason"], first["revision"]) == ("unknown_article", 0)
    assert (second["kind"], second["reason"], second["revision"]) == ("duplicate", "same_content", 0)


def test_what_was_retracted_can_come_back() -> None:
    judge = trusting()
    decided(judge, article(quality=90))
    decided(judge, article(quality=90, removed=True))
    back = told(judge, article(quality=90))

    assert (back["decision"]["kind"], back["decision"]["revision"]) == ("published", 3)
    assert back["decision"]["changes"] == ["removed"]
    assert back["published"]["revision"] == 3


def test_what_was_retracted_before_it_was_known_begins_with_revision_1() -> None:
    judge = Judge(book())
    decided(judge, {"removed": True, "webUrl": PAGE})

    assert decided(judge, article())["revision"] == 1


def test_a_stale_retraction_retracts_nothing() -> None:
    judge = Judge(book())
    decided(judge, article(updatedDateTime="2020-07-02T00:00:00Z"))
    decision = decided(judge, {"removed": True, "webUrl": PAGE, "updatedDateTime": "2020-07-01T00:00:00Z"})

    assert (decision["kind"], decision["reason"]) == ("duplicate", "stale")


# Published


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"quality": 60}, "held"),
        ({"quality": 90, "related": [item(1, quality=99)]}, "suppressed"),
        ({"quality": 90, "provider": {"domain": "denied.example"}}, "rejected"),
        ({"quality": 90, "removed": True}, "retracted"),
    ],
)
def test_what_is_no_longer_published_gets_a_tombstone_once(fields: dict[str, Any], kind: str) -> None:
    judge = trusting()
    assert told(judge, article(quality=90))["published"]["published"] is True
    first, second = told(judge, article(**fields)), told(judge, article(**fields, title="Otherwise"))

    assert (first["decision"]["kind"], first["published"]) == (kind, None)
    assert "published" not in second
    assert told(judge, article(quality=91))["published"]["quality"] == 91


def test_a_published_article_is_written_again_only_when_it_changed() -> None:
    judge = trusting()
    first = told(judge, article(quality=90))
    same = told(judge, article(quality=90))
    changed = told(judge, article(quality=90, excerpt="New."))

    assert (first["published"]["revision"], changed["published"]["revision"]) == (1, 2)
    assert "published" not in same
    assert "enriched" not in same


def test_rules_that_change_nothing_publish_nothing_anew() -> None:
    judge, other = Judge(TRUST), Judge(book("newsdesk", "quality.mode=trust", "version=2"))
    told(judge, article(quality=90))
    other.state.update(judge.state)
    answer = told(other, article(quality=90))

    assert (answer["decision"]["kind"], answer["decision"]["changes"]) == ("published", ["rules"])
    assert answer["enriched"]["score"]["rules"]["version"] == "2"
    assert "published" not in answer


def test_a_retraction_needs_one_readable_url_and_nothing_else() -> None:
    judge = Judge(book())
    decided(judge, article())
    spoilt = article(
        removed=True,
        publishedDateTime="yesterday",
        updatedDateTime="2020-07-01",
        secured="no;pe",
        originalUrl="ftp://harbour.example/x",
    )

    assert decided(judge, spoilt)["kind"] == "retracted"
    answer = told(judge, {"removed": True, "webUrl": "https://user:secret@harbour.example/ferry-sails"})
    assert (answer["outcome"], answer["reason"]) == ("dead_letter", "url_credentials")


def test_the_same_copies_under_other_rules_are_the_same_content() -> None:
    copies = [
        {
            "title": "With a picture",
            "webUrl": "https://island.example/1",
            "images": [{"url": "https://i.example/1.jpg"}],
        },
        {
            "title": "With an AMP page",
            "webUrl": "https://island.example/1",
            "ampWebUrl": "https://island.example/1/amp",
        },
    ]
    judge = Judge(book())
    first = decided(judge, article(related=copies))
    other = Judge(book("newsdesk", "quality.image=0", "quality.amp=90"))
    other.state = judge.state

    again = decided(other, article(related=copies))

    assert (again["revision"], again["changes"]) == (first["revision"], ["rules"])


def test_a_trusted_quality_is_never_below_0() -> None:
    decision = decided(Judge(book("newsdesk", "quality.mode=trust")), article(quality=-5))

    assert (decision["quality"], decision["heat"], decision["kind"]) == (0, 0, "held")
    assert [term["points"] for term in decision["score"]["terms"]] == [-5, 5]
