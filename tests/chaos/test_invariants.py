"""Every invariant holds for what the desk writes, and is broken by data that are spoiled in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from chaos import answers, expiry, offsets, replay, stores
from chaos.checks import check_partition
from chaos.follower import digest, seen_is_there
from chaos.handmade import HOME, PARTITIONS, partition, processor
from chaos.history import DECISIONS, ENRICHED, PUBLISHED, SUBMITTED, Partition
from chaos.history import answers as answers_of
from chaos.replay import Judgement, in_decided_order
from chaos.stores import EMPTY, Kept, Lost, fold_of
from chaos.watch import Sample
from newsdesk.contracts import cloudevents as ce
from newsdesk.desk.headers import expired_headers
from newsdesk.desk.processor import DeskProcessor
from newsdesk.editorial.retention import FOR_EVER, Retention, stamp_in
from support.desk import article, book, event

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.findings import Finding
    from chaos.watch import Place

PLACE = (SUBMITTED, HOME)


def whats(findings: list[Finding]) -> str:
    return "\n".join(str(finding) for finding in findings)


def state_of(made: Partition, below: int = 10**6) -> Kept:
    return Kept("slot-0/0", HOME, below, fold_of(made.enriched, processor(), below))


def ends(made: Partition) -> dict[Place, int]:
    """Where the logs with answers end."""
    records = (*made.decisions, *made.dead_letters, *made.forwarded)
    found: dict[Place, int] = {}
    for record in records:
        found[record.topic, record.partition] = max(record.offset + 1, found.get((record.topic, record.partition), 0))
    return found


def test_what_the_desk_writes_breaks_nothing() -> None:
    made = partition()
    assert [len(r) for r in (made.decisions, made.dead_letters, made.forwarded)] == [5, 1, 1]
    assert made.published
    committed = {PLACE: len(made.submitted)}
    samples = [Sample(1_500, {}), Sample(3_000, committed, ends(made))]
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


@pytest.mark.parametrize("topic", ["decisions", "dead_letters", "forwarded"])
def test_offsets_ahead_of_answers_are_found(topic: str) -> None:
    made = partition()
    answer = getattr(made, topic)[-1]
    source = next(source for source, _, record in answers_of(made) if record is answer)
    place, all_of_it = (answer.topic, answer.partition), ends(made)
    missing, there = all_of_it | {place: answer.offset}, all_of_it | {place: answer.offset + 1}
    before, behind = {PLACE: source[1]}, {PLACE: source[1] + 1}
    assert offsets.never_ahead(made, [Sample(4_000, before, missing), Sample(5_000, behind, there)]) == []
    late = [Sample(4_000, behind, missing), Sample(5_000, behind, all_of_it)]
    assert "passed by 4000" in whats(offsets.never_ahead(made, late))
    getattr(made, topic).remove(answer)
    assert offsets.never_ahead(made, late) == [], "an event without an answer is another invariant's"


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


def swept_away(*, published: bool = False) -> Partition:
    """Three articles, a millisecond between them, and the sweep's tombstone for the first, which is 2 ms old then."""
    lead = (
        {"featuredContent": "<b>the ferry</b>", "ampWebUrl": "https://www.harbour.example/amp/1"} if published else {}
    )
    title = "Harbour ferry sails with artificial intelligence on board"
    pages = [article(**lead, title=title), *(article(webUrl=f"https://www.harbour.example/{n}") for n in (2, 3))]
    made = partition([event(page) for page in pages])
    assert bool(made.published) is published
    first = made.enriched[0]
    assert first.key is not None
    headers = expired_headers(f"{ENRICHED}/{HOME}", first.key.decode(), stamp_in(first.headers), ce.TYPE_EXPIRED)
    made.enriched.append(replace(first, offset=len(made.enriched), value=None, headers=headers))
    return made


def test_what_has_expired_may_be_swept_away() -> None:
    made = swept_away()
    assert check_partition(made, processor(), [], {PLACE: 3}, [], exactly_once=True, retention=Retention(1)) == []
    assert expiry.rightly_swept(swept_away(published=True), Retention(1, expire_published=True)) == []


def test_an_article_that_is_swept_away_wrongly_is_found() -> None:
    def said(made: Partition, retention: Retention) -> str:
        found = check_partition(made, processor(), [], {PLACE: 3}, [], exactly_once=True, retention=retention)
        assert [one.invariant for one in found] == ["only what has expired is swept away"]
        return whats(found)

    assert "is 2 ms old, not more than 2" in said(swept_away(), Retention(2))
    assert "never expires" in said(swept_away(), FOR_EVER)
    assert "is published" in said(swept_away(published=True), Retention(1))
    twice = swept_away()
    twice.enriched.append(replace(twice.enriched[-1], offset=len(twice.enriched)))
    assert "was not there" in said(twice, Retention(1))
    early = swept_away()
    early.enriched.insert(1, replace(early.enriched.pop(), offset=1))
    assert "is 0 ms old" in said(early, Retention(1))


def test_a_tombstone_that_the_judgement_has_for_a_url_taken_over_may_have_come_from_the_sweep() -> None:
    desk = DeskProcessor(book(), PARTITIONS, retention=Retention(1))
    first, second = "https://www.harbour.example/1", "https://www.harbour.example/2"
    pages = [{"webUrl": first, "originalUrl": second}, {"webUrl": first + "0"}, {"webUrl": first + "1"}]
    made = partition(
        [event(article(**page)) for page in [*pages, {"webUrl": first + "2", "originalUrl": second}]], desk
    )
    gone = next(record for record in made.enriched if record.value is None)
    for place in (gone.offset, 0):
        made.enriched.remove(gone)
        made.enriched.insert(place, gone)
        assert replay.judged_the_same(made, Judgement(desk, in_decided_order(made))) == []
    assert expiry.rightly_swept(made, Retention(1))


def test_an_article_begins_anew_only_where_articles_expire() -> None:
    made = partition()
    made.decisions = [made.decisions[1], made.decisions[0]]
    first = orjson.loads(made.decisions[0].value or b"")
    made.decisions[0] = replace(made.decisions[0], value=orjson.dumps({**first, "revision": 1}))
    assert "revision 1" in whats(answers.revisions_without_gaps(made))
    assert answers.revisions_without_gaps(made, may_expire=True) == []
