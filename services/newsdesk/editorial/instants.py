"""Instants: RFC 3339 texts read strictly and written in one form, UTC with Z."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from newsdesk.contracts.reasons import DeadLetterReason

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2100

_FIRST_MS: Final = round(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp()) * 1000
_END_MS: Final = round(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()) * 1000

_WRITTEN_LENGTH: Final = len("2020-07-01T03:38:00Z")

_FORM: Final = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)


class InstantError(ValueError):
    """A text that is no instant; *reason* says what is wrong with it."""

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read_instant(text: str) -> str:
    """The instant in UTC as `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`; raises InstantError."""
    if len(text) == _WRITTEN_LENGTH and text.endswith("Z") and _is_written(text):
        return text
    form = _FORM.fullmatch(text)
    if form is None:
        raise InstantError(DeadLetterReason.BAD_DATE, f"{text[:40]!r} is not a date like 2020-07-01T03:38:00Z")
    day, clock, fraction, offset = form.groups()
    if offset is None:
        raise InstantError(DeadLetterReason.DATE_WITHOUT_OFFSET, f"{text[:40]!r} has no offset: append Z for UTC")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{'+00:00' if offset in 'Zz' else offset}")
        if offset not in "Zz":
            moment = moment.astimezone(UTC)
    except OverflowError:
        raise _out_of_range(text) from None
    except ValueError:
        raise InstantError(DeadLetterReason.BAD_DATE, f"{text[:40]!r} is not a date of the calendar") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise _out_of_range(text)
    return write_instant(moment)


def _is_written(text: str) -> bool:
    """Whether *text*, of that length and with Z, is an instant in the very form that write_instant gives it: most are.

    With all the marks in their places the library takes nothing else; 24:00 it takes for the next day from Python 3.14 on.
    """
    if not (text[4] == text[7] == "-" and text[10] == "T" and text[13] == text[16] == ":") or text[11:13] == "24":
        return False
    try:
        year = datetime.fromisoformat(text).year
    except ValueError:
        return False
    return FIRST_YEAR <= year <= LAST_YEAR


def _out_of_range(text: str) -> InstantError:
    return InstantError(
        DeadLetterReason.DATE_OUT_OF_RANGE, f"{text[:40]!r} is not between {FIRST_YEAR} and {LAST_YEAR}"
    )


def write_instant(moment: datetime) -> str:
    """*moment*, which is in UTC, as text; the fraction of the second only where there is one."""
    text = moment.isoformat()[:26].rstrip("0") if moment.microsecond else moment.isoformat()[:19]
    return text + "Z"


def from_milliseconds(timestamp: int) -> str:
    """A record's timestamp, milliseconds since 1970, as an instant; raises InstantError where it cannot be one.

    Senders do set it in microseconds by mistake.
    """
    if not _FIRST_MS <= timestamp < _END_MS:
        raise _out_of_range(f"{timestamp} ms")
    seconds, milliseconds = divmod(timestamp, 1000)
    second = _second(seconds)
    return f"{second}.{milliseconds:03}".rstrip("0") + "Z" if milliseconds else f"{second}Z"


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def sort_key(instant: str) -> str:
    """Orders instants as read_instant returns them: without Z, a fraction sorts after the whole second."""
    return instant[:-1]
