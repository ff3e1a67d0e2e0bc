"""What time it is on the broker, asked without writing anything: from the controller's account of its own quorum."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from aiokafka.errors import IncompatibleBrokerVersion, KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

_METADATA_TOPIC: Final = "__cluster_metadata"
_REPLICA = (
    ("replica_id", Int32),
    ("log_end_offset", Int64),
    ("last_fetch_timestamp", Int64),
    ("last_caught_up_timestamp", Int64),
    ("tags", TaggedFields),
)


class _DescribeQuorumResponse(Response):
    API_KEY = 55
    API_VERSION = 1
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("high_watermark", Int64),
                        ("voters", CompactArray(*_REPLICA)),
                        ("observers", CompactArray(*_REPLICA)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeQuorumV1(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 55
    API_VERSION = 1
    RESPONSE_TYPE = _DescribeQuorumResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("partitions", CompactArray(("partition", Int32), ("tags", TaggedFields))),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeQuorum(Request[_DescribeQuorumV1]):
    """KIP-595 and KIP-836: how far each member of the controllers' quorum is, and when it last was at the end."""

    API_KEY = 55

    def build(self, request_struct_class: type[_DescribeQuorumV1]) -> _DescribeQuorumV1:
        return request_struct_class([(_METADATA_TOPIC, [(0, {})], {})], {})


async def broker_ahead(client: AIOKafkaAdminClient) -> float | None:
    """By how many seconds the controller's clock is ahead of ours, within half a round trip; None where it does not tell.

    Of the quorum's leader Kafka gives, as the time at which it last was at its own end, the time of the answer (KIP-836).
    """
    before = time.time()
    try:
        answer = await client._send_request(_DescribeQuorum())  # noqa: SLF001 - aiokafka has no public call for it
    except (IncompatibleBrokerVersion, NotImplementedError, KafkaError):
        return None
    after = time.time()
    for topic in answer.to_object()["topics"]:
        for partition in topic["partitions"]:
            for voter in partition["voters"]:
                if voter["replica_id"] == partition["leader_id"] and voter["last_caught_up_timestamp"] > 0:
                    told: float = voter["last_caught_up_timestamp"] / 1000
                    return told - (before + after) / 2
    return None
