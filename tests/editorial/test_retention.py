"""Task time comes from events alone and never runs ahead; what has expired is so whether it was swept or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.contracts.cloudevents import TASK_TIME
from newsdesk.editorial.instants import from_milliseconds
from newsdesk.editorial.retention import (
    AHEAD_MS,
    CLOCK,
    FOR_EVER,
    Expired,
    Retention,
    advanced,
    clock_of,
    fold_clock,
    milliseconds,
    opened,
    seal,
    stamp_header,
    stamp_in,
    swept,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

DAY = 24 * 3_600_000
NOW = 18_444 * DAY  # 2020-07-01
MONTH = Retention(30 * DAY)
MONTH_OF_ALL = Retention(30 * DAY, expire_published=True)


class State(dict[bytes, bytes]):
    put = dict.__setitem__
    delete = dict.__delitem__


# ---- task time


@pytest.mark.parametrize(
    ("clock", "event", "record", "after"),
    [
        pytest.param(0, None, NOW, NOW, id="the record's timestamp, where the event says nothing"),
        pytest.param(0, NOW - 5, NOW, NOW - 5, id="what the event says goes before"),
        pytest.param(NOW, NOW - 5, NOW, NOW, id="never backwards"),
        pytest.param(0, NOW + AHEAD_MS, NOW, NOW + AHEAD_MS, id="a day ahead is a time zone"),
        pytest.param(7, NOW + AHEAD_MS + 1, NOW, 7, id="more is a wrong clock, and advances nothing"),
        pytest.param(7, NOW, -1, 7, id="offline, time stands still"),
        pytest.param(7, None, -1, 7, id="offline without a date too"),
        pytest.param(7, None, NOW * 1000, 7, id="a timestamp in microseconds is none"),
        pytest.param(7, NOW, NOW * 1000, 7, id="and nothing to measure a date by"),
        pytest.param(0, -5 * DAY, NOW, 0, id="before 1970"),
    ],
)
def test_what_advances_the_task_time(clock: int, event: int | None, record: int, after: int) -> None:
    assert advanced(clock, event, record) == after


@given(st.integers(0, 2 * NOW), st.none() | st.integers(-NOW, 3 * NOW), st.integers(-1, 2 * NOW))
def test_the_task_time_never_falls_and_never_runs_a_day_ahead_of_the_record(
    clock: int, event: int | None, record: int
) -> None:
    after = advanced(clock, event, record)
    assert after >= clock
    assert after == clock or after <= record + AHEAD_MS


@given(st.integers(0, 4_000 * 365 * DAY // 31))
def test_an_instant_in_milliseconds_is_the_one_that_was_written(moment: int) -> None:
    assert milliseconds(from_milliseconds(moment)) == moment


def test_the_fraction_of_an_instant_counts() -> None:
    assert milliseconds("1970-01-01T00:00:01.5Z") == 1_500
    assert milliseconds("1969-12-31T23:59:59Z") == -1_000


# ---- stamps


@pytest.mark.parametrize(
    ("headers", "stamp"),
    [
        ((), 0),
        ((("ce_time", b"5"),), 0),
        (((TASK_TIME, b"1593561600000"), ("ce_time", b"5")), 1_593_561_600_000),
        (((TASK_TIME, b"soon"),), 0),
        (((TASK_TIME, b"-5"),), 0),
        (((TASK_TIME, None),), 0),
        (((TASK_TIME, b"9" * 40),), 0),
    ],
)
def test_the_stamp_among_headers(headers: Sequence[tuple[str, bytes | None]], stamp: int) -> None:
    assert stamp_in(headers) == stamp


@given(st.integers(0, 2 * NOW))
def test_a_stamp_is_read_back_from_header_and_state(stamp: int) -> None:
    assert stamp_in(stamp_header(stamp)) == stamp
    assert opened(seal(stamp) + b'{"revision":1}') == (stamp, {"revision": 1})


def test_offline_nothing_is_stamped_and_the_state_is_plain() -> None:
    assert stamp_header(0) == ()
    assert seal(0) == b""


@given(st.lists(st.integers(0, 2 * NOW)))
def test_the_clock_is_the_largest_stamp(stamps: list[int]) -> None:
    state = State()
    for stamp in stamps:
        fold_clock(state, seal(stamp))
    assert clock_of(state) == max(stamps, default=0)


# ---- expiry


@pytest.mark.parametrize(
    ("retention", "age", "published", "expired"),
    [
        pytest.param(MONTH, 30 * DAY, False, False, id="a month old to the millisecond"),
        pytest.param(MONTH, 30 * DAY + 1, False, True, id="older"),
        pytest.param(MONTH, 300 * DAY, True, False, id="published articles stay"),
        pytest.param(MONTH_OF_ALL, 30 * DAY + 1, True, True, id="unless the setting says so"),
        pytest.param(Retention(0), 0, False, False, id="the last record never, whatever the setting"),
        pytest.param(FOR_EVER, 300 * DAY, False, False, id="for ever"),
        pytest.param(Retention(None, expire_published=True), 300 * DAY, True, False, id="for ever, all of them"),
    ],
)
def test_what_has_expired(retention: Retention, age: int, published: bool, expired: bool) -> None:  # noqa: FBT001
    assert retention.expired(NOW - age, NOW, published=published) is expired


def test_what_has_no_stamp_never_expires() -> None:
    assert not MONTH_OF_ALL.expired(0, NOW, published=False)


def stored(stamp: int, *, published: bool = False) -> bytes:
    return seal(stamp) + orjson.dumps({"desk": {"published": "d"} if published else {}})


def test_the_sweep_takes_what_has_expired_and_says_what_was_published() -> None:
    articles = [
        (b"old", stored(NOW - 40 * DAY)),
        (b"young", stored(NOW - 20 * DAY)),
        (b"shown", stored(NOW - 40 * DAY, published=True)),
        (b"plain", stored(0)),
    ]
    assert list(swept(articles, NOW, MONTH)) == [Expired(b"old", False, NOW - 40 * DAY)]
    assert [one.article for one in swept(articles, NOW, MONTH_OF_ALL)] == [b"old", b"shown"]
    assert [one.published for one in swept(articles, NOW, MONTH_OF_ALL)] == [False, True]
    assert list(swept(articles, NOW, FOR_EVER)) == []


# ---- the law of the clock

EVENTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 200 * DAY), st.booleans()), max_size=40)


def fold(topic: Sequence[tuple[int, int | None]]) -> State:
    """The clock, and by article the stamp, of records (article, stamp), None for a tombstone."""
    state = State()
    for article, stamp in topic:
        if stamp is None:
            state.pop(b"a%d" % article, None)
        else:
            state[b"a%d" % article] = stored(stamp)
            fold_clock(state, seal(stamp))
    return state


def compacted(topic: Sequence[tuple[int, int | None]], chance: random.Random) -> list[tuple[int, int | None]]:
    """The last record of each key always, others by chance; a last tombstone with nothing before it by chance too."""
    last = {article: place for place, (article, _) in enumerate(topic)}
    kept: list[tuple[int, int | None]] = []
    for place, (article, stamp) in enumerate(topic):
        if place != last[article] and chance.random() < 0.6:
            continue
        if stamp is None and all(one != article for one, _ in kept) and chance.random() < 0.5:
            continue
        kept.append((article, stamp))
    return kept


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_clock_restored_after_any_compaction_and_any_sweeps_is_the_live_one(
    events: list[tuple[int, int, bool]], chance: random.Random
) -> None:
    live, topic = State(), list[tuple[int, int | None]]()
    for article, moment, sweep in events:
        clock = advanced(clock_of(live), None, moment)
        topic.append((article, clock))
        live = fold(topic)
        if sweep:
            articles = [(key[1:], value) for key, value in live.items() if key != CLOCK]
            topic += [(int(gone.article), None) for gone in swept(articles, clock_of(live), MONTH)]
            live = fold(topic)
        assert clock_of(live) == clock
    left = compacted(topic, chance)
    assert fold(left) == live
    assert clock_of(fold(compacted(left, chance))) == clock_of(live)
