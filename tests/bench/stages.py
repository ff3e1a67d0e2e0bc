"""Where the desk's time goes: which stage a frame belongs to, and microseconds an event from a profile of a real worker."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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

_FUNCTIONS: Final = {
    ("editorial/identity.py", "article_id"): "key",
    ("editorial/identity.py", "event_id"): "key",
    ("desk/processor.py", "_decided"): "serialise",
    ("engine/deciding.py", "answer"): ANSWER,
    ("engine/task.py", "_flush"): "store",
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
    ("newsdesk/editorial/state", "store"),
    ("newsdesk/editorial/retention", "store"),
    ("newsdesk/engine/overlay", "store"),
    ("newsdesk/engine/folding", "store"),
    ("newsdesk/engine/rocks_store", "store"),
    ("newsdesk/editorial/identity", None),
    ("newsdesk/editorial/", "enrich"),
    ("newsdesk/desk/processor", "enrich"),
    ("newsdesk/engine/kafka_log", None),
    ("newsdesk/engine/reading", "read"),
    ("newsdesk/engine/output", "produce"),
    ("newsdesk/engine/producing", "commit"),
    ("aiokafka/producer/transaction_manager", "commit"),
    ("aiokafka/producer/sender", "commit"),
    ("aiokafka/producer/", "produce"),
    ("aiokafka/consumer/", "read"),
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


def read_profile(file: Path, cpu_us: float, seconds: float) -> dict[str, float]:
    """Microseconds an event by stage over the last *seconds* of work; they add up to *cpu_us*, measured without a profiler.

    A worker that waits is not interrupted, so the last line of the profile is from the end of the work.
    """
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    last = lines[-1]
    first = next(line for line in lines if line["at"] >= last["at"] - seconds)
    main = (last["main"] - first["main"]) / (last["process"] - first["process"])
    counts = {name: count - first["counts"].get(name, 0) for name, count in last["counts"].items()}
    total = sum(counts.values())
    return {name: cpu_us * main * count / total for name, count in counts.items()} | {"threads": cpu_us * (1 - main)}


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
