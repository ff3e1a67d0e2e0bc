"""A processor for tests whose keys expire: by a task time that travels in the changelog's headers, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsdesk.engine.punctuating import Punctuated
from newsdesk.engine.records import Outcome, Write

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.counting import Names
    from newsdesk.engine.processor import View
    from newsdesk.engine.punctuating import Stretch
    from newsdesk.engine.records import Headers, Record

RETENTION = 1_000
CLOCK = b"clock"
KEY = b"k"


class Expiring:
    """Counts the records of each key; a value is a time, and a key that got none for over RETENTION counts from 1 again.

    Every change and every removal is answered on `out`. `boom` as a value raises.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.inputs = names.inputs
        self.changelog = names.changelog
        self.steps: list[str] = []
        self.scanned: list[int] = []
        self.failing = 0

    def process(self, record: Record, state: View) -> Outcome:
        self.steps.append("record")
        key, value = record.key or b"-", record.value or b""
        if value == b"boom":
            raise ValueError("boom")
        clock = max(int(state.get(CLOCK) or b"0"), int(value))
        stamp, count = _known(state.get(KEY + key))
        count = 1 if clock - stamp > RETENTION else count + 1
        headers = (("source", f"{record.topic}/{record.offset}".encode()), ("n", b"%d" % count))
        return Outcome(
            [
                Write(self.changelog, record.partition, key, b"%d" % count, (("time", b"%d" % clock),), None, count),
                Write(self.names.out, record.partition, key, value, headers),
            ],
            "counted",
        )

    def crashed(self, record: Record, error: Exception) -> Outcome:
        return Outcome([Write(self.names.dead, record.partition, record.key, repr(error).encode())], "dead")

    def too_large(self, record: Record, outcome: Outcome, topic: str, size: int) -> Outcome:
        raise AssertionError((record, outcome, topic, size))

    def read_change(self, value: bytes | None) -> object | None:
        return None if value is None else int(value)

    def fold(self, state: View, key: bytes, change: object | None, headers: Headers) -> None:
        if change is None:
            state.delete(KEY + key)
            return
        stamp = int(dict(headers)["time"])
        state.put(KEY + key, b"%d:%d" % (stamp, change))
        state.put(CLOCK, b"%d" % max(stamp, int(state.get(CLOCK) or b"0")))

    def punctuate(self, task: int, state: Stretch, cursor: bytes | None) -> Punctuated:
        self.steps.append("punctuation")
        if self.failing:
            self.failing -= 1
            raise RuntimeError("no punctuation today")
        clock = int(state.get(CLOCK) or b"0")
        found = state.scan(cursor or KEY)
        self.scanned.append(len(found.items))
        old = [key[1:] for key, value in found.items if clock - _known(value)[0] > RETENTION]
        writes = [
            Write(topic, task, key, None, (("expired", b"%d" % clock),))
            for key in old
            for topic in (self.changelog, self.names.out)
        ]
        return Punctuated(writes, found.next, {"expired": len(old)})


def folded(records: Iterable[Record]) -> dict[bytes, bytes]:
    """The state as the changelog's records tell it, by hand."""
    state: dict[bytes, bytes] = {}
    for record in records:
        key = KEY + (record.key or b"")
        if record.value is None:
            state.pop(key, None)
        else:
            stamp = dict(record.headers)["time"]
            state[key] = stamp + b":" + record.value
            state[CLOCK] = b"%d" % max(int(stamp), int(state.get(CLOCK, b"0")))
    return state


def _known(value: bytes | None) -> tuple[int, int]:
    stamp, _, count = (value or b"0:0").partition(b":")
    return int(stamp), int(count)
