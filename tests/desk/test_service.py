"""The hosted desk as an operator meets it: a real process on a real broker, its pages, its log, its exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import TYPE_CHECKING

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from desk.running import RunningDesk, running_desk, until
from newsdesk.bootstrap import rulebook
from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.contracts.partitions import partition_of
from newsdesk.editorial.rulebook import canonical_bytes
from newsdesk.ops import admin
from newsdesk.ops.brokers import embedded as embedded_kind
from support.brokers import need

if TYPE_CHECKING:
    from pathlib import Path

    from newsdesk.ops.brokers import LocalBroker

PARTITIONS = 2


def apply_topics(bootstrap: str) -> None:
    asyncio.run(admin.apply(bootstrap, PARTITIONS))


def submit(bootstrap: str, count: int, first: int = 0) -> None:
    """Events of *count* articles, each on the partition of its scope, and as many lines that are no JSON."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        try:
            for number in range(first, first + count):
                scope = f"news{number}.example".encode()
                event = orjson.dumps({"title": f"Article {number}", "webUrl": f"https://{scope.decode()}/{number}"})
                partition = partition_of(scope, PARTITIONS)
                for value in (event, b"no JSON"):
                    await producer.send_and_wait(topics.SUBMITTED.name, value, key=scope, partition=partition)
        finally:
            await producer.stop()

    asyncio.run(send())


Read = tuple[bytes | None, bytes | None, dict[str, bytes]]


def read_all(bootstrap: str, topic: str, partitions: int) -> list[Read]:
    """Key, value and headers of every committed record, read until a second brings no more."""

    async def read() -> list[Read]:
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
        await consumer.start()
        try:
            consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
            await consumer.seek_to_beginning()
            records: list[Read] = []
            while found := await consumer.getmany(timeout_ms=1000):
                records += [(r.key, r.value, dict(r.headers)) for part in found.values() for r in part]
            return records
        finally:
            await consumer.stop()

    return asyncio.run(read())


def decided(desk: RunningDesk, url: str | None = None) -> float:
    return desk.metric("newsdesk_decisions_total", url)


def test_a_desk_answers_tells_and_stops_in_good_order(embedded_broker: LocalBroker, tmp_path: Path) -> None:
    bootstrap = embedded_broker.bootstrap
    apply_topics(bootstrap)
    with running_desk(bootstrap, tmp_path, session_timeout_ms=1000) as desk:
        desk.until_ready(PARTITIONS)
        submit(bootstrap, 5)
        until(lambda: desk.metric("newsdesk_submitted_total") == 10, "ten records answered")
        assert decided(desk) == 5
        assert desk.metric("newsdesk_dead_letters_total", reason="not_json") == 5
        assert desk.metric("newsdesk_build_info", guarantee="at_least_once", rules="newsdesk") == 1
        assert desk.metric("newsdesk_tasks", state="running") == PARTITIONS
        assert desk.metric("process_resident_memory_bytes") > 0
        until(lambda: desk.metric("newsdesk_state_keys") > 0, "the size of the state")
        assert desk.health("live")["status"] == 200
        assert desk.end() == 0
    said = desk.messages()
    assert "guarantee: at least once" in said
    assert '"message":"stopped"' in said
    assert "Traceback" not in said


def test_the_rules_are_on_their_topic_before_the_first_decision(embedded_broker: LocalBroker, tmp_path: Path) -> None:
    bootstrap = embedded_broker.bootstrap
    apply_topics(bootstrap)
    book = rulebook("classic")
    with running_desk(bootstrap, tmp_path, "--rules", "classic", session_timeout_ms=1000) as desk:
        desk.until_ready(PARTITIONS)
        records = read_all(bootstrap, topics.RULES.name, 1)
        assert desk.end() == 0
    ((key, value, headers),) = records
    assert key == book.name["hash"].encode()
    assert value == canonical_bytes(book.rules)
    assert headers[ce.CE_TYPE] == ce.TYPE_RULES.encode()
    assert headers[ce.CE_SPECVERSION] == b"1.0"


def test_it_refuses_to_start_without_its_topics_and_names_the_remedy(
    embedded_broker: LocalBroker, tmp_path: Path
) -> None:
    with running_desk(embedded_broker.bootstrap, tmp_path) as desk:
        assert desk.process.wait(30) == 1
    assert "newsdesk topics apply" in desk.messages()
    assert topics.SUBMITTED.name in desk.messages()
    assert "Traceback" not in desk.messages()


def test_workers_that_refuse_to_start_are_not_started_again(embedded_broker: LocalBroker, tmp_path: Path) -> None:
    with running_desk(embedded_broker.bootstrap, tmp_path, "--workers", "2") as desk:
        assert desk.process.wait(30) == 1
    assert "newsdesk topics apply" in desk.messages()
    assert "starts again" not in desk.messages()


def test_a_broker_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    need(embedded_kind)
    broker = embedded_kind.broker()
    with running_desk(broker.bootstrap, tmp_path, session_timeout_ms=1000) as desk:
        waiting = until(
            lambda: (health := desk.health("ready"))["status"] == 503 and "looking" in health["wrong"][0] and health,
            "not ready, for want of a broker",
        )
        assert waiting["ready"] is False
        until(lambda: desk.metric("newsdesk_broker_errors_total", error="connection") >= 2, "two tries")
        assert desk.health("live")["status"] == 200
        with broker:
            apply_topics(broker.bootstrap)
            desk.until_ready(PARTITIONS)
            assert desk.end() == 0


def test_it_stops_in_good_order_while_it_waits_for_a_broker(tmp_path: Path) -> None:
    with running_desk("127.0.0.1:1", tmp_path) as desk:
        until(lambda: desk.metric("newsdesk_broker_errors_total") >= 1, "a try")
        assert desk.end(signal.SIGINT) == 0


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    never_done = "import asyncio, newsdesk.desk.service as s; s.Desk.on_stop = lambda self: asyncio.Event().wait()"
    with running_desk("127.0.0.1:1", tmp_path, prelude=never_done) as desk:
        until(lambda: desk.metric("newsdesk_broker_errors_total") >= 1, "a try")
        desk.process.send_signal(signal.SIGTERM)
        until(lambda: "stopping: the running batch" in desk.messages(), "the first signal noticed")
        assert desk.end(deadline=2) == 1
    assert "a second signal" in desk.messages()


def test_a_broker_that_hangs_does_not_hold_up_the_end_for_ever(embedded_broker: LocalBroker, tmp_path: Path) -> None:
    apply_topics(embedded_broker.bootstrap)
    with running_desk(embedded_broker.bootstrap, tmp_path, session_timeout_ms=1000) as desk:
        desk.until_ready(PARTITIONS)
        embedded_broker.freeze()
        assert desk.end(deadline=30) in (0, 1)


def test_sighup_releases_the_brakes_and_ends_nothing(embedded_broker: LocalBroker, tmp_path: Path) -> None:
    apply_topics(embedded_broker.bootstrap)
    with running_desk(embedded_broker.bootstrap, tmp_path, session_timeout_ms=1000) as desk:
        desk.until_ready(PARTITIONS)
        desk.process.send_signal(signal.SIGHUP)
        until(lambda: "the brakes are released" in desk.messages(), "the release")
        desk.until_ready(PARTITIONS)
        assert desk.end() == 0


def test_an_address_that_is_not_this_machine_s_is_told_with_its_remedy(tmp_path: Path) -> None:
    with running_desk("127.0.0.1:1", tmp_path, web_host="192.0.2.1") as desk:
        assert desk.process.wait(30) == 1
    assert "192.0.2.1" in desk.messages()
    assert "NEWSDESK_WEB_HOST" in desk.messages()


def test_a_port_that_is_taken_is_told_with_its_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running_desk("127.0.0.1:1", tmp_path, web_port=port) as desk:
            assert desk.process.wait(30) == 1
    assert f"127.0.0.1:{port}" in desk.messages()
    assert "NEWSDESK_WEB_PORT" in desk.messages()
    assert "Traceback" not in desk.messages()


def test_workers_end_when_their_parent_is_killed(embedded_broker: LocalBroker, tmp_path: Path) -> None:
    apply_topics(embedded_broker.bootstrap)
    with running_desk(embedded_broker.bootstrap, tmp_path, "--workers", "2", session_timeout_ms=1000) as desk:
        urls = until(lambda: len(found := desk.urls()) == 2 and found, "two workers")
        for url in urls:
            desk.until_ready(1, url)
        desk.end(signal.SIGKILL)
        until(lambda: desk.messages().count('"message":"stopped"') == 2, "both ended in good order")
    assert "the parent process is gone" in desk.messages()


@pytest.mark.kafka
def test_on_kafka_a_restarted_desk_goes_on_where_it_stopped(kafka_broker: LocalBroker, tmp_path: Path) -> None:
    bootstrap = kafka_broker.bootstrap
    apply_topics(bootstrap)
    with running_desk(bootstrap, tmp_path, guarantee="exactly_once") as desk:
        desk.until_ready(PARTITIONS)
        submit(bootstrap, 20)
        until(lambda: desk.metric("newsdesk_submitted_total") == 40, "forty records answered")
        assert desk.metric("newsdesk_commit_seconds_count") >= 1
        assert desk.metric("newsdesk_loop_blocked_seconds_max") < 0.5
        until(lambda: desk.metric("newsdesk_lag_records") == 0, "no lag")
        assert desk.end() == 0
    with running_desk(bootstrap, tmp_path, guarantee="exactly_once") as desk:
        desk.until_ready(PARTITIONS)
        submit(bootstrap, 5, first=20)
        until(lambda: desk.metric("newsdesk_submitted_total") == 10, "ten more")
        assert decided(desk) == 5
        assert desk.metric("newsdesk_store_discards_total") == 0
        assert desk.end() == 0
    assert len(read_all(bootstrap, topics.DECISIONS.name, PARTITIONS)) == 25


@pytest.mark.kafka
def test_on_kafka_two_workers_share_the_tasks_and_one_that_dies_is_started_again(
    kafka_broker: LocalBroker, tmp_path: Path
) -> None:
    bootstrap = kafka_broker.bootstrap
    apply_topics(bootstrap)
    with running_desk(bootstrap, tmp_path, "--workers", "2") as desk:
        urls = until(lambda: len(found := desk.urls()) == 2 and found, "two workers")
        for url in urls:
            desk.until_ready(1, url)
        submit(bootstrap, 8)
        until(lambda: sum(decided(desk, url) for url in urls) == 8, "eight decisions")
        victim = next(line["pid"] for line in desk.log() if line.get("worker") == 0 and "pid" in line)
        os.kill(victim, signal.SIGKILL)
        third = until(lambda: len(found := desk.urls()) == 3 and found, "the worker started again")[2]
        desk.until_ready(1, third)
        submit(bootstrap, 8, first=8)
        until(lambda: len(read_all(bootstrap, topics.DECISIONS.name, PARTITIONS)) >= 16, "the next decisions")
        assert desk.end() == 0
    assert "worker 0 ended with exit code -9" in desk.messages()
    assert desk.messages().count('"message":"stopped"') == 2
    assert len(read_all(bootstrap, topics.DECISIONS.name, PARTITIONS)) == 16


@pytest.mark.kafka
def test_on_kafka_a_broker_that_is_killed_is_waited_for(kafka_broker: LocalBroker, tmp_path: Path) -> None:
    bootstrap = kafka_broker.bootstrap
    apply_topics(bootstrap)
    with running_desk(bootstrap, tmp_path) as desk:
        desk.until_ready(PARTITIONS)
        submit(bootstrap, 5)
        until(lambda: desk.metric("newsdesk_submitted_total") == 10, "ten records answered")
        kafka_broker.kill()
        until(lambda: desk.health("ready")["status"] == 503, "not ready")
        assert desk.health("live")["status"] == 200
        kafka_broker.start()
        kafka_broker.wait_ready()
        desk.until_ready(PARTITIONS)
        submit(bootstrap, 5, first=5)
        until(lambda: decided(desk) == 10, "ten decisions")
        assert desk.end() == 0
