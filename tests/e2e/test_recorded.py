"""A recorded log through a real Kafka: heat and publishing as the site did it, with upstream's quality trusted."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import orjson
import pytest
import yaml

from e2e.answers import from_judge, from_topics
from recorded.logs import PER_RELATED, THRESHOLD, rows

if TYPE_CHECKING:
    from e2e.scene import Scene

pytestmark = pytest.mark.kafka

SITE = "microsoft-power-apps"
RELATED_SITE = "diablo4"
STATES = 2500


def site_rules(scene: Scene) -> str:
    """A file with the classic rules as the site had them."""
    (shown,) = scene.call("rules", "show", "classic", "--output", "json").lines
    rules = shown["rules"]
    rules["name"] = SITE
    rules["quality"]["mode"] = "trust"
    rules["publish"]["threshold"] = THRESHOLD
    rules["heat"]["per_related"] = PER_RELATED
    file = scene.folder / "site.yaml"
    file.write_text(yaml.safe_dump(rules), encoding="utf-8")
    return str(file)


def test_every_recorded_state_is_decided_as_it_was(kafka_scene: Scene) -> None:
    scene = kafka_scene
    articles = [row.article for row in rows(SITE) if row.article is not None]
    assert not any(article.get("related") for article in articles), "without related lists heat is exact"
    rules = site_rules(scene)
    scene.apply()
    with scene.ready_desk(4, "--rules", rules) as desk:
        places = scene.submit(map(orjson.dumps, articles))
        report = scene.until_answered(len(articles), desk)
    assert report["clean"]
    assert report["decisions"] == len(articles)

    answers = from_topics(scene)
    assert answers == {place: [answer] for place, answer in from_judge(scene, "--rules", rules).items()}
    published: dict[str, bool] = {}
    for article, place in zip(articles, places, strict=True):
        [answer] = answers["newsdesk.articles.submitted", place["partition"], place["offset"]]
        decision = orjson.loads(answer["decision"])
        if decision["kind"] != "duplicate":
            published[decision["articleId"]] = decision["kind"] == "published"
        assert (decision["heat"], published[decision["articleId"]]) == (article["heat"], article["published"])


def test_states_with_related_lists_are_decided_as_the_judge_does(kafka_scene: Scene) -> None:
    """What the judge makes of this log is held against the record in tests/recorded."""
    scene = kafka_scene
    articles = [row.article for row in islice(rows(RELATED_SITE), STATES) if row.article is not None]
    assert sum("related" in article for article in articles) > STATES // 3
    rules = site_rules(scene)
    scene.apply()
    with scene.ready_desk(4, "--rules", rules) as desk:
        scene.submit(map(orjson.dumps, articles))
        report = scene.until_answered(len(articles), desk)
    assert report["clean"]
    assert report["kinds"]["suppressed"] > 0

    assert from_topics(scene) == {place: [answer] for place, answer in from_judge(scene, "--rules", rules).items()}
