"""Everything that is measured, in the order in which it is: the plan of `make bench` and of `make bench-full`."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from bench import cluster, latency, provision, restore, runs, stages, sweep, systems
from bench.events import Mix, stream
from bench.expected import Expected, Placing, expect_on_all_cores
from bench.medians import best_of
from bench.newsroom import rules
from newsdesk.contracts import topics
from newsdesk.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.runs import Result
    from bench.systems import Place, System
    from newsdesk.ops.brokers import LocalBroker

PARTS: Final = (
    "floor",
    "desk",
    "kstreams",
    "quix",
    "faust",
    "stages",
    "latency",
    "sweep",
    "seed",
    "restore",
    "scaling",
    "profile",
)
EVENTS: Final = 100_000
FAUST_EVENTS: Final = 10_000
QUIX_EVENTS: Final = 40_000
SEED_EVENTS: Final = 20_000
RESTORED: Final = 200_000
RATES: Final = (100, 1_000, 2_000)
OF_MAXIMUM: Final = 0.8
_SECONDS: Final = {100: 20.0}
STATES: Final = (10_000, 1_000_000, 5_000_000)
_SAMPLED: Final = 100_000
"""So many articles a profile restores at least, in as many rounds as that takes."""
_SAMPLES: Final = "bench.submitted."


class Bench:
    """One broker, one folder, and what was found so far under the names that results.json has."""

    def __init__(
        self,
        broker: LocalBroker,
        folder: Path,
        events: int,
        progress: Callable[[str], None],
        compiled: Path | None = None,
    ) -> None:
        self.found: dict[str, Any] = {}
        self._broker = broker
        self._folder = folder
        self._events = events
        self._progress = progress
        self._runs = 0
        self._compiled = compiled
        self._batch = Settings.model_fields["batch_records"].default
        self._rules = folder / "rules.json"
        self._rules.write_bytes(orjson.dumps(rules()))

    def place(self, partitions: int = 4) -> Place:
        """A new place for a run."""
        self._runs += 1
        return systems.Place(
            self._broker.bootstrap, self._folder / str(self._runs), self._rules, partitions, self._runs, self._compiled
        )

    def submit(self, mix: Mix, count: int, *, partitions: int = 4, topic: str = systems.SUBMITTED) -> Expected:
        """Put *count* events into *topic*, made anew, and work out the right answers."""
        self._progress(f"{count:,} events into {topic}, and the right answers by newsdesk's judge")
        expected = expect_on_all_cores(mix, count, partitions)
        placing = Placing(partitions)
        asyncio.run(cluster.renew_topics(self._broker.bootstrap, {topic: topics.SUBMITTED.config()}, partitions))
        placed = (cluster.Placed(placing.of(event.key), event.key, event.value) for event in stream(mix, count))
        asyncio.run(cluster.fill(self._broker.bootstrap, topic, placed))
        return expected

    def run(self, system: System, place: Place, expected: Expected, deadline: float = 600.0) -> Result | None:
        """One run, told as it ends; None where it failed, which is told too and spoils nothing else."""
        name = f"{system.name} {system.detail}".strip()
        try:
            result = asyncio.run(runs.run(place, system, expected, self._broker.pid, deadline))
        except runs.RunError as error:
            self._failed(name, error)
            return None
        finally:
            shutil.rmtree(place.folder / "state", ignore_errors=True)
        self._progress(
            f"  {name}: {result.events_s:,.0f} events/s, {result.cpu_us:.0f} us CPU an event, "
            f"broker {result.broker_us:.0f} us, {result.rss_mb:.0f} MB"
            + (f", WRONG: {result.wrong}" if result.wrong else "")
        )
        return result

    def _failed(self, what: str, error: Exception) -> None:
        """A run without a result is told, kept, and spoils nothing but the word that all was right."""
        self._progress(f"  {what}: FAILED: {error}")
        self.found.setdefault("failed", []).append(f"{what}: {error}"[:500])

    def floor(self, expected: Expected) -> Result | None:
        """The floor once."""
        place = self.place(len(expected.counts))
        return self.run(systems.floor(place, self._batch), place, expected)

    def desk(self, expected: Expected, workers: int) -> Result | None:
        """The desk once, compiled if that is what is measured."""
        place = self.place(len(expected.counts))
        return self.run(systems.desk(place, workers), place, expected)

    def plain_desk(self, expected: Expected, workers: int) -> Result | None:
        """The desk as plain Python once."""
        place = replace(self.place(len(expected.counts)), compiled=None)
        return self.run(replace(systems.desk(place, workers), name="desk, plain Python"), place, expected)

    # ---- the table

    def compare(self, parts: set[str]) -> None:
        """The floor, the desk and its peers, with floors before, between and after."""
        expected = self.submit(Mix(), self._events)
        self._progress("a floor that does not count: the broker's JVM gets warm")
        self.floor(expected)
        rows: list[Result | None] = []
        floors = [self.floor(expected)]
        if "desk" in parts:
            rows += [self.desk(expected, workers) for workers in (1, 2, 1, 2)]
            self.found["traffic"] = self.traffic(self._events)
            kinds = Counter(answer[0] for answer in expected.decisions.values())
            self.found["published_share"] = kinds["published"] / (kinds.total() - kinds["duplicate"])
            floors.append(self.floor(expected))
        if "kstreams" in parts:
            libraries = provision.kafka_streams(self._progress)
            for threads in (1, 2, 1, 2, 1, 2):
                place = self.place()
                system = systems.kafka_streams(place, threads, self._events, libraries, provision.java())
                rows.append(self.run(system, place, expected))
            floors.append(self.floor(expected))
        if "desk" in parts:
            rows += [self.desk(expected, workers) for workers in (1, 2)]
            if self._compiled is not None:
                rows += [self.plain_desk(expected, workers) for workers in (1, 2)]
        if parts & {"quix", "faust"}:
            rows += self._python_peers(parts)
        floors.append(self.floor(expected))
        self.found["systems"] = best_of([*floors, *rows])

    def _python_peers(self, parts: set[str]) -> list[Result | None]:
        python = provision.python(self._progress)
        rows = []
        if "quix" in parts:
            count = min(self._events, QUIX_EVENTS)
            source = f"{_SAMPLES}{count}"
            expected = self.submit(Mix(), count, topic=source)
            for processes in (1, 2, 1, 2):
                for program, how in (("quix_desk.py", ""), ("quix_one_step.py", ", one step")):
                    place = self.place()
                    system = systems.quix(place, source, python, program, processes)
                    rows.append(self.run(replace(system, detail=system.detail + how), place, expected))
        if "faust" in parts:
            count = min(self._events, FAUST_EVENTS)
            source = f"{_SAMPLES}{count}"
            expected = self.submit(Mix(), count, topic=source)
            place = self.place()
            rows.append(self.run(systems.faust(place, source, python), place, expected))
        asyncio.run(cluster.delete_topics(self._broker.bootstrap, [_SAMPLES]))
        return rows

    def best_workers(self) -> int:
        """With how many workers the desk was fastest; 1 where it was not compared."""
        desk = next((row for row in self.found.get("systems", ()) if row["system"] == "desk"), None)
        return int(desk["detail"].split()[0]) if desk else 1

    def traffic(self, events: int) -> dict[str, float]:
        """Bytes an event that the last run of the desk left in each topic, on the broker's disk."""
        data = self._folder / "broker"
        names = [topic.name for topic in (topics.SUBMITTED, *systems.DESK_TOPICS) if topic is not topics.RULES]
        return {name: cluster.topic_bytes(data, name) / events for name in names}

    # ---- where the time goes

    def stages(self) -> None:
        """A profile of one worker, scaled to what it uses when nobody looks; of a compiled one with the plain one's help."""
        expected = self.submit(Mix(), self._events)
        found = self._profile(expected, self._compiled)
        if found is not None and self._compiled is not None and (plain := self._profile(expected, None)) is not None:
            found = stages.with_judgement(found, plain)
        if found is not None:
            lines = [asdict(stage) | {"what": stages.MEANINGS[stage.name]} for stage in stages.table(found)]
            self.found["stages"] = {"cpu_us": sum(found.values()), "lines": lines}

    def _profile(self, expected: Expected, compiled: Path | None) -> dict[str, float] | None:
        place = replace(self.place(), compiled=compiled)
        plain = self.run(systems.desk(place, 1), place, expected)
        place = replace(self.place(), compiled=compiled)
        file = place.folder / "profile"
        system = systems.desk(place, 1, program=("-m", "bench.sampled", str(file)))
        sampled = self.run(replace(system, detail=f"{system.detail}, sampled"), place, expected)
        if plain is None or sampled is None:
            return None
        return stages.read_profile(file, plain.cpu_us, sampled.seconds)

    # ---- latency

    def latency(self) -> None:
        """Submit to decision at fixed rates, and at a share of the fastest."""
        workers = self.best_workers()
        rates = list(RATES)
        if rows := [row for row in self.found.get("systems", ()) if row["system"] == "desk"]:
            rates.append(round(OF_MAXIMUM * rows[0]["events_s"], -2))
        found = []
        for rate in map(int, rates):
            place = self.place()
            try:
                measured = latency.run(place, systems.desk(place, workers), rate, _SECONDS.get(rate, 15.0))
            except runs.RunError as error:
                self._failed(f"latency at {rate:,}/s", error)
                continue
            self._progress(
                f"  at {rate:,} events/s: p50 {measured.p50_ms:.0f} ms, p99 {measured.p99_ms:.0f} ms, "
                f"p99.9 {measured.p999_ms:.0f} ms, {measured.missing} missing"
            )
            found.append(asdict(measured))
        self.found["latency"] = {"workers": workers, "rates": found}

    # ---- events like the seed

    def like_seed(self, parts: set[str]) -> None:
        """The large events on the floor, the desk and Kafka Streams."""
        count = min(self._events, SEED_EVENTS)
        expected = self.submit(Mix(like_seed=True), count)
        rows = [self.floor(expected), self.desk(expected, 1), self.desk(expected, 2)]
        if "kstreams" in parts:
            place = self.place()
            libraries = provision.kafka_streams(self._progress)
            rows.append(self.run(systems.kafka_streams(place, 2, count, libraries, provision.java()), place, expected))
        rows.append(self.floor(expected))
        self.found["like_seed"] = best_of(rows)

    # ---- state

    def restore(self, articles: int, events: int, profiles: int = 0) -> dict[str, Any] | None:
        """A state of *articles*: cold, warm, and at work, with *profiles* where that is asked for."""
        self._progress(f"a state of {articles:,} articles: filled, restored cold, reopened warm, worked with")
        place = self.place()
        data = self._folder / "broker"
        measuring = restore.measure(place, articles, events, self._broker.pid, data, profiles=profiles)
        try:
            found = asyncio.run(measuring)
        except runs.RunError as error:
            self._failed(f"a state of {articles:,} articles", error)
            return None
        finally:
            shutil.rmtree(place.folder, ignore_errors=True)
        self._progress(
            f"  cold {found.cold_s:.1f} s, {found.articles_s:,.0f} articles/s a core; warm {found.warm_s:.1f} s; then "
            f"{found.events_s:,.0f} events/s, {found.rss_mb:.0f} MB, {found.disk_bytes:.0f} bytes an article"
            + (f", WRONG: {found.wrong}" if found.wrong else "")
        )
        return asdict(found)

    def state(self) -> None:
        """The smaller measurement of `make bench`."""
        if (found := self.restore(RESTORED, min(self._events, 30_000))) is not None:
            self.found["restore"] = [found]

    def profile(self, states: Sequence[int]) -> None:
        """Where the time of restoring and answering goes, by the size of the state."""
        rows = [self.restore(articles, self._events, -(-_SAMPLED // articles)) for articles in states]
        self.found["profile"] = [row for row in rows if row is not None]

    def sweep(self) -> None:
        """What is noticed of the sweep while it removes what has expired."""
        self._progress(f"{sweep.ARTICLES:,} articles of which most have expired: latency beside the sweep and without")
        try:
            found = sweep.run(self.place())
        except runs.RunError as error:
            self._failed("the sweep", error)
            return
        self._progress(
            f"  {found.expired:,} articles swept away; p99 {found.beside.p99_ms:.0f} ms beside the sweep, "
            f"{found.without.p99_ms:.0f} ms without"
        )
        self.found["sweep"] = asdict(found)

    # ---- scaling

    def scaling(self) -> None:
        """Workers, partitions, one domain with half of all events, and states up to five million articles."""
        found = []
        for partitions, mix in ((4, Mix()), (16, Mix()), (4, Mix(hot=True))):
            expected = self.submit(mix, self._events, partitions=partitions)
            results = {workers: self.desk(expected, workers) for workers in (1, 2, 4)}
            found += [
                {"partitions": partitions, "workers": workers, "hot": mix.hot, **asdict(result)}
                for workers, result in results.items()
                if result is not None
            ]
        self.found["scaling"] = found
        states = [self.restore(articles, self._events) for articles in STATES]
        self.found["restore"] = [state for state in states if state is not None]


def measure(
    parts: set[str], events: int, states: Sequence[int], progress: Callable[[str], None], *, compiled: bool
) -> dict[str, Any]:
    """All *parts*, on a broker of their own; the desk with its judgement *compiled* or as plain Python.

    *states* are the sizes of those that are profiled.
    """
    desk = provision.compiled_desk(progress) if compiled else None
    with tempfile.TemporaryDirectory(prefix="newsdesk-bench-") as name:
        folder = Path(name)
        with cluster.new_broker(folder / "broker", progress) as broker:
            bench = Bench(broker, folder, events, progress, desk)
            if parts & {"floor", "desk", "kstreams", "quix", "faust"}:
                bench.compare(parts)
            if "stages" in parts:
                bench.stages()
            if "latency" in parts:
                bench.latency()
            if "sweep" in parts:
                bench.sweep()
            if "seed" in parts:
                bench.like_seed(parts)
            if "scaling" in parts:
                bench.scaling()
            elif "restore" in parts:
                bench.state()
            if "profile" in parts:
                bench.profile(states)
            return bench.found
