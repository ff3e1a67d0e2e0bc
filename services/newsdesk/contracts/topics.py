"""The topic registry: every topic, its key, its cleanup and its limits. Names are forever: changing one is a migration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
DAY_MS: Final = 24 * 60 * 60 * 1000

EVENT_BYTES: Final = MIB
"""The largest event the desk reads by default, in bytes of its value; a larger one becomes a dead letter."""

DEFAULT_PARTITIONS: Final = 4
"""How many partitions `topics apply` makes where it is not told; all co-partitioned topics have the same number."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the registry. *partitions* is None where it has as many as the deployment chose."""

    name: str
    purpose: str
    key: str
    cleanup: str
    max_message_bytes: int
    retention_ms: int | None = None
    delete_retention_ms: int | None = None
    partitions: int | None = None

    def config(self) -> dict[str, str]:
        """The topic's settings under Kafka's own names."""
        settings = {"cleanup.policy": self.cleanup, "max.message.bytes": str(self.max_message_bytes)}
        if self.retention_ms is not None:
            settings["retention.ms"] = str(self.retention_ms)
        if self.delete_retention_ms is not None:
            settings["delete.retention.ms"] = str(self.delete_retention_ms)
        return settings


SUBMITTED: Final = Topic(
    name="newsdesk.articles.submitted",
    purpose="Article events as upstream systems sent them.",
    key="scope",
    cleanup="delete",
    max_message_bytes=4 * MIB,  # an event over EVENT_BYTES must get in, to be answered by a dead letter
    retention_ms=14 * DAY_MS,
)
REPARTITIONED: Final = Topic(
    name="newsdesk.articles.repartitioned",
    purpose="Events that came in under a wrong key, forwarded once by the desk.",
    key="scope",
    cleanup="delete",
    max_message_bytes=4 * MIB + 64 * KIB,
    retention_ms=14 * DAY_MS,
)
ENRICHED: Final = Topic(
    name="newsdesk.articles.enriched",
    purpose="Every article as the desk knows it; also the changelog of the desk's state.",
    key="articleId",
    cleanup="compact",
    max_message_bytes=2 * MIB,  # an event and all that enriching adds
    delete_retention_ms=7 * DAY_MS,
)
PUBLISHED: Final = Topic(
    name="newsdesk.articles.published",
    purpose="The published articles; a tombstone is a retraction.",
    key="articleId",
    cleanup="compact",
    max_message_bytes=2 * MIB,
    delete_retention_ms=7 * DAY_MS,
)
DECISIONS: Final = Topic(
    name="newsdesk.decisions",
    purpose="One explained decision for every event that could be read.",
    key="articleId",
    cleanup="delete",
    max_message_bytes=2 * MIB,
    retention_ms=30 * DAY_MS,
)
DEAD_LETTERS: Final = Topic(
    name="newsdesk.dead-letters",
    purpose="Events that could not be read, byte for byte, with the reason in their headers.",
    key="the original's",
    cleanup="delete",
    max_message_bytes=4 * MIB + 128 * KIB,
    retention_ms=30 * DAY_MS,
)
RULES: Final = Topic(
    name="newsdesk.rules",
    purpose="Every rules file that ever decided, so that a decision can be reproduced.",
    key="rules hash",
    cleanup="compact",
    max_message_bytes=2 * MIB,
    delete_retention_ms=7 * DAY_MS,
    partitions=1,
)

TOPICS: Final[tuple[Topic, ...]] = (SUBMITTED, REPARTITIONED, ENRICHED, PUBLISHED, DECISIONS, DEAD_LETTERS, RULES)
"""All topics, in the order in which they are made."""

INPUTS: Final[tuple[Topic, ...]] = (SUBMITTED, REPARTITIONED)
"""What a task of the desk reads, co-partitioned."""

DESK_GROUP: Final = "newsdesk.desk"
"""The consumer group of the desk; its transactional ids are DESK_GROUP-TASK."""
