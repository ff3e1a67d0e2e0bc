"""Dead letters: events that cannot be answered by a decision, kept as they came, with the reason in their headers."""

from __future__ import annotations

import gzip
import hashlib
import traceback
from typing import TYPE_CHECKING, Final

import newsdesk
from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.engine.records import Write

if TYPE_CHECKING:
    from newsdesk.contracts.reasons import DeadLetterReason
    from newsdesk.engine.records import Headers, Record

STACK_BYTES: Final = 8192
"""A stack trace in a dead letter is cut to its last so many bytes."""

_LETTER: Final = frozenset(
    {ce.DEAD_REASON, ce.DEAD_DETAIL, ce.DEAD_VERSION, ce.DEAD_ENCODING, ce.DEAD_BYTES, ce.DEAD_SHA256}
)
_CONNECT: Final = "__connect.errors."

LIMIT: Final = topics.DEAD_LETTERS.max_message_bytes - 16 * topics.KIB
"""Bytes of a dead letter's key, value and headers; the rest is for the framing of a record."""


def dead_letter(record: Record, reason: DeadLetterReason, detail: str, error: BaseException | None = None) -> Write:
    """The dead letter of *record*, in its partition and under its key, its bytes and headers untouched.

    A producer that compresses gets more past the broker's limit than a letter can hold: then as much as fits is kept,
    the value gzipped if need be, and its size and SHA-256 where it is not.
    """
    given = tuple(header for header in record.headers if not _is_of_an_earlier_death(header[0]))
    said = _said(record, reason.value, detail, error)
    key, value, headers = record.key, record.value, (*given, *said)
    if _size(key, value, headers) > LIMIT:
        key, value, headers = _reduced(record, given, said)
    return Write(topics.DEAD_LETTERS.name, record.partition, key, value, headers, None)


def _reduced(record: Record, given: Headers, said: Headers) -> tuple[bytes | None, bytes | None, Headers]:
    """Key, value and headers of a letter that does not fit as it is: the first form that does."""
    value = record.value or b""
    size = (ce.DEAD_BYTES, str(len(value)).encode())
    packed = (gzip.compress(value, compresslevel=6, mtime=0), (*said, size, (ce.DEAD_ENCODING, b"gzip")))
    named = (None, (*said, size, (ce.DEAD_SHA256, hashlib.sha256(value).hexdigest().encode())))
    forms: list[tuple[bytes | None, bytes | None, Headers]] = [
        (record.key, content, (*kept, *told))
        for kept in (given, ())
        for content, told in ((record.value, said), packed)
    ]
    forms.append((record.key, named[0], (*given, *named[1])))
    return next((form for form in forms if _size(*form) <= LIMIT), (None, named[0], named[1]))


def _size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """Bytes of a record, each header with a little for its framing."""
    framed = sum(len(name) * 4 + len(text or b"") + 16 for name, text in headers)
    return len(key or b"") + len(value or b"") + framed


def _is_of_an_earlier_death(name: str) -> bool:
    return name in _LETTER or name.startswith(_CONNECT)


def _said(record: Record, reason: str, detail: str, error: BaseException | None) -> Headers:
    """Kafka Connect's headers and newsdesk's own about why it is dead."""
    headers = [
        (ce.CONNECT_TOPIC, record.topic.encode()),
        (ce.CONNECT_PARTITION, str(record.partition).encode()),
        (ce.CONNECT_OFFSET, str(record.offset).encode()),
        (ce.CONNECT_STAGE, b"VALUE_CONVERTER" if error is None else b"TASK_PUT"),
        (ce.CONNECT_EXCEPTION_CLASS, (reason if error is None else type(error).__name__).encode()),
        (ce.CONNECT_EXCEPTION_MESSAGE, detail.encode("utf-8", "replace")),
        (ce.DEAD_REASON, reason.encode()),
        (ce.DEAD_DETAIL, detail.encode("utf-8", "replace")),
        (ce.DEAD_VERSION, newsdesk.__version__.encode()),
    ]
    if error is not None:
        stack = "".join(traceback.format_exception(error)).encode("utf-8", "replace")[-STACK_BYTES:]
        headers.append((ce.CONNECT_EXCEPTION_STACKTRACE, stack))
    return tuple(headers)
