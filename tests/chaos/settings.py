"""What one run is made of: its size, its seed, and timeouts so short that many faults fit into minutes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from newsdesk.bootstrap import rulebook
from newsdesk.contracts import topics
from newsdesk.desk.processor import DeskProcessor
from newsdesk.editorial.retention import Retention
from newsdesk.engine.config import EngineConfig

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """In milliseconds. The embedded broker answers a join after half a session, so a short one is needed there."""

    session_ms: int = 2_500
    heartbeat_ms: int = 300
    transaction_ms: int = 3_000
    settle_ms: int = 600
    request_ms: int = 8_000
    commit_ms: int = 15_000
    rebalance_ms: int = 8_000
    drain_ms: int = 3_000
    checkpoint_ms: int = 1_000
    commit_interval_ms: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run. *lanes* faults go on at the same time; *rate* is in events a second."""

    faults: int
    seed: int
    folder: Path
    embedded: bool = False
    only: tuple[str, ...] = ()
    """The kinds of faults to choose from; none: all of them."""
    workers: int = 3
    partitions: int = 6
    rate: int = 80
    lanes: int = 2
    drain_seconds: float = 150.0
    retention_ms: int = 20_000
    """Task time after which an article expires, so that the sweeps of the owning tasks meet the faults too."""
    timeouts: Timeouts = Timeouts()

    @property
    def expiry_ms(self) -> int | None:
        """None, for ever, on the embedded broker: its reference reads one input after the other, by another clock."""
        return None if self.embedded else self.retention_ms


def engine_config(bootstrap: str, folder: Path, guarantee: str, timeouts: Timeouts, name: str) -> EngineConfig:
    """The desk's own settings with the timeouts of a run."""
    outputs = (topics.REPARTITIONED, topics.ENRICHED, topics.PUBLISHED, topics.DECISIONS, topics.DEAD_LETTERS)
    return EngineConfig(
        bootstrap_servers=bootstrap,
        group=topics.DESK_GROUP,
        client_id=name,
        guarantee=guarantee,  # type: ignore[arg-type]
        message_bytes={topic.name: topic.max_message_bytes for topic in outputs},
        batch_records=200,
        commit_interval_ms=timeouts.commit_interval_ms,
        transaction_timeout_ms=timeouts.transaction_ms,
        session_timeout_ms=timeouts.session_ms,
        fallback_session_timeout_ms=timeouts.session_ms,
        heartbeat_ms=timeouts.heartbeat_ms,
        rebalance_timeout_ms=timeouts.rebalance_ms,
        request_timeout_ms=timeouts.request_ms,
        commit_timeout_ms=timeouts.commit_ms,
        drain_timeout_ms=timeouts.drain_ms,
        settle_ms=timeouts.settle_ms,
        backoff_max_ms=1_000,
        silence_ms=4_000,
        checkpoint_ms=timeouts.checkpoint_ms,
        punctuate_ms=500,
        state_dir=folder,
        changelog_delete_retention_ms=topics.ENRICHED.delete_retention_ms,
    )


def desk(partitions: int, retention_ms: int | None) -> DeskProcessor:
    """The desk of a run, in its workers and as the reference."""
    return DeskProcessor(rulebook("newsdesk"), partitions, retention=retention(retention_ms))


def retention(retention_ms: int | None) -> Retention:
    """How long articles are known in a run; published ones are kept."""
    return Retention(retention_ms)


def to_wire(timeouts: Timeouts) -> dict[str, int]:
    """Timeouts as JSON."""
    return asdict(timeouts)


def from_wire(wire: Mapping[str, Any]) -> Timeouts:
    """Timeouts from JSON."""
    return Timeouts(**wire)
