"""The invariant of the state: every store on disk is the fold of the changelog up to the offset that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaos.findings import MOST, Finding
from newsdesk.desk.judge import MemoryState
from newsdesk.engine.errors import StoreError
from newsdesk.engine.rocks_store import RocksStores

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from chaos.history import Partition
    from newsdesk.desk.processor import DeskProcessor
    from newsdesk.engine.records import Record

_MIB = 1 << 20
EMPTY = "nothing was flushed"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a store holds: everything of the changelog below *offset*."""

    name: str
    task: int
    offset: int
    items: Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Lost:
    """A folder that could not be read, and why."""

    slot: str
    task: int
    why: str


def damaged_by_nobody(lost: Iterable[Lost], damaged: Collection[str]) -> list[Finding]:
    """A store that cannot be read lies in a slot whose files a fault has damaged: no end of a process does that."""
    return [
        Finding("a store survives its worker", f"{one.slot}/{one.task}", one.why)
        for one in lost
        if one.why != EMPTY and one.slot not in damaged
    ]


def read_stores(slots: Iterable[Path], tasks: int) -> tuple[list[Kept], list[Lost]]:
    """Every store under *slots* that can be opened, and those that cannot; what is damaged is begun anew, as always."""
    kept, lost = [], []
    for slot in slots:
        for task in range(tasks):
            name = f"{slot.name}/{task}"
            if not (slot / str(task)).exists():
                continue
            stores = RocksStores(slot, cache_bytes=_MIB, buffer_bytes=_MIB)
            try:
                store, damage = stores.open(task)
            except StoreError as error:
                lost.append(Lost(slot.name, task, str(error)))
                continue
            try:
                position = store.position()
                if damage is not None or position is None:
                    lost.append(Lost(slot.name, task, damage or EMPTY))
                else:
                    kept.append(Kept(name, task, position.offset, store.items()))
            except StoreError as error:
                lost.append(Lost(slot.name, task, str(error)))
            finally:
                store.close()
    return kept, lost


def fold_of(enriched: Iterable[Record], processor: DeskProcessor, below: int) -> dict[bytes, bytes]:
    """The state from scratch: all of *enriched* below that offset."""
    state = MemoryState()
    for record in enriched:
        if record.offset < below and record.key is not None:
            processor.fold(state, record.key, processor.read_change(record.value), record.headers)
    return state


def restored_is_live(partition: Partition, stores: Iterable[Kept], processor: DeskProcessor) -> list[Finding]:
    """Each of *stores* is what folding the changelog from its beginning gives."""
    found = []
    for store in stores:
        if store.task != partition.number:
            continue
        state = fold_of(partition.enriched, processor, store.offset)
        for key in sorted(state.keys() | store.items.keys()):
            if state.get(key) != store.items.get(key):
                what = f"{key!r} is {store.items.get(key)!r:.200}, and the fold below {store.offset} says {state.get(key)!r:.200}"
                found.append(Finding("restored state is live state", store.name, what))
    return found[:MOST]
