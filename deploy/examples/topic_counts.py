"""How many articles there are of each topic: a Faust agent on newsdesk.articles.enriched, and a page that shows it.

Run it, after `newsdesk topics apply`, from a folder in which it may write:

    python topic_counts.py worker --web-port 6066
    curl http://localhost:6066/counts/

It needs newsdesk's topics and their schema (schemas/json/enriched-article.schema.json), and nothing of newsdesk's code.
What holds, and what makes it hold:

* An article that changes its topics moves, one that is removed, or whose key gets a tombstone because it was merged
  into another, is no longer counted: the table keeps the topics under which each article is counted, and only what
  differs from them is counted.
* At least once: `noack` and `ack` after the work, and Faust sends the table's changelog before it commits. After a
  crash (memory goes, the changelog is read back) events since the last commit come again. They change nothing: the
  count says up to which offset it counts, and an article's entry is written after the counts. That needs their
  order, so both are in one table, one changelog. (Two tables can be torn apart by a crash. So can a store on disk
  that runs ahead of the changelog: leave `store` at memory.)
  Where it ends: Faust logs a changelog record that the broker did not take, and goes on.
* After a kill the next worker starts when the broker has given up the old one: BROKER_SESSION_TIMEOUT, 60 s unless
  set. Where an abort follows the first record of a partition Faust 0.15 commits no further until it is started again;
  then more comes again, with the same result.
* Counts are for each partition, as a table's changelog is: two partitions with one key would overwrite one another
  when it is read back. The page adds up the partitions of its own worker; with several workers, add up their pages.
* The table has as many partitions as newsdesk.articles.enriched, told by NEWSDESK_PARTITIONS; Faust refuses others.
  Articles never change their partition. If the topic is made anew, give the app a new name: offsets begin again.
"""

import json
import os
from collections import Counter
from typing import Any

import faust
from faust_fixes import fix

TOPIC = os.environ.get("NEWSDESK_ENRICHED_TOPIC", "newsdesk.articles.enriched")

app = faust.App(
    os.environ.get("TOPIC_COUNTS_APP", "newsdesk-topic-counts"),
    broker="kafka://" + os.environ.get("NEWSDESK_BOOTSTRAP_SERVERS", "127.0.0.1:9092").replace(",", ";kafka://"),
    topic_partitions=int(os.environ.get("NEWSDESK_PARTITIONS", "4")),
    topic_disable_leader=True,
)
fix(app)  # committed records only, and none lost at a restart
enriched = app.topic(TOPIC, key_serializer="raw", value_serializer="raw")  # raw: a tombstone has no JSON in it
counts = app.Table("counts")  # article/ID -> its topics; topic/PARTITION/NAME -> [count, offset it counts up to]


@app.agent(enriched)
async def count(stream: Any) -> None:
    async for event in stream.noack().events():
        place = event.message
        article: dict[str, Any] = json.loads(place.value) if place.value else {"removed": True}
        now = set() if article.get("removed") else set(article.get("topics", ()))
        entry = f"article/{place.key.decode()}"
        for topic in now ^ set(counts.get(entry, ())):
            total, counted = counts.get(f"topic/{place.partition}/{topic}", (0, -1))
            if place.offset > counted:
                counts[f"topic/{place.partition}/{topic}"] = [total + (1 if topic in now else -1), place.offset]
        if now:
            counts[entry] = sorted(now)
        elif entry in counts:
            del counts[entry]
        event.ack()


@app.page("/counts/")
async def show(web: Any, _request: Any) -> Any:
    """Answer {topic: count} over the partitions that this worker has now."""
    mine = {str(tp.partition) for tp in app.consumer.assignment() if tp.topic == TOPIC}
    totals: Counter[str] = Counter()
    for key, value in counts.items():
        kind, _, rest = key.partition("/")
        partition, _, topic = rest.partition("/")
        if kind == "topic" and partition in mine:
            totals[topic] += value[0]
    return web.json(dict(sorted((+totals).items())))


if __name__ == "__main__":
    app.main()
