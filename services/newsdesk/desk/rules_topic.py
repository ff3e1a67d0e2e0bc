"""The rules topic: every rules file that ever decided, under its hash, so that a decision can be reproduced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError

from newsdesk.contracts import cloudevents as ce
from newsdesk.contracts import topics
from newsdesk.editorial.rulebook import canonical_bytes
from newsdesk.engine.rights import refused

if TYPE_CHECKING:
    from newsdesk.editorial.rulebook import Rulebook
    from newsdesk.ops.admin import Security


async def publish_rules(bootstrap: str, book: Rulebook, security: Security | None = None) -> None:
    """Write the rules to the rules topic and return when the broker has them.

    The key is their hash and compaction keeps one of each, so every start writes them and nobody has to look first.

    Raises:
        EngineError: This user may not write there.
        KafkaError: The broker cannot be reached, or refuses.
    """
    name = book.name
    headers = [
        (ce.CE_SPECVERSION, ce.SPEC_VERSION.encode()),
        (ce.CE_ID, f"rules/{name['hash']}".encode()),
        (ce.CE_SOURCE, ce.DESK_SOURCE.encode()),
        (ce.CE_TYPE, ce.TYPE_RULES.encode()),
        (ce.CONTENT_TYPE_HEADER, ce.CONTENT_TYPE.encode()),
        (ce.CE_SUBJECT, name["name"].encode()),
    ]
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_request_size=topics.RULES.max_message_bytes, **(security or {})
    )
    await producer.start()
    try:
        await producer.send_and_wait(
            topics.RULES.name,
            key=name["hash"].encode(),
            value=canonical_bytes(book.rules),
            headers=headers,
            partition=0,
        )
    except TopicAuthorizationFailedError as error:
        raise refused("Write", "topic", [topics.RULES.name]) from error
    finally:
        await producer.stop()
