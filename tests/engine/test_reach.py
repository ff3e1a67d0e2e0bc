"""A broker that is lost is told at every vain try, one that is found once; who waits for it goes on at once."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import errors as kafka

from engine.counting import Names
from engine.harness import Watching, config
from newsdesk.engine.errors import EngineError, told
from newsdesk.engine.keeper import Keeper
from newsdesk.engine.memory_store import MemoryStores
from newsdesk.engine.pacing import Backoff
from newsdesk.engine.reach import Reach
from newsdesk.engine.status import TaskStatus
from support.waiting import until


def test_the_waits_grow_to_their_bound_and_begin_anew_when_the_broker_is_found() -> None:
    watching = Watching()
    found: list[None] = []
    watching.broker_reached = lambda: found.append(None)  # type: ignore[method-assign]
    reach = Reach(Backoff(1, 3), watching)
    error = kafka.KafkaConnectionError("gone")
    assert [reach.lost(error) for _ in range(4)] == [1, 2, 3, 3]
    assert reach.error == "KafkaConnectionError: gone"
    assert len(watching.broker_errors) == 4
    assert [reach.found(), reach.found()] == [True, False]
    assert reach.error == ""
    assert len(found) == 1
    assert reach.lost(error) == 1
    assert reach.lost(error, 0.25) == 0.25
    assert reach.found()


def test_an_error_is_told_with_its_kind_once() -> None:
    assert told(kafka.KafkaConnectionError("gone")) == "KafkaConnectionError: gone"
    assert told(kafka.UnknownTopicOrPartitionError("t")) == "[Error 3] UnknownTopicOrPartitionError: t"
    assert told(ValueError("no")) == "ValueError: no"
    assert told(TimeoutError()) == "TimeoutError"


async def test_a_task_that_waits_for_the_broker_goes_on_as_soon_as_it_is_woken() -> None:
    tries: list[int] = []

    class Attempt:
        def stop(self) -> bool:
            return False

        async def run(self) -> None:
            tries.append(len(tries))
            if len(tries) == 1:
                raise kafka.KafkaConnectionError("gone")

    def new_attempt() -> Any:
        return Attempt()

    def fatal(error: EngineError) -> None:
        raise error

    status = TaskStatus(0)
    keeper = Keeper(
        number=0,
        new_attempt=new_attempt,
        owned=lambda: True,
        fatal=fatal,
        stores=MemoryStores(),
        config=config("memory", Names(), backoff_min_ms=3_600_000, backoff_max_ms=3_600_000),
        observer=Watching(),
        status=status,
    )
    keeper.start()
    await until(lambda: status.state == "waiting")
    await asyncio.sleep(0)
    keeper.wake()
    await until(lambda: status.state == "stopped", 5)
    assert tries == [0, 1]
    await keeper.stop(0)
