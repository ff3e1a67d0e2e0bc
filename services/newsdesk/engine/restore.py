"""Bringing a store to the end of the changelog: by the rest of it where the store is good, else from the beginning."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.errors import EngineError
from newsdesk.engine.folding import fold_record
from newsdesk.engine.overlay import Overlay
from newsdesk.engine.store import Position
from newsdesk.engine.validity import why_discard

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from newsdesk.engine.blank import Blank, Blanks
    from newsdesk.engine.crash_points import Crash
    from newsdesk.engine.observer import Observer
    from newsdesk.engine.pacing import Turns
    from newsdesk.engine.port import TaskLog
    from newsdesk.engine.processor import Processor
    from newsdesk.engine.records import Record
    from newsdesk.engine.store import Store


def _apply(processor: Processor, overlay: Overlay, key: bytes, record: Record) -> None:
    """Fold one changelog record. One that cannot be folded ends the worker: a state without it would be a wrong one."""
    try:
        fold_record(processor, overlay, key, record)
    except Exception as error:
        if overlay.failure is not None:
            raise overlay.failure from None
        raise EngineError(
            f"The changelog record {record.topic}/{record.partition}/{record.offset} cannot be folded: {error!r}.",
            "Run the version that wrote it, or one that reads what that version writes.",
        ) from error


async def restore(
    *,
    task: int,
    log: TaskLog,
    store: Store,
    processor: Processor,
    turns: Turns,
    blanks: Blanks,
    observer: Observer,
    crash: Crash,
    delete_retention_ms: int | None,
    progressed: Callable[[], None],
    noted: Callable[[Record], None],
    now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
) -> Position:
    """Fold the changelog into *store* up to its end as it stands now; the position that the caller then gives the store.

    Where commits are not atomic *noted* is called with every record that was read, and the store keeps its old position
    until the caller is done with what was noted: should that fail, the next attempt reads, folds and notes it all again.
    """
    span = await log.changelog()
    position = store.position()
    if position is not None:
        reason = why_discard(position, span, now_ms=now_ms(), delete_retention_ms=delete_retention_ms)
        if reason is not None:
            observer.store_discarded(task, reason)
            store.clear()
            position = None
    start = span.start if position is None else position.offset
    total = span.end - start
    done = start
    held = None if log.atomic else position or Position(start, span.topic_id, now_ms())
    observer.restore_progress(task, 0, total)
    filling: AbstractContextManager[Blank | Store] = (
        blanks.fill(store, total) if position is None else nullcontext(store)
    )
    with filling as filled:
        overlay = Overlay(filled)
        async for portion in log.read_changelog(start, span.end):
            left = iter(portion)
            more = True
            while more:
                more = False
                until = await turns.take()
                try:
                    for record in left:
                        if record.key is not None:
                            _apply(processor, overlay, record.key, record)
                            if held is not None:
                                noted(record)
                        done = record.offset + 1
                        if time.perf_counter() >= until:
                            more = True
                            break
                    overlay.keep_record()
                    filled.apply(overlay.close_batch(), held or Position(done, span.topic_id, now_ms()))
                    overlay.batch_stored()
                finally:
                    await turns.give()
            progressed()
            observer.restore_progress(task, done - start, total)
            await crash.reached(CrashPoint.MID_RESTORE, task)
    observer.restore_progress(task, total, total)
    return Position(span.end, span.topic_id, now_ms())
