from __future__ import annotations

import asyncio
import json
import signal
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from examples.desk import PARTITIONS, Desk, event, open_desk
from examples.running import Example, example, until
from newsdesk.ops.brokers.ports import free_port
from support.brokers import make_topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kafka

NEVER = "3600"
"""Seconds between two commits, so that what is to be replayed after a kill is certain."""
OFTEN = "0.2"


class Worker:
    """A running worker of the topic counts."""

    def __init__(self, running: Example, port: int) -> None:
        self.running = running
        self._port = port

    async def counts(self) -> dict[str, int]:
        """What its page says; nothing while it does not serve."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> dict[str, int]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/counts/", timeout=5) as page:
                return dict(json.loads(page.read()))
        except OSError:
            return {}


class App:
    """The topic counts of one desk, under a name of its own."""

    def __init__(self, bootstrap: str, name: str, desk: Desk, folder: Path) -> None:
        self.name = name
        self._bootstrap = bootstrap
        self._topic = desk.enriched
        self._folder = folder

    @contextmanager
    def worker(self, commit_seconds: str = OFTEN) -> Iterator[Worker]:
        """One worker, from its start until it is killed."""
        port = free_port()
        environment = {
            "NEWSDESK_BOOTSTRAP_SERVERS": self._bootstrap,
            "NEWSDESK_ENRICHED_TOPIC": self._topic,
            "NEWSDESK_PARTITIONS": str(PARTITIONS),
            "TOPIC_COUNTS_APP": self.name,
            "BROKER_COMMIT_INTERVAL": commit_seconds,
            "BROKER_SESSION_TIMEOUT": "6",  # how long a killed worker is waited for; the least that a broker allows
            "BROKER_HEARTBEAT_INTERVAL": "1",
        }
        argv = ["topic_counts.py", "worker", "--web-port", str(port), "--web-bind", "127.0.0.1", "-l", "info"]
        with example(argv, environment, self._folder) as running:
            yield Worker(running, port)

    async def committed(self) -> dict[int, int | None]:
        """The committed offset of each partition."""
        async with AIOKafkaConsumer(bootstrap_servers=self._bootstrap, group_id=self.name) as consumer:
            return {p: await consumer.committed(TopicPartition(self._topic, p)) for p in range(PARTITIONS)}


async def shows(expected: dict[str, int], *workers: Worker) -> None:
    """Return when the pages of *workers* add up to *expected*."""
    seen: dict[str, int] = {}

    async def there() -> bool:
        seen.clear()
        for worker in workers:
            for topic, count in (await worker.counts()).items():
                seen[topic] = seen.get(topic, 0) + count
        return seen == expected

    try:
        await until(there, *(worker.running for worker in workers))
    except AssertionError as error:
        raise AssertionError(f"{seen} is not {expected}") from error


async def test_it_counts_the_articles_of_each_topic_as_they_change_go_and_merge(
    kafka: str, unique: str, tmp_path: Path
) -> None:
    async with open_desk(kafka, unique) as desk:
        await desk.take(event("example.com/a", "AI", "Chips"), event("example.com/b", "AI"))
        await desk.take(event("example.org/c", "AI", "Art/Design"), partition=1)
        with App(kafka, f"{unique}counts", desk, tmp_path).worker() as worker:
            await shows({"AI": 3, "Art/Design": 1, "Chips": 1}, worker)
            await desk.take(event("example.com/a", "Robots", "AI", title="Another"))
            await desk.take(event("example.com/a", "Robots", "AI", title="Another again"))
            await shows({"AI": 3, "Art/Design": 1, "Robots": 1}, worker)
            await desk.take(event("example.org/c", removed=True), partition=1)
            await shows({"AI": 2, "Robots": 1}, worker)
            await desk.take(event("example.com/a", "Chips", originalUrl="https://example.com/b"))
            await shows({"Chips": 1}, worker)
            assert worker.running.end(signal.SIGTERM) == 0


async def test_what_a_transaction_aborted_is_not_counted(kafka: str, unique: str, tmp_path: Path) -> None:
    async with open_desk(kafka, unique) as desk:
        ghost = json.dumps({"articleId": "ghost", "topics": ["Ghosts"]}).encode()
        [first] = await desk.take(event("example.com/a", "AI"))
        await desk.abort((desk.enriched, b"ghost", ghost), (desk.enriched, first.encode(), None))
        await desk.take(event("example.com/b", "Last"))
        with App(kafka, f"{unique}counts", desk, tmp_path).worker() as worker:
            await shows({"AI": 1, "Last": 1}, worker)


@pytest.mark.parametrize("commit_seconds", [pytest.param(NEVER, id="replayed"), pytest.param(OFTEN, id="committed")])
async def test_the_counts_survive_a_kill_and_nothing_is_counted_twice(
    commit_seconds: str, kafka: str, unique: str, tmp_path: Path
) -> None:
    async with open_desk(kafka, unique) as desk:
        app = App(kafka, f"{unique}counts", desk, tmp_path)
        with app.worker(commit_seconds) as worker:
            await desk.take(event("example.com/a", "AI"), event("example.com/b", "AI"), event("example.com/c", "Chips"))
            await desk.take(event("example.com/a", "AI", "Chips"), event("example.com/b", "Robots"))
            await desk.take(event("example.org/d", "AI"), partition=1)
            await shows({"AI": 2, "Chips": 2, "Robots": 1}, worker)
            if commit_seconds == OFTEN:
                ends = {0: 9, 1: 1}  # the last of five records with a marker each, and of one

                async def all_committed() -> bool:
                    return await app.committed() == ends

                await until(all_committed, worker.running)
            worker.running.end(signal.SIGKILL)
        if commit_seconds == NEVER:
            assert await app.committed() == dict.fromkeys(range(PARTITIONS))
        with app.worker() as worker:
            for partition, url in enumerate(("example.com/last", "example.org/last")):
                await desk.take(event(url, f"Last in {partition}", "AI"), partition=partition)
            await shows({"AI": 4, "Chips": 2, "Last in 0": 1, "Last in 1": 1, "Robots": 1}, worker)


async def test_a_crash_in_the_middle_of_an_event_counts_it_neither_twice_nor_not_at_all(
    kafka: str, unique: str, tmp_path: Path
) -> None:
    async with open_desk(kafka, unique) as desk:
        app = App(kafka, f"{unique}counts", desk, tmp_path)
        await desk.take(event("example.com/a", "AI", "Chips"))
        changelog = f"{app.name}-counts-changelog"
        await make_topics(kafka, {changelog: (PARTITIONS, {"cleanup.policy": "compact"})})
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:  # AI is counted, Chips and the entry are not
            await producer.send_and_wait(changelog, b"[1, 0]", key=b'"topic/0/AI"', partition=0)
        with app.worker() as worker:
            await shows({"AI": 1, "Chips": 1}, worker)
            await desk.take(event("example.com/a", "Robots"))
            await shows({"Robots": 1}, worker)


async def test_the_pages_of_two_workers_add_up_and_one_takes_over_when_the_other_dies(
    kafka: str, unique: str, tmp_path: Path
) -> None:
    async with open_desk(kafka, unique) as desk:
        app = App(kafka, f"{unique}counts", desk, tmp_path)
        await desk.take(event("example.com/a", "AI"))
        await desk.take(event("example.org/b", "AI"), event("example.org/c", "Chips"), partition=1)
        with app.worker() as first:
            await shows({"AI": 2, "Chips": 1}, first)
            with app.worker() as second:

                async def both_work() -> bool:
                    return bool(await first.counts()) and bool(await second.counts())

                await until(both_work, first.running, second.running)
                await shows({"AI": 2, "Chips": 1}, first, second)
                await desk.take(event("example.com/a", "Robots"))
                await desk.take(event("example.org/b", "Robots"), partition=1)
                await shows({"Chips": 1, "Robots": 2}, first, second)
                second.running.end(signal.SIGTERM)
            await shows({"Chips": 1, "Robots": 2}, first)
