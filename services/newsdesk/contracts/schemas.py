"""JSON Schemas (2020-12) of everything on the wire, made from the models that validate it.

They are for readers, who tolerate what they do not know: a record may gain optional fields, so no schema of a record
forbids any. What newsdesk itself writes is checked against the stricter models. The rules file is not a record:
an unknown key in it is a mistake, and its schema says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from newsdesk.contracts import reasons
from newsdesk.contracts.article import URL_FIELDS, ArticleEvent, RelatedArticle
from newsdesk.contracts.decision import Decision
from newsdesk.contracts.enriched import EnrichedArticle, PublishedArticle
from newsdesk.contracts.headerschemas import DEAD_LETTER_HEADERS, EVENT_HEADERS, RECORD_HEADERS
from newsdesk.contracts.meanings import meanings, one_line
from newsdesk.contracts.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""

RECORDS: Final[dict[str, Any]] = {
    "article-event": ArticleEvent,
    "related-article": RelatedArticle,
    "enriched-article": EnrichedArticle,
    "published-article": PublishedArticle,
    "decision": Decision,
}
"""The models of what travels, by the name of their schemas."""

HEADERS: Final[dict[str, Schema]] = {
    "event-headers": EVENT_HEADERS,
    "record-headers": RECORD_HEADERS,
    "dead-letter-headers": DEAD_LETTER_HEADERS,
}

CODES: Final[tuple[type[StrEnum], ...]] = (
    reasons.DecisionKind,
    reasons.DecisionReason,
    reasons.DeadLetterReason,
    reasons.DropReason,
    reasons.Change,
)
"""Every closed list of codes."""


_REMOVED: Final[Schema] = {"required": ["removed"], "properties": {"removed": {"const": True}}}
"""What an event without a title must say."""


class _Plain(GenerateJsonSchema):
    """pydantic's generator without the titles that it makes of the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the base class's form
        return False


def json_schemas() -> dict[str, Schema]:
    """Every schema by its name, complete in itself: `decision` is written to decision.schema.json."""
    schemas = {name: _tolerant(_of(model)) for name, model in RECORDS.items()}
    _name_related(schemas["article-event"], schemas["related-article"])
    schemas["article-event"]["allOf"] = [_one_of(URL_FIELDS), {"anyOf": [_one_of(["title"]), _REMOVED]}]
    schemas["related-article"]["allOf"] = [_one_of(["title"])]
    schemas["rules"] = _of(Rules)
    schemas |= HEADERS
    return {name: _finished(name, schema) for name, schema in schemas.items()}


def file_name(schema: str) -> str:
    """The name of the file that holds the schema of this name."""
    return f"{schema}.schema.json"


def _of(model: Any) -> Schema:
    schema = TypeAdapter(model).json_schema(schema_generator=_Plain)
    for part in (schema, *schema.get("$defs", {}).values()):
        if "description" in part:
            part["description"] = one_line(part["description"])
    for codes in CODES:
        if (part := schema.get("$defs", {}).get(codes.__name__)) is not None:
            part["x-enumDescriptions"] = meanings(codes)
    return schema


def _tolerant(schema: Schema) -> Schema:
    """*schema* without a word against unknown fields."""
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("additionalProperties") is False:
            part["additionalProperties"] = True
    return schema


def _name_related(event: Schema, related: Schema) -> None:
    """Say in the event's schema what a related item is, though any other is let in: it is dropped, not refused."""
    item = {name: part for name, part in related.items() if name != "$defs"}
    event["$defs"] = dict(sorted({**event["$defs"], **related["$defs"], "RelatedArticle": item}.items()))
    event["properties"]["related"]["anyOf"][0]["items"] = {
        "anyOf": [
            {"$ref": "#/$defs/RelatedArticle"},
            {"description": "Anything else is dropped from the list with a reason; the event is taken."},
        ]
    }


def _one_of(fields: Iterable[str]) -> Schema:
    """At least one of *fields* is there and is no empty text."""
    return {
        "anyOf": [{"required": [field], "properties": {field: {"type": "string", "minLength": 1}}} for field in fields]
    }


def _finished(name: str, schema: Schema) -> Schema:
    """*schema* with its own name, in the order in which people read one."""
    head = {"$schema": DIALECT, "$id": f"urn:newsdesk:schema:{name}:v1"}
    first = {key: schema[key] for key in ("title", "description", "type") if key in schema}
    rest = {key: part for key, part in schema.items() if key not in first and key != "$defs"}
    return head | first | rest | ({"$defs": schema["$defs"]} if "$defs" in schema else {})
