"""A spool: objects written aside, compressed, in a temporary file, so that they can be read once more."""

from __future__ import annotations

import gzip
import tempfile
from typing import TYPE_CHECKING, Any, Self

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


class Spool:
    """Objects in the order in which they were added; they may be read when all are in it. Memory does not grow with them."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="newsdesk-spool-")  # noqa: SIM115 - closed by __exit__
        self._writing: gzip.GzipFile | None = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=1)

    def add(self, thing: dict[str, Any]) -> None:
        """Add one object; not after the first was read."""
        if self._writing is None:
            raise ValueError("the spool is being read")
        self._writing.write(orjson.dumps(thing, option=orjson.OPT_APPEND_NEWLINE))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if self._writing is not None:
            self._writing.close()
            self._writing = None
        self._file.seek(0)
        with gzip.GzipFile(fileobj=self._file, mode="rb") as lines:
            yield from map(orjson.loads, lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writing is not None:
            self._writing.close()
        self._file.close()
