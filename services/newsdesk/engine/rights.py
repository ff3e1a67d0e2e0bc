"""Rights on the broker that are missing: named one by one, with the command that grants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from newsdesk.engine.errors import EngineError
from newsdesk.engine.topic_id import topic_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiokafka.client import AIOKafkaClient

Operation = Literal["Read", "Write", "Describe"]
Resource = Literal["topic", "group", "transactional-id"]

_BITS: Final[Mapping[Operation, int]] = {"Read": 1 << 3, "Write": 1 << 4, "Describe": 1 << 8}
"""Kafka's AclOperation codes, as a broker tells them of a topic."""


def refused(operation: Operation, resource: Resource, names: Iterable[str]) -> EngineError:
    """The error that names the right and the command; of a transactional id, the command grants all of the group's."""
    listed = sorted(names)
    problem = f"The broker refuses {operation} on the {resource} {', '.join(listed)}."
    if resource == "transactional-id":
        prefix = listed[0].rpartition("-")[0]
        what = f"--operation Write --operation Describe --transactional-id {prefix}- --resource-pattern-type prefixed"
    else:
        what = " ".join([f"--operation {operation}", *(f"--{resource} {name}" for name in listed)])
    return EngineError(
        problem, f"Grant it: kafka-acls --bootstrap-server BROKER --add --allow-principal User:NAME {what}"
    )


async def check_rights(client: AIOKafkaClient, *, read: Iterable[str], write: Iterable[str]) -> None:
    """Return where this user may *read* and *write* those topics, or the broker does not tell beforehand.

    Raises EngineError for the first operation that is missing, with all topics that lack it.
    """
    needs: tuple[tuple[Operation, list[str]], ...] = (("Read", list(read)), ("Write", list(write)))
    facts = await topic_facts(client, sorted({topic for _, topics in needs for topic in topics}))
    for operation, topics in needs:
        lacking = [
            topic
            for topic in topics
            if (allowed := facts[topic].allowed) is not None and not allowed & _BITS[operation]
        ]
        if lacking:
            raise refused(operation, "topic", lacking)
