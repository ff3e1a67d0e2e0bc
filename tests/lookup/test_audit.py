from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import TopicPartition

from cli.command import Called, call
from lookup.answering import REPARTITIONED, SUBMITTED, commit, dead, decision, forwarded, producing, submit
from newsdesk.contracts import topics

if TYPE_CHECKING:
    from newsdesk.ops.brokers import LocalBroker

DECISIONS, DEAD = topics.DECISIONS.name, topics.DEAD_LETTERS.name


@pytest.fixture
def broker(embedded_broker: LocalBroker) -> str:
    """An embedded broker with the topics of the registry, in 2 partitions."""
    assert call("topics", "apply", "-p", "2", "-b", embedded_broker.bootstrap).code == 0
    return embedded_broker.bootstrap


async def audit(broker: str, *options: str) -> Called:
    return await asyncio.to_thread(call, "audit", "-b", broker, *options)


async def audited(broker: str, *options: str) -> tuple[int, dict[str, Any]]:
    called = await audit(broker, "-o", "json", *options)
    (report,) = called.lines
    return called.code, report


async def answer_all(broker: str) -> None:
    """4 events: decided, dead, forwarded and decided there, decided; all passed."""
    async with producing(broker) as producer:
        await submit(producer, {0: 3, 1: 1})
        await producer.send_and_wait(DECISIONS, decision(SUBMITTED, 0, 0, "published"), partition=0)
        await producer.send_and_wait(DEAD, b"x", partition=0, headers=dead(SUBMITTED, 0, 1))
        await producer.send_and_wait(REPARTITIONED, b"2", partition=1, headers=forwarded(SUBMITTED, 0, 2))
        await producer.send_and_wait(DECISIONS, decision(REPARTITIONED, 1, 0), partition=1)
        await producer.send_and_wait(DECISIONS, decision(SUBMITTED, 1, 0), partition=1)
    await commit(broker, {(SUBMITTED, 0): 3, (SUBMITTED, 1): 1, (REPARTITIONED, 1): 1})


async def test_it_is_clean_where_every_event_has_one_answer(broker: str) -> None:
    await answer_all(broker)
    code, report = await audited(broker)
    assert code == 0
    assert report["clean"] is True
    assert {name: report[name] for name in ("read", "decisions", "deadLetters", "forwarded", "waiting")} == {
        "read": 5,
        "decisions": 3,
        "deadLetters": 1,
        "forwarded": 1,
        "waiting": 0,
    }
    assert (report["kinds"], report["reasons"]) == ({"held": 2, "published": 1}, {"not_json": 1})
    text = (await audit(broker)).text
    assert "clean: 5 = 3 + 1 + 1, each event with exactly one answer" in text


async def test_empty_topics_are_clean(broker: str) -> None:
    assert (await audited(broker))[1]["read"] == 0


async def test_it_names_what_was_passed_without_an_answer_and_what_was_answered_twice(broker: str) -> None:
    await answer_all(broker)
    async with producing(broker) as producer:
        await submit(producer, {0: 1})
        await producer.send_and_wait(DECISIONS, decision(SUBMITTED, 1, 0), partition=1)
    await commit(broker, {(SUBMITTED, 0): 4})
    code, report = await audited(broker)
    assert (code, report["clean"], report["unanswered"], report["answeredTwice"]) == (3, False, 1, 1)
    assert [(f["topic"], f["partition"], f["offset"], f["fault"]) for f in report["faults"]] == [
        (SUBMITTED, 0, 3, "not answered"),
        (SUBMITTED, 1, 0, "answered 2 times"),
    ]
    limited = (await audited(broker, "--limit", "1"))[1]
    assert (len(limited["faults"]), limited["unanswered"], limited["answeredTwice"]) == (1, 1, 1)
    assert "not clean: 2 of 6" in (await audit(broker)).text


async def test_what_the_desk_has_not_come_to_waits(broker: str) -> None:
    await answer_all(broker)
    async with producing(broker) as producer:
        await submit(producer, {0: 2, 1: 2})
    code, report = await audited(broker)
    assert (code, report["waiting"], report["unanswered"], report["read"]) == (0, 4, 0, 9)
    assert (await audited(broker, "--group", "nobody"))[1]["waiting"] == 4  # without commits the last answer tells


async def test_answers_that_name_no_event_are_counted(broker: str) -> None:
    await answer_all(broker)
    async with producing(broker) as producer:
        await producer.send_and_wait(DECISIONS, b"no json", partition=0)
        await producer.send_and_wait(DECISIONS, decision("other", 0, 0), partition=0)
        await producer.send_and_wait(DEAD, b"x", partition=0)
        await producer.send_and_wait(DECISIONS, decision(SUBMITTED, 0, 0, trigger="timer"), partition=0)
        await producer.send_and_wait(DECISIONS, decision(SUBMITTED, 0, 700), partition=0)
    code, report = await audited(broker)
    assert (code, report["unjoined"], report["later"], report["decisions"]) == (3, 3, 1, 3)


async def test_a_desk_that_works_meanwhile_loses_nothing(broker: str) -> None:
    """The commit is asked for before the ends, so that an answer may be late, but never missing."""
    await answer_all(broker)
    async with producing(broker) as producer:

        async def work() -> None:
            for number in range(1, 200):
                await submit(producer, {1: 1})
                await producer.send_and_wait(DECISIONS, decision(SUBMITTED, 1, number), partition=1)
                if not number % 10:
                    await commit(broker, {(SUBMITTED, 1): number + 1})

        working = asyncio.create_task(work())
        reports = []
        while not working.done():
            reports.append(await audited(broker))
        await working
    assert reports
    assert [(code, report["faults"]) for code, report in reports if not report["clean"]] == []


async def test_missing_topics_and_brokers_are_exit_code_1(embedded_broker: LocalBroker) -> None:
    missing = await audit(embedded_broker.bootstrap)
    assert (missing.code, missing.out) == (1, b"")
    assert "newsdesk topics apply" in missing.err
    assert (await audit("127.0.0.1:1")).code == 1


@pytest.mark.kafka
async def test_on_kafka_only_committed_answers_count(kafka_broker: LocalBroker) -> None:
    broker = kafka_broker.bootstrap
    assert (await asyncio.to_thread(call, "topics", "apply", "-p", "2", "-b", broker)).code == 0
    async with producing(broker) as producer:
        await submit(producer, {0: 2})
    async with producing(broker, transactional_id="t") as producer:
        async with producer.transaction():
            await producer.send(DECISIONS, decision(SUBMITTED, 0, 0), partition=0)
            await producer.send_offsets_to_transaction({TopicPartition(SUBMITTED, 0): 1}, topics.DESK_GROUP)
        await producer.begin_transaction()
        await producer.send_and_wait(DECISIONS, decision(SUBMITTED, 0, 0), partition=0)
        await producer.abort_transaction()
        code, report = await audited(broker)
        assert (code, report["decisions"], report["waiting"]) == (0, 1, 1)
        await producer.begin_transaction()
        await producer.send_and_wait(DECISIONS, decision(SUBMITTED, 0, 1), partition=0)
        code, report = await audited(broker)  # an open transaction hides its answers and stops nobody
        assert (code, report["decisions"], report["waiting"]) == (0, 1, 1)
        await producer.commit_transaction()
    code, report = await audited(broker)
    assert (code, report["decisions"], report["waiting"]) == (0, 2, 0)
