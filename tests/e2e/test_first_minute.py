"""The first minute with newsdesk: topics, a desk, the story and some bad input in, explained decisions out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from desk.running import until
from e2e.answers import from_judge, from_topics, standing_on_topics

if TYPE_CHECKING:
    from e2e.scene import Scene

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
STORY, BAD = EXAMPLES / "story.ndjson", EXAMPLES / "dead-events.ndjson"
EXPECTED = orjson.loads((EXAMPLES / "story.expected.json").read_bytes())["newsdesk"]


def test_every_event_gets_one_explained_decision_and_nothing_twice(scene: Scene) -> None:
    scene.apply()
    assert scene.call("topics", "check", "--output", "json").lines[0]["ok"]
    assert scene.tail("decisions") == []
    with scene.ready_desk(4) as desk:
        first = scene.call("submit", STORY).lines
        assert [(answer["file"], answer["line"]) for answer in first] == [(str(STORY), n) for n in range(1, 6)]
        bad = scene.call("submit", BAD, "--raw").lines
        refused = scene.call("submit", BAD, expect=(3,)).lines
        assert all(answer.keys() == {"file", "line", "reason"} for answer in refused if "offset" not in answer)
        sent = len(first) + len(bad) + sum("offset" in answer for answer in refused)
        scene.until_answered(sent, desk)

        assert from_topics(scene) == {place: [answer] for place, answer in from_judge(scene).items()}
        _the_story_stands_as_expected(scene)

        scene.call("submit", STORY)
        report = scene.until_answered(sent + 5, desk)
        assert report["clean"]
        assert report["kinds"] == {"duplicate": 5, "held": 2, "published": 2, "suppressed": 1}
        assert sum(report["reasons"].values()) == report["deadLetters"] == sent - 5
        answers = from_topics(scene)
        assert answers == {place: [answer] for place, answer in from_judge(scene).items()}
        again = [orjson.loads(answer["decision"]) for [answer] in answers.values() if answer["outcome"] == "decision"]
        assert [decision["reason"] for decision in again].count("resent") == 5
        _the_story_stands_as_expected(scene)
        assert "clean" in scene.call("audit").text
        assert desk.metric("newsdesk_submitted_total") == report["read"]


def _the_story_stands_as_expected(scene: Scene) -> None:
    """On the topics, and as `explain` tells of it."""
    on_topics = standing_on_topics(scene)
    enriched = {key: orjson.loads(value) for key, value in on_topics["enriched"].items()}
    last = {article["articleId"]: article for article in EXPECTED}
    told = ("title", "revision", "kind", "reason", "quality", "heat")
    assert {key: {name: record[name] for name in told} for key, record in enriched.items()} == {
        key: {name: article[name] for name in told} for key, article in last.items()
    }
    published = {key for key, article in last.items() if article["kind"] == "published"}
    assert on_topics["published"].keys() == published

    seed = EXPECTED[-1]
    (rules,) = scene.tail("rules")
    text = scene.call("explain", seed["articleId"]).text
    assert seed["outrankedBy"]["title"] in text.replace("\n", " ")
    (explained,) = scene.call("explain", enriched[seed["articleId"]]["webUrl"], "--output", "json").lines
    assert explained["score"]["rules"]["hash"] == rules["key"]
    assert explained["outrankedBy"] == seed["outrankedBy"]
    terms = {term["name"]: term["points"] for term in explained["score"]["terms"]}
    assert terms == {"topics": 4, "keywords": 15, "image": 20, "amp": 20, "provider": 30, "title_length": -8}
    assert sum(terms.values()) == explained["quality"] == seed["terms"]
    assert [drop["reason"] for drop in explained["dropped"]] == ["self"]
    (shown,) = scene.call("rules", "show", "newsdesk", "--output", "json").lines
    assert rules["value"] == shown["rules"]


def test_tail_follows_what_the_desk_decides(scene: Scene) -> None:
    scene.apply()
    with scene.ready_desk(4) as desk:
        scene.call("submit", STORY)
        followed = scene.call("tail", "decisions", "--max", "5").lines
        assert {line["value"]["articleId"] for line in followed} == {article["articleId"] for article in EXPECTED}
        until(lambda: scene.audit()["clean"] and not scene.audit()["waiting"], "all answered")
        assert desk.metric("newsdesk_decisions_total") == 5
