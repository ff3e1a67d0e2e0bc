"""The topics that a worker needs: there, the same ones as before, and with the same number of partitions each."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from aiokafka import errors as kafka
from aiokafka.structs import TopicPartition

from newsdesk.engine.broker_errors import remedy_for
from newsdesk.engine.committed import committed_offsets, read_stamp
from newsdesk.engine.errors import EngineError
from newsdesk.engine.knocking import reason_unreachable
from newsdesk.engine.rights import check_rights, refused
from newsdesk.engine.topic_id import topic_facts, topic_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiokafka.client import AIOKafkaClient

    from newsdesk.engine.making import Parts
    from newsdesk.engine.reach import Reach


class TopicsChangedError(kafka.UnknownTopicOrPartitionError):
    """A topic is gone, or another one by its name has come: tasks must start anew on what is there."""


async def check_partitions(client: AIOKafkaClient, topics: Iterable[str], expected: int | None) -> int:
    """The number of partitions that all *topics* have.

    Raises UnknownTopicOrPartitionError with a sentence where one is missing, and EngineError where the numbers differ
    or are not *expected* any more.
    """
    cluster = await client.fetch_all_metadata()  # asks for all topics: asking for one by name might create it
    counts: dict[str, int] = {}
    for topic in topics:
        partitions = cluster.partitions_for_topic(topic)
        if not partitions:
            await refuse_hidden(client, [topic])
            raise kafka.UnknownTopicOrPartitionError(f"The topic {topic} does not exist")
        counts[topic] = len(partitions)
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"{topic} has {count}" for topic, count in counts.items())
        raise EngineError(
            f"The topics differ in their number of partitions: {listed}.",
            "They must agree: a task reads and writes the same partition of each. Re-create the odd ones.",
        )
    found = next(iter(counts.values()))
    if expected is not None and found != expected:
        raise _grown(expected, found)
    return found


def _grown(before: int, now: int) -> EngineError:
    return EngineError(
        f"The topics had {before} partitions and have {now} now.",
        "Records of one key are spread over two partitions now: migrate, or restart on topics made anew.",
    )


async def refuse_hidden(client: AIOKafkaClient, topics: Iterable[str]) -> None:
    """Raise EngineError where one of *topics* is there, but hidden for want of rights."""
    for topic in topics:
        try:
            await topic_id(client, topic)
        except kafka.TopicAuthorizationFailedError as error:
            raise refused("Describe", "topic", [topic]) from error
        except kafka.UnknownTopicOrPartitionError:
            continue


class TopicWatch:
    """Remembers over all memberships how the topics were, and looks again and again whether they still are."""

    def __init__(self, parts: Parts, reach: Reach) -> None:
        config, processor = parts.config, parts.processor
        self.failing = False
        """Whether the last look had no answer."""
        self._inputs = tuple(processor.inputs)
        self._read = (*processor.inputs, processor.changelog)
        self._written = tuple(dict.fromkeys([processor.changelog, *config.message_bytes]))
        self._topics = tuple(dict.fromkeys([*self._read, *self._written]))
        self._config = config
        self._reach = reach
        self._every = config.silence_ms / 1000
        self._longest_wait = min(config.backoff_max_ms, config.silence_ms) / 1000
        self._grace = config.missing_topic_grace_ms / 1000
        self.partitions: int | None = None
        """How many each topic had at the first look, which must not change."""
        self._missing_since: float | None = None
        self._ids: dict[str, str | None] = {}
        self._hurry = asyncio.Event()

    def look_now(self) -> None:
        """Something about the topics seems to have changed, and no task was started: where all is well, join anew."""
        self._hurry.set()

    async def check(self, client: AIOKafkaClient) -> int:
        """The number of partitions. One topic that was there before may be missing for a while.

        Raises UnknownTopicOrPartitionError in that while, and EngineError where waiting cannot help.
        """
        try:
            found = await check_partitions(client, self._topics, self.partitions)
        except kafka.UnknownTopicOrPartitionError as error:
            now = time.monotonic()
            if self._missing_since is None:
                self._missing_since = now
            if self.partitions is None or now - self._missing_since > self._grace:
                raise EngineError(
                    f"{error.args[0]}.", "Create it with as many partitions as the others have, then start again."
                ) from error
            raise
        self.partitions = found
        self._missing_since = None
        await check_rights(client, read=self._read, write=self._written)
        facts = await topic_facts(client, self._inputs)
        self._ids = {topic: facts[topic].identity for topic in self._inputs}
        return found

    async def compare(self, coordinator: Any) -> None:
        """Raise EngineError where the group has read these topics when they had another number of partitions.

        Every offset was committed with the id of its topic and that number: what a topic by the same name had that is gone
        does not matter. *coordinator* is that of aiokafka's consumer.
        """
        partitions = self.partitions or 0
        asked = [TopicPartition(topic, number) for topic in self._inputs for number in range(partitions)]
        for tp, found in (await committed_offsets(coordinator, asked)).items():
            identity, before = read_stamp(found.metadata)
            if before not in (None, partitions) and identity == self._ids[tp.topic]:
                raise _grown(before, partitions)

    async def watch(self, client: AIOKafkaClient) -> None:
        """Look for ever; a broker that does not answer is nothing to leave the group for.

        Raises EngineError where waiting cannot help, TopicsChangedError where the tasks must start anew.
        """
        self.failing = False
        self._hurry.clear()  # what the membership before asked for
        while True:
            asked = await self._wait(self._longest_wait if self.failing else self._every)
            before = self._ids
            try:
                await self.check(client)
            except kafka.UnknownTopicOrPartitionError as error:
                raise TopicsChangedError(error.args[0]) from error
            except Exception as error:
                fatal = remedy_for(error)
                if fatal is not None:
                    raise fatal from error
                self.failing = True
                self._reach.lost(await self._reason(error), self._longest_wait)
                continue
            self.failing = False
            if changed := [topic for topic in self._inputs if self._ids[topic] != before[topic]]:
                raise TopicsChangedError(f"The topic {', '.join(changed)} was deleted and made anew")
            if asked:
                raise TopicsChangedError("The topics were not all known when the group shared them out")

    async def _reason(self, error: Exception) -> Exception:
        """Where the client found no broker at all, why; raises EngineError where that is for good."""
        config = self._config
        if type(error) is not kafka.KafkaError:
            return error
        reason = await reason_unreachable(
            config.bootstrap_servers, config.client_id, config.security, config.request_timeout_ms
        )
        if isinstance(reason, EngineError):
            raise reason
        return reason or error

    async def _wait(self, seconds: float) -> bool:
        """Whether somebody asked for a look within *seconds*."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), seconds)
        asked = self._hurry.is_set()
        self._hurry.clear()
        return asked
