"""The demo's script: the story first, then the generated stream, at an even pace."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from newsdesk.intake.generate import generate
from newsdesk.intake.items import Item
from newsdesk.intake.story import story

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEED_URL: Final = (
    "https://www.nbcnews.com/tech/security/"
    "tech-worker-group-calls-facial-recognition-ban-citing-technical-ethical-n1232591"
)
"""The article of the story whose decision is explained at the end."""

_PORTIONS_A_SECOND: Final = 20
_STDIN: Final = "-"


def script(seed: int, count: int) -> list[Item]:
    """The story and *count* generated events of the stream *seed*."""
    values: list[tuple[bytes, bytes | None]] = [(value, None) for value in story()]
    values += [(event.value, event.key) for event in generate(seed, count)]
    return [Item(_STDIN, line, value, key) for line, (value, key) in enumerate(values, 1)]


def pace(items: Sequence[Item], rate: int) -> Iterator[Item]:
    """*items* at *rate* a second; it sleeps, so it is for a thread of its own."""
    portion = max(1, rate // _PORTIONS_A_SECOND)
    began = time.monotonic()
    for number, item in enumerate(items):
        if number % portion == 0:
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
        yield item
