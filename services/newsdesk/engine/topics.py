"""The topics that a worker needs: there, and with the same number of partitions each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import errors as kafka

from newsdesk.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiokafka.client import AIOKafkaClient


async def check_partitions(client: AIOKafkaClient, topics: Iterable[str], expected: int | None) -> int:
    """The number of partitions that all *topics* have.

    Raises UnknownTopicOrPartitionError with a sentence where one is missing, and EngineError where the numbers differ
    or are not *expected* any more.
    """
    cluster = await client.fetch_all_metadata()  # asks for all topics: asking for one by name might create it
    counts: dict[str, int] = {}
    for topic in topics:
        if topic in cluster.unauthorized_topics:
            raise kafka.TopicAuthorizationFailedError(topic)
        partitions = cluster.partitions_for_topic(topic)
        if not partitions:
            raise kafka.UnknownTopicOrPartitionError(f"The topic {topic} does not exist, or its rights hide it")
        counts[topic] = len(partitions)
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"{topic} has {count}" for topic, count in counts.items())
        raise EngineError(
            f"The topics differ in their number of partitions: {listed}.",
            "They must agree: a task reads and writes the same partition of each. Re-create the odd ones.",
        )
    found = next(iter(counts.values()))
    if expected is not None and found != expected:
        raise EngineError(
            f"The topics had {expected} partitions and have {found} now.",
            "Records of one key are spread over two partitions now: migrate, or restart on topics made anew.",
        )
    return found
