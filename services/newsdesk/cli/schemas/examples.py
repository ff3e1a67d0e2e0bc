"""Examples of every kind of record, each as the desk writes it about a small event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from newsdesk.bootstrap import read_rules_of
from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.contracts.rules import ProviderRule, Rules
from newsdesk.desk.judge import MemoryState
from newsdesk.desk.processor import DeskProcessor
from newsdesk.editorial.rulebook import canonical_bytes, open_rulebook
from newsdesk.engine.records import Record
from newsdesk.intake.generate import BREAKABLE, broken

if TYPE_CHECKING:
    from newsdesk.engine.records import Write

_FERRY: Final[dict[str, Any]] = {
    "category": "news",
    "title": "Harbor town tests facial recognition at its ferry gates",
    "excerpt": "Tickets are checked by a camera since Monday; paper remains.",
    "publishedDateTime": "2024-05-06T07:30:00Z",
    "webUrl": "https://www.harbor-post.example/town/ferry-gates-camera-41?utm_source=newsletter",
    "ampWebUrl": "https://www.harbor-post.example/amp/town/ferry-gates-camera-41",
    "type": "article",
    "provider": {"name": "Harbor Post", "domain": "harbor-post.example"},
    "topics": ["Computer Vision", "AI"],
    "images": [{"url": "https://images.harbor-post.example/ferry.jpg", "width": 1200, "height": 800}],
    "related": [
        {
            "title": "Ferry company defends its cameras",
            "publishedDateTime": "2024-05-06T09:00:00Z",
            "webUrl": "https://islands-today.example/2024/ferry-company-cameras",
            "provider": {"name": "Islands Today", "domain": "islands-today.example"},
            "quality": 44,
        }
    ],
    "section": {"name": "town", "editor": 7},
    "quality": 62,
}
_PLAIN: Final[dict[str, Any]] = {
    "title": "Library opens on Sundays",
    "publishedDateTime": "2024-05-06T10:00:00Z",
    "webUrl": "https://islands-today.example/2024/library-opens-on-sundays",
}
_FOLLOWER: Final[dict[str, Any]] = {
    "title": "Islands watch the ferry cameras",
    "publishedDateTime": "2024-05-06T11:00:00Z",
    "webUrl": "https://islands-today.example/2024/islands-watch-ferry-cameras",
    "related": [
        {
            "title": _FERRY["title"],
            "publishedDateTime": _FERRY["publishedDateTime"],
            "webUrl": "https://www.harbor-post.example/town/ferry-gates-camera-41",
            "quality": 74,
        }
    ],
}
_DENIED: Final[dict[str, Any]] = {"title": "You will not believe this ferry", "webUrl": "https://clicks.example/ferry"}
_TWIN: Final[dict[str, Any]] = {**_PLAIN, "webUrl": "https://islands-today.example/story/7781"}
_TIE: Final[dict[str, Any]] = {**_PLAIN, "originalUrl": _TWIN["webUrl"]}

_STEPS: Final[tuple[tuple[dict[str, Any], tuple[str, ...]], ...]] = (
    (_FERRY, ("enriched", "published", "decision.published")),
    ({**_FERRY, "webUrl": "http://harbor-post.example/town/ferry-gates-camera-41/"}, ("decision.duplicate",)),
    (_PLAIN, ("", "decision.held")),
    (_FOLLOWER, ("enriched.suppressed", "decision.suppressed")),
    (_DENIED, ("", "decision.rejected")),
    ({"webUrl": _FERRY["webUrl"], "removed": True}, ("enriched.removed", "published.tombstone", "decision.retracted")),
    (_TWIN, ("", "")),
    (_TIE, ("", "enriched.tombstone", "decision.merged")),
    ({"webUrl": "https://harbor-post.example/town/untitled"}, ("dead-letter",)),
)
"""Events, and the names of the examples that their outputs are; one without a name is no example."""

_START: Final = 1_715_000_000_000  # milliseconds


def record_examples() -> dict[str, dict[str, Any]]:
    """Records by name: topic, key, headers and value, null for a tombstone."""
    rules = _rules()
    processor = DeskProcessor(open_rulebook(rules), None)
    state = MemoryState()
    examples: dict[str, dict[str, Any]] = {}
    for offset, (event, names) in enumerate(_STEPS):
        outcome = processor.process(_record(offset, event), state)
        for name, write in zip(names, outcome.writes, strict=True):
            if write.topic == processor.changelog and write.key is not None:
                processor.fold(state, write.key, write.change, write.headers)
            if name:
                examples[name] = _shown(write)
    hash_ = open_rulebook(rules).name["hash"]
    examples["rules"] = {"topic": topics.RULES.name, "key": hash_, "value": orjson.loads(canonical_bytes(rules))}
    return examples


def dead_events() -> list[bytes]:
    """An event for every reason that a line of text can bring about by itself, in the order of the reasons."""
    return [broken(_PLAIN, reason) for reason in BREAKABLE]


def _rules() -> Rules:
    """The default rules, and one provider denied."""
    rules = read_rules_of("newsdesk")
    return rules.model_copy(update={"providers": (*rules.providers, ProviderRule(domain="clicks.example", deny=True))})


def _record(offset: int, event: dict[str, Any]) -> Record:
    headers = (
        (ce.CE_SPECVERSION, b"1.0"),
        (ce.CE_ID, f"ferry-{offset}".encode()),
        (ce.CE_SOURCE, b"https://feeds.example/harbor"),
        (ce.TRACEPARENT, f"00-4bf92f3577b34da6a3ce929d0e0e{offset:04x}-00f067aa0ba902b7-01".encode()),
    )
    key = event["webUrl"].split("/")[2].removeprefix("www.").encode()
    return Record(topics.SUBMITTED.name, 2, 1040 + offset, _START + 60_000 * offset, key, orjson.dumps(event), headers)


def _shown(write: Write) -> dict[str, Any]:
    return {
        "topic": write.topic,
        "key": (write.key or b"").decode(),
        "headers": {name: value.decode() for name, value in write.headers},
        "value": orjson.loads(write.value) if write.value is not None else None,
    }
