from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from newsdesk.bootstrap import read_rules_of
from newsdesk.cli.schemas.files import stale, write
from newsdesk.contracts.article import ArticleEvent
from newsdesk.contracts.decision import Decision
from newsdesk.contracts.enriched import EnrichedArticle, PublishedArticle
from newsdesk.contracts.meanings import meanings
from newsdesk.contracts.schemas import CODES, json_schemas
from support.generated import judged
from support.schemas import SCHEMAS, validator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = 1500
FINGERPRINT = """
import hashlib
from newsdesk.bootstrap import read_rules_of
from newsdesk.cli.schemas.files import made_files
print(hashlib.sha256(repr(made_files()).encode()).hexdigest())
"""
MODELS = {"decision": Decision, "enriched": EnrichedArticle, "published": PublishedArticle}
NAMES = {"decision": "decision", "enriched": "enriched-article", "published": "published-article"}


def data_of(value: bytes) -> dict[str, Any]:
    """The article in an event, which may be a structured CloudEvent."""
    event: dict[str, Any] = orjson.loads(value)
    return event["data"] if "specversion" in event else event


def test_the_folder_is_what_the_code_makes() -> None:
    assert not stale(SCHEMAS), "run: make schemas"


def test_the_code_makes_the_same_bytes_in_every_process() -> None:
    prints = {
        subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("0", "1")
    }
    assert len(prints) == 1


def test_what_is_missing_other_or_left_over_is_stale_and_writing_cures_it(tmp_path: Path) -> None:
    write(tmp_path)
    assert not stale(tmp_path)
    (tmp_path / "reasons.md").write_text("other")
    (tmp_path / "examples" / "seed.md").unlink()
    (tmp_path / "json" / "gone.schema.json").write_text("{}")
    assert stale(tmp_path) == {
        "reasons.md": "is not what the code makes",
        "examples/seed.md": "is missing",
        "json/gone.schema.json": "is made no more",
    }
    assert len(write(tmp_path)) == 3
    assert not stale(tmp_path)


def test_the_command_names_what_is_stale_and_the_remedy(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "reasons.md").unlink()
    ran = subprocess.run(
        [sys.executable, "-m", "newsdesk.cli.schemas", "--check", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (1, "reasons.md: is missing; run: make schemas\n")


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_a_schema_is_a_schema(name: str) -> None:
    schema = orjson.loads((SCHEMAS / "json" / f"{name}.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:newsdesk:schema:{name}:v1"
    assert schema["title"]
    assert schema["description"]
    assert schema["type"] == "object"


def objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for part in schema.values():
            yield from objects_in(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects_in(part)


@pytest.mark.parametrize("name", sorted(set(json_schemas()) - {"rules"}))
def test_readers_tolerate_what_they_do_not_know(name: str) -> None:
    assert all(part.get("additionalProperties", True) is True for part in objects_in(json_schemas()[name]))


def test_a_rules_file_with_an_unknown_key_is_wrong() -> None:
    rules = read_rules_of("classic").model_dump(mode="json")
    check = validator("rules")
    assert check.is_valid(rules)
    assert not check.is_valid(rules | {"temperature": 1})
    assert not check.is_valid(rules | {"heat": {"per_related": "20"}})


def test_codes_carry_their_meanings() -> None:
    found: dict[str, Any] = {}
    for schema in json_schemas().values():
        found |= {name: part for name, part in schema.get("$defs", {}).items() if "x-enumDescriptions" in part}
    for codes in CODES:
        if codes.__name__ in found:
            assert found[codes.__name__]["x-enumDescriptions"] == meanings(codes)
            assert found[codes.__name__]["enum"] == [code.value for code in codes]
    assert set(found) == {"DecisionKind", "DecisionReason", "DropReason", "Change"}
    reason = json_schemas()["dead-letter-headers"]["properties"]["newsdesk-reason"]
    assert set(reason["enum"]) == set(reason["x-enumDescriptions"])


@pytest.mark.parametrize(
    ("event", "valid"),
    [
        pytest.param({"title": "T", "webUrl": "https://a.example/1"}, True, id="the least"),
        pytest.param({"title": "T", "cdnAmpWebUrl": "https://a.example/1"}, True, id="any URL"),
        pytest.param({"originalUrl": "https://a.example/1", "removed": True}, True, id="a retraction"),
        pytest.param({"title": "T", "webUrl": "https://a.example/1", "mood": "fine"}, True, id="an unknown field"),
        pytest.param({"title": "T", "webUrl": "https://a.example/1", "related": [42]}, True, id="a bad related item"),
        pytest.param({"title": "T", "webUrl": "https://a.example/1", "excerpt": None}, True, id="null"),
        pytest.param({"title": "T"}, False, id="no URL"),
        pytest.param({"title": "T", "webUrl": None}, False, id="null for a URL"),
        pytest.param({"webUrl": "https://a.example/1"}, False, id="no title"),
        pytest.param({"webUrl": "https://a.example/1", "removed": False}, False, id="no title, not removed"),
        pytest.param({"title": "T", "webUrl": "https://a.example/1", "quality": "81"}, False, id="a wrong type"),
        pytest.param({"title": "T", "webUrl": "https://a.example/1", "quality": 2**64}, False, id="a 65-bit integer"),
    ],
)
def test_the_schema_of_an_event(event: dict[str, Any], valid: bool) -> None:  # noqa: FBT001 - a column of the table
    assert validator("article-event").is_valid(event) is valid


def test_events_that_are_taken_are_valid() -> None:
    check = validator("article-event")
    model = TypeAdapter(ArticleEvent)
    for event, answer in judged(1, EVENTS):
        if answer["outcome"] == "decision":
            article = data_of(event.value)
            check.validate(article)
            model.validate_python(article)


def test_events_that_the_schema_can_see_to_be_bad_are_not() -> None:
    visible = {"wrong_type", "missing_title", "missing_url", "not_an_object", "integer_out_of_range"}
    check = validator("article-event")
    seen = set()
    for event, answer in judged(1, EVENTS):
        if answer.get("reason") in visible:
            seen.add(answer["reason"])
            assert not check.is_valid(orjson.loads(event.value))
    assert seen == visible


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("rules", ["newsdesk", "classic"])
def test_what_the_desk_writes_is_valid_for_readers_and_for_its_own_stricter_model(kind: str, rules: str) -> None:
    check, model = validator(NAMES[kind]), TypeAdapter(MODELS[kind])
    known = set(MODELS[kind].__annotations__)
    seen = 0
    for event, answer in judged(1, EVENTS, rules):
        if (record := answer.get(kind)) is not None:
            seen += 1
            check.validate(record)
            model.validate_python(record)
            assert record.keys() - known <= data_of(event.value).keys()
    assert seen > 100
