"""The topics on a broker against the registry: made where missing, corrected where that is safe, reported where not."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from newsdesk.contracts.topics import DEFAULT_PARTITIONS, TOPICS, Topic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

Security = Mapping[str, Any]
"""What an aiokafka client needs to be let in: security_protocol, ssl_context, sasl_mechanism and so on."""

REQUEST_MS: Final = 15_000
_VISIBLE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05
_EXISTS: Final = "topic"
_PARTITIONS: Final = "partitions"
"""What a drift names as its setting where it is none of Kafka's."""
_AT_LEAST: Final = frozenset({"retention.ms", "delete.retention.ms"})
"""Settings where more than the registry says does no harm: keeping longer is the operator's choice."""
_SET_ON_TOPIC: Final = 1
"""describe_configs' source of a value that was set on the topic itself."""
_FOREVER: Final = -1


MISSING: Final = "missing"
"""What is actual of a topic that is not there."""


class AdminError(RuntimeError):
    """The broker cannot be asked, or refuses: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n{remedy}")
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Drift:
    """Where a live topic differs from the registry, and what to do about it."""

    topic: str
    setting: str
    expected: str
    actual: str
    remedy: str

    def __str__(self) -> str:
        """What differs, for people."""
        if self.actual == MISSING:
            return f"{self.topic} is missing"
        return f"{self.topic}: {self.setting} is {self.actual}, {self.expected} is needed"


@dataclass(frozen=True, slots=True)
class TopicCheck:
    """What a comparison found: the partition count of the deployment, what differs, and which topics' settings the broker did not tell."""

    partitions: int
    drifts: tuple[Drift, ...]
    not_checked: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether a service may start on these topics."""
        return not self.drifts


class Action(StrEnum):
    """What `apply` did about one topic."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    CORRECTED = "corrected"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Applied:
    """One topic after `apply`; of a corrected one *drifts* were there before, of a refused one they are there still."""

    topic: str
    action: Action
    partitions: int
    drifts: tuple[Drift, ...] = ()


@contextlib.asynccontextmanager
async def connected(bootstrap: str, security: Security | None = None) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client of the broker at *bootstrap*.

    Raises:
        AdminError: The broker cannot be reached or refuses; also for what fails within.
    """
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS, **(security or {}))
    try:
        await client.start()
        yield client
    except (KafkaError, OSError, TimeoutError) as error:
        raise AdminError(
            f"the broker at {bootstrap} cannot be used: {str(error) or type(error).__name__}",
            "Check the address and that the broker runs; `newsdesk broker` starts a local one.",
        ) from error
    finally:
        await client.close()


async def check(
    bootstrap: str,
    partitions: int | None = None,
    security: Security | None = None,
    topics: Sequence[Topic] = TOPICS,
) -> TopicCheck:
    """Compare the live topics with the registry; nothing is changed.

    Without *partitions* the co-partitioned topics must only agree with one another: their number is that of the first one there is.

    Raises:
        AdminError: The broker cannot be asked.
    """
    async with connected(bootstrap, security) as client:
        live = await _live(client)
        wanted = partitions or _standing(live, topics) or DEFAULT_PARTITIONS
        drifts: list[Drift] = []
        not_checked: list[str] = []
        for topic in topics:
            if topic.name not in live:
                drifts.append(Drift(topic.name, _EXISTS, "exists", MISSING, "`newsdesk topics apply` creates it."))
                continue
            drifts += _count_drift(topic, wanted, live[topic.name])
            settings = await _settings(client, topic.name)
            if settings is None:
                not_checked.append(topic.name)
            else:
                drifts += _config_drift(topic, {name: value for name, (value, _source) in settings.items()})
        return TopicCheck(wanted, tuple(drifts), tuple(not_checked))


async def apply(
    bootstrap: str,
    partitions: int | None = None,
    security: Security | None = None,
    topics: Sequence[Topic] = TOPICS,
) -> list[Applied]:
    """Create the topics that are missing and correct settings that differ, one result for each topic, in their order.

    Partition counts are never changed: articles would move away from their state. Where the live ones differ from
    *partitions*, or from one another, nothing is created at all. Without *partitions* it is the number of the live
    topics, or DEFAULT_PARTITIONS where there are none.

    Raises:
        AdminError: The broker cannot be asked, or refuses to create a topic.
    """
    found = await check(bootstrap, partitions, security, topics)
    wrong_count = any(drift.setting == _PARTITIONS for drift in found.drifts)
    async with connected(bootstrap, security) as client:
        results: list[Applied] = []
        for topic in topics:
            drifts = tuple(drift for drift in found.drifts if drift.topic == topic.name)
            wanted = topic.partitions or found.partitions
            results.append(await _applied(client, topic, wanted, drifts, may_write=not wrong_count))
        await _until_visible(client, [result.topic for result in results if result.action is Action.CREATED])
    return results


async def _applied(
    client: AIOKafkaAdminClient, topic: Topic, partitions: int, drifts: tuple[Drift, ...], *, may_write: bool
) -> Applied:
    settings = {drift.setting: drift for drift in drifts}
    if not drifts:
        return Applied(topic.name, Action.UNCHANGED, partitions)
    if not may_write:
        standing = 0 if _EXISTS in settings else partitions
        live = int(settings[_PARTITIONS].actual) if _PARTITIONS in settings else standing
        return Applied(topic.name, Action.REFUSED, live, drifts)
    if _EXISTS in settings:
        await _create(client, topic, partitions)
        return Applied(topic.name, Action.CREATED, partitions)
    if await _correct(client, topic):
        return Applied(topic.name, Action.CORRECTED, partitions, drifts)
    remedy = "This broker cannot change the settings of a topic: delete it there and apply again."
    return Applied(topic.name, Action.REFUSED, partitions, tuple(replace(drift, remedy=remedy) for drift in drifts))


async def _live(client: AIOKafkaAdminClient) -> dict[str, int]:
    """All topics and their partition counts. Asked for by name, an absent one would be made by the embedded broker."""
    return {topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics(None)}


def _standing(live: Mapping[str, int], topics: Sequence[Topic]) -> int | None:
    """The partition count of a deployment: that of the first co-partitioned topic that is there."""
    return next((live[topic.name] for topic in topics if topic.partitions is None and topic.name in live), None)


def _count_drift(topic: Topic, wanted: int, actual: int) -> list[Drift]:
    expected = topic.partitions or wanted
    if actual == expected:
        return []
    remedy = (
        "All topics but the rules need the same number, and it cannot change under standing articles. Where all of them have "
        f"{actual}, leave --partitions out; where this one alone has, delete it (what is in it is lost) and let "
        "`newsdesk topics apply` make it anew, or move to new topics."
    )
    return [Drift(topic.name, _PARTITIONS, str(expected), str(actual), remedy)]


def _config_drift(topic: Topic, actual: Mapping[str, str]) -> list[Drift]:
    return [
        Drift(topic.name, name, expected, actual.get(name, "not set"), "`newsdesk topics apply` corrects it.")
        for name, expected in topic.config().items()
        if not _agrees(name, expected, actual.get(name))
    ]


def _agrees(name: str, expected: str, actual: str | None) -> bool:
    if actual is None:
        return False
    if name in _AT_LEAST:
        return int(actual) == _FOREVER or int(actual) >= int(expected)
    if name == "cleanup.policy":
        return set(actual.split(",")) == set(expected.split(","))
    return actual == expected


async def _settings(client: AIOKafkaAdminClient, topic: str) -> dict[str, tuple[str, int]] | None:
    """The settings of a live topic and where each comes from; None where the broker does not tell."""
    try:
        (answer,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    except IncompatibleBrokerVersion:
        return None
    (resource,) = answer.to_object()["resources"]
    if resource["error_code"]:
        error = for_code(resource["error_code"])
        if error is TopicAuthorizationFailedError:
            raise AdminError(
                f"The broker refuses DescribeConfigs on the topic {topic}.",
                "Grant it: kafka-acls --bootstrap-server BROKER --add --allow-principal User:NAME "
                f"--operation DescribeConfigs --topic {topic}",
            )
        raise error(resource["error_message"])
    return {
        entry["config_names"]: (entry["config_value"], entry["config_source"])
        for entry in resource["config_entries"]
        if entry["config_value"] is not None
    }


async def _correct(client: AIOKafkaAdminClient, topic: Topic) -> bool:
    """Set the registry's settings on a live topic; False where the broker cannot.

    The request replaces all that was set on the topic, so what else was set there is sent along.
    """
    before = await _settings(client, topic.name) or {}
    standing = {name: value for name, (value, source) in before.items() if source == _SET_ON_TOPIC}
    wrong = {drift.setting: drift.expected for drift in _config_drift(topic, {k: v for k, (v, _) in before.items()})}
    try:
        (answer,) = await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, standing | wrong)])
    except IncompatibleBrokerVersion:
        return False
    for result in answer.to_object()["resources"]:
        if code := result["error_code"]:
            said = result["error_message"] or for_code(code).__name__
            raise AdminError(
                f"the broker refuses to set {', '.join(wrong)} of {topic.name}: {said}",
                "The account needs the right to alter topics' settings (AlterConfigs).",
            )
    await _until_told(client, topic)
    return True


async def _until_told(client: AIOKafkaAdminClient, topic: Topic) -> None:
    """Return when the broker tells the registry's settings: it answers an alteration before it has taken it over."""
    end = time.monotonic() + _VISIBLE_SECONDS
    while _config_drift(
        topic, {name: value for name, (value, _) in (await _settings(client, topic.name) or {}).items()}
    ):
        if time.monotonic() > end:
            raise AdminError(
                f"the settings of {topic.name} were altered, but are not in force after {_VISIBLE_SECONDS:g} s",
                "Look at the broker's log, then run `newsdesk topics check`.",
            )
        await asyncio.sleep(_POLL_SECONDS)


async def _create(client: AIOKafkaAdminClient, topic: Topic, partitions: int) -> None:
    new = NewTopic(topic.name, partitions, 1, topic_configs=topic.config())
    new.replication_factor = -1  # the broker's own default, which the constructor does not let one ask for
    answer = await client.create_topics([new])
    for result in answer.to_object()["topic_errors"]:
        code = result["error_code"]
        if code and for_code(code) is not TopicAlreadyExistsError:  # somebody else applies at the same time
            said = result.get("error_message") or for_code(code).__name__
            raise AdminError(
                f"the broker refuses to create {topic.name}: {said}",
                "The account needs the right to create topics, and the broker enough nodes for its default.replication.factor.",
            )


async def _until_visible(client: AIOKafkaAdminClient, created: Sequence[str]) -> None:
    """Return when every new topic has a leader for each of its partitions: clients that come next find it whole."""
    end = time.monotonic() + _VISIBLE_SECONDS
    missing = set(created)
    while missing:
        for topic in await client.describe_topics(None):
            if topic["partitions"] and all(partition["error_code"] == 0 for partition in topic["partitions"]):
                missing.discard(topic["topic"])
        if missing and time.monotonic() > end:
            raise AdminError(
                f"{', '.join(sorted(missing))} were created, but have no leader after {_VISIBLE_SECONDS:g} s",
                "Look at the broker's log: too few nodes may be up.",
            )
        if missing:
            await asyncio.sleep(_POLL_SECONDS)
