"""What the engine promises, on the log in memory and on real Kafka alike."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from engine.harness import LIMIT, CrashOnce, HangAt, Passing
from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.errors import EngineError
from newsdesk.engine.records import Outcome, Write
from support.waiting import until

if TYPE_CHECKING:
    from engine.harness import Harness
    from newsdesk.engine.processor import View
    from newsdesk.engine.records import Record


def events(count: int, keys: int = 5) -> list[tuple[bytes, bytes | None]]:
    return [(b"k%d" % (i % keys), b"v%d" % i) for i in range(count)]


def source(record: Record) -> str:
    return dict(record.headers)["source"].decode()


async def answers(harness: Harness) -> Counter[str]:
    """How often each input record was answered."""
    names = harness.names
    return Counter([source(r) for topic in (names.out, names.dead) for r in await harness.read(topic)])


async def all_answered(harness: Harness, count: int) -> Counter[str]:
    async def enough() -> bool:
        return len(await answers(harness)) >= count

    await until(enough)
    return await answers(harness)


async def numbers(harness: Harness) -> dict[bytes, list[int]]:
    """By key, the numbers it was given, in the order of the topic."""
    by_key: dict[bytes, list[int]] = {}
    for record in await harness.read(harness.names.out):
        by_key.setdefault(record.key or b"", []).append(int(dict(record.headers)["n"]))
    return by_key


async def assert_exactly_once(harness: Harness, count: int) -> None:
    counted = await all_answered(harness, count)
    assert len(counted) == count
    assert set(counted.values()) == {1}
    for key, given in (await numbers(harness)).items():
        assert given == list(range(1, len(given) + 1)), key


async def test_every_record_is_answered_once_in_order_and_counted_after_the_commit(harness: Harness) -> None:
    await harness.submit(*events(1200))
    await harness.start(batch_records=500)
    await assert_exactly_once(harness, 1200)
    await until(lambda: harness.watching.records == 1200)
    assert harness.watching.counted("counted", "odd") == 600
    assert harness.watching.counted("counted", "even") == 600
    assert max(report.records for report in harness.watching.reports) <= 500


async def test_both_inputs_are_read(harness: Harness) -> None:
    await harness.submit(*events(50))
    await harness.submit(*events(30), topic=1)
    await harness.start()
    await assert_exactly_once(harness, 80)


async def test_lag_reads_0_when_everything_is_answered_and_the_task_is_running(harness: Harness) -> None:
    await harness.submit(*events(100))
    await harness.start()
    await all_answered(harness, 100)
    await until(lambda: harness.status().lag_records == 0)
    assert harness.status().lag_seconds == 0
    assert harness.status().state == "running"


async def test_stop_commits_what_was_decided_and_the_next_start_goes_on_there(harness: Harness) -> None:
    passing = Passing()
    await harness.submit(*events(300))
    await harness.start(passing, commit_interval_ms=60_000, batch_records=10_000)
    await until(lambda: harness.watching.records > 0)
    committed = harness.watching.records
    passing.points.clear()
    await harness.submit(*events(200))
    await until(lambda: CrashPoint.AFTER_PROCESS in passing.points)
    assert harness.watching.records == committed, "the next commit is not due for a minute"
    await harness.stop()
    assert harness.watching.records > committed
    await harness.start()
    await assert_exactly_once(harness, 500)


@pytest.mark.parametrize(
    "point",
    [
        CrashPoint.BEFORE_FENCE,
        CrashPoint.AFTER_FENCE,
        CrashPoint.AFTER_READ,
        CrashPoint.AFTER_PROCESS,
        CrashPoint.AFTER_PRODUCE,
        CrashPoint.AFTER_OFFSETS,
        CrashPoint.AFTER_COMMIT,
        CrashPoint.AFTER_FLUSH,
    ],
)
async def test_a_failure_at_any_point_costs_nothing_and_the_task_recovers_by_itself(
    harness: Harness, point: CrashPoint
) -> None:
    await harness.submit(*events(400))
    crash = CrashOnce(point)
    await harness.start(crash, batch_records=100)
    await assert_exactly_once(harness, 400)
    assert crash.done
    assert len(harness.watching.failures) == 1


@pytest.mark.parametrize(
    "point",
    [CrashPoint.AFTER_PROCESS, CrashPoint.AFTER_PRODUCE, CrashPoint.AFTER_OFFSETS, CrashPoint.AFTER_COMMIT],
)
async def test_a_kill_at_any_point_costs_nothing(harness: Harness, point: CrashPoint) -> None:
    await harness.submit(*events(300))
    crash = HangAt(point)
    await harness.start(crash, batch_records=100)
    await asyncio.wait_for(crash.there.wait(), 20)
    await harness.kill()
    await harness.start()
    await assert_exactly_once(harness, 300)


async def test_killed_between_commit_and_flush_the_restored_state_is_the_live_one(harness: Harness) -> None:
    await harness.submit(*events(100))
    await harness.start()
    await all_answered(harness, 100)
    await harness.stop()
    before = harness.stores.open(0)[0].items()
    await harness.submit(*events(100, keys=9), (b"k0", b"forget"))
    crash = HangAt(CrashPoint.AFTER_COMMIT)
    await harness.start(crash)
    await asyncio.wait_for(crash.there.wait(), 20)
    await harness.kill()
    assert harness.stores.open(0)[0].items() == before
    await harness.start()
    await until(lambda: harness.watching.records >= 101 or harness.status().lag_records == 0)
    await until(lambda: harness.status().lag_records == 0)
    await harness.stop()
    live = harness.stores.open(0)[0].items()
    assert b"k0" not in live
    assert not harness.watching.discarded
    harness.stores.discard(0)
    await harness.start()
    await until(lambda: harness.status().state == "running")
    await harness.stop()
    assert harness.stores.open(0)[0].items() == live


async def test_a_failure_while_restoring_is_tried_again(harness: Harness) -> None:
    await harness.submit(*events(100))
    await harness.start()
    await all_answered(harness, 100)
    await harness.stop()
    harness.stores.discard(0)
    crash = CrashOnce(CrashPoint.MID_RESTORE)
    await harness.start(crash)
    await until(lambda: harness.status().state == "running")
    assert crash.done
    await harness.submit((b"k0", b"one more"))
    await assert_exactly_once(harness, 101)


async def test_a_defect_becomes_a_dead_letter_and_leaves_no_trace_in_the_state(harness: Harness) -> None:
    await harness.submit((b"a", b"1"), (b"a", b"boom"), (b"a", b"fold-boom"), (b"a", b"2"))
    await harness.start()
    await all_answered(harness, 4)
    dead = await harness.read(harness.names.dead)
    assert [(r.value, dict(r.headers)["reason"]) for r in dead] == [
        (b"boom", b"ValueError"),
        (b"fold-boom", b"ValueError"),
    ]
    assert await numbers(harness) == {b"a": [1, 2]}
    await until(lambda: harness.watching.counted("dead", "ValueError") == 2)


async def test_a_write_too_large_for_its_topic_becomes_a_dead_letter(harness: Harness) -> None:
    await harness.submit((b"a", b"huge:%d" % (LIMIT - 1000)), (b"a", b"huge:%d" % LIMIT), (b"a", b"small"))
    await harness.start()
    await all_answered(harness, 3)
    (dead,) = await harness.read(harness.names.dead)
    assert dict(dead.headers)["reason"] == b"too large for out"
    assert await numbers(harness) == {b"a": [1, 2]}


async def test_many_records_near_the_limit_go_out_in_several_batches(harness: Harness) -> None:
    await harness.submit(*[(b"a", b"huge:%d" % (LIMIT // 3)) for _ in range(40)])
    await harness.start()
    await assert_exactly_once(harness, 40)


async def test_the_brake_pauses_the_task_and_release_lets_it_go_on(harness: Harness) -> None:
    await harness.submit(*events(16), *[(b"x", b"boom")] * 50)
    await harness.start()
    await until(lambda: harness.status().state == "braked")
    answered = await answers(harness)
    assert len(answered) == 21, "16 good and 5 bad ones of 21 are more than a fifth"
    assert harness.watching.brakes == [True]
    await harness.submit(*events(10))
    harness.release_brake()
    await until(lambda: len(harness.watching.brakes) >= 3)
    harness.release_brake()
    await until(lambda: harness.watching.brakes[-1] is True and len(harness.watching.brakes) >= 5)
    harness.release_brake()
    await all_answered(harness, 76)
    assert set((await answers(harness)).values()) == {1}


async def test_a_braked_task_can_be_stopped(harness: Harness) -> None:
    await harness.submit(*[(b"x", b"boom")] * 50)
    await harness.start()
    await until(lambda: harness.status().state == "braked")
    await asyncio.wait_for(harness.stop(), 10)
    assert len(await answers(harness)) == 20


async def test_a_processor_that_cannot_even_say_that_it_failed_ends_the_engine_with_both_errors(
    harness: Harness,
) -> None:
    def crashed(record: Record, error: Exception) -> Outcome:
        del record
        raise RuntimeError("worse") from error

    harness.processor.crashed = crashed  # type: ignore[method-assign]
    await harness.submit((b"a", b"boom"))
    await harness.start()
    error = await harness.fatal()
    assert isinstance(error, EngineError)
    assert "boom" in str(error)
    assert "worse" in str(error)


async def test_a_dead_letter_that_does_not_fit_ends_the_engine_and_names_the_setting(harness: Harness) -> None:
    names = harness.names

    def too_large(record: Record, outcome: Outcome, topic: str, size: int) -> Outcome:
        del outcome, topic, size
        return Outcome([Write(names.out, record.partition, b"k", b"x" * LIMIT)])

    harness.processor.too_large = too_large  # type: ignore[method-assign]
    await harness.submit((b"a", b"huge:%d" % LIMIT))
    await harness.start()
    assert f"max.message.bytes of {names.out}" in (await harness.fatal()).remedy


async def test_a_change_for_another_partition_is_a_defect(harness: Harness) -> None:
    names = harness.names

    def process(record: Record, state: object) -> Outcome:
        del record, state
        return Outcome([Write(names.changelog, 1, b"k", b"1")])

    harness.processor.process = process  # type: ignore[method-assign]
    await harness.submit((b"a", b"v"))
    await harness.start()
    await all_answered(harness, 1)
    assert len(await harness.read(names.dead)) == 1


async def test_two_owners_of_one_task_answer_every_record_once_between_them(harness: Harness) -> None:
    """On Kafka the group keeps them apart; in memory they fence each other for as long as both want it."""
    await harness.submit(*events(200))
    await harness.start()
    await until(lambda: harness.watching.records > 0)
    await harness.start()
    await harness.submit(*events(200))
    await assert_exactly_once(harness, 400)


async def test_a_large_record_is_decided_beside_the_event_loop_and_in_its_order(harness: Harness) -> None:
    threads: list[int] = []
    process = harness.processor.process

    def noting(record: Record, state: View) -> Outcome:
        threads.append(threading.get_ident())
        return process(record, state)

    harness.processor.process = noting  # type: ignore[method-assign]
    large = b"huge:10".ljust(100_000)
    await harness.submit((b"a", b"1"), (b"a", large), (b"a", b"2"), (b"a", large), (b"a", b"3"))
    await harness.start()
    await assert_exactly_once(harness, 5)
    here = threading.get_ident()
    assert [ident == here for ident in threads] == [True, False, True, False, True]
