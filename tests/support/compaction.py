"""Compacted topics: what their cleaner may leave, what they come to, and the state that is restored from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsdesk.desk.judge import MemoryState
from newsdesk.editorial.kept import kept_in
from newsdesk.editorial.retention import stamp_in
from newsdesk.editorial.state import fold

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from newsdesk.engine.records import Write


def latest(writes: Sequence[Write]) -> dict[bytes | None, bytes]:
    """The value of every key that has one at the end."""
    found: dict[bytes | None, bytes] = {}
    for write in writes:
        if write.value is None:
            found.pop(write.key, None)
        else:
            found[write.key] = write.value
    return found


def restored(writes: Sequence[Write]) -> MemoryState:
    """The fold of *writes*."""
    state = MemoryState()
    for write in writes:
        assert write.key is not None
        fold(state, write.key, None if write.value is None else kept_in(write.value), stamp_in(write.headers))
    return state


def compacted(writes: Sequence[Write], chance: random.Random) -> list[Write]:
    """What a log cleaner may leave of *writes*: the last of each key always, others by chance, each in its place.

    A tombstone may be gone too, once nothing of its key stands before it.
    """
    last = {write.key: place for place, write in enumerate(writes)}
    kept: list[Write] = []
    seen: set[bytes | None] = set()
    for place, write in enumerate(writes):
        if place != last[write.key] and chance.random() < 0.6:
            continue
        if write.value is None and write.key not in seen and chance.random() < 0.5:
            continue
        seen.add(write.key)
        kept.append(write)
    return kept
