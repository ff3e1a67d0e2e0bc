"""A run of every kind of fault on real Kafka, and a short one on the embedded broker: every invariant holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import chaos.run
import chaos.schedule
from chaos.__main__ import main
from chaos.faults import FAULTS
from chaos.report import Tally
from chaos.run import run
from chaos.scene import Journal, Struck
from chaos.settings import Plan
from newsdesk.ops.brokers import embedded as embedded_kind
from newsdesk.ops.brokers import kafka as kafka_kind
from support.brokers import need

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from chaos.scene import Scene


@pytest.mark.kafka
async def test_thirty_faults_of_every_kind_break_nothing(tmp_path: Path) -> None:
    need(kafka_kind)
    report = await run(Plan(faults=30, seed=30, folder=tmp_path), print)
    assert report.passed, "\n".join(report.lines())
    assert set(report.tally.struck) == set(FAULTS)
    assert report.expired
    assert report.answers.keys() == {"decision", "dead letter", "forwarded"}


@pytest.mark.embedded
async def test_six_faults_on_the_embedded_broker_lose_nothing(tmp_path: Path) -> None:
    need(embedded_kind)
    report = await run(Plan(faults=6, seed=6, folder=tmp_path, embedded=True, lanes=1), print)
    assert report.passed, "\n".join(report.lines())


async def test_faults_that_never_strike_do_not_hold_up_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(scene: Scene, rng: Random) -> Struck:
        del scene, rng
        return Struck(False, "its moment does not come")

    class Crew:
        async def mend(self) -> None: ...

        async def trim(self, most: int) -> None: ...

    class Quiet:
        crew = Crew()
        journal = Journal(tmp_path / "journal.ndjson")

    monkeypatch.setattr(chaos.run, "kinds", lambda **_: {"never": never})
    monkeypatch.setattr(chaos.schedule, "TRIES", 1)
    tally = Tally()
    plan = Plan(faults=3, seed=1, folder=tmp_path)
    feeding = asyncio.create_task(asyncio.Event().wait())
    try:
        await asyncio.wait_for(chaos.run.strike(plan, Quiet(), tally, feeding), 30)  # type: ignore[arg-type]
    finally:
        feeding.cancel()
        Quiet.journal.close()
    assert tally.done == 0
    assert tally.missed


def test_a_folder_that_holds_another_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "journal.ndjson").touch()
    with pytest.raises(SystemExit) as ended:
        main(["--folder", str(tmp_path)])
    assert ended.value.code == 2
    assert "not empty" in capsys.readouterr().err


def test_the_help_says_what_it_does_and_how_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "--faults" in said
    assert "Exit code" in said
