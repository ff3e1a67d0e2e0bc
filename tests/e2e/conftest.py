from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.scene import Scene

if TYPE_CHECKING:
    from pathlib import Path

    from newsdesk.ops.brokers import LocalBroker


@pytest.fixture(
    params=[pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("kafka", marks=pytest.mark.kafka)]
)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    """A scene on each kind of broker."""
    return Scene(request.getfixturevalue(f"{request.param}_broker"), tmp_path)


@pytest.fixture
def kafka_scene(kafka_broker: LocalBroker, tmp_path: Path) -> Scene:
    """A scene on a real Kafka."""
    return Scene(kafka_broker, tmp_path)
