"""Changes brought to the state: the same calls with the same arguments for a write just decided and one read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from newsdesk.engine.processor import Processor, View
    from newsdesk.engine.records import Record, Write


def fold_writes(processor: Processor, task: int, view: View, writes: Iterable[Write]) -> None:
    """Fold those of *writes* that go to the changelog; raises what the processor raises, or ValueError."""
    changelog = processor.changelog
    for write in writes:
        if write.topic != changelog:
            continue
        if write.partition != task or write.key is None:
            raise ValueError(f"a change must go to {changelog}/{task} under a key")
        change = write.change
        if change is None and write.value is not None:
            change = processor.read_change(write.value)
        processor.fold(view, write.key, change, write.headers)


def fold_record(processor: Processor, view: View, key: bytes, record: Record) -> None:
    """Fold a changelog record that was read back; raises what the processor raises."""
    processor.fold(view, key, processor.read_change(record.value), record.headers)
