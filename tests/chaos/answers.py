"""The invariants of answering: every event once, in its order, with revisions that leave nothing out."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import orjson

from chaos.findings import MOST, Finding
from chaos.history import answers, decided
from newsdesk.contracts import cloudevents as ce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.history import Partition, Source


def answered_exactly_once(partition: Partition) -> list[Finding]:
    """Every event read is in exactly one of decisions, dead letters and forwarded records."""
    return _answered(partition, most=1)


def answered_at_least_once(partition: Partition) -> list[Finding]:
    """Every event read has an answer, and every answer an event: what is left where there are no transactions."""
    return _answered(partition, most=None)


def _answered(partition: Partition, most: int | None) -> list[Finding]:
    given: dict[Source, list[str]] = defaultdict(list)
    for source, kind, _ in answers(partition):
        given[source].append(kind)
    inputs = partition.inputs
    name = "every event is answered exactly once" if most == 1 else "every event is answered"
    found = [Finding(name, partition.where(source), "not answered") for source in inputs if source not in given]
    for source, kinds in given.items():
        if source not in inputs:
            found.append(Finding(name, partition.where(source), f"{kinds} for an event that is not there"))
        elif most is not None and len(kinds) > most:
            found.append(Finding(name, partition.where(source), f"answered {len(kinds)} times: {', '.join(kinds)}"))
    return found[:MOST]


def no_decision_twice(partition: Partition) -> list[Finding]:
    """No two decisions are about one event."""
    counts = Counter(decided(record) for record in partition.decisions)
    return [
        Finding("no decision twice", partition.where(source), f"decided {count} times")
        for source, count in counts.items()
        if count > 1
    ][:MOST]


def second_answers_have_the_same_id(partition: Partition) -> list[Finding]:
    """Where an event was decided twice, both decisions have the ce_id that readers tell copies by."""
    ids: dict[Source, set[bytes]] = defaultdict(set)
    for record in partition.decisions:
        ids[decided(record)].add(dict(record.headers).get(ce.CE_ID, b""))
    return [
        Finding("a second answer has the same ce_id", partition.where(source), f"ids {sorted(found)}")
        for source, found in ids.items()
        if len(found) > 1 or b"" in found
    ][:MOST]


def order_kept(partition: Partition) -> list[Finding]:
    """The decisions on one article come in the order in which its events were read from each input partition."""
    last: dict[tuple[bytes | None, str], int] = {}
    found = []
    for record in partition.decisions:
        topic, offset = decided(record)
        before = last.get((record.key, topic), -1)
        if offset <= before:
            what = f"decided after {topic}/{partition.number}/{before}, article {record.key!r}"
            found.append(Finding("an article's order is kept", partition.where((topic, offset)), what))
        last[record.key, topic] = max(offset, before)
    return found[:MOST]


def revisions_without_gaps(partition: Partition, *, may_expire: bool = False) -> list[Finding]:
    """An article's revision is what it was or one more; one that was merged away, or has expired, may begin anew."""
    current: dict[str, int] = {}
    found = []
    for record in partition.decisions:
        decision = orjson.loads(record.value or b"null")
        article, revision = decision["articleId"], decision["revision"]
        before = current.get(article, 0)
        if not _follows(revision, before, decision) and not (may_expire and _follows(revision, 0, decision)):
            what = f"revision {revision} ({decision['kind']}, {decision['reason']}) after {before}, article {article}"
            found.append(Finding("revisions have no gaps", partition.where(decided(record)), what))
        current[article] = revision
        for merged in decision.get("merged", ()):
            current.pop(merged, None)
    return found[:MOST]


def _follows(revision: int, before: int, decision: Mapping[str, object]) -> bool:
    if decision["kind"] == "duplicate" or decision.get("changes") == ["rules"]:
        return revision == before
    if before == 0:
        return revision == (0 if decision["kind"] == "retracted" else 1)
    return revision == before + 1
