"""What the desk answered on the topics, put together again event by event, in the form in which `judge --full` tells it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.scene import Scene

Place = tuple[str, int, int]
"""Topic, partition and offset of an event."""
Answer = dict[str, Any]
"""An answer as `judge --full` tells it, its parts without what may differ."""
Standing = dict[str, dict[str, bytes]]
"""By topic and article the last record that is no tombstone."""

MERGED = {"merged": "enriched", "merged-published": "published"}
"""The tombstones of merged articles, by the last but one part of their ce_id."""


def from_topics(scene: Scene) -> dict[Place, list[Answer]]:
    """The answers to every submitted event, those to a forwarded one at the place where that was submitted.

    Fails where a record does not say which event it belongs to.
    """
    home = {_place(line): _forwarded_from(line["headers"]) for line in scene.tail("repartitioned")}
    answers: dict[Place, list[Answer]] = {_place(line): [] for line in scene.tail("submitted")}
    for line in scene.tail("decisions"):
        place, kind = _cause(line)
        assert kind == "decision"
        source = line["value"]["source"]
        assert (source["topic"], source["partition"], source["offset"]) == place
        answers[home.get(place, place)].append({"outcome": "decision", "decision": _plain(line["value"])})
    for line in scene.tail("dead-letters"):
        headers = line["headers"]
        place = (headers[ce.CONNECT_TOPIC], int(headers[ce.CONNECT_PARTITION]), int(headers[ce.CONNECT_OFFSET]))
        letter = {"outcome": "dead_letter", "reason": headers[ce.DEAD_REASON], "detail": headers[ce.DEAD_DETAIL]}
        answers[home.get(place, place)].append(letter)
    for name in ("enriched", "published"):
        for line in scene.tail(name):
            place, kind = _cause(line)
            there = answers[home.get(place, place)]
            assert there, f"{name} has a record of an event without an answer: {line}"
            if kind == name:
                there[0][name] = _plain(line["value"])
            else:
                what, merged = kind.split("/")
                assert MERGED[what] == name
                there[0].setdefault("merged", defaultdict(list))[name].append(merged)
    return answers


def from_judge(scene: Scene, *options: str) -> dict[Place, Answer]:
    """What `newsdesk judge --full` answers to the submitted events, in the order in which `tail` shows them."""
    shown = scene.look("tail", "submitted", "--until-end")
    judged = scene.look("judge", "-", "--full", *options, stdin=shown.out).lines
    assert len(judged) == len(shown.lines)
    return {_place(line): _plain_answer(answer) for line, answer in zip(shown.lines, judged, strict=True)}


def standing(answers: Iterable[Answer]) -> Standing:
    """The enriched and the published articles after *answers*."""
    articles: Standing = {"enriched": {}, "published": {}}
    for answer in answers:
        if answer["outcome"] != "decision":
            continue
        identity = orjson.loads(answer["decision"])["articleId"]
        for name, there in articles.items():
            for merged in answer.get("merged", {}).get(name, ()):
                there.pop(merged, None)
            if name in answer:
                _set(there, identity, answer[name])
    return articles


def standing_on_topics(scene: Scene) -> Standing:
    """The enriched and the published articles as the compacted topics have them."""
    articles: Standing = {"enriched": {}, "published": {}}
    for name, there in articles.items():
        for line in scene.tail(name):
            _set(there, line["key"], _plain(line["value"]))
    return articles


def _set(there: dict[str, bytes], key: str, value: bytes | None) -> None:
    if value is None:
        there.pop(key, None)
    else:
        there[key] = value


def _plain_answer(answer: Answer) -> Answer:
    return {
        name: _plain(part) if name in ("decision", "enriched", "published") else part for name, part in answer.items()
    }


def _plain(record: dict[str, Any] | None) -> bytes | None:
    """The bytes of *record* without where its event was read."""
    if record is None:
        return None
    told = {**record, "source": None} if "source" in record else record
    if "desk" in told:
        told["desk"] = {**told["desk"], "source": None}
    return orjson.dumps(told)


def _place(line: dict[str, Any]) -> Place:
    return line["topic"], line["partition"], line["offset"]


def _cause(line: dict[str, Any]) -> tuple[Place, str]:
    """The event that caused the record, and which of its outputs this is, as its ce_id says."""
    topic, partition, offset, kind = line["headers"][ce.CE_ID].split("/", 3)
    return (topic, int(partition), int(offset)), kind


def _forwarded_from(headers: dict[str, str]) -> Place:
    if ce.FORWARDED_TOPIC not in headers:
        return topics.REPARTITIONED.name, -1, -1
    return headers[ce.FORWARDED_TOPIC], int(headers[ce.FORWARDED_PARTITION]), int(headers[ce.FORWARDED_OFFSET])
