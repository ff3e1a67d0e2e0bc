"""What a fault has in its hands: the broker, the workers, and a place to note what happens."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chaos.crew import Crew
    from chaos.member import Member
    from chaos.settings import Plan
    from newsdesk.ops.brokers import LocalBroker

PATIENCE = 30.0
"""Seconds that a fault waits for its moment; where that does not come it has not struck."""


@dataclass(frozen=True, slots=True)
class Struck:
    """Whether a fault is known to have happened, and how that is known, or why it did not.

    *instead* names what happened in place of the fault where the machine does not permit that one.
    """

    yes: bool
    how: str
    instead: str = ""


@dataclass(slots=True)
class Scene:
    """One run on one broker. *broker_lock* is held by the fault that the broker suffers from."""

    plan: Plan
    broker: LocalBroker
    crew: Crew
    journal: Journal
    broker_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def taken_over(self, tasks: set[int], former: Member, seconds: float) -> bool:
        """Whether one of *tasks* came to run on another member than *former*."""
        return await self.until(
            lambda: any(tasks & member.running.keys() for member in self.crew.alive if member is not former), seconds
        )

    async def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Whether *condition* came true within *seconds*."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not condition():
            if loop.time() > end:
                return False
            await asyncio.sleep(0.05)
        return True


class Journal:
    """What happened when, a line of JSON each, kept as evidence."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")

    def note(self, what: str, **more: object) -> None:
        """One line."""
        self._file.write(json.dumps({"time": round(time.time(), 3), "what": what, **more}, default=str) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
