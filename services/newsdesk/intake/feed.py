"""Items read by a thread of their own, so that slow input holds up no delivery."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

T = TypeVar("T")
FEED_THREAD: Final = "newsdesk-feed"
_AHEAD: Final = 4
"""Portions that are read ahead, at most."""


class Feed(Generic[T]):
    """The *items* in portions of up to *portion*; an error of theirs is raised where it occurs.

    The thread is a daemon: one that waits for input does not keep the process alive.
    """

    def __init__(self, items: Iterable[T], portion: int) -> None:
        self._items = iter(items)
        self._portion = portion
        self._room = threading.Semaphore(_AHEAD)
        self._is_over = False
        self._queue: asyncio.Queue[Sequence[T] | Exception | None] = asyncio.Queue()

    async def portions(self) -> AsyncGenerator[Sequence[T], None]:
        """All items; to be called once. When it is closed the thread ends, as soon as it has the item it waits for."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), name=FEED_THREAD, daemon=True).start()
        try:
            while (portion := await self._queue.get()) is not None:
                if isinstance(portion, Exception):
                    raise portion
                self._room.release()
                yield portion
        finally:
            self._is_over = True
            self._room.release()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        portion: list[T] = []
        end: Exception | None = None
        try:
            for item in self._items:
                portion.append(item)
                if self._is_over:
                    return
                if len(portion) >= self._portion:
                    self._give(loop, portion)
                    portion = []
        except Exception as error:  # noqa: BLE001 - it is raised in the loop, after all that was read before
            end = error
        if portion:
            self._give(loop, portion)
        self._hand_over(loop, end)

    def _give(self, loop: asyncio.AbstractEventLoop, portion: Sequence[T]) -> None:
        self._room.acquire()
        self._hand_over(loop, portion)

    def _hand_over(self, loop: asyncio.AbstractEventLoop, part: Sequence[T] | Exception | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for it any more
            loop.call_soon_threadsafe(self._queue.put_nowait, part)
