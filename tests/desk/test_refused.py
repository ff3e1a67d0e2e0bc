"""A Kafka that refuses: the desk says which right is missing and how to grant it, and ends; it never settles for less."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from desk.running import RunningDesk, running_desk, until
from newsdesk.contracts import topics
from newsdesk.engine.probe import choose
from newsdesk.engine.reading import open_client
from newsdesk.ops import admin
from newsdesk.ops.brokers import kafka as kafka_kind
from support.brokers import need, running
from support.secured import (
    PASSWORD,
    Operation,
    Pattern,
    Permission,
    Resource,
    Right,
    SecuredKafka,
    credentials,
    secured_node,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kafka


def enough(group: str) -> list[Right]:
    """All that a desk needs, and no right on the cluster."""
    return [
        Right(Resource.TOPIC, "newsdesk.", Operation.READ),
        Right(Resource.TOPIC, "newsdesk.", Operation.WRITE),
        Right(Resource.TOPIC, "newsdesk.", Operation.DESCRIBE_CONFIGS),
        Right(Resource.GROUP, group, Operation.READ, Pattern.LITERAL),
        Right(Resource.TRANSACTIONAL_ID, f"{group}-", Operation.WRITE),
        Right(Resource.TRANSACTIONAL_ID, f"{group}-", Operation.DESCRIBE),
    ]


def denied(resource: Resource, name: str, operation: Operation) -> Right:
    return Right(resource, name, operation, Pattern.PREFIXED, Permission.DENY)


@dataclass(frozen=True)
class Case:
    """A right that *user* lacks, and what the desk says of it."""

    user: str
    lacks: Right
    problem: str
    remedy: str


CASES = (
    Case(
        "groupless",
        denied(Resource.GROUP, "groupless", Operation.READ),
        "The broker refuses Read on the group groupless.",
        "--operation Read --group groupless",
    ),
    Case(
        "deaf",
        denied(Resource.TOPIC, topics.SUBMITTED.name, Operation.READ),
        f"The broker refuses Read on the topic {topics.SUBMITTED.name}.",
        f"--operation Read --topic {topics.SUBMITTED.name}",
    ),
    Case(
        "forgetful",
        denied(Resource.TOPIC, topics.ENRICHED.name, Operation.READ),
        f"The broker refuses Read on the topic {topics.ENRICHED.name}.",
        f"--operation Read --topic {topics.ENRICHED.name}",
    ),
    Case(
        "mute",
        denied(Resource.TOPIC, topics.DECISIONS.name, Operation.WRITE),
        f"The broker refuses Write on the topic {topics.DECISIONS.name}.",
        f"--operation Write --topic {topics.DECISIONS.name}",
    ),
    Case(
        "lawless",
        denied(Resource.TOPIC, topics.RULES.name, Operation.WRITE),
        f"The broker refuses Write on the topic {topics.RULES.name}.",
        f"--operation Write --topic {topics.RULES.name}",
    ),
    Case(
        "blind",
        denied(Resource.TOPIC, topics.PUBLISHED.name, Operation.ALL),
        f"The broker refuses Describe on the topic {topics.PUBLISHED.name}.",
        f"--operation Describe --topic {topics.PUBLISHED.name}",
    ),
    Case(
        "incurious",
        denied(Resource.TOPIC, topics.PUBLISHED.name, Operation.DESCRIBE_CONFIGS),
        f"The broker refuses DescribeConfigs on the topic {topics.PUBLISHED.name}.",
        f"--operation DescribeConfigs --topic {topics.PUBLISHED.name}",
    ),
    Case(
        "lonely",
        denied(Resource.TRANSACTIONAL_ID, "lonely-", Operation.WRITE),
        "The broker refuses Write on the transactional-id lonely-0.",
        "--operation Write --operation Describe --transactional-id lonely- --resource-pattern-type prefixed",
    ),
)
STRANGER = "stranger"
TRUSTED = "trusted"
NOBODY = "nobody"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """The broker, its users and topics, with an event that waits."""
    need(kafka_kind)
    made = secured_node(tmp_path_factory.mktemp("secured"), [TRUSTED, NOBODY, *(case.user for case in CASES)])

    async def furnish() -> None:
        for case in CASES:
            await made.grant(case.user, [*enough(case.user), case.lacks])
        await made.grant(TRUSTED, enough(TRUSTED))
        await admin.apply(made.node.bootstrap, 1)
        async with AIOKafkaProducer(bootstrap_servers=made.node.bootstrap) as producer:
            event = orjson.dumps({"title": "One", "webUrl": "https://one.example/1"})
            await producer.send_and_wait(topics.SUBMITTED.name, event, key=b"one.example", partition=0)

    with running(made.node):
        asyncio.run(furnish())
        yield made


def desk_of(
    secured: SecuredKafka, user: str, folder: Path, password: str = PASSWORD, **settings: object
) -> contextlib.AbstractContextManager[RunningDesk]:
    return running_desk(secured.address, folder, group=user, **credentials(user, password), **settings)


def test_rights_that_are_missing_are_named_with_their_remedy_and_so_is_a_wrong_password(
    secured: SecuredKafka, tmp_path: Path
) -> None:
    """All of these desks run at the same time."""
    passwords = {case.user: PASSWORD for case in CASES} | {STRANGER: "guessed"}
    with contextlib.ExitStack() as stack:
        desks = {
            user: stack.enter_context(desk_of(secured, user, tmp_path / user, password))
            for user, password in passwords.items()
        }
        for user, desk in desks.items():
            until(lambda desk=desk: desk.process.poll() is not None, f"the end of {user}: {desk.messages()}", 60)  # type: ignore[misc]
        codes = {user: desk.process.returncode for user, desk in desks.items()}
        said = {user: desk.messages() for user, desk in desks.items()}
    assert codes == dict.fromkeys(passwords, 1)
    for case in CASES:
        assert case.problem in said[case.user]
        assert case.remedy in said[case.user]
    assert "does not accept the credentials" in said[STRANGER]
    assert "Check the user, the password and the SASL mechanism." in said[STRANGER]
    for log in said.values():
        assert "a defect of newsdesk" not in log
        assert "at least once" not in log, "auto settles for less only where the broker has no transactions"


def test_the_rights_that_the_messages_name_are_enough_and_needed_for_as_long_as_it_runs(
    secured: SecuredKafka, tmp_path: Path
) -> None:
    with desk_of(secured, TRUSTED, tmp_path, silence_ms=500) as desk:
        desk.until_ready(1)
        until(lambda: desk.metric("newsdesk_decisions_total") == 1, "the event decided")
        assert desk.metric("newsdesk_build_info", guarantee="exactly_once") == 1
        asyncio.run(secured.grant(TRUSTED, [denied(Resource.TOPIC, topics.DECISIONS.name, Operation.WRITE)]))
        assert desk.process.wait(30) == 1
        assert f"The broker refuses Write on the topic {topics.DECISIONS.name}." in desk.messages()


async def test_auto_settles_for_less_only_where_the_broker_has_no_transactions(secured: SecuredKafka) -> None:
    login = {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": NOBODY,
        "sasl_plain_password": PASSWORD,
    }
    async with open_client(secured.address, "test", login) as client:
        assert (await choose(client, "auto")).kind == "exactly_once"
