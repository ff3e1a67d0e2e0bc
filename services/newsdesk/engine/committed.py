"""The group's committed offsets, asked for in such a way that no answer is taken for "there are none"."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from aiokafka import errors as kafka
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.structs import OffsetAndMetadata

if TYPE_CHECKING:
    from aiokafka.structs import TopicPartition

_PATIENCE_SECONDS: Final = 15.0
_RETRY_SECONDS: Final = 0.1
_NO_OFFSET: Final = -1


async def committed_offset(coordinator: Any, tp: TopicPartition) -> OffsetAndMetadata | None:
    """What the group has committed for *tp*, None where that is nothing; *coordinator* is that of aiokafka's consumer.

    aiokafka 0.14 does not look at the error of the whole answer, which a broker that is still loading the group's offsets
    gives with no partition in it: it reads that as no offset, and everything would be answered once more. So the question
    is asked here, until there is an answer or patience ends, with the error that passes.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        await coordinator.ensure_coordinator_known()
        try:
            request = OffsetFetchRequest(coordinator.group_id, [(tp.topic, [tp.partition])])
            return _read(await coordinator._send_req(request), tp, coordinator.group_id)  # noqa: SLF001
        except kafka.KafkaError as error:
            if isinstance(error, kafka.NotCoordinatorForGroupError | kafka.GroupCoordinatorNotAvailableError):
                coordinator.coordinator_dead()
            if not error.retriable or time.monotonic() > until:
                raise
        await asyncio.sleep(_RETRY_SECONDS)


def _read(response: Any, tp: TopicPartition, group: str) -> OffsetAndMetadata | None:
    """The offset in *response*; raises its error, and one that passes where it does not speak of *tp* at all."""
    if code := getattr(response, "error_code", 0):
        raise kafka.for_code(code)(group)
    for topic, partitions in response.topics:
        for partition, offset, metadata, code in partitions:
            if (topic, partition) != (tp.topic, tp.partition):
                continue
            if code:
                raise kafka.for_code(code)(group)
            return None if offset == _NO_OFFSET else OffsetAndMetadata(offset, metadata)
    raise kafka.GroupLoadInProgressError(f"no answer about {tp}")
