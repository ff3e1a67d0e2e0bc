"""Submitting: items to the topic of submitted events, each delivery checked, and one answer for each item in its order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from newsdesk.contracts.topics import SUBMITTED
from newsdesk.engine.probe import lacking_transactions
from newsdesk.engine.reading import open_client
from newsdesk.intake.feed import Feed
from newsdesk.intake.items import Item, Refused
from newsdesk.intake.letter import UnsendableError, Writer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    from newsdesk.intake.letter import Letter

CLIENT_ID: Final = "newsdesk.submit"
DELIVERY_SECONDS: Final = 60
"""How long a delivery may take before it is given up: a broker that restarts is back by then."""
_STOP_SECONDS: Final = 2
"""How long a producer that cannot deliver may try on when it is stopped."""
_IN_FLIGHT: Final = 2000
"""Items that are sent and not answered yet, at most."""
_PORTION: Final = 200
_LINGER_MS: Final = 5
_BATCH_BYTES: Final = 256 * 1024
_REFUSALS: Final = (MessageSizeTooLargeError, RecordListTooLargeError, CorruptRecordException, InvalidTimestampError)
"""What the broker may say of one item, so that the next can still be sent."""


class SubmitError(Exception):
    """Nothing (more) can be delivered: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n{remedy}")
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Delivered:
    """An item that the broker has, and where."""

    item: Item
    partition: int
    offset: int

    def wire(self) -> dict[str, Any]:
        """The answer as JSON."""
        return {"file": self.item.file, "line": self.item.line, "partition": self.partition, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class Declined:
    """An item that was not sent, or that the broker refused, and why."""

    item: Item
    reason: str

    def wire(self) -> dict[str, Any]:
        """The answer as JSON."""
        return {"file": self.item.file, "line": self.item.line, "reason": self.reason}


Answer = Delivered | Declined
_Sent = tuple[Item, "asyncio.Future[Any]"]


class Submission:
    """One run of `newsdesk submit` over *entries*.

    With *raw* every item is sent as it is; with *eager* each as soon as it is read, not some hundred together.
    *patience* is how many seconds a delivery may take.
    """

    def __init__(
        self,
        entries: Iterable[Item | Refused],
        *,
        raw: bool = False,
        eager: bool = False,
        patience: float = DELIVERY_SECONDS,
    ) -> None:
        self._entries = entries
        self._raw = raw
        self._portion = 1 if eager else _PORTION
        self._patience = patience

    async def answers(self, bootstrap: str, security: Mapping[str, Any]) -> AsyncGenerator[Answer, None]:
        """Send everything, and answer each item once, in order, when the broker has it.

        Raises:
            SubmitError: there is no such topic, or a delivery failed; the items answered before are delivered.
            InputError: a file cannot be read (on); what was read before is sent and answered.
            KafkaConnectionError: no broker answers.
        """
        partitions, idempotent = await _examine(bootstrap, security)
        writer = Writer(partitions, time.time_ns() // 1_000_000)
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            client_id=CLIENT_ID,
            acks="all",
            enable_idempotence=idempotent,
            max_request_size=SUBMITTED.max_message_bytes,
            max_batch_size=_BATCH_BYTES,
            linger_ms=_LINGER_MS,
            request_timeout_ms=min(30_000, int(self._patience * 1000)),
            **security,
        )
        await producer.start()
        sent: asyncio.Queue[_Sent | Declined | None] = asyncio.Queue(_IN_FLIGHT)
        sending = asyncio.create_task(self._send(producer, writer, sent))
        try:
            while (part := await sent.get()) is not None:
                yield part if isinstance(part, Declined) else await self._answer(*part)
            await sending
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await sending
            _forget(sent)
            with contextlib.suppress(
                TimeoutError
            ):  # it would wait for a broker that does not answer as long as it takes
                await asyncio.wait_for(producer.stop(), _STOP_SECONDS)

    async def _send(
        self, producer: AIOKafkaProducer, writer: Writer, sent: asyncio.Queue[_Sent | Declined | None]
    ) -> None:
        """Send what the feed gives, put what becomes of it into *sent*, and None at the end."""
        try:
            async with contextlib.aclosing(Feed(self._entries, self._portion).portions()) as portions:
                async for portion in portions:
                    for entry in portion:
                        await sent.put(await self._sent(producer, writer, entry))
        except Exception:
            await sent.put(None)
            raise
        await sent.put(None)

    async def _sent(self, producer: AIOKafkaProducer, writer: Writer, entry: Item | Refused) -> _Sent | Declined:
        if isinstance(entry, Refused):
            return Declined(entry.item, entry.reason)
        try:
            letter: Letter = writer.raw(entry) if self._raw else writer.letter(entry)
            future = await producer.send(
                SUBMITTED.name, letter.value, letter.key, letter.partition, headers=list(letter.headers)
            )
        except UnsendableError as error:
            return Declined(entry, str(error))
        except MessageSizeTooLargeError:
            return Declined(entry, _too_large(len(letter.value)))
        return entry, future

    async def _answer(self, item: Item, future: asyncio.Future[Any]) -> Answer:
        """What the broker says of *item*; raises SubmitError where it says nothing in time."""
        try:
            if not future.done():
                await asyncio.wait((future,), timeout=self._patience)
            if not future.done():
                raise KafkaTimeoutError(f"the broker did not answer within {self._patience:g} s")
            metadata = future.result()
        except _REFUSALS as error:
            if isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
                return Declined(item, _too_large(len(item.value or b"")))
            return Declined(item, f"the broker refuses it: {str(error) or type(error).__name__}")
        except KafkaError as error:
            raise SubmitError(
                f"{item.file}:{item.line}: not delivered: {str(error) or type(error).__name__}",
                "All that was answered before is delivered. Submit the same again: what is there already is a duplicate.",
            ) from error
        return Delivered(item, metadata.partition, metadata.offset)


async def _examine(bootstrap: str, security: Mapping[str, Any]) -> tuple[int, bool]:
    """How many partitions the topic has, and whether the broker has idempotent producers; asking creates no topic."""
    async with open_client(bootstrap, CLIENT_ID, security) as client:
        cluster = await client.fetch_all_metadata()
        partitions = cluster.partitions_for_topic(SUBMITTED.name)
        if not partitions:
            raise SubmitError(
                f"the broker at {bootstrap} has no topic {SUBMITTED.name}", "`newsdesk topics apply` creates it."
            )
        return len(partitions), await lacking_transactions(client) is None


def _too_large(size: int) -> str:
    return (
        f"{size} bytes, {SUBMITTED.name} takes records of {SUBMITTED.max_message_bytes} with all that goes around them"
    )


def _forget(sent: asyncio.Queue[_Sent | Declined | None]) -> None:
    """Look at what became of the items that nobody asks for any more, so that asyncio does not complain about them."""
    while not sent.empty():
        part = sent.get_nowait()
        if isinstance(part, tuple):
            part[1].add_done_callback(lambda future: future.cancelled() or future.exception())
