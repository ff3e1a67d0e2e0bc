"""Headers of the records that the desk reads and writes: CloudEvents, trace context, dead letter provenance."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

from newsdesk.contracts import cloudevents as ce

if TYPE_CHECKING:
    from newsdesk.engine.records import Headers, Record

STACK_BYTES: Final = 8192
"""A stack trace in a dead letter is cut to its last so many bytes."""

_LETTER: Final = frozenset({ce.DEAD_REASON, ce.DEAD_DETAIL, ce.DEAD_VERSION})
_CONNECT: Final = "__connect.errors."


def text_of(headers: Headers, name: str) -> str | None:
    """The last header *name* as text, or None where there is none or it is no UTF-8."""
    for header, value in reversed(headers):
        if header == name and value is not None:
            try:
                return value.decode()
            except UnicodeDecodeError:
                return None
    return None


def place_of(record: Record) -> str:
    """Where *record* was read: topic/partition/offset, the first part of every ce_id made from it."""
    return f"{record.topic}/{record.partition}/{record.offset}"


class Stamp:
    """The CloudEvents headers of all that one event causes: one time, one subject, one trace.

    *trace* is the traceparent that a structured event brought; a header goes before it.
    """

    def __init__(self, record: Record, subject: str, time: str | None, trace: str | None = None) -> None:
        self._place = place_of(record)
        shared = [(ce.CE_SUBJECT, subject.encode())]
        if time is not None:
            shared.append((ce.CE_TIME, time.encode()))
        given = trace.encode() if trace is not None else None
        if (parent := next((v for h, v in reversed(record.headers) if h == ce.TRACEPARENT), given)) is not None:
            shared.append((ce.TRACEPARENT, parent))
        self._shared = tuple(shared)

    def headers(self, kind: str, ce_type: str) -> Headers:
        """The headers of the output *kind*; ce_id is the same whenever the same event is answered again."""
        return (
            (ce.CE_SPECVERSION, b"1.0"),
            (ce.CE_ID, f"{self._place}/{kind}".encode()),
            (ce.CE_SOURCE, ce.DESK_SOURCE.encode()),
            (ce.CE_TYPE, ce_type.encode()),
            (ce.CONTENT_TYPE_HEADER, ce.CONTENT_TYPE.encode()),
            *self._shared,
        )


def dead_headers(record: Record, reason: str, detail: str, version: str, error: BaseException | None = None) -> Headers:
    """The original's headers, and after them Kafka Connect's and newsdesk's own about why it is dead.

    What an earlier death said of a record that was sent again goes; where a forwarded one came from stays.
    """
    headers = [
        *(header for header in record.headers if header[0] not in _LETTER and not header[0].startswith(_CONNECT)),
        (ce.CONNECT_TOPIC, record.topic.encode()),
        (ce.CONNECT_PARTITION, str(record.partition).encode()),
        (ce.CONNECT_OFFSET, str(record.offset).encode()),
        (ce.CONNECT_STAGE, b"VALUE_CONVERTER" if error is None else b"TASK_PUT"),
        (ce.CONNECT_EXCEPTION_CLASS, (reason if error is None else type(error).__name__).encode()),
        (ce.CONNECT_EXCEPTION_MESSAGE, detail.encode("utf-8", "replace")),
        (ce.DEAD_REASON, reason.encode()),
        (ce.DEAD_DETAIL, detail.encode("utf-8", "replace")),
        (ce.DEAD_VERSION, version.encode()),
    ]
    if error is not None:
        stack = "".join(traceback.format_exception(error)).encode("utf-8", "replace")[-STACK_BYTES:]
        headers.append((ce.CONNECT_EXCEPTION_STACKTRACE, stack))
    return tuple(headers)


def forwarded_headers(record: Record) -> Headers:
    """The original's headers, and after them where it was read first."""
    return (
        *record.headers,
        (ce.FORWARDED_TOPIC, record.topic.encode()),
        (ce.FORWARDED_PARTITION, str(record.partition).encode()),
        (ce.FORWARDED_OFFSET, str(record.offset).encode()),
    )
