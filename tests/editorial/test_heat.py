from __future__ import annotations

from typing import Any

import pytest

from newsdesk.contracts.rules import Heat
from newsdesk.editorial.heat import HOTTEST, standing
from newsdesk.editorial.related import Story, read_story
from support.desk import book, item

DATE, EARLIER, LATER = "2020-07-01T00:00:00Z", "2020-06-30T23:59:59Z", "2020-07-01T00:00:00.5Z"
SMALLEST, LARGEST = "2" * 26, "z" * 26


def story(*related: dict[str, Any]) -> Story:
    return read_story(related, (), book())


def others(*qualities: int) -> Story:
    return story(*(item(number, quality=quality) for number, quality in enumerate(qualities)))


@pytest.mark.parametrize(
    ("own", "related", "heat"),
    [
        pytest.param(81, [89, 80, 59, 54], -1, id="the seed: CNET outranks NBC"),
        pytest.param(101, [89, 81], 141, id="leader: 20 for each related article"),
        pytest.param(81, [], 81, id="alone"),
        pytest.param(50, [10], 70, id="at the floor"),
        pytest.param(49, [10], 49, id="below the floor, related articles add nothing"),
        pytest.param(49, [50], -1, id="below the floor it can be outranked"),
        pytest.param(0, [-1], 0, id="leads what is below 0"),
        pytest.param(-5, [-6], -5, id="a trusted quality below 0"),
        pytest.param(HOTTEST, [1], HOTTEST, id="no heat beyond 64 bits"),
    ],
)
def test_heat(own: int, related: list[int], heat: int) -> None:
    assert standing(own, DATE, SMALLEST, others(*related).items, Heat()).heat == heat


@pytest.mark.parametrize(
    ("own_date", "own_id", "rival_date", "leads"),
    [
        pytest.param(EARLIER, LARGEST, DATE, True, id="the earlier date leads"),
        pytest.param(DATE, SMALLEST, EARLIER, False, id="the later date does not"),
        pytest.param(LATER, SMALLEST, DATE, False, id="half a second later"),
        pytest.param(DATE, SMALLEST, LATER, True, id="half a second earlier"),
        pytest.param(None, SMALLEST, DATE, False, id="a missing date is the latest"),
        pytest.param(DATE, LARGEST, None, True, id="a rival's missing date too"),
        pytest.param(DATE, SMALLEST, DATE, True, id="same date: the smaller id leads"),
        pytest.param(DATE, LARGEST, DATE, False, id="same date: the larger id does not"),
        pytest.param(None, SMALLEST, None, True, id="no dates: the smaller id"),
    ],
)
def test_a_tie(own_date: str | None, own_id: str, rival_date: str | None, leads: bool) -> None:  # noqa: FBT001
    items = story(item(1, quality=60, publishedDateTime=rival_date)).items
    place = standing(60, own_date, own_id, items, Heat())

    assert (place.heat, place.tie) == ((80, False) if leads else (-1, True))
    assert place.leader == (None if leads else items[0])


def test_of_several_in_a_tie_the_first_leads() -> None:
    items = story(
        item(1, quality=60, publishedDateTime=DATE),
        item(2, quality=60, publishedDateTime=EARLIER),
        item(3, quality=20, publishedDateTime="2019-01-01T00:00:00Z"),
    ).items
    place = standing(60, LATER, SMALLEST, items, Heat())

    assert place.leader is not None
    assert place.leader.title.endswith("part 2")


def test_the_best_of_those_that_outrank_is_named() -> None:
    place = standing(60, EARLIER, SMALLEST, others(70, 90, 60).items, Heat())

    assert place.leader is not None
    assert (place.leader.quality, place.tie) == (90, False)
