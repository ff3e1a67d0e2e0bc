"""Strangers in the group: members that read other topics, or share partitions out in another way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from engine.harness import KafkaHarness
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.kafka


@pytest.fixture
async def two(kafka: str, unique: str) -> AsyncIterator[KafkaHarness]:
    """An engine over two partitions."""
    made = KafkaHarness(kafka, unique)
    await made.open(2)
    yield made
    await made.close()


async def test_a_member_that_reads_one_of_the_inputs_only_ends_the_worker(two: KafkaHarness) -> None:
    await two.start()
    await until(lambda: two.workers[0].status().ready, 30)
    async with AIOKafkaConsumer(
        two.names.inputs[0],
        bootstrap_servers=two.bootstrap,
        group_id=two.names.group,
        partition_assignment_strategy=(RangePartitionAssignor,),
    ):
        error = await two.fatal()
    assert error.problem.startswith("The group gives partition ")
    assert error.problem.endswith(f" of {two.names.inputs[0]} to another member.")
    assert error.remedy == "All members of the group must read the same topics with the range assignor."


async def test_a_group_with_another_assignor_is_not_joined(two: KafkaHarness) -> None:
    async with AIOKafkaConsumer(
        *two.names.inputs,
        bootstrap_servers=two.bootstrap,
        group_id=two.names.group,
        partition_assignment_strategy=(RoundRobinPartitionAssignor,),
    ) as stranger:
        async with asyncio.timeout(20):
            await stranger.getmany(timeout_ms=10)
            await until(stranger.assignment)
        await two.start()
        error = await two.fatal()
    assert error.problem.startswith("Members of the group use different protocols or assignors")
    assert error.remedy == "Give this deployment a group name of its own."
