"""Follow newsdesk.articles.published: a line for every publication, change and retraction, until Ctrl-C.

    python follow_published.py [HOST:PORT]

The address may also come from NEWSDESK_BOOTSTRAP_SERVERS. It needs aiokafka, and nothing of newsdesk's code; what a
record holds is in schemas/json/published-article.schema.json.

It joins no group and reads from the start: the topic is compacted, so what is in it is what is published, and `live`
is the same after every start. A reader that acts on the outside (mails, a site) joins a group, commits after it has
acted, and gets the last records again after a crash: so it must take a publication or a retraction twice.
"""

import asyncio
import contextlib
import json
import os
import sys
from typing import Any

from aiokafka import AIOKafkaConsumer

BOOTSTRAP = os.environ.get("NEWSDESK_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
TOPIC = os.environ.get("NEWSDESK_PUBLISHED_TOPIC", "newsdesk.articles.published")

live: dict[str, dict[str, Any]] = {}


def apply(article_id: str, value: bytes | None) -> str | None:
    """Bring *live* up to date with one record and say what it was; None for a retraction of what was not there."""
    before = live.pop(article_id, None)
    if value is None:  # a tombstone: the article is published no longer
        return f"retracted {article_id} {before['title']}" if before else None
    article = live[article_id] = json.loads(value)
    return f"{'changed' if before else 'published'} {article_id} {article['title']}"


async def follow(bootstrap: str) -> None:
    async with AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",  # the desk writes in transactions; what it aborted never was
    ) as consumer:
        async for record in consumer:
            if line := apply(record.key.decode(), record.value):
                print(line, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(follow(sys.argv[1] if len(sys.argv) > 1 else BOOTSTRAP))
    print(f"{len(live)} live", flush=True)
