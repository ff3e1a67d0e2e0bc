from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.lookup.ledger import Answer, Page, Tally

PLACE = ("in", 0)


def page(read: list[int], answers: list[tuple[int, Answer]], start: int = 0, end: int = 10) -> Page:
    made = Page(PLACE, start, end)
    for offset in read:
        made.note_read(offset)
    for offset, answer in answers:
        made.note_answer(offset, answer)
    return made


def tally(made: Page, committed: int | None) -> Tally:
    found = Tally()
    made.add_to(found, committed)
    return found


D, L, F = Answer.DECISION, Answer.DEAD_LETTER, Answer.FORWARDED


@pytest.mark.parametrize(
    ("read", "answers", "committed", "faults"),
    [
        pytest.param([0, 1, 2], [(0, D), (1, L), (2, F)], 3, {}, id="each once"),
        pytest.param([0, 2], [(0, D), (2, D)], 4, {}, id="control markers leave gaps"),
        pytest.param([0, 1], [(0, D)], 2, {1: "not answered"}, id="passed and not answered"),
        pytest.param([0, 1], [(0, D)], 1, {}, id="not come to yet"),
        pytest.param([0, 1, 2], [(1, D)], None, {0: "not answered"}, id="without a commit the last answer tells"),
        pytest.param([0, 1, 2], [], None, {}, id="nothing committed, nothing answered: all waits"),
        pytest.param([0], [(0, D), (0, D)], 1, {0: "answered 2 times"}, id="decided twice"),
        pytest.param([0], [(0, D), (0, L)], 1, {0: "answered 2 times"}, id="decided and dead"),
        pytest.param([0], [(0, D), (0, D)], 0, {0: "answered 2 times"}, id="twice, beyond the commit"),
        pytest.param([0], [(0, D), (5, D)], 9, {5: "answered, but there is no such record"}, id="of nothing"),
    ],
)
def test_faults(
    read: list[int], answers: list[tuple[int, Answer]], committed: int | None, faults: dict[int, str]
) -> None:
    made = page(read, answers)
    assert {fault.offset: fault.what for fault in made.faults(committed)} == faults
    found = tally(made, committed)
    assert found.unanswered + found.repeated + found.baseless == len(faults)
    assert found.read == len(read)


def test_answers_to_what_retention_deleted_and_to_what_came_later_are_apart() -> None:
    made = page([5, 6], [(2, D), (5, D), (6, L), (7, D), (9, F)], start=5, end=7)
    assert (made.older, made.later) == (1, 2)
    assert tally(made, 7).answers == Counter({D: 1, L: 1})


def test_a_thousand_answers_to_one_event_do_not_spill_over() -> None:
    made = page([3], [(3, D)] * 1000 + [(3, F)])
    (fault,) = made.faults(10)
    assert fault.counts == {D: 3, L: 0, F: 1}
    assert tally(made, 10).answers[D] == 1000


@given(
    read=st.sets(st.integers(0, 19)),
    answers=st.lists(st.tuples(st.integers(-3, 25), st.sampled_from(Answer))),
    committed=st.none() | st.integers(0, 30),
)
def test_every_event_read_is_answered_once_or_waits_or_is_a_fault(
    read: set[int], answers: list[tuple[int, Answer]], committed: int | None
) -> None:
    made = page(sorted(read), answers, start=2, end=18)
    found = tally(made, committed)
    faults = list(made.faults(committed))
    inside = {offset for offset in read if 2 <= offset < 18}
    faulty_reads = sum(fault.read for fault in faults)
    once = sum(1 for offset in inside if sum(1 for at, _ in answers if at == offset) == 1)
    assert found.read == len(inside)
    assert found.read == once + found.waiting + faulty_reads
    assert len(faults) == found.unanswered + found.repeated + found.baseless
