"""Every committed example is valid by the schemas and read by newsdesk itself."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from newsdesk.contracts import topics
from newsdesk.contracts.reasons import DecisionKind
from newsdesk.desk.judge import Judge
from newsdesk.editorial.article import read_article
from newsdesk.editorial.frontmatter import parse
from newsdesk.editorial.parse import parse_event
from newsdesk.intake.generate import BREAKABLE
from support.generated import shipped
from support.schemas import EXAMPLES, validator

RECORDS = sorted(path.name for path in (EXAMPLES / "records").iterdir())
PAYLOADS = {
    topics.ENRICHED.name: "enriched-article",
    topics.PUBLISHED.name: "published-article",
    topics.DECISIONS.name: "decision",
    topics.RULES.name: "rules",
}


def record(name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((EXAMPLES / "records" / name).read_bytes())
    return found


@pytest.mark.parametrize("line", (EXAMPLES / "story.ndjson").read_bytes().splitlines())
def test_an_event_of_the_story_is_valid_and_read(line: bytes) -> None:
    validator("article-event").validate(orjson.loads(line))
    assert read_article(parse_event(line).event, shipped("newsdesk")).title


def test_the_seed_is_valid() -> None:
    validator("article-event").validate(parse((EXAMPLES / "seed.md").read_text("utf-8")))


@pytest.mark.parametrize(
    ("line", "reason"), list(zip((EXAMPLES / "dead-events.ndjson").read_bytes().splitlines(), BREAKABLE, strict=True))
)
def test_a_dead_event_is_dead_for_its_reason(line: bytes, reason: str) -> None:
    assert Judge(shipped("newsdesk")).answer(line)["reason"] == reason


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_valid(name: str) -> None:
    example = record(name)
    if example["topic"] == topics.DEAD_LETTERS.name:
        validator("dead-letter-headers").validate(example["headers"])
        validator("event-headers").validate(example["headers"])
    elif example["value"] is None:
        assert name.endswith("tombstone.json")
    else:
        validator(PAYLOADS[example["topic"]]).validate(example["value"])
    if "headers" in example and example["topic"] != topics.DEAD_LETTERS.name:
        validator("record-headers").validate(example["headers"])


def test_every_output_topic_and_every_kind_of_decision_has_an_example() -> None:
    records = [record(name) for name in RECORDS]
    inputs = {topic.name for topic in topics.INPUTS}
    assert {example["topic"] for example in records} == {topic.name for topic in topics.TOPICS} - inputs
    decisions = [example["value"] for example in records if example["topic"] == topics.DECISIONS.name]
    assert {decision["kind"] for decision in decisions} == set(DecisionKind)
    assert any("merged" in decision for decision in decisions)


@pytest.mark.parametrize("name", [name for name in RECORDS if name.startswith("decision.")])
def test_the_terms_of_an_example_add_up(name: str) -> None:
    decision = record(name)["value"]
    assert sum(term["points"] for term in decision["score"]["terms"]) == decision["quality"]
