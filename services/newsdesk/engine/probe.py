"""What the broker can promise: asked of the broker itself, never guessed from an error that may have other causes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from aiokafka import errors as kafka
from aiokafka.protocol.transaction import InitProducerIdRequest

from newsdesk.engine.errors import EngineError

if TYPE_CHECKING:
    from aiokafka.client import AIOKafkaClient

    from newsdesk.engine.config import Guarantee

_NEEDED: Final = {
    22: "InitProducerId",
    24: "AddPartitionsToTxn",
    25: "AddOffsetsToTxn",
    26: "EndTxn",
    28: "TxnOffsetCommit",
}
_WRITE_TXN_MARKERS: Final = 27
"""Between brokers; one that lists neither this nor a working InitProducerId ends no transaction."""
_UNKNOWN_SERVER_ERROR: Final = -1
_PATIENCE_SECONDS: Final = 5.0
"""A broker that has just come up has no producer ids to give yet, and says that it is loading."""
_RETRY_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is promised, and why, in a sentence for people."""

    kind: Literal["exactly_once", "at_least_once"]
    reason: str


async def lacking_transactions(client: AIOKafkaClient) -> str | None:
    """Why the broker cannot do transactions, or None where it can. Raises KafkaError where it does not answer.

    A refusal for lack of rights proves that the API is there.
    """
    node = client.get_random_node()
    connection = None if node is None else await client._get_conn(node)  # noqa: SLF001
    if connection is None:
        raise kafka.NodeNotReadyError("no broker answers")
    listed = connection._versions  # noqa: SLF001
    missing = [name for key, name in _NEEDED.items() if key not in listed]
    if missing:
        return f"the broker lacks {', '.join(missing)}"
    request = InitProducerIdRequest(cast("str", None), 60_000)  # without an id it leaves nothing behind
    patient_until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        response: Any = await client.send(node, request)
        if response.error_code == _UNKNOWN_SERVER_ERROR and _WRITE_TXN_MARKERS not in listed:
            return "the broker lists transactions but fails InitProducerId and has no WriteTxnMarkers"
        error = kafka.for_code(response.error_code)
        if error is kafka.UnsupportedVersionError:
            return "the broker does not support InitProducerId"
        if not (error.retriable or error is kafka.ConcurrentTransactions):
            return None
        if time.monotonic() > patient_until:
            raise error
        await asyncio.sleep(_RETRY_SECONDS)


async def choose(client: AIOKafkaClient, wanted: Guarantee) -> Chosen:
    """What to promise on this broker. Raises EngineError where exactly once is demanded and cannot be had."""
    if wanted == "at_least_once":
        return Chosen("at_least_once", "the settings ask for it")
    lack = await lacking_transactions(client)
    if lack is None:
        return Chosen("exactly_once", "the broker supports transactions")
    if wanted == "exactly_once":
        raise EngineError(
            f"The settings demand exactly once, but {lack}.",
            "Use Apache Kafka, or set the guarantee to auto or at_least_once.",
        )
    return Chosen("at_least_once", lack)
