"""One run: a broker, workers, a feeder and faults; then everything is drained, stopped, read and judged."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError

from chaos.checks import check_partition
from chaos.crew import Crew
from chaos.faults import kinds
from chaos.feeder import Feeder, events
from chaos.findings import Finding
from chaos.follower import Follower, seen_is_there
from chaos.history import answers, read_partitions, swept
from chaos.offsets import never_back
from chaos.report import Report, Tally
from chaos.scene import Journal, Scene
from chaos.schedule import Coming
from chaos.settings import desk, retention
from chaos.stores import damaged_by_nobody, read_stores
from chaos.watch import ANSWERS, INPUTS, Watch
from newsdesk.contracts import topics
from newsdesk.engine.reading import open_client, read_to
from newsdesk.ops.admin import apply
from newsdesk.ops.brokers import embedded, kafka

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from chaos.faults import Fault
    from chaos.settings import Plan
    from chaos.watch import Place
    from newsdesk.ops.brokers import LocalBroker

_READY_SECONDS = 120.0
_SPARE_WORKERS = 2
_SHOW_SECONDS = 5.0


@dataclass(slots=True)
class Progress:
    """How far a run is."""

    began: float = field(default_factory=time.monotonic)
    tally: Tally = field(default_factory=Tally)
    phase: str = "starting the broker"

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


@dataclass(frozen=True, slots=True)
class _Run:
    """What is left of a run when everything has stopped."""

    plan: Plan
    broker: LocalBroker
    crew: Crew
    feeder: Feeder
    watch: Watch
    follower: Follower
    progress: Progress


async def run(plan: Plan, show: Callable[[str], None]) -> Report:
    """Run *plan*; *show* is told how far it is every few seconds."""
    progress = Progress()
    for name in ("logs", "state"):
        (plan.folder / name).mkdir(parents=True, exist_ok=True)
    broker = embedded.broker() if plan.embedded else kafka.broker(data=plan.folder / "kafka")
    show(f"{progress.phase} ({broker.kind}), seed {plan.seed}")
    await asyncio.to_thread(broker.start)
    try:
        await asyncio.to_thread(broker.wait_ready, _READY_SECONDS)
        await apply(broker.bootstrap, plan.partitions)
        return await _on_broker(plan, broker, progress, show)
    finally:
        await asyncio.to_thread(broker.stop)


async def _on_broker(plan: Plan, broker: LocalBroker, progress: Progress, show: Callable[[str], None]) -> Report:
    journal = Journal(plan.folder / "journal.ndjson")
    journal.note("plan", seed=plan.seed, faults=plan.faults, embedded=plan.embedded, bootstrap=broker.bootstrap)
    crew = Crew(plan, broker.bootstrap, journal.note)
    outputs = () if plan.embedded else ANSWERS  # without transactions nothing is promised that these would tell
    watch = Watch(broker.bootstrap, topics.DESK_GROUP, plan.partitions, outputs=outputs)
    source = events(plan.seed, plan.partitions, reorder=not plan.embedded)
    feeder = Feeder(broker.bootstrap, source, plan.rate, idempotent=not plan.embedded)
    feeding = asyncio.create_task(feeder.run())
    watching = asyncio.create_task(watch.run())
    follower = Follower(broker.bootstrap, plan.partitions)
    following = asyncio.create_task(follower.run())
    showing = asyncio.create_task(_show(plan, progress, feeder, follower, show))
    try:
        progress.phase = "faults"
        await crew.mend()
        await strike(plan, Scene(plan, broker, crew, journal), progress.tally, feeding)
        progress.phase = "draining"
        feeder.stop()
        await feeding
        await crew.mend()
        late = await _drain(plan, broker.bootstrap, watch)
        if late:
            states = {member.name: dict(sorted(member.tasks.items())) for member in crew.alive}
            what = f"not read within {plan.drain_seconds:g} s of the last fault: {late}; tasks: {states}"
            crew.findings.append(Finding("no partition is left unread", "after the last fault", what))
        progress.phase = "stopping"
        await crew.stop_all()
        progress.phase = "reading and judging"
        committed = await watch.now()
    finally:
        for task in (feeding, watching, following):
            task.cancel()
        await asyncio.gather(feeding, watching, following, return_exceptions=True)
        await crew.close()
    try:
        report = await _judge(_Run(plan, broker, crew, feeder, watch, follower, progress), committed)
    finally:
        showing.cancel()
        journal.close()
    for finding in report.findings:
        with (plan.folder / "findings.txt").open("a", encoding="utf-8") as file:
            file.write(f"{finding}\n")
    return report


async def _show(
    plan: Plan, progress: Progress, feeder: Feeder, follower: Follower, show: Callable[[str], None]
) -> None:
    while True:
        await asyncio.sleep(_SHOW_SECONDS)
        show(
            f"{progress.phase}: {progress.tally.done}/{plan.faults} faults, {feeder.sent} events sent, "
            f"{follower.answers} answers seen, {progress.seconds:.0f} s"
        )


# ---- striking


async def strike(plan: Plan, scene: Scene, tally: Tally, feeding: asyncio.Task[None]) -> None:
    """All faults, in as many lanes as the plan has, until enough have struck or none is left that is worth a try."""
    faults = kinds(embedded=plan.embedded, only=plan.only)
    coming = Coming(plan.seed, list(faults), plan.faults)
    lanes = [asyncio.create_task(_lane(plan, scene, tally, coming, faults)) for _ in range(plan.lanes)]
    striking = asyncio.gather(*lanes)
    waiting: set[asyncio.Future[Any]] = {striking, feeding}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if not striking.done():
        striking.cancel()
        await asyncio.gather(striking, return_exceptions=True)
        feeding.result()
    striking.result()


async def _lane(plan: Plan, scene: Scene, tally: Tally, coming: Coming, faults: Mapping[str, Fault]) -> None:
    """One fault after the other, with a little time between."""
    while not coming.over:
        chosen = coming.next()
        if chosen is None:
            await asyncio.sleep(0.1)
            continue
        kind, rng = chosen
        scene.journal.note("fault", kind=kind)
        struck = await faults[kind](scene, rng)
        scene.journal.note("struck" if struck.yes else "did not strike", kind=kind, how=struck.how)
        tally.take(kind, struck)
        coming.ended(kind, rng, struck=struck.yes)
        await scene.crew.mend()
        await scene.crew.trim(plan.workers + _SPARE_WORKERS)
        await asyncio.sleep(rng.random())


# ---- judging


async def _drain(plan: Plan, bootstrap: str, watch: Watch) -> list[str]:
    """Wait until every event is committed; what is not in time."""
    until = time.monotonic() + plan.drain_seconds
    unread = ["everything"]
    while unread and time.monotonic() < until:
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            unread = await _unread(bootstrap, await watch.now(), plan.partitions)
        if unread:
            await asyncio.sleep(0.3)
    return unread


async def _unread(bootstrap: str, committed: dict[Place, int], partitions: int) -> list[str]:
    unread = []
    async with open_client(bootstrap, "chaos", {}) as client:
        for topic in INPUTS:
            for number in range(partitions):
                start = committed.get((topic, number), 0)
                async for portion in read_to(client, topic, number, start=start):
                    unread.append(f"{topic}/{number} from {portion[0].offset}")
                    break
    return unread


async def _judge(run: _Run, committed: dict[Place, int]) -> Report:
    plan, crew, watch = run.plan, run.crew, run.watch
    tally = run.progress.tally
    processor = desk(plan.partitions, plan.expiry_ms)
    kept, lost = await asyncio.to_thread(read_stores, _slots(crew), plan.partitions)
    findings = [*crew.findings]
    if not plan.embedded:
        findings += never_back(watch.samples)
    counts: Counter[str] = Counter()
    read = expired = 0
    async for partition in read_partitions(run.broker.bootstrap, plan.partitions):
        found = await asyncio.to_thread(
            check_partition,
            partition,
            processor,
            watch.samples,
            committed,
            kept,
            exactly_once=not plan.embedded,
            retention=retention(plan.expiry_ms),
        )
        findings += found + seen_is_there(partition, run.follower.seen)
        expired += len(swept(partition))
        read += len(partition.submitted) + len(partition.repartitioned)
        counts.update(kind for _, kind, _ in answers(partition))
    findings += damaged_by_nobody(lost, {crew.folder(slot).name for slot in crew.damaged})
    return Report(
        seed=plan.seed,
        broker=run.broker.kind,
        kinds=list(kinds(embedded=plan.embedded, only=plan.only)),
        tally=tally,
        wanted=plan.faults,
        events=read,
        answers=counts,
        tags=run.feeder.tags,
        seconds=run.progress.seconds,
        workers=len(crew.members),
        fenced=sum(len(member.since(0, "fenced")) for member in crew.members),
        discarded=sum(len(member.since(0, "discarded")) for member in crew.members),
        stores=len(kept),
        expired=expired,
        findings=findings,
        evidence=plan.folder,
    )


def _slots(crew: Crew) -> Iterator[Path]:
    slots = sorted({member.slot for member in crew.members if member.slot >= 0})
    return (crew.folder(slot) for slot in slots)
