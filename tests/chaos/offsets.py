"""The invariants of the committed offsets: never ahead of the answers, never back, and in the end at the end."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

from chaos.findings import MOST, Finding
from chaos.history import answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaos.history import Partition, Source
    from chaos.watch import Place, Sample


def never_ahead(partition: Partition, samples: Sequence[Sample]) -> list[Finding]:
    """Whenever the group had passed an event, its answer was written: records bear the time at which they were made.

    A forwarded record keeps the time of its original and tells nothing here.
    """
    made: dict[Source, int] = {}
    for source, kind, record in answers(partition):
        time = 0 if kind == "forwarded" else record.timestamp
        made[source] = min(time, made.get(source, time))
    found = []
    for records in (partition.submitted, partition.repartitioned):
        if not records:
            continue
        offsets = [record.offset for record in records]
        latest: list[tuple[int, int]] = []
        for record in records:
            answer = made.get((record.topic, record.offset), 0)  # one without is another invariant's
            latest.append(max(latest[-1] if latest else (0, 0), (answer, record.offset)))
        place = (records[0].topic, partition.number)
        for sample in samples:
            passed = bisect_left(offsets, sample.offsets.get(place, 0))
            if passed and latest[passed - 1][0] > sample.until_ms:
                time, offset = latest[passed - 1]
                what = f"passed by {sample.until_ms}, and its answer was made at {time}"
                where = partition.where((place[0], offset))
                found.append(Finding("offsets are never ahead of answers", where, what))
                break
    return found[:MOST]


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
