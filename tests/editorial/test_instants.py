from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.editorial.instants import InstantError, from_milliseconds, read_instant, sort_key

BAD, NO_OFFSET, OUT = (
    DeadLetterReason.BAD_DATE,
    DeadLetterReason.DATE_WITHOUT_OFFSET,
    DeadLetterReason.DATE_OUT_OF_RANGE,
)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2020-07-01T03:38:00Z", "2020-07-01T03:38:00Z"),
        ("2020-07-01t03:38:00z", "2020-07-01T03:38:00Z"),
        ("2020-07-01 03:38:00+00:00", "2020-07-01T03:38:00Z"),
        ("2020-07-01T01:38:00-02:00", "2020-07-01T03:38:00Z"),
        ("2020-07-01T03:38:00.000Z", "2020-07-01T03:38:00Z"),
        ("2020-07-01T03:38:00.5Z", "2020-07-01T03:38:00.5Z"),
        ("2020-07-01T03:38:00.123456789Z", "2020-07-01T03:38:00.123456Z"),
        ("1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z"),
        ("1899-12-31T23:00:00-01:00", "1900-01-01T00:00:00Z"),
        ("2100-12-31T23:59:59Z", "2100-12-31T23:59:59Z"),
    ],
)
def test_an_instant_is_written_in_utc(text: str, instant: str) -> None:
    assert read_instant(text) == instant


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", BAD),
        ("yesterday", BAD),
        ("2020-07-01", BAD),
        ("2020-07-01T03:38Z", BAD),
        ("2020-13-01T00:00:00Z", BAD),
        ("2020-02-30T00:00:00Z", BAD),
        ("2020-07-01T24:00:00Z", BAD),
        ("2020-07-01T03:38:00+25:00", BAD),
        ("2020-07-01T03:38:00+0200", BAD),
        ("\uff12\uff10\uff12\uff10-07-01T03:38:00Z", BAD),
        ("2020-07-01T03:38:00Z\n", BAD),
        ("2020-07-01T03:38:00", NO_OFFSET),
        ("2020-07-01 03:38:00.5", NO_OFFSET),
        ("1899-12-31T23:59:59Z", OUT),
        ("2101-01-01T00:00:00Z", OUT),
        ("1900-01-01T00:00:00+01:00", OUT),
        ("0001-01-01T00:00:00+14:00", OUT),
        ("9999-12-31T23:59:59-14:00", OUT),
    ],
)
def test_what_is_no_instant_says_why(text: str, reason: DeadLetterReason) -> None:
    with pytest.raises(InstantError) as caught:
        read_instant(text)

    assert caught.value.reason is reason
    assert repr(text[:40]) in caught.value.detail


def test_of_an_endless_text_only_the_beginning_is_shown() -> None:
    with pytest.raises(InstantError) as caught:
        read_instant("2020" * 10_000)

    assert len(caught.value.detail) < 100


@pytest.mark.parametrize(
    ("timestamp", "instant"), [(0, "1970-01-01T00:00:00Z"), (1_593_574_680_050, "2020-07-01T03:38:00.05Z")]
)
def test_a_timestamp_is_an_instant(timestamp: int, instant: str) -> None:
    assert from_milliseconds(timestamp) == instant


@pytest.mark.parametrize("timestamp", [1_593_574_680_000_000, 2**63 - 1, 4_133_980_800_000, -(2**62)])
def test_a_timestamp_in_other_units_is_none(timestamp: int) -> None:
    with pytest.raises(InstantError):
        from_milliseconds(timestamp)


@given(st.datetimes(), st.integers(-14, 14))
def test_any_date_and_offset_is_an_instant_or_an_error_of_ours(moment: object, hours: int) -> None:
    text = f"{moment}{hours:+03}:00"
    try:
        instant = read_instant(text)
    except InstantError:
        return
    assert read_instant(instant) == instant


def test_instants_are_in_order_as_texts() -> None:
    ordered = ["2020-07-01T03:38:00Z", "2020-07-01T03:38:00.05Z", "2020-07-01T03:38:00.5Z", "2020-07-01T03:38:01Z"]

    keys = [sort_key(instant) for instant in ordered]
    assert sorted(keys) == keys


@given(place=st.integers(0, 18), mark=st.sampled_from("+-., :ZWTt_/\u0661\u00b2\uff11"))
def test_a_text_that_is_taken_as_it_is_has_the_written_form(place: int, mark: str) -> None:
    text = "2020-07-01T03:38:00Z"
    text = text[:place] + mark + text[place + 1 :]
    try:
        instant = read_instant(text)
    except InstantError:
        return
    assert instant == "2020-07-01T03:38:00Z"
