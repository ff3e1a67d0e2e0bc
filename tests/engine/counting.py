"""A processor for tests: it numbers the records of each key, and answers every record on `out` with its number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsdesk.engine.records import Outcome, Write

if TYPE_CHECKING:
    from newsdesk.engine.processor import View
    from newsdesk.engine.records import Headers, Record


@dataclass(frozen=True)
class Names:
    """Topics and group of one test."""

    prefix: str = ""

    @property
    def inputs(self) -> tuple[str, ...]:
        return (f"{self.prefix}in", f"{self.prefix}in2")

    @property
    def changelog(self) -> str:
        return f"{self.prefix}counts"

    @property
    def out(self) -> str:
        return f"{self.prefix}out"

    @property
    def dead(self) -> str:
        return f"{self.prefix}dead"

    @property
    def group(self) -> str:
        return f"{self.prefix}group"

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.inputs, self.changelog, self.out, self.dead)


class Counting:
    """`boom` raises, `huge:N` writes N bytes to out, `forget` deletes the key, anything else is counted."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.inputs = names.inputs
        self.changelog = names.changelog
        self.folds = 0

    def process(self, record: Record, state: View) -> Outcome:
        key = record.key or b"-"
        value = record.value or b""
        if value == b"boom":
            state.put(key, b"never seen")
            raise ValueError("boom")
        if value == b"fold-boom":
            return Outcome([Write(self.changelog, record.partition, key, b"boom")])
        if value == b"forget":
            return Outcome([Write(self.changelog, record.partition, key, None)], "forgotten")
        count = int(state.get(key) or b"0") + 1
        answer = b"x" * int(value[5:]) if value.startswith(b"huge:") else value
        source = (("source", f"{record.topic}/{record.offset}".encode()), ("n", b"%d" % count))
        return Outcome(
            [
                Write(self.changelog, record.partition, key, b"%d" % count, change=count),
                Write(self.names.out, record.partition, key, answer, source),
            ],
            "counted",
            ("even" if count % 2 == 0 else "odd",),
        )

    def _dead(self, record: Record, reason: str, value: bytes | None) -> Outcome:
        headers = (("source", f"{record.topic}/{record.offset}".encode()), ("reason", reason.encode()))
        return Outcome([Write(self.names.dead, record.partition, record.key, value, headers)], "dead", (reason,))

    def crashed(self, record: Record, error: Exception) -> Outcome:
        return self._dead(record, type(error).__name__, record.value)

    def too_large(self, record: Record, outcome: Outcome, topic: str, size: int) -> Outcome:
        assert outcome.writes
        assert size > 0
        return self._dead(record, f"too large for {topic.removeprefix(self.names.prefix)}", record.value)

    def read_change(self, value: bytes | None) -> object | None:
        if value == b"boom":
            raise ValueError("fold boom")
        return None if value is None else int(value)

    def fold(self, state: View, key: bytes, change: object | None, headers: Headers) -> None:
        del headers
        self.folds += 1
        if change is None:
            state.delete(key)
        else:
            state.put(key, b"%d" % change)
