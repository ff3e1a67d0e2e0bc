"""The same on Quix Streams with all outputs from one step, each to the topic that it names: no branches, so no copies."""

from __future__ import annotations

import os
from typing import NamedTuple

import job
from quixstreams import Application, State, message_context
from quixstreams.models import BytesSerializer, SerializationContext, Topic

ENV = os.environ
RULES = job.rules_of_environment()

app = Application(
    broker_address=ENV["BENCH_BOOTSTRAP"],
    consumer_group=ENV["BENCH_GROUP"],
    auto_offset_reset="earliest",
    processing_guarantee="exactly-once",
    commit_interval=0.1,
    state_dir=ENV["BENCH_STATE"],
    loglevel="WARNING",
    producer_extra_config={
        "acks": "all",
        "linger.ms": 5,
        "batch.size": 262144,
        "compression.type": "none",
        "partitioner": "murmur2_random",
    },
)


class Output(NamedTuple):
    topic: Topic
    key: bytes
    value: bytes | None


class Value(BytesSerializer):
    """The value of an output is what travels."""

    def __call__(self, value: Output, ctx: SerializationContext) -> bytes | None:
        del ctx
        return value.value


events = app.topic(ENV["BENCH_IN"], key_deserializer="bytes", value_deserializer="bytes")
enriched, published, decisions, dead = (
    app.topic(ENV["BENCH_OUT"] + name, key_serializer="bytes", value_serializer=Value())
    for name in ("enriched", "published", "decisions", "dead")
)


def desk(value: bytes, key: bytes, timestamp: int, headers: object, state: State) -> list[Output]:
    """Everything that one event causes."""
    del timestamp, headers
    try:
        article = job.read(value)
    except job.UnreadableError:
        return [Output(dead, key, value)]
    place = message_context()
    old = state.get_bytes(article.key)
    answer = job.decide(article, old, (place.topic, place.partition, place.offset), RULES)
    identity = answer.article_id
    outputs = [Output(decisions, identity, answer.decision)]
    if answer.state is not None:
        state.set_bytes(article.key, answer.state)
        outputs.append(Output(enriched, identity, answer.enriched))
    if answer.published is not None or answer.tombstone:
        outputs.append(Output(published, identity, answer.published))
    return outputs


answers = app.dataframe(events).apply(desk, stateful=True, metadata=True, expand=True)
answers.to_topic(lambda output, *_: output.topic, key=lambda output: output.key)

if __name__ == "__main__":
    app.run()
