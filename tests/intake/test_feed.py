from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from newsdesk.intake.feed import FEED_THREAD, Feed

if TYPE_CHECKING:
    from collections.abc import Iterator


async def test_all_items_come_in_order_in_portions() -> None:
    portions = [list(portion) async for portion in Feed(range(10), 4).portions()]
    assert portions == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


async def test_what_was_read_before_an_error_comes_before_it() -> None:
    def broken() -> Iterator[int]:
        yield from (1, 2, 3)
        raise OSError("torn")

    portions = Feed(broken(), 2).portions()
    assert [await anext(portions), await anext(portions)] == [[1, 2], [3]]
    with pytest.raises(OSError, match="torn"):
        await anext(portions)


async def test_slow_input_does_not_hold_up_the_loop() -> None:
    gate = threading.Event()

    def slow() -> Iterator[int]:
        yield 1
        gate.wait(10)
        yield 2

    portions = Feed(slow(), 1).portions()
    assert await anext(portions) == [1]
    waiting = asyncio.ensure_future(anext(portions))
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    assert await asyncio.wait_for(waiting, 10) == [2]


async def test_no_more_is_read_ahead_than_a_few_portions() -> None:
    read = 0
    enough = threading.Event()

    def endless() -> Iterator[int]:
        nonlocal read
        while True:
            read += 1
            if read > 8:
                enough.set()
            yield read

    async with aclosing(Feed(endless(), 2).portions()) as portions:
        await anext(portions)
        assert await asyncio.to_thread(enough.wait, 10)
        assert read <= 2 * 8
    for thread in threading.enumerate():
        if thread.name == FEED_THREAD:
            await asyncio.to_thread(thread.join, 10)
            assert not thread.is_alive()
