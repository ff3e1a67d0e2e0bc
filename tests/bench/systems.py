"""The systems under test: how each is started, and the topics that it reads and writes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.cluster import APPENDED
from newsdesk.contracts import topics

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE: Final = Path(__file__).parent


SUBMITTED: Final = topics.SUBMITTED.name
DESK_TOPICS: Final = (
    topics.REPARTITIONED,
    topics.ENRICHED,
    topics.PUBLISHED,
    topics.DECISIONS,
    topics.DEAD_LETTERS,
    topics.RULES,
)
_OUTPUTS: Final = ("enriched", "published", "decisions", "dead")


def ours(*before: Path) -> dict[str, str]:
    """The environment in which programs of this package find it wherever they are started, and what goes before."""
    given = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([*map(str, before), str(HERE.parent), *([given] if given else [])])}


@dataclass(frozen=True, slots=True)
class System:
    """A system: its command and environment, and its topics with their settings.

    *answers* are the topics whose first and last record bound the measurement: decisions and dead letters.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    group: str
    source: str
    outputs: Mapping[str, Mapping[str, str]]
    answers: tuple[str, ...]
    checked: bool = True
    detail: str = ""
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run takes place: the broker, a folder of its own, the rules file, and how many partitions there are.

    *compiled* is a folder with a newsdesk that goes before the installed one.
    """

    bootstrap: str
    folder: Path
    rules: Path
    partitions: int
    run: int
    compiled: Path | None = None

    def environment(self, **more: str) -> dict[str, str]:
        """What every program is told."""
        return {
            **os.environ,
            "BENCH_BOOTSTRAP": self.bootstrap,
            "BENCH_RULES": str(self.rules),
            "BENCH_STATE": str(self.folder / "state"),
            "BENCH_PARTITIONS": str(self.partitions),
            **more,
        }


def desk(place: Place, workers: int, *, group: str | None = None, program: tuple[str, ...] = ()) -> System:
    """The desk as a deployment runs it, exactly once, with its state in RocksDB."""
    group = group or f"bench-desk-{place.run}"
    program = program or ("-c", "from newsdesk.cli import main; main()")
    command = (sys.executable, *program, "run", "desk", "--workers", str(workers), "--rules", str(place.rules))
    environment = place.environment(
        **ours(*([place.compiled] if place.compiled else [])),
        NEWSDESK_BOOTSTRAP_SERVERS=place.bootstrap,
        NEWSDESK_GUARANTEE="exactly_once",
        NEWSDESK_STATE_DIR=str(place.folder / "state"),
        NEWSDESK_GROUP=group,
        NEWSDESK_WEB_PORT="0",
    )
    outputs = {topic.name: topic.config() | ({} if topic is topics.RULES else APPENDED) for topic in DESK_TOPICS}
    answers = (topics.DECISIONS.name, topics.DEAD_LETTERS.name)
    detail = f"{workers} worker{'s' if workers > 1 else ''}{', compiled' if place.compiled else ''}"
    return System("desk", command, environment, group, SUBMITTED, outputs, answers, detail=detail)


def floor(place: Place, batch_records: int) -> System:
    """The transport floor: the same bytes to one topic, in the same transactions."""
    group, output = f"bench-floor-{place.run}", f"bench.floor.{place.run}"
    environment = place.environment(
        BENCH_IN=SUBMITTED, BENCH_OUT=output, BENCH_GROUP=group, BENCH_BATCH=str(batch_records), **ours()
    )
    command = (sys.executable, "-m", "bench.floor")
    outputs = {output: APPENDED}
    return System("floor", command, environment, group, SUBMITTED, outputs, (output,), checked=False)


def kafka_streams(place: Place, threads: int, events: int, classes: Path, java: str) -> System:
    """Kafka Streams in a JVM that has done the same job once before."""
    command = (java, "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", str(classes / "*"), "bench.Peer")
    peer = _peer(place, "Kafka Streams", command, SUBMITTED)
    environment = {**peer.environment, "BENCH_THREADS": str(threads), "BENCH_EVENTS": str(events)}
    outputs = {**peer.outputs, **{f"{name}.warm": {} for name in peer.outputs}}
    detail = f"{threads} thread{'s' if threads > 1 else ''}"
    return replace(peer, environment=environment, outputs=outputs, detail=detail)


def quix(place: Place, source: str, python: Path, program: str = "quix_desk.py", processes: int = 1) -> System:
    """Quix Streams, exactly-once, in so many processes of one group."""
    command: tuple[str, ...] = (str(python), str(HERE / "peers" / program))
    if processes > 1:
        command = (sys.executable, "-m", "bench.copies", str(processes), *command)
    detail = f"{processes} processes" if processes > 1 else "1 process"
    return replace(_peer(place, "Quix Streams", command, source), detail=detail)


def faust(place: Place, source: str, python: Path) -> System:
    """Faust's agents and table, at least once."""
    command = (str(python), str(HERE / "peers" / "faust_desk.py"), "worker", "-l", "error")
    peer = _peer(place, "Faust", command, source)
    outputs = {**peer.outputs, f"{peer.group}-articles-changelog": {"cleanup.policy": "compact"}}
    return replace(peer, outputs=outputs, detail="at least once")


def _peer(place: Place, name: str, command: tuple[str, ...], source: str) -> System:
    """A peer with its four outputs; group and topics are of this run alone."""
    short = name.split(maxsplit=1)[0].lower()
    group, begin = f"bench-{short}-{place.run}", f"bench.{short}.{place.run}."
    return System(
        name=name,
        command=command,
        environment=place.environment(BENCH_IN=source, BENCH_OUT=begin, BENCH_GROUP=group),
        group=group,
        source=source,
        outputs={begin + output: APPENDED for output in _OUTPUTS},
        answers=(f"{begin}decisions", f"{begin}dead"),
        prefixes=(begin, group, f"changelog__{group}"),
    )
