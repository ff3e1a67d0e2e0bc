"""Schemas of headers: what newsdesk looks at on records that it reads, and what it sets on those that it writes."""

from __future__ import annotations

from typing import Any, Final

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts.meanings import meanings
from newsdesk.contracts.reasons import DeadLetterReason

WRITTEN_TYPES: Final = (
    ce.TYPE_ENRICHED,
    ce.TYPE_PUBLISHED,
    ce.TYPE_RETRACTED,
    ce.TYPE_MERGED,
    ce.TYPE_EXPIRED,
    ce.TYPE_DECISION,
    ce.TYPE_RULES,
)

_TRACEPARENT: Final = {
    "type": "string",
    "description": "W3C Trace Context, passed on from the event as it came.",
}
_NUMBER: Final = {"type": "string", "pattern": "^[0-9]+$"}


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


EVENT_HEADERS: Final[dict[str, Any]] = {
    "title": "EventHeaders",
    "description": "Headers of an event, all of them optional; texts in UTF-8, others are passed over.",
    "type": "object",
    "properties": {
        ce.CE_SPECVERSION: _text("CloudEvents 1.0 in binary mode.", const=ce.SPEC_VERSION),
        ce.CE_ID: _text("With ce_source it names the event: the same again is a duplicate, resent."),
        ce.CE_SOURCE: _text("Who sent the event."),
        ce.CE_TYPE: _text(f"{ce.TYPE_SUBMITTED} where newsdesk submitted it itself."),
        ce.CE_TIME: _text("The time of the event; without it the record's timestamp is.", format="date-time"),
        ce.CE_SUBJECT: _text("What the event is about."),
        ce.CONTENT_TYPE_HEADER: _text("The value is read as JSON whatever this says."),
        ce.TRACEPARENT: _TRACEPARENT,
        ce.FORWARDED_TOPIC: _text("On the repartitioned topic: where the event was read first."),
        ce.FORWARDED_PARTITION: {**_NUMBER, "description": "Its partition there."},
        ce.FORWARDED_OFFSET: {**_NUMBER, "description": "Its offset there."},
    },
}

RECORD_HEADERS: Final[dict[str, Any]] = {
    "title": "RecordHeaders",
    "description": "Headers of every record that newsdesk writes, tombstones too: CloudEvents 1.0 in binary mode.",
    "type": "object",
    "properties": {
        ce.CE_SPECVERSION: {"type": "string", "const": ce.SPEC_VERSION},
        ce.CE_ID: _text(
            "Topic, partition and offset of the event, and which of its outputs this is; of rules, their hash; of what "
            "has expired, topic, partition, id and task time of the article."
        ),
        ce.CE_SOURCE: {"type": "string", "const": ce.DESK_SOURCE},
        ce.CE_TYPE: _text("What the record is; a tombstone says by it why.", enum=list(WRITTEN_TYPES)),
        ce.CONTENT_TYPE_HEADER: {"type": "string", "const": ce.CONTENT_TYPE},
        ce.CE_SUBJECT: _text("The id of the article that was decided about; of rules, their name."),
        ce.CE_TIME: _text("The event's time, where it has one.", format="date-time"),
        ce.TRACEPARENT: _TRACEPARENT,
        ce.TASK_TIME: {
            **_NUMBER,
            "description": "On enriched articles: the time by the partition's events so far, in milliseconds since 1970.",
        },
    },
    "required": [ce.CE_SPECVERSION, ce.CE_ID, ce.CE_SOURCE, ce.CE_TYPE, ce.CONTENT_TYPE_HEADER, ce.CE_SUBJECT],
}

DEAD_LETTER_HEADERS: Final[dict[str, Any]] = {
    "title": "DeadLetterHeaders",
    "description": "Headers of a dead letter, after the event's own: Kafka Connect's (KIP-298) and newsdesk's.",
    "type": "object",
    "properties": {
        ce.CONNECT_TOPIC: _text("Where the event was read."),
        ce.CONNECT_PARTITION: {**_NUMBER, "description": "Its partition there."},
        ce.CONNECT_OFFSET: {**_NUMBER, "description": "Its offset there."},
        ce.CONNECT_STAGE: _text(
            "VALUE_CONVERTER: the event is at fault. TASK_PUT: newsdesk is.", enum=["VALUE_CONVERTER", "TASK_PUT"]
        ),
        ce.CONNECT_EXCEPTION_CLASS: _text("The reason, or for a defect of newsdesk the exception's class."),
        ce.CONNECT_EXCEPTION_MESSAGE: _text("What is wrong, and where."),
        ce.CONNECT_EXCEPTION_STACKTRACE: _text("Of a defect of newsdesk: the end of the stack trace."),
        ce.DEAD_REASON: _text(
            "Why the event has no decision.",
            enum=[reason.value for reason in DeadLetterReason],
            **{"x-enumDescriptions": meanings(DeadLetterReason)},
        ),
        ce.DEAD_DETAIL: _text("What is wrong, and where; never the event's text as a whole, and no credentials."),
        ce.DEAD_VERSION: _text("The version of newsdesk that read it."),
        ce.DEAD_ENCODING: _text("gzip, where the value would not have fitted as it was; absent otherwise."),
        ce.DEAD_BYTES: _text("The size in bytes of a value that is gzipped or left out."),
        ce.DEAD_SHA256: _text("The SHA-256 of a value that is left out, as it does not fit gzipped either."),
    },
    "required": [
        ce.CONNECT_TOPIC,
        ce.CONNECT_PARTITION,
        ce.CONNECT_OFFSET,
        ce.CONNECT_STAGE,
        ce.CONNECT_EXCEPTION_CLASS,
        ce.CONNECT_EXCEPTION_MESSAGE,
        ce.DEAD_REASON,
        ce.DEAD_DETAIL,
        ce.DEAD_VERSION,
    ],
}
