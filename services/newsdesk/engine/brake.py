"""The brake: a processor that fails too often must not empty the input into the dead letters."""

from __future__ import annotations

from collections import deque


class Brake:
    """On when more than *share* of the last *window* records (of at least *minimum*) were defects; then it stays on."""

    def __init__(self, *, window: int, minimum: int, share: float) -> None:
        self._last: deque[bool] = deque(maxlen=window)
        self._minimum = minimum
        self._share = share
        self._defects = 0
        self.on = False

    def note(self, *, defect: bool) -> None:
        """One more record was answered."""
        last = self._last
        if not defect and not self._defects:
            last.append(False)
            return
        if len(last) == last.maxlen:
            self._defects -= last[0]
        last.append(defect)
        self._defects += defect
        if len(last) >= self._minimum and self._defects > self._share * len(last):
            self.on = True

    def release(self) -> None:
        """Off, and the count begins anew."""
        self._last.clear()
        self._defects = 0
        self.on = False
