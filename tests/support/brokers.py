"""Brokers for tests: one real Kafka and one embedded broker for a whole run, and one of its own for a test that kills it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from newsdesk.ops.brokers import embedded, kafka
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType

    from newsdesk.ops.brokers import LocalBroker

READY_SECONDS = 90.0


def need(kind: ModuleType) -> None:
    """Skip the test where the broker of *kind* cannot run; with NEWSDESK_REQUIRE_BROKERS=1 fail it instead."""
    reason = kind.available()
    if reason is None:
        return
    if os.environ.get("NEWSDESK_REQUIRE_BROKERS") == "1":
        pytest.fail(f"NEWSDESK_REQUIRE_BROKERS=1, but: {reason}", pytrace=False)
    pytest.skip(reason)


@contextlib.contextmanager
def running(broker: LocalBroker) -> Iterator[LocalBroker]:
    """The broker, started and serving; stopped at the end, whatever the test has done to it."""
    try:
        broker.start()
        broker.wait_ready(READY_SECONDS)
        yield broker
    finally:
        broker.stop()


@contextlib.contextmanager
def shared(broker: LocalBroker, folder: Path) -> Iterator[str]:
    """The address of one broker for all processes that name the same *folder*; the first starts its *broker*.

    The users hold a shared lock; the one that started the broker stops it when it gets the lock alone,
    which is when the last of the others has left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "address"
    with (folder / "users").open("w") as users, (folder / "start").open("w") as start:
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(start, fcntl.LOCK_EX)
        if address.exists():
            fcntl.flock(start, fcntl.LOCK_UN)
            yield address.read_text(encoding="utf-8")
            return
        with running(broker):
            address.write_text(broker.bootstrap, encoding="utf-8")
            fcntl.flock(start, fcntl.LOCK_UN)
            try:
                yield broker.bootstrap
            finally:
                fcntl.flock(users, fcntl.LOCK_UN)
                fcntl.flock(users, fcntl.LOCK_EX)
                address.unlink()


async def make_topics(bootstrap: str, topics: Mapping[str, int | tuple[int, Mapping[str, str]]]) -> None:
    """Make *topics*, name -> partitions or (partitions, settings), and wait until the broker tells of them.

    Raises AssertionError where the broker refuses one.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        new = []
        for name, wanted in topics.items():
            partitions, settings = (wanted, {}) if isinstance(wanted, int) else wanted
            new.append(NewTopic(name, partitions, 1, topic_configs=dict(settings)))
        answer = await admin.create_topics(new)
        refused = {name: (code, *rest) for name, code, *rest in answer.topic_errors if code}
        assert not refused, refused

        async def told() -> bool:
            return not any(topic["error_code"] for topic in await admin.describe_topics([*topics]))

        await until(told)
    finally:
        await admin.close()


def create_topics(bootstrap: str, topics: Mapping[str, int | tuple[int, Mapping[str, str]]]) -> None:
    """As make_topics, for callers without an event loop."""
    asyncio.run(make_topics(bootstrap, topics))


def kafka_node(folder: Path, **options: object) -> LocalBroker:
    """A Kafka node that keeps its data in *folder*, not started."""
    return kafka.broker(data=folder, **options)  # type: ignore[arg-type]


def embedded_node() -> LocalBroker:
    """An embedded broker, not started."""
    return embedded.broker()
