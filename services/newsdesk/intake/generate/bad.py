"""Bad input: an event broken so that it becomes a dead letter of a given reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from newsdesk.contracts.article import URL_FIELDS
from newsdesk.contracts.reasons import DeadLetterReason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HOLE: Final = "~~hole~~"

Event = dict[str, Any]


def broken(event: Mapping[str, Any], reason: DeadLetterReason) -> bytes:
    """*event*, which is a good one, as bytes without a line feed that the desk refuses for *reason*, one of BREAKABLE."""
    return BREAKABLE[reason](dict(event))


def _with(field: str, value: Any) -> Callable[[Event], bytes]:
    return lambda event: orjson.dumps({**event, field: value})


def _with_raw(field: str, raw: bytes) -> Callable[[Event], bytes]:
    """The event with *raw* as the JSON of *field*."""
    return lambda event: orjson.dumps({**event, field: _HOLE}).replace(f'"{_HOLE}"'.encode(), raw)


def _with_url(change: Callable[[str], str]) -> Callable[[Event], bytes]:
    def made(event: Event) -> bytes:
        field = next(field for field in URL_FIELDS if field in event)
        return orjson.dumps({**event, field: change(event[field])})

    return made


def _without(*fields: str) -> Callable[[Event], bytes]:
    return lambda event: orjson.dumps({name: value for name, value in event.items() if name not in fields})


def _after_scheme(url: str, text: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{text}{rest}"


BREAKABLE: Final[dict[DeadLetterReason, Callable[[Event], bytes]]] = {
    DeadLetterReason.NOT_UTF8: _with_raw("excerpt", b'"Caf\xe9"'),
    DeadLetterReason.NOT_JSON: lambda event: orjson.dumps(event)[:-1],
    DeadLetterReason.NOT_AN_OBJECT: lambda event: orjson.dumps([event]),
    DeadLetterReason.NOT_A_NUMBER: _with_raw("quality", b"NaN"),
    DeadLetterReason.TOO_DEEP: _with_raw("notes", b"[" * 10_000 + b"]" * 10_000),
    DeadLetterReason.LONE_SURROGATE: _with_raw("excerpt", b'"\\ud83d"'),
    DeadLetterReason.NUL_CHARACTER: _with_raw("excerpt", b'"\\u0000"'),
    DeadLetterReason.INTEGER_OUT_OF_RANGE: _with_raw("quality", b"18446744073709551616"),
    DeadLetterReason.BAD_CLOUDEVENT: lambda _: b'{"specversion":"1.0","id":"1","source":"/feed","data":"text"}',
    DeadLetterReason.WRONG_TYPE: _with("quality", "81"),
    DeadLetterReason.MISSING_TITLE: _without("title"),
    DeadLetterReason.MISSING_URL: _without(*URL_FIELDS),
    DeadLetterReason.BAD_URL: _with_url(lambda url: _after_scheme(url, "not a host ")),
    DeadLetterReason.URL_SCHEME: _with_url(lambda url: "ftp" + url.removeprefix("https")),
    DeadLetterReason.URL_CREDENTIALS: _with_url(lambda url: _after_scheme(url, "editor:letmein@")),
    DeadLetterReason.BAD_DATE: _with("publishedDateTime", "6 May 2024"),
    DeadLetterReason.DATE_WITHOUT_OFFSET: _with("publishedDateTime", "2024-05-06T10:00:00"),
    DeadLetterReason.DATE_OUT_OF_RANGE: _with("publishedDateTime", "0001-01-01T00:00:00Z"),
    DeadLetterReason.BAD_SECURED: _with("secured", "c2VjcmV0"),
}
"""Every reason that a line of text can bring about by itself, with how. The others need a record without a value,
one too large, a wrong partition, or a defect of newsdesk."""
