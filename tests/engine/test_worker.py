"""Workers on real Kafka: groups, rebalances, zombies, and a broker that goes away."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka_errors
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.structs import TopicPartition

from engine.harness import LIMIT, HangAt, KafkaHarness
from newsdesk.engine.broker_errors import remedy_for
from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.errors import EngineError
from newsdesk.engine.memory_store import MemoryStores
from newsdesk.engine.rocks_store import RocksStores
from support.brokers import make_topics
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from newsdesk.engine.records import Record
    from newsdesk.ops.brokers import LocalBroker

pytestmark = pytest.mark.kafka
PARTITIONS = 4


@pytest.fixture
async def wide(kafka: str, unique: str) -> AsyncIterator[KafkaHarness]:
    """An engine over four partitions."""
    made = KafkaHarness(kafka, unique)
    await made.open(PARTITIONS)
    yield made
    await made.close()


async def fill(harness: KafkaHarness, each: int, tag: str = "") -> None:
    for partition in range(PARTITIONS):
        records = [(b"%d-%d" % (partition, i % 7), f"{tag}{i}".encode()) for i in range(each)]
        await harness.submit(*records, partition=partition)


async def everything(harness: KafkaHarness, partitions: int = PARTITIONS) -> list[Record]:
    return [r for p in range(partitions) for r in await harness.read(harness.names.out, p)]


async def assert_exactly_once(harness: KafkaHarness, count: int, partitions: int = PARTITIONS) -> None:
    async def enough() -> bool:
        return len(await everything(harness, partitions)) >= count

    await until(enough, 40)
    records = await everything(harness, partitions)
    sources = Counter((r.partition, dict(r.headers)["source"]) for r in records)
    assert len(sources) == count
    assert set(sources.values()) == {1}
    given: dict[tuple[int, bytes | None], list[int]] = {}
    for record in records:
        given.setdefault((record.partition, record.key), []).append(int(dict(record.headers)["n"]))
    for key, numbers in given.items():
        assert numbers == list(range(1, len(numbers) + 1)), key


async def ready(harness: KafkaHarness) -> None:
    await until(lambda: all(w.status().ready for w in harness.workers), 30)


def shares(harness: KafkaHarness) -> list[int]:
    return sorted(len(w.status().tasks) for w in harness.workers)


async def test_a_second_worker_takes_half_and_gives_it_back_when_it_stops(wide: KafkaHarness) -> None:
    await fill(wide, 100, "a")
    await wide.start(stores=MemoryStores())
    await ready(wide)
    await wide.start(stores=MemoryStores())
    await until(lambda: shares(wide) == [2, 2])
    await fill(wide, 100, "b")
    await ready(wide)
    await wide.workers.pop().stop()
    await fill(wide, 100, "c")
    await until(lambda: shares(wide) == [4])
    await assert_exactly_once(wide, 1200)


async def test_work_goes_on_through_rebalances_under_load(wide: KafkaHarness) -> None:
    await fill(wide, 500)
    await wide.start(batch_records=50, stores=MemoryStores())
    for _ in range(3):
        await wide.start(batch_records=50, stores=MemoryStores())
        await until(lambda: shares(wide) == [2, 2])
        await fill(wide, 100)
        await wide.workers.pop(0).stop()
    await assert_exactly_once(wide, 3200)


async def test_more_workers_than_partitions_leave_the_last_idle_and_ready(on_kafka: KafkaHarness) -> None:
    await on_kafka.start()
    await on_kafka.start()
    await until(lambda: shares(on_kafka) == [0, 1])
    await ready(on_kafka)


async def test_a_zombie_that_wakes_up_in_its_commit_writes_nothing(on_kafka: KafkaHarness) -> None:
    """The first owner stops before its offsets; a second one, in a group of its own members, takes over and answers all."""
    await on_kafka.submit(*[(b"a", b"%d" % i) for i in range(100)])
    freeze = Freeze(CrashPoint.AFTER_PRODUCE)
    await on_kafka.start(freeze, batch_records=50, stores=MemoryStores())
    await asyncio.wait_for(freeze.there.wait(), 20)
    zombie = on_kafka.workers.pop()
    zombie_consumer: Any = zombie._consumer
    zombie_consumer._coordinator._do_heartbeat = believes_to_be_alive
    await until_expelled(on_kafka)
    await on_kafka.start(stores=MemoryStores())
    await assert_exactly_once(on_kafka, 100, 1)
    freeze.thaw.set()
    await until(lambda: on_kafka.watching.fences > 0)
    await zombie.abort()
    await on_kafka.submit((b"a", b"100"))
    await assert_exactly_once(on_kafka, 101, 1)


async def believes_to_be_alive() -> bool:
    """A heartbeat that is not sent."""
    return True


class Freeze:
    """Waits at *point*, the first time only, until thawed."""

    def __init__(self, point: CrashPoint) -> None:
        self.point = point
        self.there = asyncio.Event()
        self.thaw = asyncio.Event()

    async def reached(self, point: CrashPoint, task: int) -> None:
        del task
        if point is self.point and not self.there.is_set():
            self.there.set()
            await self.thaw.wait()


async def until_expelled(harness: KafkaHarness) -> None:
    """Until the group has no member: the session of the one that stopped its heartbeats has expired."""
    admin = AIOKafkaAdminClient(bootstrap_servers=harness.bootstrap)
    await admin.start()
    try:

        async def empty() -> bool:
            (answer,) = await admin.describe_consumer_groups([harness.names.group])
            return answer.groups[0][2] == "Empty"

        await until(empty, 30)
    finally:
        await admin.close()


async def test_a_fenced_owner_starts_again_and_loses_nothing(on_kafka: KafkaHarness) -> None:
    """A slow ex-owner that starts its producer late must not orphan the partition."""
    await on_kafka.start()
    await ready(on_kafka)
    async with AIOKafkaProducer(bootstrap_servers=on_kafka.bootstrap, transactional_id=f"{on_kafka.names.group}-0"):
        await on_kafka.submit(*[(b"a", b"%d" % i) for i in range(50)])
        await assert_exactly_once(on_kafka, 50, 1)
    assert on_kafka.watching.fences == 1
    assert (0, "fenced") in on_kafka.watching.states


async def test_a_store_on_disk_is_used_again_and_only_the_rest_is_read(on_kafka: KafkaHarness, tmp_path: Path) -> None:
    on_kafka.stores = RocksStores(tmp_path, cache_bytes=1 << 20, buffer_bytes=1 << 20)
    await on_kafka.submit(*[(b"%d" % i, b"v") for i in range(100)])
    await on_kafka.start()
    await assert_exactly_once(on_kafka, 100, 1)
    await on_kafka.stop()
    on_kafka.processor.folds = 0
    await on_kafka.start()
    await ready(on_kafka)
    await on_kafka.submit(*[(b"%d" % i, b"v") for i in range(100)])
    await assert_exactly_once(on_kafka, 200, 1)
    assert on_kafka.processor.folds == 100, "nothing but the new changes"
    assert not on_kafka.watching.discarded


async def test_a_damaged_store_is_rebuilt_from_the_changelog(on_kafka: KafkaHarness, tmp_path: Path) -> None:
    on_kafka.stores = RocksStores(tmp_path, cache_bytes=1 << 20, buffer_bytes=1 << 20)
    await on_kafka.submit(*[(b"%d" % (i % 10), b"v") for i in range(100)])
    await on_kafka.start()
    await assert_exactly_once(on_kafka, 100, 1)
    await on_kafka.stop()
    for file in (tmp_path / "0").glob("*.sst"):
        os.truncate(file, file.stat().st_size // 2)
    await on_kafka.start()
    await on_kafka.submit(*[(b"%d" % (i % 10), b"v") for i in range(20)])
    await assert_exactly_once(on_kafka, 120, 1)
    assert any("damaged" in reason for reason in on_kafka.watching.discarded)


async def test_a_store_that_rots_under_a_running_task_is_rebuilt(on_kafka: KafkaHarness) -> None:
    from newsdesk.engine.errors import StoreDamagedError  # noqa: PLC0415

    class Rotten(MemoryStores):
        def open(self, task: int) -> Any:
            store, damage = super().open(task)
            if not hasattr(self, "was"):
                self.was = True

                def fail(key: bytes) -> bytes | None:
                    raise StoreDamagedError(f"checksum of {key!r}")

                store.get = fail
            return store, damage

    await on_kafka.submit((b"a", b"1"), (b"a", b"2"))
    await on_kafka.start(stores=Rotten())
    await assert_exactly_once(on_kafka, 2, 1)
    assert not await on_kafka.read(on_kafka.names.dead), "a broken store is no reason for a dead letter"
    assert any("checksum" in reason for reason in on_kafka.watching.discarded)


async def test_a_changelog_made_anew_makes_the_store_useless(on_kafka: KafkaHarness) -> None:
    await on_kafka.submit((b"a", b"1"))
    await on_kafka.start()
    await assert_exactly_once(on_kafka, 1, 1)
    await on_kafka.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=on_kafka.bootstrap)
    await admin.start()
    await admin.delete_topics([on_kafka.names.changelog])

    async def made() -> bool:
        with contextlib.suppress(AssertionError):
            await make_topics(on_kafka.bootstrap, {on_kafka.names.changelog: 1})
            return True
        return False

    await until(made)
    await admin.close()
    await on_kafka.start()
    await until(lambda: on_kafka.watching.discarded)
    await ready(on_kafka)
    assert "another changelog" in on_kafka.watching.discarded[0]


async def test_input_that_was_deleted_before_it_was_read_is_reported_and_reading_goes_on(
    on_kafka: KafkaHarness,
) -> None:
    await on_kafka.submit(*[(b"a", b"%d" % i) for i in range(10)])
    await on_kafka.start()
    await assert_exactly_once(on_kafka, 10, 1)
    await on_kafka.stop()
    await on_kafka.submit(*[(b"a", b"%d" % i) for i in range(10)])
    topic = on_kafka.names.inputs[0]
    admin = AIOKafkaAdminClient(bootstrap_servers=on_kafka.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(15)})
    await admin.close()
    await on_kafka.start()
    await assert_exactly_once(on_kafka, 15, 1)
    assert on_kafka.watching.lost == [(topic, 10, 15)]


async def test_a_missing_topic_ends_the_worker_with_its_name(kafka: str, unique: str) -> None:
    harness = KafkaHarness(kafka, unique)
    await make_topics(kafka, {topic: 1 for topic in harness.names.all if topic != harness.names.changelog})
    await harness.start()
    error = await harness.fatal()
    assert harness.names.changelog in error.problem
    assert "Create it" in error.remedy
    await harness.close()


async def test_topics_with_different_numbers_of_partitions_end_the_worker(kafka: str, unique: str) -> None:
    harness = KafkaHarness(kafka, unique)
    await make_topics(kafka, {topic: 2 if topic == harness.names.out else 1 for topic in harness.names.all})
    await harness.start()
    assert f"{harness.names.out} has 2" in (await harness.fatal()).problem
    await harness.close()


async def test_a_changed_number_of_partitions_ends_the_worker(on_kafka: KafkaHarness) -> None:
    await on_kafka.start(silence_ms=1_000)
    await ready(on_kafka)
    admin = AIOKafkaAdminClient(bootstrap_servers=on_kafka.bootstrap)
    await admin.start()
    await admin.create_partitions({topic: NewPartitions(2) for topic in on_kafka.names.all})
    await admin.close()
    assert "1 partitions and have 2" in (await on_kafka.fatal()).problem


async def test_a_topic_that_takes_less_than_the_settings_say_ends_the_worker(on_kafka: KafkaHarness) -> None:
    await on_kafka.submit((b"a", b"huge:%d" % (LIMIT * 2)))
    await on_kafka.start(message_bytes=dict.fromkeys(on_kafka.names.all, 1_000_000))
    error = await on_kafka.fatal()
    assert "max.message.bytes" in error.remedy


async def test_stop_while_the_broker_is_out_of_reach_is_quick(unique: str) -> None:
    harness = KafkaHarness("127.0.0.1:1", unique)
    await harness.start()
    await until(lambda: harness.watching.broker_errors)
    assert not harness.workers[0].status().ready
    assert "127.0.0.1" in harness.workers[0].status().error
    async with asyncio.timeout(5):
        await harness.stop()


async def test_stop_while_a_commit_hangs_is_cut_off(on_kafka: KafkaHarness) -> None:
    await on_kafka.submit((b"a", b"1"))
    hang = HangAt(CrashPoint.AFTER_OFFSETS)
    await on_kafka.start(hang, drain_timeout_ms=300)
    await asyncio.wait_for(hang.there.wait(), 20)
    async with asyncio.timeout(8):
        await on_kafka.stop()
    await on_kafka.start()
    await assert_exactly_once(on_kafka, 1, 1)


async def test_the_event_loop_is_never_held_for_50_ms(wide: KafkaHarness) -> None:
    longest: list[float] = []
    wide.watching.loop_blocked = longest.append  # type: ignore[method-assign]
    await fill(wide, 2000)
    await wide.start()
    await until(lambda: wide.watching.records == 8000, 40)
    assert sorted(longest)[-2] < 0.05, "but for one that the machine may have caused"


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_a_broker_that_goes_away_is_waited_for(kafka_broker: LocalBroker, unique: str, how: str) -> None:
    harness = KafkaHarness(kafka_broker.bootstrap, unique, transaction_timeout_ms=2_000, silence_ms=1_000)
    await harness.open()
    await harness.submit(*[(b"a", b"%d" % i) for i in range(500)])
    await harness.start(batch_records=20)
    await until(lambda: harness.watching.records >= 100)
    if how == "killed":
        kafka_broker.kill()
        await until(lambda: not harness.workers[0].status().ready, 30)
        await asyncio.to_thread(kafka_broker.start)
        await asyncio.to_thread(kafka_broker.wait_ready, 60)
    else:
        kafka_broker.freeze()
        await until(lambda: not harness.workers[0].status().ready, 30)
        await until(lambda: any("nothing was answered for 1 s" in str(e) for e in harness.watching.broker_errors), 30)
        kafka_broker.thaw()
    await harness.submit(*[(b"a", b"%d" % i) for i in range(500)])
    await assert_exactly_once(harness, 1000, 1)
    await until(lambda: harness.workers[0].status().ready, 30)
    await harness.close()


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (kafka_errors.TopicAuthorizationFailedError("t"), "Grant"),
        (kafka_errors.GroupAuthorizationFailedError("g"), "Grant"),
        (kafka_errors.TransactionalIdAuthorizationFailed("g-0"), "Grant"),
        (kafka_errors.SaslAuthenticationFailed(), "password"),
        (kafka_errors.InvalidTransactionTimeout(), "transaction.max.timeout.ms"),
        (kafka_errors.IncompatibleBrokerVersion(), "Use Apache Kafka"),
        (kafka_errors.NotLeaderForPartitionError(), None),
        (kafka_errors.KafkaConnectionError(), None),
        (kafka_errors.RequestTimedOutError(), None),
        (TimeoutError(), None),
    ],
)
def test_which_errors_waiting_cannot_cure(error: Exception, word: str | None) -> None:
    found = remedy_for(error)
    if word is None:
        assert found is None
    else:
        assert isinstance(found, EngineError)
        assert word in found.remedy


def test_the_cause_of_a_wrapped_error_decides() -> None:
    wrapped = kafka_errors.KafkaError("Unexpected error during batch delivery")
    wrapped.__cause__ = kafka_errors.TransactionalIdAuthorizationFailed("g-0")
    assert isinstance(remedy_for(wrapped), EngineError)
    circular = ValueError()
    circular.__cause__ = circular
    assert remedy_for(circular) is None


async def test_an_idle_store_is_stamped_and_made_durable_once_in_a_while(
    on_kafka: KafkaHarness, tmp_path: Path
) -> None:
    on_kafka.stores = RocksStores(tmp_path, cache_bytes=1 << 20, buffer_bytes=1 << 20)
    await on_kafka.submit((b"a", b"1"))
    await on_kafka.start(checkpoint_ms=200)
    await assert_exactly_once(on_kafka, 1, 1)
    await until(lambda: list((tmp_path / "0").glob("*.sst")))


async def test_a_defect_of_the_engine_itself_does_not_leave_a_partition_unread_in_silence(
    on_kafka: KafkaHarness,
) -> None:
    def broken(task: int) -> None:
        raise AttributeError(task)

    on_kafka.watching.fenced = broken  # type: ignore[method-assign]
    await on_kafka.start()
    await ready(on_kafka)
    async with AIOKafkaProducer(bootstrap_servers=on_kafka.bootstrap, transactional_id=f"{on_kafka.names.group}-0"):
        await on_kafka.submit((b"a", b"1"))
        assert "defect of the engine" in (await on_kafka.fatal()).remedy
