"""Engines that are broken on purpose, each in one place: the checker must find every one of them out."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from newsdesk.engine.crash_points import CrashPoint
from newsdesk.engine.errors import FencedError, NotOwnedError
from newsdesk.engine.port import Committed
from newsdesk.engine.producing import TransactionalCommitter, deliver
from newsdesk.engine.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiokafka import AIOKafkaConsumer

    from newsdesk.engine.output import KafkaOutput
    from newsdesk.engine.producing import Committer
    from newsdesk.engine.task import Tools


@dataclass(frozen=True, slots=True)
class Engine:
    """What a worker is made with in place of the engine's own parts."""

    attempt: Callable[[int, Tools], Task] = Task
    committer: Callable[..., Committer] | None = None


SOUND = Engine()


class _Transactional(TransactionalCommitter):
    """As the engine's, made as a worker makes those of a test."""

    def __init__(self, *, consumer: AIOKafkaConsumer, **parts: Any) -> None:
        super().__init__(**parts)
        self._consumer = consumer


class _CommitsFirst(_Transactional):
    """The offsets are the group's before the outputs are anybody's."""

    async def commit(self, output: KafkaOutput, offsets: Mapping[Any, Any]) -> Committed:
        assert self._producer is not None
        await self._consumer.commit(dict(offsets))
        await self._reached(CrashPoint.AFTER_OFFSETS)
        await self._producer.begin_transaction()
        position = await deliver(self._producer, output, self._changelog)
        await self._producer.commit_transaction()
        return Committed(position, {})


class _FencesNobody(_Transactional):
    """Every producer goes by a name of its own, so that none shuts out another."""

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | {"transactional_id": uuid.uuid4().hex}


class _SwallowsErrors(_Transactional):
    """A batch that failed is dropped, and the next one is committed."""

    _position: int | None = None

    async def commit(self, output: KafkaOutput, offsets: Mapping[Any, Any]) -> Committed:
        try:
            committed = await super().commit(output, offsets)
        except Exception:  # noqa: BLE001 that is what is broken here
            assert self._producer is not None
            await self._producer.abort_transaction()
            return Committed(self._position, {})
        self._position = committed.position if committed.position is not None else self._position
        return committed


class _EarlyOffsets:
    """A log that answers with the offsets as they were when `look` was called."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._early: Any = None

    async def look(self) -> None:
        self._early = await self._log.committed()

    async def committed(self) -> Any:
        return self._early

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class _ReadsOffsetsFirst(Task):
    """The committed offsets are read while the predecessor may still commit."""

    def __init__(self, number: int, tools: Tools) -> None:
        self._offsets = _EarlyOffsets(tools.log)
        super().__init__(number, replace(tools, log=self._offsets))

    async def _start(self) -> None:
        await self._offsets.look()
        await super()._start()


class _FlushesFirst(Task):
    """The store has a batch before the broker has it."""

    async def _commit(self, batch: Any, changes: Any) -> None:
        assert self._store is not None
        assert self._position is not None
        self._store.apply(changes, self._position)
        await super()._commit(batch, changes)


class _StaysFenced(Task):
    """A fenced task takes it that its partition is somebody else's now."""

    async def run(self) -> None:
        try:
            await super().run()
        except FencedError:
            raise NotOwnedError from None


COMMITS_FIRST = Engine(committer=_CommitsFirst)
FENCES_NOBODY = Engine(committer=_FencesNobody)
READS_OFFSETS_FIRST = Engine(attempt=_ReadsOffsetsFirst)
FLUSHES_FIRST = Engine(attempt=_FlushesFirst)
SWALLOWS_ERRORS = Engine(committer=_SwallowsErrors)
STAYS_FENCED = Engine(attempt=_StaysFenced)
