"""What to send of an item: its key and partition by its scope, its CloudEvents headers, its value as it is."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts.article import URL_FIELDS
from newsdesk.contracts.partitions import partition_of
from newsdesk.editorial.article import own_url, read_urls
from newsdesk.editorial.instants import from_milliseconds
from newsdesk.editorial.unreadable import Unreadable
from newsdesk.intake.source import STDIN

if TYPE_CHECKING:
    from newsdesk.intake.items import Item

SOURCE: Final = "/newsdesk/submit"
"""ce_source of an event that brings none of its own."""

_STRUCTURED: Final = b"application/cloudevents+json"
_LEFT_BEHIND: Final = ("__connect.errors.", "newsdesk-")
"""Headers about an earlier try: a dead letter that is submitted again starts anew."""

Headers = tuple[tuple[str, bytes], ...]


class UnsendableError(ValueError):
    """An item without a scope, so that nobody knows where it belongs; the message says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One record for the topic of submitted events."""

    key: bytes | None
    partition: int
    value: bytes
    headers: Headers


class Writer:
    """Writes letters for items in their order.

    An event's id names the item of a file as that was saved: the same file submitted again, after a failure for one,
    sends the same events, and the desk answers `resent`; a file that was saved again sends new ones, so that an article
    that goes back to an earlier state is a revision. What comes from standard input is new each time.
    """

    def __init__(self, partitions: int, now_ms: int) -> None:
        self._partitions = partitions
        self._now = from_milliseconds(now_ms).encode()
        self._file: str | None = None
        self._origin = b""
        self._number = 0

    def letter(self, item: Item) -> Letter:
        """The letter for *item*; raises UnsendableError."""
        if item.value is None:
            raise UnsendableError("a tombstone holds no event")
        try:
            data = orjson.loads(item.value)
        except orjson.JSONDecodeError as error:
            raise UnsendableError(f"no JSON: {error}") from None
        if not isinstance(data, dict):
            raise UnsendableError("an event is a JSON object")
        structured = "specversion" in data
        key = _scope(data.get("data") if structured else data).encode()
        headers = self._headers(item, item.value, bare=structured)
        return Letter(key, partition_of(key, self._partitions), item.value, headers)

    def raw(self, item: Item) -> Letter:
        """The letter for *item* whatever it holds, under the key that it brought, right or wrong, or else its scope.

        One with neither has no key, and its bytes choose the partition.
        """
        value = item.value or b""
        if item.key is not None:
            headers = self._headers(item, value, bare=False)
            return Letter(item.key, partition_of(item.key, self._partitions), value, headers)
        try:
            return self.letter(item)
        except UnsendableError:
            partition = partition_of(value, self._partitions)
            return Letter(None, partition, value, self._headers(item, value, bare=False))

    def _headers(self, item: Item, value: bytes, *, bare: bool) -> Headers:
        """The headers that the item brought, and those of CloudEvents that it lacks; a structured one needs none."""
        event = self._event_id(item, value)
        brought = tuple(header for header in item.headers if not header[0].startswith(_LEFT_BEHIND))
        names = {name for name, _ in brought}
        if bare:
            wanted: Headers = ((ce.CONTENT_TYPE_HEADER, _STRUCTURED),)
        else:
            wanted = (
                (ce.CE_SPECVERSION, ce.SPEC_VERSION.encode()),
                (ce.CE_ID, event),
                (ce.CE_SOURCE, SOURCE.encode()),
                (ce.CE_TYPE, ce.TYPE_SUBMITTED.encode()),
                (ce.CE_TIME, self._now if item.timestamp is None else from_milliseconds(item.timestamp).encode()),
                (ce.CONTENT_TYPE_HEADER, ce.CONTENT_TYPE.encode()),
            )
        return (*brought, *(header for header in wanted if header[0] not in names))

    def _event_id(self, item: Item, value: bytes) -> bytes:
        if item.file != self._file:
            self._file, self._origin, self._number = item.file, _origin(item.file), 0
        self._number += 1
        return hashlib.sha256(b"%b\0%d\0%b" % (self._origin, self._number, value)).hexdigest()[:32].encode()


def _origin(file: str) -> bytes:
    """What tells one saved file from every other."""
    if file == STDIN:
        return uuid.uuid4().bytes
    path = Path(file).resolve()
    return f"{path}\0{path.stat().st_mtime_ns}".encode("utf-8", "surrogateescape")


def _scope(event: Any) -> str:
    """The scope of an event's own URL; raises UnsendableError."""
    if not isinstance(event, dict):
        raise UnsendableError("data of a structured CloudEvent is a JSON object")
    given = {field: event[field] for field in URL_FIELDS if event.get(field) is not None}
    for field, value in given.items():
        if not isinstance(value, str):
            raise UnsendableError(f"{field}: a text is needed")
    try:
        return own_url(read_urls(given)).scope
    except Unreadable as error:
        raise UnsendableError(error.detail) from None
