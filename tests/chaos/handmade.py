"""A partition made by hand: what the desk would write about a few events, for tests that then spoil it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.history import DEAD_LETTERS, DECISIONS, ENRICHED, PUBLISHED, REPARTITIONED, SUBMITTED, Partition
from newsdesk.contracts.partitions import partition_of
from newsdesk.desk.judge import MemoryState
from newsdesk.desk.processor import DeskProcessor
from newsdesk.engine.records import Record
from support.desk import article, book, event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.desk import Event

PARTITIONS = 2
HOME = partition_of(b"harbour.example", PARTITIONS)


def processor() -> DeskProcessor:
    """The desk of all these tests."""
    return DeskProcessor(book(), PARTITIONS)


def a_day() -> list[Event]:
    """An article, published and revised, one sent twice, one retracted, one poison, one of another partition."""
    other = next(n for n in range(100) if partition_of(b"site%d.example" % n, PARTITIONS) != HOME)
    lead = {"featuredContent": "<b>the ferry</b>", "ampWebUrl": "https://www.harbour.example/amp/1"}
    ferry = article(**lead, title="Harbour ferry sails with artificial intelligence on board")
    return [
        event(ferry),
        event({**ferry, "title": "Harbour ferry sails again, with artificial intelligence on board"}),
        event({**ferry, "title": "Harbour ferry sails again, with artificial intelligence on board"}),
        event(article(webUrl="https://www.harbour.example/second")),
        event({"webUrl": "https://www.harbour.example/second", "removed": True}),
        event({"webUrl": "https://www.harbour.example/third"}),
        event(article(webUrl=f"https://site{other}.example/x")),
    ]


def partition(events: Sequence[Event] | None = None, desk: DeskProcessor | None = None) -> Partition:
    """The partition after *events*, each decided when it is read, a millisecond after the other."""
    made = Partition(HOME)
    desk, state = desk or processor(), MemoryState()
    topics = {
        ENRICHED: made.enriched,
        PUBLISHED: made.published,
        DECISIONS: made.decisions,
        DEAD_LETTERS: made.dead_letters,
        REPARTITIONED: made.forwarded,
    }
    for offset, sent in enumerate(a_day() if events is None else events):
        read = Record(SUBMITTED, HOME, offset, 1_000 + offset, None, sent.value, sent.headers)
        made.submitted.append(read)
        for write in desk.process(read, state).writes:
            written = topics[write.topic]
            written.append(
                Record(
                    write.topic, write.partition, len(written), 2_000 + offset, write.key, write.value, write.headers
                )
            )
            if write.topic == ENRICHED:
                assert write.key is not None
                desk.fold(state, write.key, desk.read_change(write.value), write.headers)
    return made
