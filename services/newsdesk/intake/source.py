"""The lines of files, gzipped or not, of folders and of standard input, never more of them in memory than one line."""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from newsdesk.intake.items import LINE_BYTES, SKIPPED_BYTES, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

STDIN: Final = "-"
_GZIP_MAGIC: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its line end and its number; not *whole* where only the beginning was kept."""

    number: int
    text: bytes
    whole: bool

    @property
    def is_blank(self) -> bool:
        """Nothing but white space is on it."""
        return not self.text.strip()


class Lines:
    """The lines of one file with their line ends, counted from 1."""

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self.name = name
        self._stream = stream
        self._number = 0

    def next(self, limit: int = LINE_BYTES) -> Line | None:
        """The next line, of one longer than *limit* its beginning; None after the last.

        Raises:
            InputError: the file cannot be read on, or the line is without a bound.
        """
        if not (line := self._read(limit)):
            return None
        self._number += 1
        whole = line.endswith(b"\n") or len(line) < limit or not (rest := self._read(_CHUNK))
        if not whole:
            self._skip(rest)
        return Line(self._number, line, whole=whole)

    def next_text(self, limit: int = LINE_BYTES) -> Line | None:
        """The next line that is not blank."""
        while (line := self.next(limit)) is not None and line.is_blank:
            pass
        return line

    def _skip(self, part: bytes) -> None:
        """Read on to the end of the line that *part* is of."""
        skipped = len(part)
        while part and not part.endswith(b"\n"):
            part = self._read(_CHUNK)
            skipped += len(part)
            if skipped > SKIPPED_BYTES:
                raise InputError(
                    f"{self.name}: line {self._number} is longer than {SKIPPED_BYTES >> 20} MiB; the rest is not read. "
                    "Write one event a line"
                )

    def _read(self, limit: int) -> bytes:
        try:
            return self._stream.readline(limit)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(
                f"{self.name}: damaged gzip after line {self._number} ({error}); all before it was read. "
                "Get the file again, or save what is left with gunzip and pass that"
            ) from None
        except OSError as error:
            raise InputError(f"{self.name}: cannot be read after line {self._number}: {_why(error)}") from None


def files_under(path: str) -> list[str]:
    """*path* itself, or the files of the folder *path* and its folders, sorted; names that begin with a dot are left out.

    Raises:
        InputError: *path* does not exist, is a folder without a file, or one that cannot be listed.
    """
    if path == STDIN or not Path(path).is_dir():
        return [path]

    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be listed: {_why(error)}. Check the folder's permissions") from None

    found: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += (Path(folder, name) for name in names if not name.startswith("."))
    if not found:
        raise InputError(f"{path}: no file is in this folder. Name a file, or the folder that holds the articles")
    return [str(file) for file in sorted(found) if file.is_file()]


@contextmanager
def opened(path: str) -> Iterator[Lines]:
    """The lines of the file *path*, or of standard input for "-"; gzip is known by its first bytes, not by the name.

    Raises:
        InputError: the file is missing or may not be read.
    """
    try:
        raw = sys.stdin.buffer if path == STDIN else Path(path).open("rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        raise InputError(f"{path}: no such file. Check the name, or pass - to read standard input") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {_why(error)}. Check its permissions") from None
    try:
        yield Lines(path, _unzipped(path, raw))
    finally:
        if path != STDIN:
            raw.close()


def _unzipped(path: str, raw: IO[bytes]) -> IO[bytes]:
    buffered = cast("io.BufferedReader", raw if hasattr(raw, "peek") else io.BufferedReader(cast("io.RawIOBase", raw)))
    try:
        head = buffered.peek(2)[:2]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {_why(error)}") from None
    return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered)) if head == _GZIP_MAGIC else buffered


def _why(error: OSError) -> str:
    return error.strerror or str(error)
