from __future__ import annotations

from newsdesk.cli.tail import _text_line
from newsdesk.engine.records import Record


def test_a_dead_letter_shows_its_reason_before_its_bytes() -> None:
    headers = (("newsdesk-reason", b"not_json"), ("newsdesk-detail", b"unexpected end"))

    line = _text_line(Record("newsdesk.dead-letters", 1, 2, 0, None, b'{"title":\x1b[31m', headers))

    assert line == b'1/2  1970-01-01T00:00:00Z  -  not_json: unexpected end  {"title":[31m\n'
