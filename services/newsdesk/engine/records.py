"""What goes into a processor and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field

Headers = tuple[tuple[str, bytes], ...]
"""A record's headers, in their order."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an input topic; *timestamp* is in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(slots=True)
class Write:
    """One record to write; *timestamp* in milliseconds, None: when it is written.

    *change* matters for the changelog topic only: the value as `fold` takes it, None where the engine shall parse the
    value itself.
    """

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int | None = None
    change: object = None


@dataclass(slots=True)
class Outcome:
    """What one record comes to: all of *writes* in one commit, counted under *label* and *tags* once that is through.

    *defect* marks the dead letter of a bug in the processor: too many of them pull the brake.
    """

    writes: list[Write] = field(default_factory=list)
    label: str = "processed"
    tags: tuple[str, ...] = ()
    defect: bool = False
