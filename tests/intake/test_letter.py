from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from newsdesk.contracts.partitions import partition_of
from newsdesk.intake.items import Item
from newsdesk.intake.letter import UnsendableError, Writer
from support.desk import article

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_700_000_000_000


def item(value: Any = None, file: str = "-", line: int = 1, **more: Any) -> Item:
    return Item(file, line, value if isinstance(value, bytes) else orjson.dumps(value or article()), **more)


def headers(letter: Any) -> dict[str, bytes]:
    return dict(letter.headers)


@pytest.mark.parametrize(
    ("event", "scope"),
    [
        (article(), b"harbour.example"),
        (article(webUrl=None, ampWebUrl="https://amp.news.bbc.co.uk/x"), b"bbc.co.uk"),
        (article(webUrl="https://www.youtube.com/watch?v=abc"), b"youtube.com/watch?v=abc"),
        (article(webUrl=" ", originalUrl="https://a.example/1"), b"a.example"),
        ({"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data": article()}, b"harbour.example"),
        ({"removed": True, "webUrl": "https://a.example/gone"}, b"a.example"),
    ],
)
def test_the_key_is_the_scope_and_the_partition_its_own(event: dict[str, Any], scope: bytes) -> None:
    letter = Writer(7, NOW).letter(item(event))
    assert (letter.key, letter.partition) == (scope, partition_of(scope, 7))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"{broken", "no JSON"),
        (b"[1]", "JSON object"),
        ({"title": "no URL"}, "none of webUrl"),
        ({"webUrl": 7}, "webUrl: a text is needed"),
        ({"webUrl": "ftp://a.example/"}, "webUrl"),
        ({"webUrl": "https://user:secret@a.example/"}, "user name or a password"),
        ({"specversion": "1.0", "data": [1]}, "data"),
        ({"specversion": "1.0"}, "data"),
    ],
)
def test_what_has_no_scope_is_refused_and_sent_raw_all_the_same(value: Any, said: str) -> None:
    writer = Writer(5, NOW)
    with pytest.raises(UnsendableError, match=said) as refused:
        writer.letter(item(value))
    assert "secret" not in str(refused.value)
    sent = item(value).value or b""
    letter = writer.raw(item(value))
    assert (letter.key, letter.value, letter.partition) == (None, sent, partition_of(sent, 5))


def test_a_tombstone_is_no_event() -> None:
    with pytest.raises(UnsendableError, match="tombstone"):
        Writer(1, NOW).letter(Item("-", 1, None))


def test_raw_events_with_a_scope_keep_their_key() -> None:
    assert Writer(5, NOW).raw(item()).key == b"harbour.example"


def test_an_event_without_headers_gets_those_of_cloudevents() -> None:
    found = headers(Writer(1, NOW).letter(item()))
    assert found["ce_specversion"] == b"1.0"
    assert found["ce_source"] == b"/newsdesk/submit"
    assert found["ce_type"] == b"newsdesk.article.submitted.v1"
    assert found["ce_time"] == b"2023-11-14T22:13:20Z"
    assert found["content-type"] == b"application/json"
    assert len(found["ce_id"]) == 32


def test_what_an_event_brings_is_kept_and_traces_of_an_earlier_try_are_not() -> None:
    brought = (
        ("ce_id", b"7"),
        ("ce_source", b"/upstream"),
        ("traceparent", b"00-1-2-01"),
        ("x", b"1"),
        ("x", b"2"),
        ("newsdesk-reason", b"bad_url"),
        ("newsdesk-forwarded-topic", b"t"),
        ("__connect.errors.topic", b"t"),
    )
    letter = Writer(1, NOW).letter(item(headers=brought, timestamp=1_600_000_000_000))
    assert letter.headers[:5] == brought[:5]
    assert headers(letter)["ce_time"] == b"2020-09-13T12:26:40Z"
    assert not any(name.startswith(("newsdesk-", "__connect")) for name in headers(letter))


def test_a_structured_cloudevent_is_sent_as_it_is() -> None:
    value = b'{"specversion":"1.0",  "id":"1","source":"/x","type":"t","data":{"webUrl":"https://a.example/1"}}'
    letter = Writer(1, NOW).letter(item(value))
    assert letter.value == value
    assert letter.headers == (("content-type", b"application/cloudevents+json"),)


def ids(file: Path, *values: bytes) -> list[bytes]:
    writer = Writer(1, NOW)
    return [headers(writer.letter(Item(str(file), 1, value)))["ce_id"] for value in values]


def test_the_same_file_again_is_the_same_events_and_saved_again_it_is_others(tmp_path: Path) -> None:
    file, other = tmp_path / "events.ndjson", tmp_path / "other.ndjson"
    for path in (file, other):
        path.write_bytes(b"")
    one, two = orjson.dumps(article()), orjson.dumps(article(title="Two"))
    first = ids(file, one, two, one)
    assert len(set(first)) == 3  # the third is a step back, not the first sent again
    assert ids(file, one, two, one) == first
    assert not set(ids(other, one, two, one)) & set(first)
    os.utime(file, ns=(1, 1))
    assert not set(ids(file, one, two, one)) & set(first)


def test_what_comes_from_standard_input_is_new_each_time() -> None:
    first, second = (headers(Writer(1, NOW).letter(item()))["ce_id"] for _ in range(2))
    assert first != second
