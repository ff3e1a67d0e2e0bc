from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IncompatibleBrokerVersion

from newsdesk.contracts.topics import DEFAULT_PARTITIONS, ENRICHED, RULES, SUBMITTED, TOPICS, Topic
from newsdesk.ops.admin import Action, AdminError, _settings, apply, check, connected
from newsdesk.ops.brokers.ports import free_port
from support.brokers import make_topics

if TYPE_CHECKING:
    from newsdesk.ops.brokers import LocalBroker


@pytest.fixture(
    params=[pytest.param("kafka", marks=pytest.mark.kafka), pytest.param("embedded", marks=pytest.mark.embedded)]
)
def bootstrap(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture
def topics(unique: str) -> tuple[Topic, ...]:
    """The registry's topics under names of this test's own."""
    return tuple(replace(topic, name=unique + topic.name) for topic in TOPICS)


async def test_apply_creates_what_the_registry_says_and_the_second_time_nothing(
    bootstrap: str, topics: tuple[Topic, ...]
) -> None:
    before = await check(bootstrap, topics=topics)
    assert [drift.topic for drift in before.drifts] == [topic.name for topic in topics]
    first = await apply(bootstrap, topics=topics)
    assert [result.action for result in first] == [Action.CREATED] * len(topics)
    assert [result.partitions for result in first] == [topic.partitions or DEFAULT_PARTITIONS for topic in topics]
    second = await apply(bootstrap, topics=topics)
    assert {result.action for result in second} == {Action.UNCHANGED}
    after = await check(bootstrap, DEFAULT_PARTITIONS, topics=topics)
    assert after.ok
    assert (after.drifts, after.not_checked) == ((), ())


async def test_without_a_number_a_missing_topic_gets_the_number_of_the_others(
    bootstrap: str, topics: tuple[Topic, ...]
) -> None:
    await apply(bootstrap, 3, topics=topics[:2])
    result = (await apply(bootstrap, topics=topics[:3]))[2]
    assert (result.action, result.partitions) == (Action.CREATED, 3)


async def test_a_partition_count_is_reported_and_never_changed_and_nothing_is_made_beside_it(
    bootstrap: str, topics: tuple[Topic, ...]
) -> None:
    await apply(bootstrap, 3, topics=topics[:2])
    results = await apply(bootstrap, 5, topics=topics[:3])
    assert [(result.action, result.partitions) for result in results] == [
        (Action.REFUSED, 3),
        (Action.REFUSED, 3),
        (Action.REFUSED, 0),
    ]
    found = await check(bootstrap, 5, topics=topics[:3])
    assert [(drift.setting, drift.expected, drift.actual) for drift in found.drifts] == [
        ("partitions", "5", "3"),
        ("partitions", "5", "3"),
        ("topic", "exists", "missing"),
    ]
    assert "leave --partitions out" in found.drifts[0].remedy


async def test_co_partitioned_topics_of_different_counts_are_a_drift(bootstrap: str, topics: tuple[Topic, ...]) -> None:
    await apply(bootstrap, 3, topics=topics[:1])
    await apply(bootstrap, 2, topics=topics[1:2])
    found = await check(bootstrap, topics=topics[:2])
    assert [(drift.topic, drift.expected, drift.actual) for drift in found.drifts] == [(topics[1].name, "3", "2")]


async def test_the_rules_topic_has_one_partition_whatever_the_others_have(bootstrap: str, unique: str) -> None:
    rules = replace(RULES, name=unique + "rules")
    await make_topics(bootstrap, {rules.name: (2, rules.config())})
    found = await check(bootstrap, 2, topics=[rules])
    assert [(drift.setting, drift.expected, drift.actual) for drift in found.drifts] == [("partitions", "1", "2")]


@pytest.mark.parametrize(
    ("registered", "setting", "value", "drifts"),
    [
        pytest.param(ENRICHED, "cleanup.policy", "delete", True, id="enriched would be deleted by age"),
        pytest.param(ENRICHED, "cleanup.policy", "compact,delete", True, id="enriched would be deleted by age as well"),
        pytest.param(ENRICHED, "max.message.bytes", "1000", True, id="records would not fit"),
        pytest.param(ENRICHED, "max.message.bytes", "9000000", True, id="records would fit that others cannot take"),
        pytest.param(SUBMITTED, "retention.ms", "1000", True, id="events go before they are read"),
        pytest.param(SUBMITTED, "retention.ms", "1209600001", False, id="events stay longer"),
        pytest.param(SUBMITTED, "retention.ms", "-1", False, id="events stay for ever"),
        pytest.param(ENRICHED, "delete.retention.ms", "1000", True, id="a store would miss a tombstone"),
    ],
)
async def test_settings(
    bootstrap: str, unique: str, registered: Topic, setting: str, value: str, *, drifts: bool
) -> None:
    topic = replace(registered, name=unique + "a")
    await make_topics(bootstrap, {topic.name: (1, topic.config() | {setting: value})})
    found = await check(bootstrap, topics=[topic])
    expected = [(setting, topic.config()[setting], value)] if drifts else []
    assert [(drift.setting, drift.expected, drift.actual) for drift in found.drifts] == expected


@pytest.mark.kafka
async def test_apply_corrects_a_setting_and_leaves_the_operators_own_alone(kafka: str, unique: str) -> None:
    topic = replace(ENRICHED, name=unique + "a")
    mine = {"segment.bytes": "20000000"}
    await make_topics(kafka, {topic.name: (1, topic.config() | mine | {"cleanup.policy": "delete"})})
    (result,) = await apply(kafka, topics=[topic])
    assert result.action is Action.CORRECTED
    assert [drift.actual for drift in result.drifts] == ["delete"]
    assert (await check(kafka, topics=[topic])).ok
    async with connected(kafka) as client:
        settings = await _settings(client, topic.name)
    assert settings is not None
    assert settings["segment.bytes"][0] == "20000000"


@pytest.mark.embedded
async def test_a_setting_that_the_broker_cannot_change_is_refused_with_another_remedy(
    embedded: str, unique: str
) -> None:
    topic = replace(ENRICHED, name=unique + "a")
    await make_topics(embedded, {topic.name: (1, topic.config() | {"cleanup.policy": "delete"})})
    (result,) = await apply(embedded, topics=[topic])
    assert result.action is Action.REFUSED
    assert "delete it there" in result.drifts[0].remedy


@pytest.mark.embedded
async def test_a_broker_that_does_not_tell_settings_is_not_checked_and_no_drift(
    embedded: str, topics: tuple[Topic, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lacking(_self: object, _resources: object) -> NoReturn:
        raise IncompatibleBrokerVersion("no DescribeConfigs")

    monkeypatch.setattr(AIOKafkaAdminClient, "describe_configs", lacking)
    await apply(embedded, topics=topics)
    found = await check(embedded, topics=topics)
    assert found.ok
    assert found.not_checked == tuple(topic.name for topic in topics)


@pytest.mark.embedded
async def test_looking_for_topics_does_not_make_them(embedded_broker: LocalBroker) -> None:
    await check(embedded_broker.bootstrap)
    found = await check(embedded_broker.bootstrap)
    assert {drift.actual for drift in found.drifts} == {"missing"}


async def test_a_broker_that_is_not_there_is_named_with_the_remedy() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(AdminError, match=address) as caught:
        await check(address)
    assert "newsdesk broker" in caught.value.remedy
