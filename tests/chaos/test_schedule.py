"""The faults follow from the seed, and every kind is among them."""

from __future__ import annotations

from itertools import islice

import pytest

from chaos.faults import EMBEDDED, FAULTS
from chaos.feeder import events
from chaos.schedule import schedule


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
