"""The same on Quix Streams with all outputs from one step, each to the topic that it names: no branches, so no copies."""

from __future__ import annotations

from typing import NamedTuple

import job
from quix_app import ENV, app
from quixstreams import State, message_context
from quixstreams.models import BytesSerializer, SerializationContext, Topic

RULES = job.rules_of_environment()


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
