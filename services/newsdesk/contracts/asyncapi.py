"""The AsyncAPI 3.0 document: every topic of the registry as a channel, who sends to it and who reads it.

Headers and payloads are references to the schemas that lie beside it, in json/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.contracts.schemas import file_name

Part = dict[str, Any]
"""A part of the document."""


@dataclass(frozen=True, slots=True)
class Message:
    """A kind of record. *payload* and *headers* name schemas; a *payload* of None is a tombstone, "bytes" is anything."""

    name: str
    title: str
    summary: str
    payload: str | None
    headers: str
    ce_type: str | None = None
    example: str | None = None


EVENT: Final = Message(
    "articleEvent",
    "An article event",
    "An article as it is now, or that it is gone. Structured CloudEvents with the article as data are taken too.",
    "article-event",
    "event-headers",
    example="story.ndjson",
)
FORWARDED: Final = Message(
    "forwardedEvent",
    "An event under its right key",
    "The event byte for byte; its headers say where it was read first.",
    "article-event",
    "event-headers",
)
ENRICHED: Final = Message(
    "enrichedArticle",
    "An article as the desk knows it",
    "One record for every revision, whatever was decided; the last one of a key holds.",
    "enriched-article",
    "record-headers",
    ce.TYPE_ENRICHED,
    "records/enriched.json",
)
MERGED: Final = Message(
    "mergedArticle",
    "Tombstone: the article was another's twin",
    "An event tied two ids together; the older article goes on, and its decision names this one under merged.",
    None,
    "record-headers",
    ce.TYPE_MERGED,
    "records/enriched.tombstone.json",
)
EXPIRED: Final = Message(
    "expiredArticle",
    "Tombstone: nothing was heard of the article for so long that the desk forgets it",
    "Its last revision is older than the retention; should it be sent again, it is a new article.",
    None,
    "record-headers",
    ce.TYPE_EXPIRED,
)
PUBLISHED: Final = Message(
    "publishedArticle",
    "A published article",
    "Written when an article is published and when a published one changes; the last record of a key holds.",
    "published-article",
    "record-headers",
    ce.TYPE_PUBLISHED,
    "records/published.json",
)
RETRACTED: Final = Message(
    "retractedArticle",
    "Tombstone: the article is published no more",
    "Suppressed, held, rejected, retracted or merged; the decision with the same ce_id but for its end says which.",
    None,
    "record-headers",
    ce.TYPE_RETRACTED,
    "records/published.tombstone.json",
)
DECISION: Final = Message(
    "decision",
    "A decision",
    "What the desk decided about one event, and why; exactly one for every event that could be read.",
    "decision",
    "record-headers",
    ce.TYPE_DECISION,
    "records/decision.published.json",
)
DEAD_LETTER: Final = Message(
    "deadLetter",
    "A dead letter",
    "The event's own key, value and headers, byte for byte, and after its headers those that say why.",
    "bytes",
    "dead-letter-headers",
    example="records/dead-letter.json",
)
RULES: Final = Message(
    "rulesFile",
    "A rules file",
    "The rules as JSON with sorted keys; the key is the first 32 hexadecimal digits of their SHA-256.",
    "rules",
    "record-headers",
    ce.TYPE_RULES,
    "records/rules.json",
)

CHANNELS: Final[dict[str, tuple[topics.Topic, tuple[Message, ...]]]] = {
    "articlesSubmitted": (topics.SUBMITTED, (EVENT,)),
    "articlesRepartitioned": (topics.REPARTITIONED, (FORWARDED,)),
    "articlesEnriched": (topics.ENRICHED, (ENRICHED, MERGED, EXPIRED)),
    "articlesPublished": (topics.PUBLISHED, (PUBLISHED, RETRACTED)),
    "decisions": (topics.DECISIONS, (DECISION,)),
    "deadLetters": (topics.DEAD_LETTERS, (DEAD_LETTER,)),
    "rules": (topics.RULES, (RULES,)),
}

OPERATIONS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("intake", "send", "articlesSubmitted", "Submits events, each to the partition of its scope."),
    ("desk", "receive", "articlesSubmitted", "Reads every event once, in the order of its partition."),
    ("desk", "send", "articlesRepartitioned", "Forwards an event that lies in the wrong partition, once."),
    ("desk", "receive", "articlesRepartitioned", "Reads what was forwarded like any other event."),
    (
        "desk",
        "send",
        "articlesEnriched",
        "Writes every new revision, and a tombstone for a merged article and for one that has expired.",
    ),
    ("desk", "receive", "articlesEnriched", "Restores a task's state: the state is the fold of this topic."),
    ("desk", "send", "articlesPublished", "Writes what is published, and a tombstone when it no longer is."),
    ("desk", "send", "decisions", "Answers every event that it can read with one decision."),
    ("desk", "send", "deadLetters", "Puts aside what it cannot read."),
    ("desk", "send", "rules", "Writes the rules it decides by, when it starts."),
    ("lookup", "receive", "articlesEnriched", "Explains an article; audits."),
    ("lookup", "receive", "decisions", "Explains an article's past; audits."),
    ("lookup", "receive", "deadLetters", "Audits: every event has exactly one answer."),
    ("subscriber", "receive", "articlesPublished", "Follows what is published; a tombstone takes an article back."),
)
"""Who does what: service, action, channel, summary. A subscriber is whoever builds on newsdesk."""


def asyncapi(version: str) -> Part:
    """The document, for newsdesk of *version*."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:newsdesk",
        "info": {
            "title": "newsdesk",
            "version": version,
            "description": "Article events in, explained decisions out. Every submitted event gets exactly one decision "
            "or one dead letter; readers use isolation.level=read_committed. Made from the contracts: do not edit.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": ce.CONTENT_TYPE,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The Kafka cluster; `newsdesk topics apply` makes the topics.",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "host:port of one broker"}},
            }
        },
        "channels": {name: _channel(topic, messages) for name, (topic, messages) in CHANNELS.items()},
        "operations": {
            f"{service}{action.capitalize()}{channel[0].upper()}{channel[1:]}": _operation(
                service, action, channel, summary
            )
            for service, action, channel, summary in OPERATIONS
        },
        "components": {
            "messages": {
                message.name: _message(topic, message) for topic, messages in CHANNELS.values() for message in messages
            }
        },
    }


def _channel(topic: topics.Topic, messages: tuple[Message, ...]) -> Part:
    return {
        "address": topic.name,
        "title": topic.name.removeprefix("newsdesk."),
        "summary": topic.purpose,
        "description": _placement(topic),
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {message.name: {"$ref": f"#/components/messages/{message.name}"} for message in messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions or topics.DEFAULT_PARTITIONS,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": "0.5.0",
            }
        },
    }


def _placement(topic: topics.Topic) -> str:
    """What the key is, where records lie, and how long."""
    if topic.partitions is not None:
        number = f"{topic.partitions} partition." if topic.partitions == 1 else f"{topic.partitions} partitions."
    else:
        number = (
            f"{topics.DEFAULT_PARTITIONS} partitions by default; every topic but the rules has the same number, "
            "and records about one scope lie in the same partition of each: consumers never compute it from the key."
        )
    key = f"Key: {topic.key}."
    if topic in topics.INPUTS:
        key = "Key: the scope of the article's own URL (its registered domain); partition: murmur2(scope) % partitions."
    if topic.cleanup == "compact":
        return f"{key} {number} Compacted: a value of null is a tombstone, kept for {_days(topic.delete_retention_ms)}."
    return f"{key} {number} Records are kept for {_days(topic.retention_ms)}."


def _days(milliseconds: int | None) -> str:
    return f"{milliseconds // topics.DAY_MS} days" if milliseconds is not None else "as long as the broker says"


def _configuration(topic: topics.Topic) -> Part:
    """The topic's settings in the binding's types: numbers, and a list of cleanup policies."""
    return {
        name: value.split(",") if name == "cleanup.policy" else int(value) for name, value in topic.config().items()
    }


def _operation(service: str, action: str, channel: str, summary: str) -> Part:
    operation: Part = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "tags": [{"name": service}],
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message.name}"} for message in CHANNELS[channel][1]],
    }
    if service == "desk" and action == "receive" and CHANNELS[channel][0] in topics.INPUTS:
        group = {"type": "string", "const": topics.DESK_GROUP}
        operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": "0.5.0"}}
    return operation


def _message(topic: topics.Topic, message: Message) -> Part:
    payload: Part = {"$ref": f"./json/{file_name(message.payload or '')}"}
    if message.payload is None:
        payload = {"type": "null", "description": "No value: a tombstone."}
    elif message.payload == "bytes":
        payload = {"description": "Any bytes, or none."}
    headers: Part = {"$ref": f"./json/{file_name(message.headers)}"}
    if message.ce_type is not None:
        exact = {"type": "object", "properties": {ce.CE_TYPE: {"type": "string", "const": message.ce_type}}}
        headers = {"allOf": [headers, exact]}
    made: Part = {"name": message.name, "title": message.title, "summary": message.summary, "headers": headers}
    if message.payload == "bytes":
        made["contentType"] = "application/octet-stream"
    made["payload"] = payload
    made["bindings"] = {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": "0.5.0"}}
    if message.example is not None:
        made["externalDocs"] = {"url": f"./examples/{message.example}", "description": "An example."}
    return made
