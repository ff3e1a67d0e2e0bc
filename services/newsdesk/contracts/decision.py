"""The decision: what the desk says of one event, and why."""

from __future__ import annotations

from typing import Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from newsdesk.contracts.article import Instant, Int64, Text
from newsdesk.contracts.reasons import Change, DecisionKind, DecisionReason

STRICT = ConfigDict(extra="forbid", title=None)


@with_config(STRICT)
class Source(TypedDict):
    """Where the event was read: topic, partition and offset."""

    topic: Text
    partition: Int64
    offset: Int64


@with_config(STRICT)
class Term(TypedDict):
    """One term of the score: points for a reason."""

    name: Text
    points: Int64
    because: Text


@with_config(STRICT)
class RulesName(TypedDict):
    """Which rules decided: name and version for people, the hash to find the file on the rules topic."""

    name: Text
    version: Text
    hash: Text


@with_config(STRICT)
class Score(TypedDict):
    """The terms of the quality; their points add up to it."""

    rules: RulesName
    terms: list[Term]


@with_config(STRICT)
class OutrankedBy(TypedDict):
    """The related article that leads instead; quality in points; articleId and url where it came with a URL."""

    articleId: NotRequired[Text]
    url: NotRequired[Text]
    title: Text
    quality: Int64


@with_config(STRICT)
class Decision(TypedDict):
    """One decision. quality and heat are in points; of a duplicate they are the article's standing ones."""

    articleId: Text
    revision: Int64
    kind: DecisionKind
    reason: DecisionReason
    quality: Int64
    heat: Int64
    score: Score
    outrankedBy: NotRequired[OutrankedBy]
    merged: NotRequired[list[Text]]
    changes: NotRequired[list[Change]]
    trigger: Literal["event"]
    time: NotRequired[Instant]
    source: Source
