"""Why a text is no URL of an article."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from newsdesk.contracts.reasons import DeadLetterReason

DETAIL_CHARS: Final = 200
_SHOWN_CHARS: Final = 80


class UrlError(ValueError):
    """A text that is no URL the desk takes; *reason* is BAD_URL, URL_SCHEME or URL_CREDENTIALS.

    *detail* is ASCII of at most DETAIL_CHARS characters and holds no user name and no password.
    """

    reason: DeadLetterReason
    detail: str

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        self.reason = reason
        self.detail = detail[:DETAIL_CHARS]
        super().__init__(self.detail)

    def __reduce__(self) -> tuple[type[UrlError], tuple[DeadLetterReason, str]]:
        return UrlError, (self.reason, self.detail)


def shown(text: str) -> str:
    """The beginning of *text* as a quoted ASCII literal, without anything that could be a user name or a password.

    All that stands before the last @ goes: a password may hold slashes, so the authority is not where one would think.
    """
    scheme, colon, _ = text[:16].partition(":")
    _, at, rest = text.rpartition("@")
    if at:
        start = f"{scheme}://..." if colon and scheme.isalpha() else "..."
        text = f"{start}@{rest}"
    return ascii(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "...")
