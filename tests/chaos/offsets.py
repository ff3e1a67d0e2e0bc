"""The invariants of the committed offsets: never ahead of the answers, never back, and in the end at the end."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from chaos.findings import MOST, Finding
from chaos.history import answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaos.history import Partition, Source
    from chaos.watch import Place, Sample
    from newsdesk.engine.records import Record


def never_ahead(partition: Partition, samples: Sequence[Sample]) -> list[Finding]:
    """Whenever the group had passed an event, its answer was in its log: below the end that was read after the offset.

    The first sample that has passed it is the strictest. An event without an answer is another invariant's.
    """
    given: dict[Source, list[Record]] = defaultdict(list)
    for source, _, record in answers(partition):
        given[source].append(record)
    found = []
    for records in (partition.submitted, partition.repartitioned):
        if not records:
            continue
        offsets = [record.offset for record in records]
        place = (records[0].topic, partition.number)
        checked = 0
        for sample in samples:
            passed = bisect_left(offsets, sample.offsets.get(place, 0))
            for event in records[checked:passed]:
                source = (event.topic, event.offset)
                made = given[source]
                if made and all(answer.offset >= _end(sample, answer) for answer in made):
                    where = f"{made[0].topic}/{made[0].partition}"
                    what = f"passed by {sample.until_ms}, and its answer is {made[0].offset} of {where}, which ended at {_end(sample, made[0])} then"
                    found.append(Finding("offsets are never ahead of answers", partition.where(source), what))
            checked = max(checked, passed)
    return found[:MOST]


def _end(sample: Sample, answer: Record) -> int:
    return sample.ends.get((answer.topic, answer.partition), 0)


def never_back(samples: Sequence[Sample]) -> list[Finding]:
    """No partition's offset is ever less than it was."""
    found = []
    for earlier, later in pairwise(samples):
        for place, offset in later.offsets.items():
            before = earlier.offsets.get(place, 0)
            if offset < before:
                found.append(Finding("offsets never go back", f"{place[0]}/{place[1]}", f"from {before} to {offset}"))
    return found[:MOST]


def left_unread(partition: Partition, committed: Mapping[Place, int]) -> list[Finding]:
    """Every partition is committed to behind its last record, and not beyond what is there."""
    found = []
    for records in (partition.submitted, partition.repartitioned):
        if not records:
            continue
        place = (records[0].topic, partition.number)
        end, offset = records[-1].offset + 1, committed.get(place, 0)
        if offset != end:
            what = f"committed to {offset} of {end}"
            found.append(Finding("no partition is left unread", f"{place[0]}/{place[1]}", what))
    return found
