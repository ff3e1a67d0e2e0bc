"""Punctuation: bounded, beside the records, in the same transactions; the state stays the fold of the changelog."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from engine.counting import Counting, Names
from engine.expiring import RETENTION, Expiring, folded
from engine.harness import CrashOnce, HangAt, MemoryHarness, Watching, config
from newsdesk.engine.batch import Batch
from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.errors import StoreDamagedError
from newsdesk.engine.memory_log import MemoryOutput
from newsdesk.engine.memory_store import MemoryStore, MemoryStores
from newsdesk.engine.overlay import Overlay
from newsdesk.engine.punctuating import Allowance, Punctuator
from newsdesk.engine.store import Position, Slice
from support.waiting import until

if TYPE_CHECKING:
    from engine.harness import Harness, KafkaHarness

SOON = {"punctuate_ms": 5}
LATE = b"%d" % (RETENTION + 1_000)


def expiring(harness: Any) -> Expiring:
    """The harness runs this processor from now on."""
    harness.processor = Expiring(harness.names)
    return harness.processor  # type: ignore[no-any-return]


def keys(count: int, first: int = 0) -> list[tuple[bytes, bytes | None]]:
    return [(b"%05d" % i, b"%d" % i) for i in range(first, first + count)]


async def tombstones(harness: Harness, topic: str) -> list[bytes | None]:
    return [record.key for record in await harness.read(topic) if record.value is None]


async def expired(harness: Harness, count: int) -> None:
    """Wait until so many keys are gone, for readers of both topics: a transaction shows in one after the other."""

    async def enough() -> bool:
        topics = (harness.names.changelog, harness.names.out)
        return all([len(set(await tombstones(harness, topic))) >= count for topic in topics])

    await until(enough)


async def assert_state_is_the_fold(harness: Harness) -> None:
    """Stop; the store as it is, as it is restored, and as the changelog's records say are one."""
    await harness.stop()
    live = harness.stores.open(0)[0].items()
    assert live == folded(await harness.read(harness.names.changelog))
    harness.stores.discard(0)
    await harness.start(punctuate_ms=60_000)
    await until(lambda: harness.status().state == "running")
    await harness.stop()
    assert harness.stores.open(0)[0].items() == live


async def test_what_has_expired_is_removed_everywhere_though_no_record_comes(harness: Harness) -> None:
    expiring(harness)
    await harness.submit(*keys(60), (b"late", LATE))
    await harness.start(**SOON)
    await expired(harness, 60)
    await until(lambda: sum(report.punctuated.get("expired", 0) for report in harness.watching.reports) == 60)
    assert harness.watching.records == 61, "punctuation is not counted as records"
    assert sorted(k or b"" for k in await tombstones(harness, harness.names.out)) == [k for k, _ in keys(60)]
    await assert_state_is_the_fold(harness)
    assert set(harness.stores.open(0)[0].items()) == {b"clock", b"klate"}


async def test_a_batch_of_writes_without_a_record_is_committed_and_leaves_the_offsets_alone(harness: Harness) -> None:
    expiring(harness)
    await harness.submit(*keys(20), (b"late", LATE))
    await harness.start(punctuate_ms=60_000)
    await until(lambda: harness.watching.records == 21)
    await harness.stop()
    await harness.start(**SOON)
    await expired(harness, 20)
    await until(lambda: sum(report.punctuated.get("expired", 0) for report in harness.watching.reports) == 20)
    assert harness.watching.records == 21
    assert harness.watching.reports[-1].records == 0
    await harness.submit((b"late", LATE))
    await until(lambda: harness.watching.records == 22)
    assert not harness.watching.failures
    await assert_state_is_the_fold(harness)


@pytest.mark.kafka
async def test_at_least_once_a_batch_of_writes_without_a_record_is_committed_too(on_kafka: KafkaHarness) -> None:
    expiring(on_kafka)
    await on_kafka.submit(*keys(20), (b"late", LATE))
    await on_kafka.start(guarantee="at_least_once", punctuate_ms=300)
    await expired(on_kafka, 20)
    await until(lambda: any(report.punctuated and not report.records for report in on_kafka.watching.reports))
    assert not on_kafka.watching.failures
    await assert_state_is_the_fold(on_kafka)


async def test_one_punctuation_looks_at_a_bounded_number_of_keys_and_the_next_goes_on_there(harness: Harness) -> None:
    processor = expiring(harness)
    await harness.submit(*keys(40), (b"late", LATE))
    await harness.start(punctuate_ms=60_000)
    await until(lambda: harness.watching.records == 41)
    await harness.stop()
    await harness.start(punctuate_keys=7, **SOON)
    await expired(harness, 40)
    assert max(processor.scanned) == 7


async def test_after_the_last_key_it_begins_anew(harness: Harness) -> None:
    expiring(harness)
    await harness.submit(*keys(10))
    await harness.start(punctuate_keys=3, **SOON)
    await until(lambda: harness.watching.records == 10)
    await harness.submit((b"late", LATE))
    await expired(harness, 10)
    await harness.submit((b"later", b"%d" % (2 * int(LATE))))
    await expired(harness, 11)
    await assert_state_is_the_fold(harness)


@pytest.mark.parametrize(
    "point",
    [
        CrashPoint.AFTER_PROCESS,
        CrashPoint.AFTER_PRODUCE,
        CrashPoint.AFTER_OFFSETS,
        CrashPoint.AFTER_COMMIT,
        CrashPoint.AFTER_FLUSH,
    ],
)
async def test_a_kill_in_the_middle_of_a_sweep_leaves_the_state_the_fold(harness: Harness, point: CrashPoint) -> None:
    processor = expiring(harness)
    await harness.submit(*keys(60), (b"late", LATE))
    await harness.start(punctuate_ms=60_000)
    await until(lambda: harness.watching.records == 61)
    await harness.stop()
    processor.steps.clear()
    crash = HangAt(point)
    await harness.start(crash, punctuate_keys=20, **SOON)
    await asyncio.wait_for(crash.there.wait(), 20)
    assert "record" not in processor.steps, "it is a sweep that dies here"
    await harness.kill()
    await harness.start(punctuate_keys=20, **SOON)
    await expired(harness, 60)
    for topic in (harness.names.changelog, harness.names.out):
        assert sorted(k or b"" for k in await tombstones(harness, topic)) == [k for k, _ in keys(60)], "once each"
    await assert_state_is_the_fold(harness)


async def test_a_failure_in_a_sweep_with_records_beside_it_costs_nothing(harness: Harness) -> None:
    expiring(harness)
    await harness.submit(*keys(50), (b"late", LATE), *keys(50))
    crash = CrashOnce(CrashPoint.AFTER_COMMIT, skip=1)
    await harness.start(crash, batch_records=10, punctuate_keys=10, **SOON)
    await until(lambda: crash.done)
    await harness.submit((b"late", b"%d" % (3 * int(LATE))), (b"last", b"%d" % (3 * int(LATE))))
    await expired(harness, 50)
    sources = [dict(r.headers)["source"] for r in await harness.read(harness.names.out) if r.value is not None]
    assert len(sources) == len(set(sources)) == 103
    await assert_state_is_the_fold(harness)


async def test_a_key_that_expired_and_was_not_swept_yet_counts_as_unknown(harness: Harness) -> None:
    """The result must not depend on when the sweep comes: here it never does."""
    expiring(harness)
    await harness.submit(*keys(1), *keys(1), (b"late", LATE), *keys(1))
    await harness.start(punctuate_ms=60_000)
    await until(lambda: harness.watching.records == 4)
    given = [dict(r.headers)["n"] for r in await harness.read(harness.names.out) if r.key == b"00000"]
    assert given == [b"1", b"2", b"1"]


async def test_a_defect_in_punctuation_is_told_of_and_holds_up_no_record(harness: Harness) -> None:
    processor = expiring(harness)
    processor.failing = 3
    failures = harness.watching.unpunctuated
    await harness.submit(*keys(20))
    await harness.start(**SOON)
    await until(lambda: len(failures) == 3)
    await harness.submit((b"late", LATE))
    await expired(harness, 20)
    assert [str(error) for error, _ in failures] == ["no punctuation today"] * 3
    assert [seconds for _, seconds in failures] == [0.005, 0.01, 0.02], "ever later"
    assert not harness.watching.failures
    await assert_state_is_the_fold(harness)


async def test_a_change_for_another_partition_is_a_defect_of_the_punctuation_and_leaves_no_trace() -> None:
    harness = MemoryHarness()
    processor = expiring(harness)
    honest = processor.punctuate

    def punctuate(task: int, state: Any, cursor: bytes | None) -> Any:
        done = honest(task, state, cursor)
        if done.writes:
            done.writes[-2].partition = 1
        return done

    processor.punctuate = punctuate  # type: ignore[method-assign]
    failures = harness.watching.unpunctuated
    await harness.submit(*keys(5), (b"late", LATE))
    await harness.start(**SOON)
    await until(lambda: failures)
    processor.punctuate = honest  # type: ignore[method-assign]
    await expired(harness, 5)
    assert isinstance(failures[0][0], ValueError)
    assert harness.broker.partition(harness.names.changelog, 1).end == 0
    await assert_state_is_the_fold(harness)
    await harness.close()


async def test_a_store_that_cannot_be_scanned_ends_the_attempt_and_the_next_one_recovers() -> None:
    harness = MemoryHarness()
    expiring(harness)
    broken = [True]

    class Scanless(MemoryStore):
        def scan(self, start: bytes, limit: int) -> Slice:
            if broken.pop() if broken else False:
                raise StoreDamagedError("rot")
            return super().scan(start, limit)

    class Stores(MemoryStores):
        def open(self, task: int) -> tuple[MemoryStore, str | None]:
            return self._kept.setdefault(task, Scanless()), None

    harness.stores = Stores()
    await harness.submit(*keys(5), (b"late", LATE))
    await harness.start(**SOON)
    await expired(harness, 5)
    assert [str(error) for error in harness.watching.failures] == ["rot"]
    await assert_state_is_the_fold(harness)
    await harness.close()


async def test_a_braked_task_does_not_punctuate() -> None:
    harness = MemoryHarness()
    processor = expiring(harness)
    await harness.submit(*[(b"x", b"boom")] * 50)
    await harness.start(**SOON)
    await until(lambda: harness.status().state == "braked")
    before, seen = len(processor.steps), harness.status().progress_at
    await until(lambda: harness.status().progress_at > seen)
    assert len(processor.steps) == before
    await harness.close()


async def test_a_restoring_task_does_not_punctuate() -> None:
    harness = MemoryHarness()
    processor = expiring(harness)
    await harness.submit(*keys(300))
    await harness.start(punctuate_ms=60_000)
    await until(lambda: harness.watching.records == 300)
    await harness.stop()
    harness.stores.discard(0)
    processor.steps.clear()
    crash = HangAt(CrashPoint.MID_RESTORE)
    await harness.start(crash, punctuate_ms=0)
    await asyncio.wait_for(crash.there.wait(), 5)
    assert processor.steps == []
    await harness.close()


async def test_under_constant_load_it_comes_between_the_records() -> None:
    harness = MemoryHarness()
    processor = expiring(harness)
    await harness.submit(*keys(5_000))
    await harness.start(punctuate_ms=1, batch_records=50)
    await until(lambda: harness.watching.records == 5_000)
    last = len(processor.steps) - processor.steps[::-1].index("record")
    assert "punctuation" in processor.steps[: last - 1]
    await harness.close()


# ---- when, and how much


def punctuator(monkeypatch: pytest.MonkeyPatch, processor: Any, now: list[float]) -> Punctuator:
    monkeypatch.setattr("newsdesk.engine.punctuating.time.monotonic", lambda: now[0])
    settings = config("memory", Names(), punctuate_ms=1_000)
    return Punctuator(0, processor, Overlay(MemoryStore()), config=settings, observer=Watching())


def test_records_go_first_but_not_for_longer_than_another_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    made = punctuator(monkeypatch, Expiring(Names()), now)
    assert (made.is_due(busy=False), made.is_due(busy=True), made.seconds_left()) == (False, False, 1.0)
    now[0] = 101.0
    assert (made.is_due(busy=False), made.is_due(busy=True), made.seconds_left()) == (True, False, 0.0)
    now[0] = 102.0
    assert (made.is_due(busy=False), made.is_due(busy=True)) == (True, True)


def test_a_processor_that_does_not_punctuate_is_never_due(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    made = punctuator(monkeypatch, Counting(Names()), now)
    now[0] = 1e9
    assert (made.is_due(busy=False), made.seconds_left()) == (False, None)


def test_of_a_punctuation_that_failed_half_way_the_next_record_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    processor = Expiring(Names())
    honest = processor.punctuate

    def half_wrong(task: int, state: Any, cursor: bytes | None) -> Any:
        done = honest(task, state, cursor)
        done.writes[-2].partition = 1
        return done

    processor.punctuate = half_wrong  # type: ignore[method-assign]
    store = MemoryStore()
    store.apply({b"clock": LATE, b"k1": b"1:1", b"k2": b"1:1"}, Position(0, None, 0))
    view = Overlay(store)
    watching = Watching()
    monkeypatch.setattr("newsdesk.engine.punctuating.time.monotonic", lambda: 0.0)
    made = Punctuator(0, processor, view, config=config("memory", Names()), observer=watching)
    batch = Batch(MemoryOutput({}))
    assert made.punctuate(batch, time.perf_counter() + 60) is False
    assert len(watching.unpunctuated) == 1
    assert batch.is_empty
    assert view.get(b"k1") == b"1:1"


def filled(count: int) -> Overlay:
    store = MemoryStore()
    store.apply({b"%04d" % i: b"v" for i in range(count)}, Position(0, None, 0))
    return Overlay(store)


def test_slices_begin_small_and_grow_until_they_outlast_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    processor = Expiring(Names())
    store = MemoryStore()
    store.apply({b"k%04d" % i: b"%d:1" % i for i in range(2_000)}, Position(0, None, 0))
    monkeypatch.setattr("newsdesk.engine.punctuating.time.monotonic", lambda: 0.0)
    made = Punctuator(0, processor, Overlay(store), config=config("memory", Names()), observer=Watching())

    def after(spent: float) -> int:
        made._pace(spent, 0.015)
        return made._keys

    assert [after(0.001) for _ in range(5)] == [100, 200, 400, 500, 500]
    assert [after(0.02) for _ in range(5)] == [250, 125, 62, 50, 50]
    made.punctuate(Batch(MemoryOutput({})), time.perf_counter() + 3_600)
    assert processor.scanned == [50]
    made._keys = 200
    assert [after(0.01) for _ in range(2)] == [200, 200], "neither too long nor quick"


def test_the_allowance_is_for_all_scans_together() -> None:
    allowance = Allowance(filled(300), 120, time.perf_counter() + 60)
    first = allowance.scan(b"0000")
    assert (len(first.items), first.next) == (120, b"0119\0")
    assert allowance.scan(b"0200") == Slice([], b"0200")


def test_no_more_is_read_when_the_time_is_up() -> None:
    found = Allowance(filled(300), 300, time.perf_counter()).scan(b"")
    assert 0 < len(found.items) < 300
    assert found.next == found.items[-1][0] + b"\0"


def test_the_end_of_the_store_is_told() -> None:
    found = Allowance(filled(120), 500, time.perf_counter() + 60).scan(b"")
    assert (len(found.items), found.next) == (120, None)
