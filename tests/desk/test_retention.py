"""Laws of retention on the real processor: when the sweep runs is nobody's business but the disk's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.desk.judge import MemoryState
from newsdesk.desk.processor import DeskProcessor
from newsdesk.editorial.retention import FOR_EVER, Retention, clock_of, stamp_in
from newsdesk.engine.punctuating import Punctuated, Punctuating
from support.compaction import compacted, latest, restored
from support.desk import Desk, Event, article, book, event
from support.streams import STREAMS

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from newsdesk.engine.records import Outcome, Write

LAW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
RARE = settings(LAW, max_examples=300)
DAY = 24 * 3_600_000
START = 18_444 * DAY
KEPT = Retention(60 * DAY)
KEPT_ALL = Retention(60 * DAY, expire_published=True)
EASY = book("classic", "publish.threshold=40", "related.keep=2")


@st.composite
def spread(draw: st.DrawFn) -> list[tuple[Event, bool]]:
    """A stream over some years, and before which of its events the sweep runs."""
    now = START
    stream: list[tuple[Event, bool]] = []
    for sent in draw(STREAMS):
        now += draw(st.sampled_from([0, 1, 10, 40, 70])) * DAY
        stream.append((replace(sent, timestamp=now), draw(st.booleans())))
    return stream


@st.composite
def tangled(draw: st.DrawFn) -> list[tuple[Event, bool]]:
    """A stream of two pages that claim the URL of a third, and of years in between in which they expire."""
    claims = draw(st.lists(st.tuples(st.integers(1, 2), st.sampled_from([3, None])), min_size=3, max_size=8))
    sweeps = draw(st.sets(st.integers(0, 15), max_size=1))
    quick = draw(st.sets(st.integers(0, 7), max_size=1))
    lead = draw(st.sampled_from([{}, FEATURED]))
    now, stream = START, list[Event]()
    for number, (own, also) in enumerate(claims):
        stream.append(event(page(own, also, **lead), timestamp=now))
        now += (1 if number in quick else 70) * DAY
        stream.append(event(page(4, excerpt=str(number)), timestamp=now))
    return [(sent, place in sweeps) for place, sent in enumerate(stream)]


def page(own: int, also: int | None = None, **fields: Any) -> dict[str, Any]:
    """The article of one page, which claims the URL of another one too."""
    urls = {"webUrl": f"https://www.harbour.example/{own}"}
    if also is not None:
        urls["originalUrl"] = f"https://www.harbour.example/{also}"
    return article(**urls, **fields)


FEATURED = {"featuredContent": "<iframe></iframe>"}
YEARS = spread() | tangled()


def run(stream: Sequence[tuple[Event, bool]], retention: Retention, *, sweeping: bool) -> Desk:
    desk = Desk(EASY, retention=retention)
    for sent, sweep in stream:
        if sweep and sweeping:
            desk.sweep()
        desk.submit(sent)
    return desk


def values(desk: Desk) -> list[tuple[Any, ...]]:
    """Everything written but tombstones, headers and all."""
    return [(w.topic, w.key, w.value, w.headers) for w in desk.written if w.value is not None]


def fully_compacted(writes: Sequence[Write]) -> list[Write]:
    """The last record of every key."""
    last = {write.key: place for place, write in enumerate(writes)}
    return [write for place, write in enumerate(writes) if place == last[write.key]]


@given(YEARS)
@LAW
def test_when_the_sweep_runs_changes_no_decision_and_nothing_that_is_published(
    stream: list[tuple[Event, bool]],
) -> None:
    swept, never = run(stream, KEPT, sweeping=True), run(stream, KEPT, sweeping=False)
    assert values(swept) == values(never)
    assert latest(swept.on(topics.PUBLISHED)) == latest(never.on(topics.PUBLISHED))


@given(YEARS)
@LAW
def test_where_published_articles_expire_the_last_sweep_evens_it_out(stream: list[tuple[Event, bool]]) -> None:
    swept, never = run(stream, KEPT_ALL, sweeping=True), run(stream, KEPT_ALL, sweeping=False)
    assert values(swept) == values(never)
    swept.sweep()
    never.sweep()
    assert latest(swept.on(topics.PUBLISHED)) == latest(never.on(topics.PUBLISHED))
    assert latest(swept.on(topics.ENRICHED)) == latest(never.on(topics.ENRICHED))
    assert swept.states == never.states


@given(YEARS, st.sampled_from([FOR_EVER, KEPT, KEPT_ALL]), st.randoms(use_true_random=False))
@LAW
def test_the_live_state_is_the_state_restored_from_any_compaction_of_any_sweeps(
    stream: list[tuple[Event, bool]], retention: Retention, chance: random.Random
) -> None:
    live_is_restored(stream, retention, chance)


@given(tangled(), st.sampled_from([KEPT, KEPT_ALL]), st.randoms(use_true_random=False))
@RARE
def test_so_it_is_where_articles_claim_the_urls_of_expired_ones(
    stream: list[tuple[Event, bool]], retention: Retention, chance: random.Random
) -> None:
    live_is_restored(stream, retention, chance)


def live_is_restored(stream: Sequence[tuple[Event, bool]], retention: Retention, chance: random.Random) -> None:
    desk = run(stream, retention, sweeping=True)
    enriched = desk.on(topics.ENRICHED)
    live = desk.states.get(0, MemoryState())
    assert restored(enriched) == live
    assert restored(compacted(enriched, chance)) == live
    assert restored(fully_compacted(enriched)) == live


@given(YEARS, st.sampled_from([KEPT, KEPT_ALL]))
@LAW
def test_published_holds_the_articles_whose_enriched_record_says_so(
    stream: list[tuple[Event, bool]], retention: Retention
) -> None:
    """So no published article loses its enriched record, by which alone it could be retracted."""
    desk = run(stream, retention, sweeping=True)
    enriched = {key: orjson.loads(value) for key, value in latest(desk.on(topics.ENRICHED)).items()}
    published = latest(desk.on(topics.PUBLISHED))
    assert set(published) == {key for key, record in enriched.items() if record["published"]}


@given(YEARS, st.sampled_from([KEPT, KEPT_ALL]))
@LAW
def test_a_tombstone_is_for_what_is_there(stream: list[tuple[Event, bool]], retention: Retention) -> None:
    there: set[tuple[str, bytes | None]] = set()
    for write in run(stream, retention, sweeping=True).written:
        if write.topic in (topics.ENRICHED.name, topics.PUBLISHED.name):
            if write.value is None:
                assert (write.topic, write.key) in there
                there.discard((write.topic, write.key))
            else:
                there.add((write.topic, write.key))


@given(YEARS)
@LAW
def test_stamps_never_fall_and_the_last_value_holds_the_clock(stream: list[tuple[Event, bool]]) -> None:
    desk = run(stream, KEPT_ALL, sweeping=True)
    stamps = [stamp_in(write.headers) for write in desk.on(topics.ENRICHED) if write.value is not None]
    assert stamps == sorted(stamps)
    assert clock_of(desk.states.get(0, MemoryState())) == (stamps[-1] if stamps else 0)


def test_the_streams_hold_what_the_laws_are_about() -> None:
    seen: set[str] = set()

    @given(spread())
    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    def collect(stream: list[tuple[Event, bool]]) -> None:
        for retention, name in ((KEPT, "kept"), (KEPT_ALL, "all")):
            desk = run(stream, retention, sweeping=True)
            for write in desk.written:
                ce_type = dict(write.headers).get(ce.CE_TYPE)
                if ce_type == ce.TYPE_EXPIRED.encode():
                    seen.add(f"{name}: expired")
                if ce_type == ce.TYPE_RETRACTED.encode() and dict(write.headers)[ce.CE_ID].endswith(b"/expired"):
                    seen.add(f"{name}: expired when published")
            never = run(stream, retention, sweeping=False)
            if values(run(stream, FOR_EVER, sweeping=False)) != values(never):
                seen.add(f"{name}: another decision")
            if len(never.on(topics.PUBLISHED)) < len(desk.on(topics.PUBLISHED)):
                seen.add(f"{name}: more tombstones")

    collect()
    assert seen == {
        *("kept: expired", "kept: another decision"),
        *("all: expired", "all: another decision", "all: expired when published", "all: more tombstones"),
    }


# ---- by hand


def sent(desk: Desk, days: float, *, said: str | None = None, **fields: Any) -> Outcome:
    """An article at so many days after the start."""
    told = event(article(**fields), timestamp=START + round(days * DAY))
    return desk.submit(replace(told, headers=((ce.CE_TIME, said.encode()),)) if said else told)


def decision(outcome: Outcome) -> tuple[str, int]:
    record = orjson.loads(outcome.writes[-1].value or b"")
    return record["kind"], record["revision"]


OTHER = {"webUrl": "https://www.harbour.example/other", "title": "Another one"}


def test_an_expired_article_is_an_unknown_one() -> None:
    desk = Desk(EASY, retention=KEPT)
    assert decision(sent(desk, 0, quality=1)) == ("held", 1)
    sent(desk, 60, **OTHER)
    assert decision(sent(desk, 60, title="Changed")) == ("held", 2), "60 days old is not older than 60 days"
    sent(desk, 121, **OTHER, excerpt="more")
    assert decision(sent(desk, 121, title="Changed")) == ("held", 1)


def test_an_event_that_writes_nothing_advances_nothing() -> None:
    desk = Desk(EASY, retention=KEPT)
    sent(desk, 0)
    for day in (50, 100, 150):
        assert decision(sent(desk, day)) == ("duplicate", 1)


def test_an_event_dated_in_the_far_future_advances_nothing() -> None:
    desk = Desk(EASY, retention=KEPT)
    sent(desk, 0)
    sent(desk, 1, said="2099-01-01T00:00:00Z", **OTHER)
    assert decision(sent(desk, 2, title="Changed")) == ("held", 2)


def test_offline_nothing_expires() -> None:
    desk = Desk(EASY, retention=KEPT_ALL)
    desk.submit(event(article(publishedDateTime="1999-01-01T00:00:00Z")))
    desk.submit(event(article(**OTHER)))
    assert desk.sweep() == 0
    assert not any(name == ce.TASK_TIME for write in desk.written for name, _ in write.headers)


@pytest.mark.parametrize("sweep", [False, True])
def test_a_published_id_that_comes_back_and_is_held_gets_its_tombstone_once(sweep: bool) -> None:  # noqa: FBT001
    desk = Desk(EASY, retention=KEPT_ALL)
    assert decision(sent(desk, 0, **FEATURED))[0] == "published"
    sent(desk, 100, **OTHER)
    if sweep:
        assert desk.sweep() == 1
    assert decision(sent(desk, 101)) == ("held", 1)
    assert [write.value is None for write in desk.on(topics.PUBLISHED)] == [False, True]


def test_a_published_article_stays_where_nothing_else_is_said() -> None:
    desk = Desk(EASY, retention=KEPT)
    sent(desk, 0, **FEATURED)
    sent(desk, 1_000, **OTHER)
    assert desk.sweep() == 0
    assert decision(sent(desk, 1_001, title="Changed", **FEATURED)) == ("published", 2)


def test_the_sweeps_tombstones_say_what_they_are_the_same_whenever_it_runs() -> None:
    desk = Desk(EASY, retention=KEPT_ALL)
    sent(desk, 0, **FEATURED)
    sent(desk, 100, **OTHER)
    before = len(desk.written)
    desk.sweep()
    enriched, published = desk.written[before:]
    assert (enriched.topic, published.topic) == (topics.ENRICHED.name, topics.PUBLISHED.name)
    told = dict(enriched.headers)
    assert enriched.key is not None
    assert told[ce.CE_ID] == f"{topics.ENRICHED.name}/0/{enriched.key.decode()}/{START}/expired".encode()
    assert told[ce.CE_TYPE] == ce.TYPE_EXPIRED.encode()
    assert told[ce.CE_SUBJECT] == enriched.key
    assert dict(published.headers)[ce.CE_TYPE] == ce.TYPE_RETRACTED.encode()
    assert desk.sweep() == 0


@pytest.mark.parametrize("sweep", [False, True])
@pytest.mark.parametrize("retention", [KEPT, KEPT_ALL])
def test_a_url_of_an_expired_article_goes_to_its_claimant_and_never_back(retention: Retention, sweep: bool) -> None:  # noqa: FBT001
    """Else a state that was restored from what compaction leaves would give it back, and the live one would not."""
    desk = Desk(EASY, retention=retention)
    published = FEATURED if retention.expire_published else {}
    first = decided_on(desk, 0, page(1, 2, **published))
    decided_on(desk, 100, page(4))
    if sweep:
        assert desk.sweep() == 1
    second = decided_on(desk, 101, page(3, 2, title="It takes a URL over"))
    decided_on(desk, 201, page(4, excerpt="more"))
    if sweep:
        assert desk.sweep() == 1
    assert decided_on(desk, 202, page(3, title="It is reborn without that URL")) == second
    live = desk.states[0]
    for order in (desk.on(topics.ENRICHED), fully_compacted(desk.on(topics.ENRICHED))):
        assert restored(order) == live
    gone = [write for write in desk.on(topics.ENRICHED) if write.key == first and write.value is None]
    assert [dict(write.headers)[ce.CE_TYPE] for write in gone] == [ce.TYPE_EXPIRED.encode()]
    assert first not in latest(desk.on(topics.PUBLISHED))


def test_whoever_takes_over_a_url_writes_what_the_sweep_would_have_written() -> None:
    swept, taken = Desk(EASY, retention=KEPT_ALL), Desk(EASY, retention=KEPT_ALL)
    for desk in (swept, taken):
        decided_on(desk, 0, page(1, 2, **FEATURED))
        decided_on(desk, 100, page(4))
    swept.sweep()
    before = len(taken.written)
    claiming = page(3, 2)
    decided_on(taken, 101, claiming)
    gone, rest = taken.written[before : before + 2], taken.written[before + 2 :]
    assert gone == swept.written[before:], "before the records of the one that claims it, and at the same clock"
    assert all(write.value is not None for write in rest)
    decided_on(swept, 101, claiming)
    assert swept.states == taken.states
    again = len(taken.written)
    decided_on(taken, 102, claiming)
    assert [write.topic for write in taken.written[again:]] == [topics.DECISIONS.name], "a duplicate takes nothing over"


def decided_on(desk: Desk, days: float, fields: dict[str, Any]) -> bytes | None:
    """The id of the article that was decided on at so many days after the start."""
    return desk.submit(event(fields, timestamp=START + round(days * DAY))).writes[-1].key


def test_the_engine_sees_that_the_desk_wants_to_punctuate() -> None:
    assert isinstance(DeskProcessor(EASY, 1), Punctuating)
    assert DeskProcessor(EASY, 1).punctuate(0, None, None) == Punctuated(), "for ever: not even a look"  # type: ignore[arg-type]
