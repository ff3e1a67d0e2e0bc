"""Whether the broker is within reach, told once when it is lost and at every vain try, and once when it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsdesk.engine.errors import told

if TYPE_CHECKING:
    from newsdesk.engine.observer import Observer
    from newsdesk.engine.pacing import Backoff


class Reach:
    """Keeps what is wrong with the way to the broker, and how long to wait before the next try."""

    def __init__(self, backoff: Backoff, observer: Observer) -> None:
        self.error = ""
        """What is wrong; empty where nothing is."""
        self._backoff = backoff
        self._observer = observer
        self._known = False

    def lost(self, error: BaseException, wait: float | None = None) -> float:
        """It cannot be used; the answer is the seconds to wait, *wait* or the next of the back-off."""
        seconds = self._backoff.next() if wait is None else wait
        self.error = told(error)
        self._known = False
        self._observer.broker_error(error, seconds)
        return seconds

    def found(self) -> bool:
        """It answers; whether that is news."""
        self._backoff.reset()
        self.error = ""
        if self._known:
            return False
        self._known = True
        self._observer.broker_reached()
        return True
