"""The desk as a service: Faust hosts it (lifecycle, signals, web), the engine does its work."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import faust
from aiokafka.errors import KafkaConnectionError, KafkaError
from faust.app.base import BootStrategy
from mode import Service
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

import newsdesk
from newsdesk.contracts import topics
from newsdesk.desk.judge import Judge
from newsdesk.desk.processor import DeskProcessor
from newsdesk.desk.rules_topic import publish_rules
from newsdesk.desk.workers import REFUSED
from newsdesk.engine.broker_errors import remedy_for
from newsdesk.engine.errors import DefectError, EngineError
from newsdesk.engine.knocking import reason_unreachable
from newsdesk.engine.pacing import Backoff
from newsdesk.engine.reading import open_client
from newsdesk.engine.topics import refuse_hidden
from newsdesk.engine.worker import Worker
from newsdesk.ops import health
from newsdesk.ops.admin import MISSING, AdminError, check
from newsdesk.ops.logs import HOST, fields
from newsdesk.ops.metrics import Metrics
from newsdesk.ops.observing import Build, Observing
from newsdesk.ops.web import Pages, WebError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from newsdesk.editorial.retention import Retention
    from newsdesk.editorial.rulebook import Rulebook
    from newsdesk.engine.config import EngineConfig
    from newsdesk.engine.observer import Observer
    from newsdesk.ops.admin import Drift

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 25.0
"""The running batch, the commit and the farewell to the group get so long; Kubernetes kills after 30 s."""
_FIRST_WAIT: Final = 0.5
_FIRST_EVENT: Final = (
    b'{"title": "Caf\xc3\xa9", "webUrl": "https://news.example/1", "publishedDateTime": "2020-01-01T00:00:00Z"}'
)
"""The first event takes some 35 ms, for tables that are read when they are needed: long before heartbeats matter."""
_ALLOCATIONS: Final = 20_000
"""Objects between two collections: a batch makes many that live until it is committed, and no cycles."""
_NEW_BROKER_SECONDS: Final = 15.0
"""A broker that has just come up may not know its topics yet: so long they are not called missing."""


class RefusedError(Exception):
    """The desk must not start on what it finds; every line says what is wrong and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPlan:
    """What one worker is made of. *state_dir* is its own; *follow_stdin* stops it when its standard input ends."""

    engine: EngineConfig
    book: Rulebook
    state_dir: Path
    event_bytes: int
    retention: Retention
    web_host: str
    web_port: int
    follow_stdin: bool = False


class Desk(Service):
    """Waits for the broker, checks the topics, publishes the rules, then runs the engine until it is stopped.

    *ended* is called when it ends by itself; *failure* then says why.
    """

    logger = logging.getLogger(HOST)

    def __init__(self, plan: DeskPlan, observing: Observing, ended: Callable[[], None], **service: Any) -> None:
        super().__init__(**service)
        self.failure: Exception | None = None
        self._plan = plan
        self._observing = observing
        self._ended = ended
        self._beginning = health.Beginning("starting", time.monotonic())
        self._worker: Worker | None = None
        self._work: asyncio.Task[None] | None = None

    def live(self) -> health.Health:
        """The answer of /health/live."""
        return health.live(self._status(), time.monotonic())

    def ready(self) -> health.Health:
        """The answer of /health/ready."""
        return health.ready(self._status(), self._observing.restored)

    def release_brake(self) -> None:
        """Let braked tasks go on."""
        log.info("the brakes are released")
        if self._worker is not None:
            self._worker.release_brake()

    async def on_start(self) -> None:
        """Begin in the background: the web pages tell meanwhile how far it is."""
        self._work = asyncio.create_task(self._run())

    async def on_stop(self) -> None:
        """Answer what is begun, commit it, and leave the group."""
        if self._work is None:
            return
        if self._worker is not None:
            await self._worker.stop()
        else:
            self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)

    async def _run(self) -> None:
        try:
            partitions = await self._prepare()
            plan = self._plan
            processor = DeskProcessor(plan.book, partitions, event_bytes=plan.event_bytes, retention=plan.retention)
            observer: Observer = self._observing
            self._worker = Worker(self._plan.engine, processor, observer=observer)
            await self._worker.run()
        except Exception as error:  # noqa: BLE001 - whatever ended it is told, and ends the process
            self.failure = error
        self._ended()

    async def _prepare(self) -> int:
        """The number of partitions, once the broker is there, the topics are right and it has the rules."""
        config = self._plan.engine
        backoff = Backoff(_FIRST_WAIT, config.backoff_max_ms / 1000)
        patient_until = 0.0
        while True:
            self._step("looking for the broker")
            try:
                found = await check(config.bootstrap_servers, security=config.security)
                missing = [drift for drift in found.drifts if drift.actual == MISSING]
                await self._refuse_hidden([drift.topic for drift in missing])
                if not missing or time.monotonic() > patient_until:
                    _refuse(found.drifts)
                    self._step("publishing the rules")
                    await publish_rules(config.bootstrap_servers, self._plan.book, config.security)
                    self._step("starting")
                    log.info("joining the group %s", config.group, extra=fields(group=config.group))
                    return found.partitions
                wait = _FIRST_WAIT
                self._step("looking for the topics", f"{missing[0].topic} is missing")
            except (AdminError, KafkaError, OSError, TimeoutError) as error:
                if isinstance(error, AdminError) and error.__cause__ is None:
                    raise
                cause = await self._reason(error)
                if (fatal := remedy_for(cause)) is not None:
                    raise fatal from error
                wait = backoff.next()
                patient_until = time.monotonic() + wait + _NEW_BROKER_SECONDS
                self._observing.broker_error(cause, wait)
                self._step("looking for the broker", str(cause))
            await asyncio.sleep(wait)

    async def _refuse_hidden(self, missing: Sequence[str]) -> None:
        """Raise EngineError where a topic that seems to be *missing* is hidden for want of rights."""
        if not missing:
            return
        config = self._plan.engine
        async with open_client(
            config.bootstrap_servers, config.client_id, config.security, config.request_timeout_ms
        ) as client:
            await refuse_hidden(client, missing)

    async def _reason(self, error: Exception) -> BaseException:
        """What is behind *error*: of a broker that cannot be reached the client does not say why."""
        cause = error.__cause__ if isinstance(error, AdminError) and error.__cause__ is not None else error
        if not isinstance(cause, KafkaConnectionError):
            return cause
        config = self._plan.engine
        return (
            await reason_unreachable(
                config.bootstrap_servers, config.client_id, config.security, config.request_timeout_ms
            )
            or cause
        )

    def _step(self, step: str, error: str = "") -> None:
        self._beginning = health.Beginning(step, time.monotonic(), error)

    def _status(self) -> health.WorkerStatus | health.Beginning:
        return self._beginning if self._worker is None else self._worker.status()


def _refuse(drifts: tuple[Drift, ...]) -> None:
    if drifts:
        lines = [f"{drift}. {drift.remedy}" for drift in drifts]
        raise RefusedError("the topics are not as the registry says:\n" + "\n".join(lines))


class _WithoutKafka(BootStrategy):
    """Faust opens no connection of its own: the engine's are all there are."""

    enable_kafka = False


class _App(faust.App):
    """Faust as a host: no agents, no tables, no topics of its own."""

    logger = logging.getLogger(HOST)
    BootStrategy = _WithoutKafka
    producer_only = True


class _HostWorker(faust.Worker):
    """Faust's worker, with our signals and our logs, inside a loop that runs already."""

    logger = logging.getLogger(HOST)

    def __init__(self, app: faust.App, signals: dict[signal.Signals, Callable[[], None]]) -> None:
        super().__init__(app, quiet=True, override_logging=False, redirect_stdouts=False, daemon=False)
        self.spinner = None
        self._signals = signals

    def install_signal_handlers(self) -> None:
        """Ours in place of Faust's, which know no second signal and no SIGHUP."""
        for number, handler in self._signals.items():
            self.loop.add_signal_handler(number, handler)


class _StopRequest:
    """The first request to stop is granted in good order, a second at once."""

    def __init__(self) -> None:
        self.made = asyncio.Event()

    def make(self) -> None:
        """Ask for the end in good order; asking again changes nothing."""
        self.made.set()

    def on_signal(self) -> None:
        """SIGTERM or SIGINT came."""
        if self.made.is_set():
            log.error("a second signal: ended at once; what was not committed is decided again at the next start")
            os._exit(1)
        log.info("stopping: the running batch is committed first")
        self.made.set()


async def serve(plan: DeskPlan) -> int:
    """Run one worker until a signal or a failure that waiting cannot cure; the exit code.

    0: stopped in good order; 1: failed, or did not stop within STOP_SECONDS; REFUSED: starting again changes nothing.

    Raises:
        RefusedError: The topics are not right.
        WebError: The web pages cannot be served.
    """
    Judge(plan.book).answer(_FIRST_EVENT)
    gc.freeze()  # what is loaded by now lives for ever: no collection need look at it again
    gc.set_threshold(_ALLOCATIONS)
    stop = _StopRequest()
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    name = plan.book.name
    build = Build(newsdesk.__version__, name["name"], name["version"], name["hash"])
    desk = Desk(plan, Observing(Metrics(registry), build), stop.make)
    pages = Pages(host=plan.web_host, port=plan.web_port, registry=registry, live=desk.live, ready=desk.ready)
    log.info(
        "newsdesk %s, rules %s %s, broker %s",
        *(newsdesk.__version__, name["name"], name["version"], plan.engine.bootstrap_servers),
        extra=fields(rules_hash=name["hash"], state=str(plan.state_dir)),
    )
    app = _App(
        topics.DESK_GROUP,
        broker=f"kafka://{plan.engine.bootstrap_servers.replace(',', ';')}",
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        autodiscover=False,
        datadir=str(plan.state_dir / "faust"),
    )
    app.web_server(pages)
    app.service(desk)  # type: ignore[arg-type] # it takes a service as well as a class of one
    worker = _HostWorker(
        app, {signal.SIGTERM: stop.on_signal, signal.SIGINT: stop.on_signal, signal.SIGHUP: desk.release_brake}
    )
    if plan.follow_stdin:
        _follow_stdin(stop.make)
    try:
        await worker.start()
        await stop.made.wait()
    finally:
        in_time = await _stopped(worker)
    return _exit_code(desk.failure) if in_time else 1


async def _stopped(worker: _HostWorker) -> bool:
    stopping = asyncio.ensure_future(worker.stop())
    done, _ = await asyncio.wait({stopping}, timeout=STOP_SECONDS)
    if done:
        stopping.result()
        log.info("stopped")
    else:
        log.error("did not stop within %g s; what was not committed is decided again at the next start", STOP_SECONDS)
    return bool(done)


def _exit_code(failure: Exception | None) -> int:
    match failure:
        case None:
            return 0
        case RefusedError():
            raise failure
        case DefectError():
            log.error("%s %s", failure.problem, failure.remedy, exc_info=failure.__cause__)
        case EngineError() | AdminError() | WebError():
            log.error("%s %s", failure.problem, failure.remedy)
            return REFUSED
        case _:
            log.error("a defect of newsdesk ended the desk", exc_info=failure)
    return 1


def _follow_stdin(on_end: Callable[[], None]) -> None:
    """Call *on_end* when standard input, the pipe of a parent that never writes, comes to its end."""
    loop = asyncio.get_running_loop()

    def look() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            log.warning("the parent process is gone")
            on_end()

    loop.add_reader(sys.stdin.fileno(), look)
