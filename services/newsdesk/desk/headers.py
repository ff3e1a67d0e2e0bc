"""Headers of the records that the desk reads and writes: CloudEvents, trace context, dead letter provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from newsdesk.contracts import cloudevents as ce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsdesk.engine.records import Headers, Record


def text_of(headers: Mapping[str, bytes | None], name: str) -> str | None:
    """The header *name* as text, or None where there is none or it is no UTF-8; of several the last counts."""
    value = headers.get(name)
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def place_of(record: Record) -> str:
    """Where *record* was read: topic/partition/offset, the first part of every ce_id made from it."""
    return f"{record.topic}/{record.partition}/{record.offset}"


class Stamp:
    """The CloudEvents headers of all that one event causes: one time, one subject, one trace.

    *trace* is the traceparent that a structured event brought; a header goes before it.
    """

    __slots__ = ("_place", "_shared")

    def __init__(self, record: Record, subject: str, time: str | None, trace: str | None = None) -> None:
        self._place = place_of(record)
        shared = [(ce.CE_SUBJECT, subject.encode())]
        if time is not None:
            shared.append((ce.CE_TIME, time.encode()))
        parent = trace.encode() if trace is not None else None
        for header, value in record.headers:
            if header == ce.TRACEPARENT:
                parent = value
        if parent is not None:
            shared.append((ce.TRACEPARENT, parent))
        self._shared = tuple(shared)

    def headers(self, kind: str, ce_type: str) -> Headers:
        """The headers of the output *kind*; ce_id is the same whenever the same event is answered again."""
        ce_id = (ce.CE_ID, f"{self._place}/{kind}".encode())
        return (_VERSION, ce_id, _SOURCE, (ce.CE_TYPE, ce_type.encode()), _CONTENT, *self._shared)


def expired_headers(place: str, article: str, stamp: int, ce_type: str) -> Headers:
    """The headers of a tombstone for an article stamped *stamp*, in the topic and partition *place*, that has expired."""
    ce_id = (ce.CE_ID, f"{place}/{article}/{stamp}/expired".encode())
    return (_VERSION, ce_id, _SOURCE, (ce.CE_TYPE, ce_type.encode()), _CONTENT, (ce.CE_SUBJECT, article.encode()))


_VERSION: Final = (ce.CE_SPECVERSION, ce.SPEC_VERSION.encode())
_SOURCE: Final = (ce.CE_SOURCE, ce.DESK_SOURCE.encode())
_CONTENT: Final = (ce.CONTENT_TYPE_HEADER, ce.CONTENT_TYPE.encode())


def forwarded_headers(record: Record) -> Headers:
    """The original's headers, and after them where it was read first."""
    return (
        *record.headers,
        (ce.FORWARDED_TOPIC, record.topic.encode()),
        (ce.FORWARDED_PARTITION, str(record.partition).encode()),
        (ce.FORWARDED_OFFSET, str(record.offset).encode()),
    )
