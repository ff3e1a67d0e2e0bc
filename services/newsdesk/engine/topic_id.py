"""A topic's id: what tells a topic from another of the same name that was made after the first was deleted.

aiokafka speaks Metadata up to version 5; ids came with version 10. This is version 12 (Apache Kafka 3.0).
"""

from __future__ import annotations

import uuid
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
    from io import BytesIO

    from aiokafka.client import AIOKafkaClient

_METADATA: Final = 3
_VERSION: Final = 12
_NO_ID: Final = uuid.UUID(int=0)


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


class _TopicIdRequest(Request[_Struct]):
    API_KEY = _METADATA

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_Struct]) -> _Struct:
        return request_struct_class([(_NO_ID, self._topic, {})], False, False, {})


async def topic_id(client: AIOKafkaClient, topic: str) -> str | None:
    """The id of *topic* in hexadecimal, or None where the broker has no topic ids. Raises the broker's error otherwise."""
    node = client.get_random_node()
    if node is None:
        raise kafka.NodeNotReadyError("no broker is known")
    try:
        response: Any = await client.send(node, _TopicIdRequest(topic))
    except (kafka.IncompatibleBrokerVersion, NotImplementedError):
        return None
    for code, name, found, *_ in response.topics:
        if name != topic:
            continue
        if code:
            raise kafka.for_code(code)(topic)
        return None if found == _NO_ID else found.hex
    raise kafka.UnknownTopicOrPartitionError(topic)
