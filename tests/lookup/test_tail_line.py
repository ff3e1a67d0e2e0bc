from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.engine.records import Record
from newsdesk.intake.tailline import restore
from newsdesk.lookup.tail import line_of


def record(value: bytes | None, **more: object) -> Record:
    return Record(**({"topic": "t", "partition": 1, "offset": 2, "timestamp": 3, "key": b"k", "value": value} | more))


def shown(value: bytes | None, **more: object) -> dict[str, object]:
    line = line_of(record(value, **more))
    assert line.count(b"\n") == 1
    read: dict[str, object] = orjson.loads(line)
    return read


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"a":1}', {"a": 1}),
        (b'{\r\n "a": 1\n}', {"a": 1}),
        (None, None),
        (b"", {"base64": ""}),
        (b"null", {"base64": "bnVsbA=="}),
        (b"\xff", {"base64": "/w=="}),
        (b'{"a":NaN}', {"base64": "eyJhIjpOYU59"}),
        (b'{"base64":"x"}', {"base64": "eyJiYXNlNjQiOiJ4In0="}),
        (b"[1]", [1]),
    ],
)
def test_values(value: bytes | None, expected: object) -> None:
    assert shown(value)["value"] == expected


def test_the_whole_line() -> None:
    headers = (("ce_id", b"1"), ("raw", b"\xff"), ("none", None))
    assert shown(b"{}", headers=headers, key=b"\xfe", timestamp=-1) == {
        "topic": "t",
        "partition": 1,
        "offset": 2,
        "timestamp": None,
        "key": {"base64": "/g=="},
        "headers": {"ce_id": "1", "raw": {"base64": "/w=="}, "none": None},
        "value": {},
    }


@pytest.mark.parametrize("levels", [10, 500, 1000, 1022, 1023, 1024, 1025, 10_000])
def test_a_line_can_be_read_however_deep_its_value_nests(levels: int) -> None:
    shown(b"[" * levels + b"]" * levels)


@given(
    value=st.none()
    | st.binary()
    | st.from_regex(rb'\{"a":( ?\n?)(1|12345678901234567890123|"\\u0000")\}', fullmatch=True),
    key=st.none() | st.binary(),
    headers=st.dictionaries(st.text(st.characters(codec="utf-8")), st.binary()),
)
def test_a_line_is_read_back_as_the_record_it_shows(
    value: bytes | None, key: bytes | None, headers: dict[str, bytes]
) -> None:
    line = line_of(record(value, key=key, headers=tuple(headers.items())))
    item = restore("-", 1, line, orjson.loads(line))
    assert item is not None
    assert item.value == (value.translate(bytes.maketrans(b"\r\n", b"  ")) if _is_json(value) else value)
    assert (item.key, dict(item.headers), item.partition, item.offset, item.timestamp) == (key, headers, 1, 2, 3)


def _is_json(value: bytes | None) -> bool:
    try:
        return value is not None and orjson.loads(value) is not None
    except orjson.JSONDecodeError:
        return False
