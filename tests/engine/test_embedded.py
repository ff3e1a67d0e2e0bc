"""The weaker promise, on the embedded broker, which has no transactions: nothing lost, no offset before its output."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from engine.harness import CrashOnce, HangAt, KafkaHarness
from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.probe import choose
from newsdesk.engine.reading import open_client
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from newsdesk.engine.records import Record

pytestmark = pytest.mark.embedded


@pytest.fixture
async def harness(embedded: str, unique: str) -> AsyncIterator[KafkaHarness]:
    made = KafkaHarness(embedded, unique, session_timeout_ms=1_000, rebalance_timeout_ms=1_000)
    await made.open()
    yield made
    await made.close()


def source(record: Record) -> str:
    return dict(record.headers)["source"].decode()


async def sources(harness: KafkaHarness) -> Counter[str]:
    return Counter([source(record) for record in await harness.read(harness.names.out)])


async def all_answered(harness: KafkaHarness, count: int) -> Counter[str]:
    async def enough() -> bool:
        return len(await sources(harness)) >= count

    await until(enough)
    return await sources(harness)


async def test_auto_chooses_at_least_once_and_says_why(harness: KafkaHarness) -> None:
    await harness.start()
    await until(lambda: harness.workers[0].status().ready)
    status = harness.workers[0].status()
    assert status.guarantee == "at_least_once"
    assert "InitProducerId" in status.guarantee_reason


async def test_exactly_once_on_demand_is_refused_with_a_remedy(harness: KafkaHarness) -> None:
    await harness.start(guarantee="exactly_once")
    error = await harness.fatal()
    assert "demand exactly once" in error.problem
    assert "at_least_once" in error.remedy


@pytest.mark.kafka
async def test_auto_chooses_exactly_once_on_kafka(kafka: str) -> None:
    async with open_client(kafka, "test", {}) as client:
        assert (await choose(client, "auto")).kind == "exactly_once"
        assert (await choose(client, "at_least_once")).kind == "at_least_once"


async def test_without_a_crash_every_record_is_answered_once(harness: KafkaHarness) -> None:
    await harness.submit(*[(b"a", b"%d" % i) for i in range(700)])
    await harness.start()
    assert set((await all_answered(harness, 700)).values()) == {1}
    await until(lambda: harness.status().lag_records == 0)
    await harness.submit(*[(b"a", b"%d" % i) for i in range(100)])
    await harness.stop()
    await harness.start()
    assert set((await all_answered(harness, 800)).values()) == {1}


@pytest.mark.parametrize("point", [CrashPoint.AFTER_PROCESS, CrashPoint.AFTER_PRODUCE, CrashPoint.AFTER_COMMIT])
async def test_a_kill_loses_nothing_and_repeats_at_most_the_open_batch(
    harness: KafkaHarness, point: CrashPoint
) -> None:
    await harness.submit(*[(b"a", b"%d" % i) for i in range(300)])
    crash = HangAt(point)
    await harness.start(crash, batch_records=100)
    await asyncio.wait_for(crash.there.wait(), 20)
    await harness.kill()
    await harness.start()
    counted = await all_answered(harness, 300)
    assert set(counted.values()) <= {1, 2}
    assert sum(counted.values()) <= 400


async def test_a_failed_commit_is_tried_again(harness: KafkaHarness) -> None:
    await harness.submit(*[(b"a", b"%d" % i) for i in range(100)])
    await harness.start(CrashOnce(CrashPoint.AFTER_PRODUCE), batch_records=50)
    assert set(await all_answered(harness, 100)) == {f"{harness.names.inputs[0]}/{i}" for i in range(100)}
