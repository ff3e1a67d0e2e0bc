from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest

from newsdesk.ops.brokers import embedded as embedded_kind
from newsdesk.ops.brokers import kafka as kafka_kind
from support.brokers import embedded_node, kafka_node, need, running, shared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsdesk.ops.brokers import LocalBroker


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def kafka(run_folder: Path) -> Iterator[str]:
    """The address of a real Kafka, one for the whole run: use topics and groups of `unique` names."""
    need(kafka_kind)
    with shared(kafka_node(run_folder / "kafka-data"), run_folder / "kafka-shared") as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def embedded(run_folder: Path) -> Iterator[str]:
    """The address of an embedded broker, one for the whole run: use topics and groups of `unique` names."""
    need(embedded_kind)
    with shared(embedded_node(), run_folder / "embedded-shared") as bootstrap:
        yield bootstrap


@pytest.fixture
def kafka_broker(tmp_path: Path) -> Iterator[LocalBroker]:
    """A Kafka of the test's own, to be killed, frozen and started again; it keeps its data and its port."""
    need(kafka_kind)
    with running(kafka_node(tmp_path / "kafka")) as broker:
        yield broker


@pytest.fixture
def embedded_broker() -> Iterator[LocalBroker]:
    """An embedded broker of the test's own; it forgets everything when it stops."""
    need(embedded_kind)
    with running(embedded_node()) as broker:
        yield broker


@pytest.fixture
def unique() -> str:
    """A prefix for topics and groups that no other test has."""
    return f"t{uuid.uuid4().hex[:10]}."
