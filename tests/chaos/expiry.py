"""The invariant of the sweep: it removes what has expired and nothing else, by the rule as it is written and no code of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from chaos.findings import MOST, Finding
from chaos.history import ENRICHED, is_swept
from newsdesk.editorial.retention import stamp_in

if TYPE_CHECKING:
    from chaos.history import Partition
    from newsdesk.editorial.retention import Retention


def rightly_swept(partition: Partition, retention: Retention) -> list[Finding]:
    """Every article swept away was there, was too old by the task time then, and was not published where that counts.

    All of it is told by the records before the tombstone: the article's last one, and the largest stamp of any.
    """
    clock = 0
    there: dict[bytes | None, tuple[int, bool]] = {}
    found = []
    for record in partition.enriched:
        if record.value is not None:
            stamp = stamp_in(record.headers)
            clock = max(clock, stamp)
            there[record.key] = stamp, orjson.loads(record.value)["published"]
            continue
        article = there.pop(record.key, None)
        if is_swept(record) and (wrong := _wrong(article, clock, retention)):
            where = f"{ENRICHED}/{partition.number}/{record.offset}"
            found.append(Finding("only what has expired is swept away", where, f"{record.key!r} {wrong}"))
    return found[:MOST]


def _wrong(article: tuple[int, bool] | None, clock: int, retention: Retention) -> str:
    """What forbids that it is swept; nothing where it has expired."""
    if article is None:
        return "was not there"
    stamp, published = article
    if retention.period_ms is None or not stamp:
        return "never expires"
    if clock - stamp <= retention.period_ms:
        return f"is {clock - stamp} ms old, not more than {retention.period_ms}"
    if published and not retention.expire_published:
        return "is published"
    return ""
