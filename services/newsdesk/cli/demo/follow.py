"""The demo's hands and eyes: submits the events, and follows the answers on the topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.intake.submit import Declined, Submission
from newsdesk.lookup.tail import records

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence

    from newsdesk.cli.demo.view import Counts
    from newsdesk.engine.records import Record
    from newsdesk.intake.items import Item


async def submit(address: str, items: Iterable[Item], counts: Counts) -> None:
    """Send *items* as they are; one that the broker refuses would be a defect of the demo."""
    async for answer in Submission(items, raw=True, eager=True).answers(address, {}):
        if isinstance(answer, Declined):
            raise TypeError(f"event {answer.item.line} was refused: {answer.reason}")
        counts.submitted += 1


def follow(address: str, counts: Counts) -> Sequence[Coroutine[None, None, None]]:
    """What follows decisions, dead letters and forwarded events, for ever."""
    return (
        _follow(address, topics.ENRICHED, lambda record: _title(record, counts)),
        _follow(address, topics.DECISIONS, lambda record: _decision(record, counts)),
        _follow(address, topics.DEAD_LETTERS, lambda record: _dead(record, counts)),
        _follow(address, topics.REPARTITIONED, lambda _record: counts.forward()),
    )


async def _follow(address: str, topic: topics.Topic, take: Take) -> None:
    async for portion in records(address, {}, topic.name):
        for record in portion:
            take(record)


def _title(record: Record, counts: Counts) -> None:
    if record.value is not None and record.key is not None:
        counts.title(record.key.decode(), str(orjson.loads(record.value).get("title", "")))


def _decision(record: Record, counts: Counts) -> None:
    counts.decide(orjson.loads(record.value or b"{}"))


def _dead(record: Record, counts: Counts) -> None:
    headers = dict(record.headers)
    counts.bury(headers.get(ce.DEAD_REASON, b"?").decode(), headers.get(ce.DEAD_DETAIL, b"").decode("utf-8", "replace"))


if TYPE_CHECKING:
    from collections.abc import Callable

    Take = Callable[[Record], None]
