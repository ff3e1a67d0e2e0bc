"""A task whose transactional id somebody else has taken: it stops alone and comes back alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer

from engine.harness import KafkaHarness
from engine.test_worker import PARTITIONS, assert_exactly_once, fill, ready
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.kafka

VICTIM = 2


@pytest.fixture
async def wide(kafka: str, unique: str) -> AsyncIterator[KafkaHarness]:
    made = KafkaHarness(kafka, unique)
    await made.open(PARTITIONS)
    yield made
    await made.close()


async def test_the_others_go_on_deciding_while_one_is_fenced_and_it_comes_back(wide: KafkaHarness) -> None:
    shares: list[int] = []
    wide.watching.rebalanced = shares.append  # type: ignore[method-assign]
    await fill(wide, 20)
    await wide.start(settle_ms=3_000)
    await assert_exactly_once(wide, 20 * PARTITIONS)

    def states() -> dict[int, str]:
        return {task.task: task.state for task in wide.workers[0].status().tasks}

    async with AIOKafkaProducer(bootstrap_servers=wide.bootstrap, transactional_id=f"{wide.names.group}-{VICTIM}"):
        answered = wide.watching.records
        await wide.submit(*[(b"b", b"%d" % i) for i in range(20)], partition=VICTIM)
        await until(lambda: states()[VICTIM] == "fenced")
        for partition in range(PARTITIONS):
            if partition != VICTIM:
                await wide.submit(*[(b"c", b"%d" % i) for i in range(50)], partition=partition)
        await until(lambda: wide.watching.records >= answered + 50 * (PARTITIONS - 1))
        assert states() == {number: "fenced" if number == VICTIM else "running" for number in range(PARTITIONS)}
        assert not wide.workers[0].status().ready
    await ready(wide)
    await fill(wide, 20, "d")
    await assert_exactly_once(wide, 40 * PARTITIONS + 20 + 50 * (PARTITIONS - 1))
    assert wide.watching.fences == 1
    assert shares == [PARTITIONS], "the worker stayed in its group"
