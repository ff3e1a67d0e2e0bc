"""What is right: the answer of newsdesk's own judge to every event, in the order of its partition."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import orjson

from bench.events import first_event, stream
from bench.newsroom import rules
from newsdesk.contracts.partitions import partition_of
from newsdesk.contracts.rules import Rules
from newsdesk.desk.judge import Judge
from newsdesk.editorial.rulebook import open_rulebook

if TYPE_CHECKING:
    from collections.abc import Collection

    from bench.events import Mix

Place = tuple[int, int]
"""Partition and offset of an event."""
Answer = tuple[str, int, int, int]
"""Kind, quality, heat and revision of a decision."""


def new_judge() -> Judge:
    """A judge by the rules of the benchmark."""
    return Judge(open_rulebook(Rules.model_validate(rules())))


def answer_of(decision: dict[str, Any]) -> Answer:
    """What is compared of a decision."""
    return decision["kind"], decision["quality"], decision["heat"], decision["revision"]


def digest(value: bytes) -> bytes:
    """Tells dead letters apart, which systems write under headers of their own."""
    return hashlib.blake2b(value, digest_size=12).digest()


@dataclass(slots=True)
class Expected:
    """The right answers: decisions by place, and dead letters by content."""

    decisions: dict[Place, Answer] = field(default_factory=dict)
    dead: Counter[bytes] = field(default_factory=Counter)
    counts: list[int] = field(default_factory=list)

    @property
    def events(self) -> int:
        """How many events there are."""
        return sum(self.counts)


class Placing:
    """The partitions of keys, each computed once."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._known: dict[bytes, int] = {}

    def of(self, key: bytes) -> int:
        """The partition of *key*."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = partition_of(key, self._partitions)
        return found


def expect(mix: Mix, count: int, partitions: int, *, known: int = 0, only: Collection[int] | None = None) -> Expected:
    """The answers to stream(mix, count, known=known) over *partitions*; with *only*, in these partitions.

    Of the articles that are known before, the judge is told when they come up first.
    """
    judge, placing = new_judge(), Placing(partitions)
    expected = Expected(counts=[0] * partitions)
    told: set[int] = set()
    for event in stream(mix, count, known=known):
        partition = placing.of(event.key)
        if only is not None and partition not in only:
            continue
        if -1 < event.number < known and event.number not in told:
            told.add(event.number)
            first = first_event(mix, event.number)
            judge.answer(first.value, key=first.key, timestamp=0)
        answer = judge.answer(event.value, key=event.key, timestamp=0)
        offset = expected.counts[partition]
        expected.counts[partition] = offset + 1
        if answer["outcome"] == "decision":
            expected.decisions[partition, offset] = answer_of(answer["decision"])
        else:
            expected.dead[digest(event.value)] += 1
    return expected


def expect_on_all_cores(mix: Mix, count: int, partitions: int, *, known: int = 0) -> Expected:
    """The same, with the partitions shared among processes."""
    cores = min(len(os.sched_getaffinity(0)), partitions)
    whole = Expected(counts=[0] * partitions)
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        shares = [range(core, partitions, cores) for core in range(cores)]
        for part in pool.map(partial(_expect, mix, count, partitions, known), shares):
            whole.decisions.update(part.decisions)
            whole.dead.update(part.dead)
            whole.counts = [one + other for one, other in zip(whole.counts, part.counts, strict=True)]
    return whole


def _expect(mix: Mix, count: int, partitions: int, known: int, only: range) -> Expected:
    return expect(mix, count, partitions, known=known, only=only)


def read_decision(value: bytes) -> tuple[Place, Answer]:
    """Place and answer of a decision record of any system."""
    decision = orjson.loads(value)
    source = decision["source"]
    return (source["partition"], source["offset"]), answer_of(decision)
