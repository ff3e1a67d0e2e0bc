"""Logs on standard error: one plain line each for people, one JSON object each for machines."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TextIO

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

LogFormat = Literal["auto", "text", "json"]
"""auto: text on a terminal, JSON elsewhere."""

HOST: Final = "faust.host"
"""The logger of services that Faust starts and stops: what it says of every step matters to itself alone."""
_LIBRARIES: Final = {
    "faust": logging.ERROR,
    "mode": logging.ERROR,
    "aiohttp": logging.WARNING,
    "asyncio": logging.WARNING,
    "aiokafka": logging.CRITICAL,  # it tells of every failed try as an error; the engine tells of those that matter
}
_FIELDS: Final = "fields"


def configure_logs(
    level: str, style: LogFormat = "auto", stream: TextIO | None = None, *, worker: int | None = None
) -> None:
    """Send all logs to *stream* (standard error) in *style*, newsdesk's from *level* on, libraries' when it matters.

    Where there are several workers every line names its *worker*.
    """
    target = stream if stream is not None else sys.stderr
    handler = logging.StreamHandler(target)
    plain = target.isatty() if style == "auto" else style == "text"
    handler.setFormatter(TextFormatter() if plain else JsonFormatter())
    if worker is not None:
        handler.addFilter(_named(worker))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("newsdesk").setLevel(level.upper())
    for name, least in _LIBRARIES.items():
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.INFO if level == "debug" else least)


def fields(**values: object) -> dict[str, dict[str, object]]:
    """What a log call takes as *extra* to say *values* beside its text: log.info("...", extra=fields(task=3))."""
    return {_FIELDS: values}


class TextFormatter(logging.Formatter):
    """2026-01-31T09:30:00Z INFO the text  name=value ..."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; a stack trace follows on its own lines."""
        pairs = "".join(f"  {name}={value}" for name, value in _fields_of(record).items())
        line = f"{_instant(record)} {record.levelname:<7} {record.getMessage()}{pairs}"
        return f"{line}\n{_trace(record)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; a stack trace is one of its fields."""
        entry: dict[str, object] = {
            "time": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields_of(record),
        }
        if record.exc_info:
            entry["trace"] = _trace(record)
        return orjson.dumps(entry, default=str).decode()


def _named(worker: int) -> Callable[[logging.LogRecord], bool]:
    def name(record: logging.LogRecord) -> bool:
        setattr(record, _FIELDS, {"worker": worker, **_fields_of(record)})
        return True

    return name


def _instant(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _fields_of(record: logging.LogRecord) -> dict[str, object]:
    found = getattr(record, _FIELDS, None)
    return found if isinstance(found, dict) else {}


def _trace(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    return "".join(traceback.format_exception(record.exc_info[1])).rstrip()
