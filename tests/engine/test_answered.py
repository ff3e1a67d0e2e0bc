"""Without transactions: what the changelog tells of is not decided again, unless the input topic was made anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from aiokafka import AIOKafkaProducer

from engine.counting import Counting, Names
from engine.harness import CrashedError, CrashOnce, HangAt, KafkaHarness, MemoryHarness
from newsdesk.engine.answered import Answered, Mark, Sourced
from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.memory_log import MemoryLog
from newsdesk.engine.port import Committed
from newsdesk.engine.records import Record
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from newsdesk.engine.memory_log import MemoryOutput
    from newsdesk.engine.port import Output
    from newsdesk.engine.processor import View
    from newsdesk.engine.records import Outcome


class Telling(Counting):
    """Says on every record that it writes where its cause was read."""

    def process(self, record: Record, state: View) -> Outcome:
        outcome = super().process(record, state)
        for write in outcome.writes:
            write.headers = (("source", f"{record.topic}/{record.offset}".encode()),)
        return outcome

    def source_of(self, change: Record) -> tuple[str, int] | None:
        found = dict(change.headers).get("source")
        if found is None:
            return None
        topic, offset = found.decode().split("/")
        return topic, int(offset)


@pytest.fixture
async def harness(kafka: str, unique: str) -> AsyncIterator[KafkaHarness]:
    made = KafkaHarness(kafka, unique, guarantee="at_least_once")
    made.processor = Telling(made.names)
    await made.open()
    yield made
    await made.close()


async def counts(harness: KafkaHarness) -> list[bytes | None]:
    return [record.value for record in await harness.read(harness.names.changelog)]


@pytest.mark.kafka
async def test_what_the_changelog_has_is_not_decided_again(harness: KafkaHarness) -> None:
    await harness.submit(*[(b"a", b"%d" % number) for number in range(5)])
    hang = HangAt(CrashPoint.AFTER_PRODUCE)
    await harness.start(hang)
    await hang.there.wait()
    answered = await counts(harness)
    assert answered == [b"%d" % number for number in range(1, len(answered) + 1)]
    await harness.kill()
    await harness.submit((b"a", b"5"))
    await harness.start()
    await until(lambda: harness.watching.records == 6 - len(answered))
    assert await counts(harness) == [b"1", b"2", b"3", b"4", b"5", b"6"]
    assert [r.value for r in await harness.read(harness.names.out)] == [b"%d" % number for number in range(6)]
    await until(lambda: harness.status().lag_records == 0)


@pytest.mark.kafka
@pytest.mark.parametrize("offset", [pytest.param(1, id="younger than its answer"), pytest.param(99, id="not there")])
async def test_an_answer_from_before_the_topic_was_made_anew_skips_nothing(harness: KafkaHarness, offset: int) -> None:
    source = [("source", f"{harness.names.inputs[0]}/{offset}".encode())]
    async with AIOKafkaProducer(bootstrap_servers=harness.bootstrap) as producer:
        await producer.send_and_wait(harness.names.changelog, b"7", b"b", 0, timestamp_ms=1_000, headers=source)
    await harness.submit(*[(b"a", b"%d" % number) for number in range(5)])
    await harness.start()
    await until(lambda: harness.watching.records == 5)
    assert await counts(harness) == [b"7", b"1", b"2", b"3", b"4", b"5"]


class Apart(MemoryLog):
    """A log whose commits write first and commit the offsets after; *failing* times it cannot pass what is answered."""

    atomic = False

    def __init__(self, *parts: Any, failing: list[Exception], **more: Any) -> None:
        super().__init__(*parts, **more)
        self._failing = failing

    async def commit(self, output: Output, offsets: Mapping[str, int]) -> Committed:
        behind = self._broker.commit(self._task, self._epoch, cast("MemoryOutput", output).writes, {})
        await self._reached(CrashPoint.AFTER_PRODUCE)
        self._broker.commit(self._task, self._epoch, (), offsets)
        await self._reached(CrashPoint.AFTER_OFFSETS)
        return Committed(behind.get(self._changelog))

    async def past_answered(self, offsets: Mapping[str, int], marks: Mapping[str, Mark]) -> Mapping[str, int]:
        if self._failing:
            raise self._failing.pop()
        moved = {topic: max(offset, marks[topic].offset + 1) for topic, offset in offsets.items() if topic in marks}
        self._broker.commit(self._task, self._epoch, (), moved)
        return {**offsets, **moved}


@pytest.mark.parametrize("lost", [pytest.param(False, id="store kept"), pytest.param(True, id="store lost")])
@pytest.mark.parametrize("when", ["during restore", "after restore"])
async def test_marks_outlive_an_attempt_that_ends_before_they_are_used_in_memory(when: str, lost: bool) -> None:  # noqa: FBT001
    failing: list[Exception] = []
    harness = MemoryHarness()
    harness.processor = Telling(harness.names)
    harness.make_log = lambda *parts, **more: Apart(*parts, failing=failing, **more)
    await harness.submit((b"a", b"0"))
    await harness.start()
    await until(lambda: harness.watching.records == 1)
    await harness.stop()
    await harness.submit(*[(b"a", b"%d" % number) for number in range(1, 5)])
    hang = HangAt(CrashPoint.AFTER_PRODUCE)
    await harness.start(hang)
    await asyncio.wait_for(hang.there.wait(), 20)
    await harness.kill()
    if lost:
        harness.stores.discard(0)
    again = CrashOnce(CrashPoint.MID_RESTORE, done=when != "during restore")
    if again.done:
        failing.append(CrashedError("after restore"))
    await harness.submit((b"a", b"5"))
    await harness.start(again)
    await until(lambda: harness.broker.committed(harness.names.inputs[0], 0) == 6)
    assert len(harness.watching.failures) == 1, "an attempt ended after the tail was read"
    assert not failing
    assert [r.value for r in await harness.read(harness.names.changelog)] == [b"%d" % n for n in range(1, 7)]
    assert [r.value for r in await harness.read(harness.names.out)] == [b"%d" % n for n in range(6)]
    await harness.close()


def test_the_last_record_of_each_input_is_marked() -> None:
    names = Names()
    answered = Answered(Telling(names))
    for offset, topic, source in ((0, "in", 3), (1, "in2", 9), (2, "in", 2), (3, "in", 5)):
        answered.note(
            Record("counts", 0, offset, 100 + offset, b"a", b"1", (("source", b"%s/%d" % (topic.encode(), source)),))
        )
    answered.note(Record("counts", 0, 4, 104, b"a", b"1"))
    assert answered.marks() == {"in": Mark(5, 103), "in2": Mark(9, 101)}


def test_a_processor_that_does_not_tell_marks_nothing() -> None:
    assert not isinstance(Counting(Names()), Sourced)
    answered = Answered(Counting(Names()))
    answered.note(Record("counts", 0, 0, 100, b"a", b"1", (("source", b"in/3"),)))
    assert answered.marks() == {}
