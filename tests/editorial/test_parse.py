"""Bad input: every one with its own reason, nothing untrusted shown at length, nothing that takes long."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from newsdesk.contracts.reasons import DeadLetterReason as Reason
from newsdesk.contracts.topics import EVENT_BYTES
from newsdesk.editorial.article import read_article
from newsdesk.editorial.parse import DEEPEST, parse_event
from newsdesk.editorial.unreadable import DETAIL_LENGTH, Unreadable
from support.desk import article, book

SECURED = "Y2lwaGVydGV4dA==;aW5pdGlhbGlzYXRpb24xNg=="


def event(**fields: Any) -> bytes:
    return orjson.dumps(article(**fields))


def raw(more: str) -> bytes:
    """An article with *more* JSON text in it."""
    return event()[:-1] + f",{more}}}".encode("utf-8", "surrogatepass")


def refusal(value: bytes | None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read_article(parse_event(value).event, book())
    return caught.value


def nested(levels: int) -> str:
    return '"x":' + "[" * levels + "]" * levels


BAD = [
    pytest.param(None, Reason.EMPTY, "no value", id="a tombstone"),
    pytest.param(b"", Reason.EMPTY, "no value", id="an empty value"),
    pytest.param(b" \r\n\t", Reason.EMPTY, "no value", id="white space"),
    pytest.param(b" " + b"x" * EVENT_BYTES, Reason.TOO_LARGE, f"{EVENT_BYTES + 1} bytes", id="over the limit"),
    pytest.param(b"harbour", Reason.NOT_JSON, "line 1 column 1", id="not JSON"),
    pytest.param(event()[:-1], Reason.NOT_JSON, "line 1", id="cut off"),
    pytest.param(event() + event(), Reason.NOT_JSON, "line 1", id="two objects"),
    pytest.param(b"\xef\xbb\xbf" + event(), Reason.NOT_JSON, "BOM", id="a byte order mark"),
    pytest.param(raw('"x":1e999'), Reason.NOT_JSON, "infinity", id="a number beyond a double"),
    pytest.param(b'{"title":"\xff"}', Reason.NOT_UTF8, "byte 0xff at offset 10", id="not UTF-8"),
    pytest.param(raw('"x":"\ud800"'), Reason.NOT_UTF8, "byte 0xed", id="a surrogate in UTF-8"),
    pytest.param("{}".encode("utf-16"), Reason.NOT_UTF8, "offset 0", id="UTF-16"),
    pytest.param(b"[1]", Reason.NOT_AN_OBJECT, "an array", id="an array"),
    pytest.param(b"1", Reason.NOT_AN_OBJECT, "a number", id="a number"),
    pytest.param(b'"x"', Reason.NOT_AN_OBJECT, "a string", id="a string"),
    pytest.param(b"true", Reason.NOT_AN_OBJECT, "a boolean", id="true"),
    pytest.param(b"null", Reason.NOT_AN_OBJECT, "null", id="null"),
    pytest.param(raw('"x":NaN'), Reason.NOT_A_NUMBER, "NaN", id="NaN"),
    pytest.param(raw('"x":-Infinity'), Reason.NOT_A_NUMBER, "-Infinity", id="Infinity"),
    pytest.param(raw(nested(10_000)), Reason.TOO_DEEP, "64 levels", id="nesting 10,000 deep"),
    pytest.param(raw(nested(DEEPEST)), Reason.TOO_DEEP, "64 levels", id="nesting one too deep"),
    pytest.param(b"[" * 10_000, Reason.TOO_DEEP, "64 levels", id="nesting that does not end"),
    pytest.param(raw(r'"x":"\ud800"'), Reason.LONE_SURROGATE, "surrogate", id="a lone surrogate"),
    pytest.param(raw(r'"\udc00":1'), Reason.LONE_SURROGATE, "surrogate", id="a lone surrogate in a name"),
    pytest.param(raw('"x":"\0"'), Reason.NUL_CHARACTER, "character", id="NUL"),
    pytest.param(raw(r'"x":["\u0000"]'), Reason.NUL_CHARACTER, "U+0000", id="NUL escaped"),
    pytest.param(raw(r'"\u0000":1'), Reason.NUL_CHARACTER, "U+0000", id="NUL in a name"),
    pytest.param(raw('"x":18446744073709551616'), Reason.INTEGER_OUT_OF_RANGE, "64 bits", id="65 bits, unsigned"),
    pytest.param(raw('"x":-9223372036854775809'), Reason.INTEGER_OUT_OF_RANGE, "64 bits", id="65 bits, signed"),
    pytest.param(raw('"x":' + "9" * 400), Reason.INTEGER_OUT_OF_RANGE, "64 bits", id="a number beyond a double, whole"),
    pytest.param(raw('"quality":9223372036854775808'), Reason.INTEGER_OUT_OF_RANGE, "quality", id="a field's 64 bits"),
    pytest.param(event(specversion="1.0"), Reason.BAD_CLOUDEVENT, "data", id="a CloudEvent without data"),
    pytest.param(event(specversion="0.3", data={}), Reason.BAD_CLOUDEVENT, "1.0", id="an old CloudEvent"),
    pytest.param(
        event(title=5), Reason.WRONG_TYPE, "title: a valid string is needed, this is a number", id="a title 5"
    ),
    pytest.param(event(quality="81"), Reason.WRONG_TYPE, "quality", id="a quality in quotes"),
    pytest.param(event(quality=81.0), Reason.WRONG_TYPE, "quality", id="a quality with a point"),
    pytest.param(event(quality=True), Reason.WRONG_TYPE, "quality", id="a quality true"),
    pytest.param(event(removed=1), Reason.WRONG_TYPE, "removed", id="removed 1"),
    pytest.param(event(images=[{}]), Reason.WRONG_TYPE, "images.0.url: is missing", id="an image without URL"),
    pytest.param(event(images={}), Reason.WRONG_TYPE, "images", id="images that are no list"),
    pytest.param(event(topics=["AI", 5]), Reason.WRONG_TYPE, "topics.1", id="a topic 5"),
    pytest.param(event(related="x"), Reason.WRONG_TYPE, "related", id="related that is no list"),
    pytest.param(event(provider="CNET"), Reason.WRONG_TYPE, "provider", id="a provider that is a text"),
    pytest.param(event(title=None), Reason.MISSING_TITLE, "title", id="no title"),
    pytest.param(event(title=" \x01 "), Reason.MISSING_TITLE, "title", id="a title of nothing to see"),
    pytest.param(event(webUrl=None), Reason.MISSING_URL, "webUrl, originalUrl", id="no URL"),
    pytest.param(event(webUrl=" "), Reason.MISSING_URL, "webUrl, originalUrl", id="an empty URL"),
    pytest.param(event(webUrl=None, removed=True), Reason.MISSING_URL, "webUrl", id="a retraction of nothing"),
    pytest.param(event(webUrl="harbour/1"), Reason.BAD_URL, "webUrl", id="a URL that is none"),
    pytest.param(event(ampWebUrl="https://a b/"), Reason.BAD_URL, "ampWebUrl", id="another URL that is none"),
    pytest.param(event(webUrl="ftp://harbour.example/1"), Reason.URL_SCHEME, "webUrl", id="ftp"),
    pytest.param(event(originalUrl="javascript:alert(1)"), Reason.URL_SCHEME, "originalUrl", id="javascript"),
    pytest.param(event(webUrl="https://u:letmein@h.example/"), Reason.URL_CREDENTIALS, "webUrl", id="credentials"),
    pytest.param(
        event(ampWebUrl="https://h.example/amp/1", cdnAmpWebUrl="https://u:letmein@h.example/"),
        Reason.URL_CREDENTIALS,
        "cdnAmpWebUrl",
        id="credentials in a URL that is computed anyway",
    ),
    pytest.param(event(publishedDateTime="1 July 2020"), Reason.BAD_DATE, "publishedDateTime", id="no date"),
    pytest.param(event(updatedDateTime="2020-07-01T03:38:00"), Reason.DATE_WITHOUT_OFFSET, "updated", id="no offset"),
    pytest.param(event(publishedDateTime="1066-10-14T09:00:00Z"), Reason.DATE_OUT_OF_RANGE, "1066", id="too early"),
    pytest.param(event(publishedDateTime="2101-01-01T00:00:00Z"), Reason.DATE_OUT_OF_RANGE, "2101", id="too late"),
    pytest.param(event(secured="letmein"), Reason.BAD_SECURED, "secured", id="secured without its vector"),
    pytest.param(event(secured=SECURED[:-8]), Reason.BAD_SECURED, "secured", id="secured with a short vector"),
    pytest.param(event(secured="letmein!" + SECURED), Reason.BAD_SECURED, "secured", id="secured, no base64"),
]


@pytest.mark.parametrize(("value", "reason", "says"), BAD)
def test_bad_input_has_a_precise_reason(value: bytes | None, reason: Reason, says: str) -> None:
    refused = refusal(value)

    assert (refused.reason, says in refused.detail) == (reason, True), refused.detail
    assert len(refused.detail) <= DETAIL_LENGTH
    assert "letmein" not in refused.detail


def test_every_reason_that_lies_in_the_event_is_in_the_table() -> None:
    of_the_desk = {Reason.MISROUTED, Reason.ENRICHED_TOO_LARGE, Reason.INTERNAL_ERROR}

    assert {reason for _, reason, _ in (case.values for case in BAD)} == set(Reason) - of_the_desk


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(event(), id="an article"),
        pytest.param(b"\n " + event() + b"\r\n", id="white space around it"),
        pytest.param(raw(nested(DEEPEST - 1)), id="nesting as deep as may be"),
        pytest.param(raw('"x":"' + "[" * 1000 + '"'), id="brackets in a text"),
        pytest.param(raw(r'"x":"\\\" [[ \\"'), id="quotes and backslashes in a text"),
        pytest.param(raw(r'"x":"\\u0000"'), id="a backslash and u0000"),
        pytest.param(raw('"x":18446744073709551615,"y":-9223372036854775808'), id="integers of 64 bits"),
        pytest.param(raw('"x":0.1234567890123456789012345'), id="a long fraction"),
        pytest.param(raw(r'"x":"\ud83d\ude80"'), id="a surrogate pair"),
        pytest.param(raw('"x":"99999999999999999999999"'), id="digits in a text"),
        pytest.param(event(title=None, removed=True), id="a retraction without a title"),
        pytest.param(orjson.dumps({"cdnAmpWebUrl": "https://h.example/1", "removed": True}), id="one URL is enough"),
        pytest.param(orjson.dumps(dict.fromkeys(["excerpt", "topics", "related"]) | article()), id="nulls"),
        pytest.param(event(topics=["AI", None, ""]), id="empty topics"),
        pytest.param(event(secured=SECURED), id="secured"),
        pytest.param(event(related=[5, None]), id="bad related items"),
        pytest.param(b"{" + b" " * (EVENT_BYTES - len(event())) + event()[1:], id="as large as may be"),
    ],
)
def test_good_input_is_read(value: bytes) -> None:
    read_article(parse_event(value).event, book())


def test_a_cloudevent_is_unwrapped() -> None:
    fields = {"specversion": "1.0", "id": "7", "source": "/up", "type": "t", "time": "2020-07-01T00:00:00Z"}
    parsed = parse_event(orjson.dumps({**fields, "number": 5, "data": article()}))

    assert parsed.event == article()
    assert parsed.attributes == fields


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b'"' + b'\\"' * 50_000, id="a text of quotes that does not end"),
        pytest.param(b'{"' + b"\\" * (EVENT_BYTES - 3), id="a text of backslashes"),
        pytest.param(b'""' * (EVENT_BYTES // 2), id="empty texts"),
        pytest.param(b"[" * EVENT_BYTES, id="brackets that open"),
        pytest.param(b"[]" * (EVENT_BYTES // 2), id="brackets that open and close"),
        pytest.param(b"9" * EVENT_BYTES, id="digits"),
        pytest.param(b'{"x":' + b"9" * (EVENT_BYTES - 6) + b"}", id="an endless integer"),
        pytest.param(b'{"x":0.' + b"9" * (EVENT_BYTES - 8) + b"}", id="an endless fraction"),
    ],
)
def test_the_most_hostile_bytes_are_answered_at_once(value: bytes) -> None:
    assert len(value) <= EVENT_BYTES
    began = time.process_time()
    with pytest.raises(Unreadable) as caught:
        read_article(parse_event(value).event, book())

    assert len(caught.value.detail) <= DETAIL_LENGTH
    assert time.process_time() - began < 1.0
