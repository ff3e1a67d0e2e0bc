from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import yaml

from newsdesk.contracts import topics
from newsdesk.contracts.asyncapi import OPERATIONS
from newsdesk.desk.processor import DeskProcessor
from support.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT: dict[str, Any] = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text("utf-8"))
CHANNELS: dict[str, Any] = DOCUMENT["channels"]
NAME = re.compile(r"[A-Za-z0-9._-]+")


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def resolved(reference: str) -> Any:
    """What *reference* points to, here or in a file beside the document."""
    file, _, pointer = reference.partition("#")
    found: Any = orjson.loads((SCHEMAS / file).read_bytes()) if file else DOCUMENT
    for name in pointer.split("/")[1:]:
        found = found[name]
    return found


def test_it_is_asyncapi_3_with_what_that_requires() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    allowed = {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    assert DOCUMENT.keys() <= allowed
    for server in DOCUMENT["servers"].values():
        assert {"host", "protocol"} <= server.keys()
        assert set(re.findall(r"\{(\w+)\}", server["host"])) == server.get("variables", {}).keys()
    for names in (DOCUMENT["servers"], CHANNELS, DOCUMENT["operations"], *DOCUMENT["components"].values()):
        assert all(NAME.fullmatch(name) for name in names)


def test_it_holds_only_the_fields_that_asyncapi_3_knows() -> None:
    channel = {"address", "messages", "title", "summary", "description", "servers", "parameters", "tags", "bindings"}
    operation = {"action", "channel", "title", "summary", "description", "tags", "bindings", "messages", "reply"}
    message = {
        "headers", "payload", "correlationId", "contentType", "name", "title", "summary", "description", "tags",
        "externalDocs", "bindings", "examples", "traits",
    }  # fmt: skip
    topic = {"topic", "partitions", "replicas", "topicConfiguration", "bindingVersion"}
    configuration = {"cleanup.policy", "retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes"}
    assert all(part.keys() <= channel for part in CHANNELS.values())
    assert all(part["bindings"]["kafka"].keys() <= topic for part in CHANNELS.values())
    assert all(part["bindings"]["kafka"]["topicConfiguration"].keys() <= configuration for part in CHANNELS.values())
    assert all(part.keys() <= operation for part in DOCUMENT["operations"].values())
    assert all(part.keys() <= message for part in DOCUMENT["components"]["messages"].values())


def test_every_reference_leads_somewhere() -> None:
    assert {resolved(reference)["$id"] for reference in references(DOCUMENT) if not reference.startswith("#")} == {
        f"urn:newsdesk:schema:{name}:v1"
        for name in (
            "article-event",
            "enriched-article",
            "published-article",
            "decision",
            "rules",
            "event-headers",
            "record-headers",
            "dead-letter-headers",
        )
    }
    for reference in references(DOCUMENT):
        assert resolved(reference)


def test_every_example_that_is_named_is_there() -> None:
    for message in DOCUMENT["components"]["messages"].values():
        if "externalDocs" in message:
            assert (SCHEMAS / message["externalDocs"]["url"]).is_file()


def test_the_channels_are_the_topics_of_the_registry() -> None:
    assert {channel["address"] for channel in CHANNELS.values()} == {topic.name for topic in topics.TOPICS}


@pytest.mark.parametrize("topic", topics.TOPICS, ids=lambda topic: topic.name)
def test_a_channel_has_its_topics_settings(topic: topics.Topic) -> None:
    channel = next(channel for channel in CHANNELS.values() if channel["address"] == topic.name)
    kafka = channel["bindings"]["kafka"]
    assert kafka["topic"] == topic.name
    assert kafka["partitions"] == (topic.partitions or topics.DEFAULT_PARTITIONS)
    said = {
        name: ",".join(value) if isinstance(value, list) else str(value)
        for name, value in kafka["topicConfiguration"].items()
    }
    assert said == topic.config()
    assert channel["summary"] == topic.purpose
    assert ("tombstone" in channel["description"]) == (topic.cleanup == "compact")


def test_every_compacted_topic_of_articles_says_what_its_tombstones_are() -> None:
    for name in ("articlesEnriched", "articlesPublished"):
        payloads = [resolved(message["$ref"])["payload"] for message in CHANNELS[name]["messages"].values()]
        assert {payload.get("type") for payload in payloads[1:]} == {"null"}
        assert payloads[0].get("type") is None


def test_an_operation_moves_messages_of_its_channel() -> None:
    assert len(DOCUMENT["operations"]) == len(OPERATIONS)
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")


def test_the_desk_reads_its_inputs_and_writes_every_other_topic() -> None:
    moves = {
        (operation["action"], resolved(operation["channel"]["$ref"])["address"])
        for operation in DOCUMENT["operations"].values()
        if operation["tags"] == [{"name": "desk"}]
    }
    reads = {*DeskProcessor.inputs, DeskProcessor.changelog}
    assert moves == {("receive", name) for name in reads} | {
        ("send", topic.name) for topic in topics.TOPICS if topic is not topics.SUBMITTED
    }


def test_every_channel_is_written_by_one_service() -> None:
    for name in CHANNELS:
        assert len([operation for operation in OPERATIONS if operation[1:3] == ("send", name)]) == 1


def test_the_groups_of_the_desk_are_the_registrys() -> None:
    bound = [
        operation["bindings"]["kafka"]["groupId"]["const"]
        for operation in DOCUMENT["operations"].values()
        if "bindings" in operation
    ]
    assert bound == [topics.DESK_GROUP] * 2
