"""The sweep: what has expired goes from the state and from the compacted topics, a stretch of the state at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.desk.headers import expired_headers
from newsdesk.editorial.retention import clock_of, swept
from newsdesk.editorial.state import ARTICLE
from newsdesk.engine.punctuating import Punctuated
from newsdesk.engine.records import Write

if TYPE_CHECKING:
    from newsdesk.editorial.retention import Expired, Retention
    from newsdesk.engine.punctuating import Stretch

EXPIRED = "expired"
"""What is counted: articles removed."""


def sweep(partition: int, state: Stretch, cursor: bytes | None, retention: Retention) -> Punctuated:
    """Tombstones for the articles of one stretch that have expired, on published too where they were published."""
    if retention.period_ms is None:
        return Punctuated()
    found = state.scan(cursor or ARTICLE)
    articles = [(key[1:], value) for key, value in found.items if key.startswith(ARTICLE)]
    writes: list[Write] = []
    gone = 0
    for expired in swept(articles, clock_of(state), retention):
        gone += 1
        writes += tombstones(partition, expired)
    behind = len(articles) < len(found.items)
    return Punctuated(writes, None if behind else found.next, {EXPIRED: gone} if gone else {})


def tombstones(partition: int, expired: Expired) -> list[Write]:
    """What removes an article that has expired, on published too where it was published; the same whoever removes it."""
    article, published, stamp = expired
    writes: list[Write] = []
    for topic, ce_type in ((topics.ENRICHED.name, ce.TYPE_EXPIRED), (topics.PUBLISHED.name, ce.TYPE_RETRACTED)):
        if topic == topics.ENRICHED.name or published:
            headers = expired_headers(f"{topic}/{partition}", article.decode(), stamp, ce_type)
            writes.append(Write(topic, partition, article, None, headers))
    return writes
