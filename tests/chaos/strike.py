"""The blow that a worker deals itself at a named crash point, once, when the harness has asked for it."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from newsdesk.engine.crash_points import CrashPoint

if TYPE_CHECKING:
    from collections.abc import Callable

How = Literal["kill", "freeze"]
"""kill: SIGKILL; freeze: SIGSTOP, until the harness sends SIGCONT."""


@dataclass(frozen=True, slots=True)
class Order:
    """Strike at *point*, after letting *skip* passages go by."""

    point: CrashPoint
    how: How
    skip: int = 0


class Striker:
    """A Crash that says where it is, and then lets the process die or stand still there and nowhere else."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell
        self._order: Order | None = None
        self._left = 0

    def arm(self, order: Order | None) -> None:
        """Strike at the next passage that *order* means; None: at none."""
        self._order = order
        self._left = 0 if order is None else order.skip

    async def reached(self, point: CrashPoint, task: int) -> None:
        """Strike if this is the passage."""
        order = self._order
        if order is None or point is not order.point:
            return
        if self._left > 0:
            self._left -= 1
            return
        self._order = None
        self._tell("at", point=point.value, task=task)
        os.kill(os.getpid(), signal.SIGKILL if order.how == "kill" else signal.SIGSTOP)


def order_from(wire: dict[str, Any] | None) -> Order | None:
    """An order from JSON."""
    return None if wire is None else Order(CrashPoint(wire["point"]), wire["how"], wire["skip"])


def order_wire(order: Order | None) -> dict[str, Any] | None:
    """An order as JSON."""
    return None if order is None else {"point": order.point.value, "how": order.how, "skip": order.skip}
