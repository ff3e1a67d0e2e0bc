"""Where the desk's time goes: which stage a frame belongs to, and microseconds an event from a profile of a real worker.

Some stages have parts, `store/get` of `store`. The table of the whole desk shows stages, that of a large state parts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ORDER: Final = (
    "read",
    "parse",
    "key",
    "enrich",
    "score",
    "serialise",
    "store",
    "produce",
    "commit",
    "engine",
    "rest",
    "threads",
)
MEANINGS: Final = {
    "read": "fetching and unpacking the input",
    "parse": "JSON and validation",
    "key": "URLs, keys, ids and placement",
    "enrich": "repair, related articles, content, decision",
    "score": "topics, keywords, terms and heat",
    "serialise": "records and headers",
    "store": "state looked up, folded, written",
    "produce": "batches made and sent",
    "commit": "transactions and offsets",
    "engine": "the task's loop, counters and metrics",
    "rest": "event loop, sockets, signals",
    "threads": "other threads: RocksDB in the background",
}

ANSWER: Final = "answer"
"""The function that calls the judgement: the engine's own, but where the judgement is compiled and has no frames, both."""
JUDGEMENT: Final = ("parse", "key", "enrich", "score", "serialise")

PARTS: Final = {
    "read": "fetching and unpacking the input",
    "topic": "the changelog's bytes asked for and received",
    "unpack": "CRC, and records made of the bytes",
    "kept": "what the state keeps, taken out of a record's JSON",
    "open": "the stores opened",
    "fold": "folded into the changes of the batch",
    "blank": "whether a key was ever given to this store",
    "get": "looked up in RocksDB",
    "scan": "the sweep: RocksDB read in order",
    "write": "written to RocksDB's buffer",
    "judgement": "parse to serialise",
    "produce": "batches made and sent",
    "commit": "transactions and offsets",
    "engine": "the task's loop, counters and metrics",
    "rest": "event loop, sockets, signals",
    "flush": "RocksDB's thread that writes buffers to files",
    "compaction": "RocksDB's thread that merges files",
    "threads": "other threads",
}
"""What the tables of a large state show, in an article's or an event's way."""
_THREADS: Final = {"rocksdb:high": "flush", "rocksdb:low": "compaction"}

_FUNCTIONS: Final = {
    ("editorial/identity.py", "article_id"): "key",
    ("editorial/identity.py", "event_id"): "key",
    ("desk/processor.py", "_decided"): "serialise",
    ("desk/processor.py", "fold"): "store/fold",
    ("desk/processor.py", "read_change"): "store/kept",
    ("editorial/kept.py", "kept_in"): "store/kept",
    ("engine/blank.py", "get"): "store/blank",
    ("engine/blank.py", "apply"): "store/blank",
    ("engine/rocks_store.py", "get"): "store/get",
    ("engine/rocks_store.py", "apply"): "store/write",
    ("engine/rocks_store.py", "scan"): "store/scan",
    ("engine/deciding.py", "answer"): ANSWER,
    ("engine/task.py", "_flush"): "store/write",
    ("engine/loop.py", "_fetch"): "read",
    ("producer/sender.py", "_send_produce_req"): "produce",
    ("producer/sender.py", "_do_txn_commit"): "commit",
    ("producer/sender.py", "_do_txn_offset_commit"): "commit",
    ("producer/sender.py", "_do_add_offsets_to_txn"): "commit",
    ("producer/sender.py", "_maybe_do_transactional_request"): "commit",
    ("producer/sender.py", "_do_add_partitions_to_txn"): "commit",
}
"""Functions whose stage is not that of their file."""

_FILES: Final = (
    ("newsdesk/editorial/parse", "parse"),
    ("newsdesk/editorial/urls/", "key"),
    ("newsdesk/contracts/partitions", "key"),
    ("newsdesk/editorial/quality", "score"),
    ("newsdesk/editorial/heat", "score"),
    ("newsdesk/editorial/ranking", "score"),
    ("newsdesk/editorial/topics", "score"),
    ("newsdesk/editorial/records", "serialise"),
    ("newsdesk/desk/headers", "serialise"),
    ("newsdesk/editorial/state", "store/fold"),
    ("newsdesk/editorial/retention", "store/fold"),
    ("newsdesk/engine/overlay", "store/fold"),
    ("newsdesk/engine/folding", "store/fold"),
    ("newsdesk/engine/rocks_store", "store/open"),
    ("newsdesk/editorial/identity", None),
    ("newsdesk/editorial/", "enrich"),
    ("newsdesk/desk/processor", "enrich"),
    ("newsdesk/engine/kafka_log", None),
    ("newsdesk/engine/reading", "read/topic"),
    ("newsdesk/engine/output", "produce"),
    ("newsdesk/engine/producing", "commit"),
    ("aiokafka/producer/transaction_manager", "commit"),
    ("aiokafka/producer/sender", "commit"),
    ("aiokafka/producer/", "produce"),
    ("aiokafka/consumer/", "read/unpack"),
    ("newsdesk/engine/", "engine"),
    ("newsdesk/ops/", "engine"),
    ("prometheus_client/", "engine"),
)
"""Stages of files, the first that fits; None leaves it to the caller's frame."""


def stage_of(file: str, function: str) -> str | None:
    """The stage of a function, None where that depends on who calls it."""
    for (ending, name), stage in _FUNCTIONS.items():
        if name == function and file.endswith(ending):
            return stage
    for part, found in _FILES:
        if part in file:
            return found
    return None


@dataclass(frozen=True, slots=True)
class Stage:
    """One line of the table: microseconds of CPU an event, and the share of all."""

    name: str
    us: float
    share: float


def read_parts(file: Path, cpu_us: float, seconds: float, end: float | None = None) -> dict[str, float]:
    """Microseconds an event, by stages and parts of stages, over *seconds* of work; they add up to *cpu_us*.

    The work ended at the time *end*. Without it at the last line of the profile: a worker that waits is not interrupted.
    """
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    last = lines[-1] if end is None else min(lines, key=lambda line: abs(line["at"] - end))
    begin = (last["at"] if end is None else end) - seconds
    first = min(lines, key=lambda line: abs(line["at"] - begin))
    process = last["process"] - first["process"]
    main = (last["main"] - first["main"]) / process
    found = _grown(first["counts"], last["counts"])
    samples = sum(found.values())
    threads = _grown(first["threads"], last["threads"])
    behind = {part: threads.get(name, 0.0) / process for name, part in _THREADS.items()}
    shares = {name: main * count / samples for name, count in found.items()}
    shares |= behind | {"threads": max(0.0, 1 - main - sum(behind.values()))}
    return {name: cpu_us * share for name, share in shares.items()}


def _grown(first: dict[str, float], last: dict[str, float]) -> dict[str, float]:
    return {name: count - first.get(name, 0.0) for name, count in last.items()}


def read_profile(file: Path, cpu_us: float, seconds: float) -> dict[str, float]:
    """Microseconds an event by stage over the last *seconds* of work; they add up to *cpu_us*, measured without a profiler."""
    whole = dict.fromkeys(_THREADS.values(), "threads")
    found: dict[str, float] = {}
    for name, us in read_parts(file, cpu_us, seconds).items():
        stage = whole.get(name) or name.partition("/")[0]
        found[stage] = found.get(stage, 0.0) + us
    return found


def by_part(stages: dict[str, float]) -> dict[str, float]:
    """Under the names of PARTS: what the judgement is made of as one, the parts of other stages for themselves."""
    found = dict.fromkeys(PARTS, 0.0)
    for name, us in stages.items():
        found["judgement" if name in (*JUDGEMENT, ANSWER) else name.rpartition("/")[2]] += us
    return found


def mean(profiles: Sequence[dict[str, float]]) -> dict[str, float]:
    """Of several profiles of the same."""
    return {name: sum(profile[name] for profile in profiles) / len(profiles) for name in profiles[0]}


def with_judgement(compiled: dict[str, float], plain: dict[str, float]) -> dict[str, float]:
    """The stages of a worker whose judgement is compiled: what has no frames is split as the same source in Python is."""
    hidden = max(0.0, compiled.get(ANSWER, 0.0) - plain.get(ANSWER, 0.0))
    whole = sum(plain.get(name, 0.0) for name in JUDGEMENT)
    split = {name: compiled.get(name, 0.0) + hidden * plain.get(name, 0.0) / whole for name in JUDGEMENT}
    return {**compiled, **split, ANSWER: compiled.get(ANSWER, 0.0) - hidden}


def table(stages: dict[str, float]) -> list[Stage]:
    """The stages in the order of an event's way."""
    total = sum(stages.values())
    merged = {**stages, "engine": stages.get("engine", 0.0) + stages.get(ANSWER, 0.0)}
    return [Stage(name, merged.get(name, 0.0), merged.get(name, 0.0) / total) for name in ORDER]
