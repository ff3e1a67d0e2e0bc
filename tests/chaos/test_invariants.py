"""Every invariant holds for what the desk writes, and is broken by data that are spoiled in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from chaos import answers, offsets, replay, stores
from chaos.checks import check_partition
from chaos.follower import digest, seen_is_there
from chaos.handmade import HOME, partition, processor
from chaos.history import DECISIONS, PUBLISHED, SUBMITTED, Partition, decided
from chaos.replay import Judgement, in_decided_order
from chaos.stores import EMPTY, Kept, Lost, fold_of
from chaos.watch import Sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.findings import Finding

PLACE = (SUBMITTED, HOME)


def whats(findings: list[Finding]) -> str:
    return "\n".join(str(finding) for finding in findings)


def state_of(made: Partition, below: int = 10**6) -> Kept:
    return Kept("slot-0/0", HOME, below, fold_of(made.enriched, processor(), below))


def test_what_the_desk_writes_breaks_nothing() -> None:
    made = partition()
    assert [len(r) for r in (made.decisions, made.dead_letters, made.forwarded)] == [5, 1, 1]
    assert made.published
    committed = {PLACE: len(made.submitted)}
    samples = [Sample(1_500, {}), Sample(3_000, committed)]
    for exactly_once in (True, False):
        found = check_partition(made, processor(), samples, committed, [state_of(made)], exactly_once=exactly_once)
        assert found == []


@pytest.mark.parametrize("topic", ["decisions", "dead_letters", "forwarded"])
@pytest.mark.parametrize("invariant", [answers.answered_exactly_once, answers.answered_at_least_once])
def test_an_answer_that_is_missing_is_found(topic: str, invariant: Callable[[Partition], list[Finding]]) -> None:
    made = partition()
    getattr(made, topic).pop()
    assert "not answered" in whats(invariant(made))


@pytest.mark.parametrize("topic", ["decisions", "dead_letters", "forwarded"])
def test_a_second_answer_is_found(topic: str) -> None:
    made = partition()
    records = getattr(made, topic)
    records.append(replace(records[-1], offset=99))
    assert "answered 2 times" in whats(answers.answered_exactly_once(made))
    assert answers.answered_at_least_once(made) == []


def test_a_dead_letter_for_a_decided_event_is_found() -> None:
    made = partition()
    made.submitted.pop(5)
    headers = tuple(
        (name, b"0" if name == "__connect.errors.offset" else value) for name, value in made.dead_letters[0].headers
    )
    made.dead_letters[0] = replace(made.dead_letters[0], headers=headers)
    assert "decision, dead letter" in whats(answers.answered_exactly_once(made))


def test_an_answer_to_nothing_is_found() -> None:
    made = partition()
    made.submitted.pop(0)
    assert "not there" in whats(answers.answered_exactly_once(made))
    assert "not there" in whats(answers.answered_at_least_once(made))


def test_a_second_decision_is_found() -> None:
    made = partition()
    made.decisions.append(replace(made.decisions[0], offset=99))
    assert "decided 2 times" in whats(answers.no_decision_twice(made))


def test_a_second_decision_under_another_id_is_found() -> None:
    made = partition()
    again = replace(made.decisions[0], offset=99)
    made.decisions.append(again)
    assert answers.second_answers_have_the_same_id(made) == []
    made.decisions[-1] = replace(again, headers=(("ce_id", b"another"),))
    assert "another" in whats(answers.second_answers_have_the_same_id(made))


def test_decisions_out_of_order_are_found() -> None:
    made = partition()
    made.decisions[0], made.decisions[1] = made.decisions[1], made.decisions[0]
    assert "decided after" in whats(answers.order_kept(made))


@pytest.mark.parametrize(
    ("number", "revision"),
    [
        pytest.param(0, 2, id="an article that begins with its second revision"),
        pytest.param(1, 3, id="a revision is left out"),
        pytest.param(1, 1, id="a revision is given twice"),
        pytest.param(2, 3, id="a duplicate counts"),
    ],
)
def test_a_wrong_revision_is_found(number: int, revision: int) -> None:
    made = partition()
    decision = orjson.loads(made.decisions[number].value or b"")
    made.decisions[number] = replace(made.decisions[number], value=orjson.dumps({**decision, "revision": revision}))
    assert f"revision {revision}" in whats(answers.revisions_without_gaps(made))


@pytest.mark.parametrize("topic", ["decisions", "enriched", "published"])
def test_a_record_that_is_not_what_was_judged_is_found(topic: str) -> None:
    for spoil in (
        lambda records: records.__setitem__(0, replace(records[0], key=b"another")),
        lambda records: records.__setitem__(0, replace(records[0], headers=())),
        lambda records: records.append(replace(records[-1], offset=99)),
        lambda records: records.pop(),
    ):
        made = partition()
        judgement = Judgement(processor(), in_decided_order(made))
        assert replay.judged_the_same(made, judgement) == []
        spoil(getattr(made, topic))
        assert whats(replay.judged_the_same(made, judgement))


def test_a_decision_made_from_another_state_is_found() -> None:
    made = partition()
    made.decisions[0], made.decisions[1] = made.decisions[1], made.decisions[0]
    found = replay.judged_the_same(made, Judgement(processor(), in_decided_order(made)))
    assert DECISIONS in whats(found)


def test_a_dead_letter_that_could_have_been_decided_is_found() -> None:
    made = partition()
    poison = made.submitted[5]
    made.submitted[5] = replace(poison, value=made.submitted[0].value)
    assert "the judgement says decision" in whats(replay.rightly_without_decision(made, processor()))


@pytest.mark.parametrize("topic", ["dead_letters", "forwarded"])
def test_an_event_that_was_changed_on_the_way_is_found(topic: str) -> None:
    made = partition()
    records = getattr(made, topic)
    records[0] = replace(records[0], value=b"{}")
    assert "{}" in whats(replay.rightly_without_decision(made, processor()))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda published: published.clear(), id="not published"),
        pytest.param(lambda published: published.append(replace(published[0], offset=99)), id="an older revision"),
        pytest.param(lambda published: published.append(replace(published[0], key=b"new")), id="one too many"),
    ],
)
def test_a_published_topic_that_folds_to_something_else_is_found(spoil: Callable[[list[object]], None]) -> None:
    made = partition()
    judgement = Judgement(processor(), in_decided_order(made))
    assert replay.published_as_judged(made, judgement) == []
    spoil(made.published)  # type: ignore[arg-type]
    assert PUBLISHED in whats(replay.published_as_judged(made, judgement))


def test_a_store_that_is_not_the_fold_of_the_changelog_is_found() -> None:
    made = partition()
    good = state_of(made, 2)
    assert stores.restored_is_live(made, [good], processor()) == []
    for items, offset in (
        ({}, 2),
        ({**good.items, b"anew": b"1"}, 2),
        (good.items, 1),
        ({**good.items, next(iter(good.items)): b"1"}, 2),
    ):
        spoiled = replace(good, items=items, offset=offset)
        assert "restored state" in whats(stores.restored_is_live(made, [spoiled], processor()))


def test_a_store_that_nobody_damaged_and_that_cannot_be_read_is_found() -> None:
    lost = [Lost("slot-0", 1, "checksum mismatch"), Lost("slot-1", 2, "checksum mismatch"), Lost("slot-2", 0, EMPTY)]
    assert "slot-1/2" in whats(stores.damaged_by_nobody(lost, {"slot-0"}))
    assert stores.damaged_by_nobody(lost, {"slot-0", "slot-1"}) == []


def test_offsets_ahead_of_answers_are_found() -> None:
    made = partition()
    made.decisions[-1] = replace(made.decisions[-1], timestamp=5_000)
    offset = decided(made.decisions[-1])[1]
    assert offsets.never_ahead(made, [Sample(4_000, {PLACE: offset}), Sample(5_000, {PLACE: offset + 1})]) == []
    assert "passed by 4000" in whats(offsets.never_ahead(made, [Sample(4_000, {PLACE: offset + 1})]))


def test_offsets_that_go_back_are_found() -> None:
    samples = [Sample(1, {PLACE: 3}), Sample(2, {PLACE: 5})]
    assert offsets.never_back(samples) == []
    assert "from 5 to 4" in whats(offsets.never_back([*samples, Sample(3, {PLACE: 4})]))


@pytest.mark.parametrize("offset", [None, 0, 6, 8])
def test_a_partition_that_is_not_read_to_its_end_is_found(offset: int | None) -> None:
    committed = {} if offset is None else {PLACE: offset}
    assert "of 7" in whats(offsets.left_unread(partition(), committed))
    assert offsets.left_unread(partition(), {PLACE: 7}) == []


def test_a_record_that_a_reader_saw_and_that_is_gone_or_another_is_found() -> None:
    made = partition()
    seen = {(DECISIONS, HOME): {record.offset: digest(record) for record in made.decisions[:-1]}}
    assert seen_is_there(made, seen) == []
    assert "vanished" in whats(seen_is_there(replace(made, decisions=made.decisions[1:]), seen))
    changed = [replace(made.decisions[0], value=b"{}"), *made.decisions[1:]]
    assert "was another" in whats(seen_is_there(replace(made, decisions=changed), seen))
    del seen[DECISIONS, HOME][1]
    assert "was not seen" in whats(seen_is_there(made, seen))


def test_an_article_begins_anew_only_where_articles_expire() -> None:
    made = partition()
    made.decisions = [made.decisions[1], made.decisions[0]]
    first = orjson.loads(made.decisions[0].value or b"")
    made.decisions[0] = replace(made.decisions[0], value=orjson.dumps({**first, "revision": 1}))
    assert "revision 1" in whats(answers.revisions_without_gaps(made))
    assert answers.revisions_without_gaps(made, may_expire=True) == []
