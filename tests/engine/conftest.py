from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.harness import KafkaHarness, MemoryHarness

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.harness import Harness


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
async def harness(request: pytest.FixtureRequest, unique: str) -> AsyncIterator[Harness]:
    """An engine on one partition: on the fake, and on the real thing."""
    if request.param == "memory":
        made: MemoryHarness | KafkaHarness = MemoryHarness()
    else:
        made = KafkaHarness(request.getfixturevalue("kafka"), unique)
        await made.open()
    yield made
    await made.close()


@pytest.fixture
async def on_kafka(kafka: str, unique: str) -> AsyncIterator[KafkaHarness]:
    """An engine on real Kafka, one partition."""
    made = KafkaHarness(kafka, unique)
    await made.open()
    yield made
    await made.close()
