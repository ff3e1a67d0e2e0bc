"""The faults follow from the seed, and every kind is among them."""

from __future__ import annotations

from itertools import islice

import pytest

from chaos.faults import EMBEDDED, FAULTS
from chaos.feeder import events
from chaos.schedule import TRIES, Coming, schedule


@pytest.mark.parametrize("kinds", [FAULTS, EMBEDDED])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_kind_comes_in_a_run_of_30(kinds: dict[str, object], seed: int) -> None:
    assert len(kinds) <= 30
    drawn = [kind for kind, _ in islice(schedule(seed, list(kinds), 30), 30)]
    assert set(drawn) == set(kinds)


def test_a_seed_says_which_faults_come_and_what_they_draw() -> None:
    def drawn(seed: int) -> list[tuple[str, float]]:
        return [(kind, rng.random()) for kind, rng in islice(schedule(seed, list(FAULTS), 100), 100)]

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_a_seed_says_which_events_come_and_they_are_of_all_sorts() -> None:
    sent = list(islice(events(3, 6), 4_000))
    assert sent == list(islice(events(3, 6), 4_000))
    tags = {tag for event in sent for tag in event.tags}
    assert {"bad", "merge", "resent", "repeated", "retraction", "revision", "wrong_key"} <= tags
    assert {"wrong_partition", "written_by_others", "no_value", "noise", "too_large"} <= tags
    assert {event.partition for event in sent} == set(range(6))
    assert [event.headers[0][1] for event in sent] == [b"%d" % number for number in range(4_000)]


def struck_of(coming: Coming, never: set[str], most: int, lanes: int) -> tuple[list[str], list[str]]:
    """The kinds that struck and those that did not, one after the other, where *never* never strike."""
    yes, no = list[str](), list[str]()
    while not coming.over:
        under_way = [chosen for _ in range(lanes) if (chosen := coming.next()) is not None]
        assert under_way, "neither over nor anything to do"
        for kind, rng in under_way:
            (no if kind in never else yes).append(kind)
            coming.ended(kind, rng, struck=kind not in never)
        assert len(yes) + len(no) <= most, "it never ends"
    return yes, no


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_faults_that_never_strike_come_to_an_end(lanes: int) -> None:
    kinds = ["a", "b", "c"]
    yes, no = struck_of(Coming(1, kinds, 30), set(kinds), most=3 * (TRIES + lanes - 1), lanes=lanes)
    assert not yes
    assert all(no.count(kind) >= TRIES for kind in kinds)


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_a_kind_that_never_strikes_is_given_up_and_the_others_go_on(lanes: int) -> None:
    yes, no = struck_of(Coming(1, ["a", "b", "c"], 30), {"b"}, most=30 + TRIES + lanes - 1, lanes=lanes)
    assert (len(yes), set(yes), set(no)) == (30, {"a", "c"}, {"b"})


def test_one_that_missed_comes_again_before_any_other() -> None:
    coming = Coming(1, ["a", "b", "c"], 3)
    first = coming.next()
    assert first is not None
    coming.ended(*first, struck=False)
    assert coming.next() == first


def test_no_more_faults_are_under_way_than_are_left() -> None:
    coming = Coming(1, ["a", "b"], 1)
    chosen = coming.next()
    assert chosen is not None
    assert coming.next() is None
    assert not coming.over
    coming.ended(*chosen, struck=True)
    assert coming.over
