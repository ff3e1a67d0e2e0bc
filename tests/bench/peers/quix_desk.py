"""The desk's job on Quix Streams: a StreamingDataFrame with state in RocksDB and its changelog, exactly-once.

For its outputs it branches, as the documentation of Quix Streams does.
"""

from __future__ import annotations

import job
from quix_app import ENV, app
from quixstreams import State, message_context
from quixstreams.models import BytesSerializer, SerializationContext

RULES = job.rules_of_environment()


class Part(BytesSerializer):
    """One part of an answer is what travels."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __call__(self, value: job.Answer, ctx: SerializationContext) -> bytes | None:
        del ctx
        return getattr(value, self._name)


events = app.topic(ENV["BENCH_IN"], key_deserializer="bytes", value_deserializer="bytes")
dead = app.topic(ENV["BENCH_OUT"] + "dead", key_serializer="bytes", value_serializer="bytes")
enriched, published, decisions = (
    app.topic(ENV["BENCH_OUT"] + name, key_serializer="bytes", value_serializer=Part(part))
    for name, part in (("enriched", "enriched"), ("published", "published"), ("decisions", "decision"))
)


def read(value: bytes) -> job.Article | bytes:
    """The article, or the bytes of what is none."""
    try:
        return job.read(value)
    except job.UnreadableError:
        return value


def is_article(value: job.Article | bytes) -> bool:
    """Whether it could be read."""
    return isinstance(value, job.Article)


def decide(article: job.Article, state: State) -> job.Answer:
    """The answer, with the article's state brought up to date."""
    place = message_context()
    answer = job.decide(article, state.get_bytes(article.key), (place.topic, place.partition, place.offset), RULES)
    if answer.state is not None:
        state.set_bytes(article.key, answer.state)
    return answer


def identity(answer: job.Answer) -> bytes:
    """The key of all that is written about an article."""
    return answer.article_id


parsed = app.dataframe(events).apply(read)
parsed.filter(lambda value: not is_article(value)).to_topic(dead)
answers = parsed.filter(is_article).apply(decide, stateful=True)
answers.filter(lambda answer: answer.enriched is not None).to_topic(enriched, key=identity)
answers.filter(lambda answer: answer.published is not None or answer.tombstone).to_topic(published, key=identity)
answers.to_topic(decisions, key=identity)

if __name__ == "__main__":
    app.run()
