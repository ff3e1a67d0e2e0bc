"""Records of a topic as lines of JSON, from which `newsdesk judge` and `newsdesk submit` can restore them."""

from __future__ import annotations

import base64
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from newsdesk.lookup.topics import CLIENT_ID, open_topics

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from newsdesk.engine.records import Record
    from newsdesk.engine.validity import Span
    from newsdesk.lookup.topics import Place

_POLL_MS: Final = 500
_BRACKETS: Final = 500
"""A value with so many brackets may nest too deep to stand within a line."""
_LINE_BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")


def line_of(record: Record) -> bytes:
    """*record* as one line of JSON. A value that is JSON keeps its bytes, but for line breaks between its parts."""
    return orjson.dumps(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.timestamp if record.timestamp >= 0 else None,
            "key": _text(record.key),
            "headers": {name: _text(value) for name, value in record.headers},
            "value": _value(record.value),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


async def records(
    bootstrap: str,
    security: Mapping[str, Any],
    name: str,
    *,
    begin: Literal["start", "end"] = "start",
    until_end: bool = False,
) -> AsyncGenerator[Sequence[Record], None]:
    """The committed records of the topic *name* from its start or its present end, in the order in which they arrive.

    With *until_end* to the ends that the partitions have now, and then it is over; without for ever.
    """
    async with open_topics(bootstrap, security) as topics:
        spans = await topics.spans(topics.places([name]))
        if until_end:
            if begin == "start":
                async with aclosing(topics.read(spans)) as portions:
                    async for portion in portions:
                        yield portion
            return
    async with aclosing(_follow(bootstrap, security, spans, begin)) as portions:
        async for portion in portions:
            yield portion


async def _follow(
    bootstrap: str, security: Mapping[str, Any], spans: Mapping[Place, Span], begin: Literal["start", "end"]
) -> AsyncGenerator[Sequence[Record], None]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id=CLIENT_ID,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **security,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(*place) for place in spans])
        for place, span in spans.items():
            consumer.seek(TopicPartition(*place), span.start if begin == "start" else span.end)
        while True:
            for portion in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                yield cast("Sequence[Record]", portion)
    finally:
        await consumer.stop()


def _text(value: bytes | None) -> str | dict[str, str] | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return _base64(value)


def _value(value: bytes | None) -> Any:
    """A JSON value as it is; null stands for a tombstone alone, and an object that looks like our base64 is no exception."""
    if value is None:
        return None
    try:
        read = orjson.loads(value)
        if value.count(b"[") + value.count(b"{") > _BRACKETS:
            orjson.loads(b'{"value":%b}' % value)
    except orjson.JSONDecodeError:
        return _base64(value)
    if read is None or (isinstance(read, dict) and read.keys() == {"base64"}):
        return _base64(value)
    return orjson.Fragment(value.translate(_LINE_BREAKS))


def _base64(value: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(value).decode("ascii")}
