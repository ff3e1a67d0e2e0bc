"""The engine's settings, each with its unit in its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Guarantee = Literal["auto", "exactly_once", "at_least_once"]
"""What is promised; auto: exactly once unless the broker has no transactions."""

KAFKA_DEFAULT_MESSAGE_BYTES = 1_048_588
"""message.max.bytes of a broker that nobody configured."""

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Settings of one worker. All workers of a group must agree on group, transaction_timeout_ms and the limits."""

    bootstrap_servers: str
    group: str
    """The consumer group; the transactional id of task p is GROUP-p."""
    client_id: str = "engine"
    guarantee: Guarantee = "auto"
    security: Mapping[str, Any] = field(default_factory=dict)
    """security_protocol, ssl_context and sasl_* as aiokafka takes them."""

    message_bytes: Mapping[str, int] = field(default_factory=dict)
    """max.message.bytes of every topic written to; these topics must have as many partitions as the inputs."""
    default_message_bytes: int = KAFKA_DEFAULT_MESSAGE_BYTES
    compression: str | None = None

    batch_records: int = 1_000
    batch_bytes: int = 4 * MIB
    commit_interval_ms: int = 100
    """At least so long from one commit's start to the next, unless a batch is full."""
    slice_ms: int = 15
    """The longest stretch of deciding before the event loop gets its turn."""
    punctuate_ms: int = 1_000
    """At least so long from one punctuation to the next; under constant load it is twice that."""
    punctuate_keys: int = 500
    """The most keys that one punctuation looks at."""
    large_record_bytes: int = 16 * KIB
    """A record with a larger value is decided in a thread, so that a slow one does not hold up the event loop."""
    fetch_bytes: int = MIB
    """What is fetched at most of one partition at a time (a single larger batch of records still comes)."""
    fetch_wait_ms: int = 100

    transaction_timeout_ms: int = 10_000
    session_timeout_ms: int = 10_000
    fallback_session_timeout_ms: int = 2_000
    """The longest session where auto has fallen back: the embedded broker answers a join after half of one, and notices
    only by its end that a member has left."""
    heartbeat_ms: int = 2_000
    rebalance_timeout_ms: int = 15_000
    request_timeout_ms: int = 15_000
    commit_timeout_ms: int = 30_000
    """A commit without an answer for so long ends the task's attempt; its outcome is found out at the next."""
    drain_timeout_ms: int = 8_000
    """How long a stop or a rebalance waits for the running batch; below rebalance_timeout_ms."""
    backoff_min_ms: int = 100
    backoff_max_ms: int = 10_000
    settle_ms: int = 3_000
    """How long a fenced task waits for the group before it looks whether it is still its owner; above heartbeat_ms."""
    silence_ms: int = 10_000
    """A broker that answered no fetch for so long counts as out of reach."""
    missing_topic_grace_ms: int = 30_000
    """How long a topic that was there may be missing (a broker that is starting does not know all at once)."""

    brake_window: int = 200
    brake_minimum: int = 20
    brake_share: float = 0.2

    state_dir: Path | None = None
    """Where the stores live, a folder a task; None: in memory, rebuilt at every start."""
    changelog_delete_retention_ms: int | None = None
    """delete.retention.ms of the changelog: an older store may have missed tombstones; None: never discard for its age."""
    checkpoint_ms: int = 60_000
    """How often a store is flushed to disk: what is younger a crash takes, and the changelog brings back."""
    store_cache_bytes: int = 64 * MIB
    """Block cache of all stores together."""
    store_buffer_bytes: int = 32 * MIB
    """Write buffers of all stores together."""

    def limit_of(self, topic: str) -> int:
        """The largest batch of records, in bytes, that *topic* takes."""
        return self.message_bytes.get(topic, self.default_message_bytes)
