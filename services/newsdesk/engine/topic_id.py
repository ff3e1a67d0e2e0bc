"""A topic's id, which tells it from another of the same name made later, and what this user may do with it.

aiokafka speaks Metadata up to version 5; ids came with version 10. This is version 12 (Apache Kafka 3.0).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiokafka import errors as kafka
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import BytesIO

    from aiokafka.client import AIOKafkaClient

_METADATA: Final = 3
_VERSION: Final = 12
_NO_ID: Final = uuid.UUID(int=0)
_NOT_TOLD: Final = -(2**31)


class _Uuid(AbstractType[uuid.UUID]):
    @classmethod
    def encode(cls, value: uuid.UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> uuid.UUID:
        return uuid.UUID(bytes=data.read(16))


class _Response(Response):
    API_KEY = _METADATA
    API_VERSION = _VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Struct(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = _METADATA
    API_VERSION = _VERSION
    RESPONSE_TYPE = _Response
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _TopicsRequest(Request[_Struct]):
    API_KEY = _METADATA

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_Struct]) -> _Struct:
        return request_struct_class([(_NO_ID, topic, {}) for topic in self._topics], False, True, {})


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """What a broker knows of a topic: its id in hexadecimal, and the bits of the operations that are allowed; None: it does not tell."""

    identity: str | None
    allowed: int | None


async def topic_facts(client: AIOKafkaClient, topics: Sequence[str]) -> dict[str, TopicFacts]:
    """The facts of all *topics*; none of them is made by asking.

    Raises UnknownTopicOrPartitionError or TopicAuthorizationFailedError with the name of a topic.
    """
    node = client.get_random_node()
    if node is None:
        raise kafka.NodeNotReadyError("no broker is known")
    try:
        response: Any = await client.send(node, _TopicsRequest(topics))
    except (kafka.IncompatibleBrokerVersion, NotImplementedError):
        return dict.fromkeys(topics, TopicFacts(None, None))
    facts: dict[str, TopicFacts] = {}
    for code, name, identity, _internal, _partitions, allowed, *_ in response.topics:
        if code:
            raise kafka.for_code(code)(name)
        facts[name] = TopicFacts(
            None if identity == _NO_ID else identity.hex, None if allowed == _NOT_TOLD else allowed
        )
    for topic in topics:
        if topic not in facts:
            raise kafka.UnknownTopicOrPartitionError(topic)
    return facts


async def topic_id(client: AIOKafkaClient, topic: str) -> str | None:
    """The id of *topic* in hexadecimal, or None where the broker has no topic ids. Raises the broker's error otherwise."""
    return (await topic_facts(client, [topic]))[topic].identity
