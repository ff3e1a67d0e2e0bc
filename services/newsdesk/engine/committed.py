"""The group's committed offsets, asked for in such a way that no answer is taken for "there are none"."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from aiokafka import errors as kafka
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.structs import OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiokafka.structs import TopicPartition

_PATIENCE_SECONDS: Final = 15.0
_RETRY_SECONDS: Final = 0.1
_NO_OFFSET: Final = -1


def stamp(identity: str | None, partitions: int) -> str:
    """What goes with every committed offset: the id of its topic, and how many partitions that had."""
    return f"{identity or ''}/{partitions}"


def read_stamp(text: str) -> tuple[str, int | None]:
    """The id and the number in what `stamp` made; the number is None where there is none yet."""
    identity, _, partitions = text.partition("/")
    return identity, int(partitions) if partitions.isdecimal() else None


async def committed_offset(coordinator: Any, tp: TopicPartition) -> OffsetAndMetadata | None:
    """What the group has committed for *tp*, None where that is nothing; *coordinator* is that of aiokafka's consumer."""
    return (await committed_offsets(coordinator, [tp])).get(tp)


async def committed_offsets(
    coordinator: Any, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """What the group has committed for each of *partitions*; one for which that is nothing is missing.

    aiokafka 0.14 does not look at the error of the whole answer, which a broker that is still loading the group's offsets
    gives with no partition in it: it reads that as no offset, and everything would be answered once more. So the question
    is asked here, until there is an answer or patience ends, with the error that passes.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    asked: dict[str, list[int]] = {}
    for tp in partitions:
        asked.setdefault(tp.topic, []).append(tp.partition)
    while True:
        await coordinator.ensure_coordinator_known()
        try:
            request = OffsetFetchRequest(coordinator.group_id, list(asked.items()))
            return _read(await coordinator._send_req(request), partitions, coordinator.group_id)  # noqa: SLF001
        except kafka.KafkaError as error:
            if isinstance(error, kafka.NotCoordinatorForGroupError | kafka.GroupCoordinatorNotAvailableError):
                coordinator.coordinator_dead()
            if not error.retriable or time.monotonic() > until:
                raise
        await asyncio.sleep(_RETRY_SECONDS)


def _read(response: Any, partitions: Sequence[TopicPartition], group: str) -> dict[TopicPartition, OffsetAndMetadata]:
    """The offsets in *response*; raises its error, and one that passes where it does not speak of one of *partitions*."""
    if code := getattr(response, "error_code", 0):
        raise kafka.for_code(code)(group)
    told: dict[tuple[str, int], tuple[int, str]] = {}
    for topic, found in response.topics:
        for partition, offset, metadata, code in found:
            if code:
                raise kafka.for_code(code)(group)
            told[topic, partition] = offset, metadata
    if missing := [tp for tp in partitions if tp not in told]:
        raise kafka.GroupLoadInProgressError(f"no answer about {missing[0]}")
    return {tp: OffsetAndMetadata(*told[tp]) for tp in partitions if told[tp][0] != _NO_OFFSET}
