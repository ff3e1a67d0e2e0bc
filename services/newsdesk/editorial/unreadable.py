"""The one error of reading: an event that becomes a dead letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from newsdesk.contracts.reasons import DeadLetterReason

DETAIL_LENGTH: Final = 300


class Unreadable(ValueError):  # noqa: N818 - it names an end of an event, not a failure of ours
    """An event that cannot be read, with its reason from the closed list and a detail for people."""

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail[:DETAIL_LENGTH]
