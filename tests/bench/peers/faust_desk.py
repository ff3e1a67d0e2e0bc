"""The desk's job on Faust: an agent with a table in RocksDB and its changelog, at least once."""

from __future__ import annotations

import os

import faust
import job

ENV = os.environ
RULES = job.rules_of_environment()

app = faust.App(
    ENV["BENCH_GROUP"],
    broker=f"kafka://{ENV['BENCH_BOOTSTRAP']}",
    store="rocksdb://",
    datadir=ENV["BENCH_STATE"],
    topic_partitions=int(ENV["BENCH_PARTITIONS"]),
    topic_replication_factor=1,
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
    producer_acks=-1,
    producer_linger_ms=5,
    producer_max_batch_size=262144,
    web_enabled=False,
)
events = app.topic(ENV["BENCH_IN"], key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
enriched, published, decisions, dead = (
    app.topic(ENV["BENCH_OUT"] + name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    for name in ("enriched", "published", "decisions", "dead")
)
articles = app.Table(
    "articles",
    partitions=int(ENV["BENCH_PARTITIONS"]),
    key_type=bytes,
    value_type=bytes,
    options={"driver": "rocksdict"},
)


@app.agent(events)
async def desk(stream: faust.Stream) -> None:
    """Answer every event, one after the other."""
    async for event in stream.events():
        message = event.message
        try:
            article = job.read(event.value)
        except job.UnreadableError:
            await dead.send(key=event.key, value=event.value)
            continue
        place = (message.topic, message.partition, message.offset)
        answer = job.decide(article, articles.get(article.key.encode()), place, RULES)
        if answer.state is not None:
            articles[article.key.encode()] = answer.state
            await enriched.send(key=answer.article_id, value=answer.enriched)
        if answer.published is not None or answer.tombstone:
            await published.send(key=answer.article_id, value=answer.published)
        await decisions.send(key=answer.article_id, value=answer.decision)


if __name__ == "__main__":
    app.main()
