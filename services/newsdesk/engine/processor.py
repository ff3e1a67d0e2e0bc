"""The port that a user of the engine fills in: pure functions from a record and the state to an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsdesk.engine.records import Headers, Outcome, Record


class View(Protocol):
    """The state as of the record at hand. Keys that begin with a NUL byte belong to the engine."""

    def get(self, key: bytes) -> bytes | None:
        """The value under *key*, or None."""

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value under *key*; only `fold` may."""

    def delete(self, key: bytes) -> None:
        """Remove *key*, there or not; only `fold` may."""


class Processor(Protocol):
    """Decides about records. Every method is pure but for `fold`, which changes the view it is given and nothing else.

    The state is the fold of the changelog topic and of nothing else, so that it can be rebuilt from there.
    """

    @property
    def inputs(self) -> tuple[str, ...]:
        """The input topics, co-partitioned with the changelog."""

    @property
    def changelog(self) -> str:
        """The compacted topic whose fold is the state."""

    def process(self, record: Record, state: View) -> Outcome:
        """What *record* comes to; what it writes to *state* itself is forgotten."""

    def crashed(self, record: Record, error: Exception) -> Outcome:
        """The outcome in place of one that `process` or `fold` failed to give with *error*."""

    def too_large(self, record: Record, outcome: Outcome, topic: str, size: int) -> Outcome:
        """The outcome in place of *outcome*, one write of which would take *size* bytes and does not fit *topic*."""

    def read_change(self, value: bytes | None) -> object | None:
        """A changelog value as `fold` takes it; None is a tombstone."""

    def fold(self, state: View, key: bytes, change: object | None, headers: Headers) -> None:
        """Apply one changelog record to *state*; the same live and on restore, where *headers* are as they were written."""
