"""Log lines: plain for people, JSON for machines, and no chatter of libraries."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest

from newsdesk.ops.logs import configure_logs, fields

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARIES = ("faust", "mode", "aiokafka", "aiohttp", "asyncio", "newsdesk")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in LIBRARIES}
    yield io.StringIO()
    root.handlers[:], root.level = before[0], before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_where_nobody_sits_at_a_terminal(stream: io.StringIO) -> None:
    configure_logs("info", stream=stream)
    logging.getLogger("newsdesk.x").info("task %d runs", 3, extra=fields(task=3))
    (line,) = lines(stream)
    assert line.pop("time", "").endswith("Z")  # type: ignore[attr-defined]
    assert line == {"level": "info", "logger": "newsdesk.x", "message": "task 3 runs", "task": 3}


def test_a_line_for_people_is_plain(stream: io.StringIO) -> None:
    configure_logs("info", "text", stream)
    logging.getLogger("newsdesk.x").warning("slow", extra=fields(task=3))
    assert stream.getvalue().endswith("Z WARNING slow  task=3\n")


def test_every_line_of_one_of_several_workers_names_it(stream: io.StringIO) -> None:
    configure_logs("info", stream=stream, worker=1)
    logging.getLogger("newsdesk.x").info("a", extra=fields(task=3))
    logging.getLogger("newsdesk.x").info("b")
    assert [line["worker"] for line in lines(stream)] == [1, 1]
    assert lines(stream)[0]["task"] == 3


@pytest.mark.parametrize(("level", "told"), [("debug", ["d", "i", "w"]), ("info", ["i", "w"]), ("warning", ["w"])])
def test_the_level_is_newsdesks(stream: io.StringIO, level: str, told: list[str]) -> None:
    configure_logs(level, stream=stream)
    for say, word in zip(("debug", "info", "warning"), ("d", "i", "w"), strict=True):
        getattr(logging.getLogger("newsdesk.x"), say)(word)
    assert [line["message"] for line in lines(stream)] == told


def test_libraries_are_quiet(stream: io.StringIO) -> None:
    configure_logs("info", stream=stream)
    logging.getLogger("faust.host").warning("Starting...")
    logging.getLogger("mode.services").info("x")
    logging.getLogger("aiokafka.conn").error("again")
    assert lines(stream) == []
    logging.getLogger("mode.services").error("a child did not stop")
    assert [line["message"] for line in lines(stream)] == ["a child did not stop"]


def test_a_defect_has_its_trace(stream: io.StringIO) -> None:
    configure_logs("info", stream=stream)
    try:
        int("x")
    except ValueError:
        logging.getLogger("newsdesk.x").exception("failed")
    (line,) = lines(stream)
    assert "ValueError: invalid literal" in str(line["trace"])
