"""A run of every kind of fault on real Kafka, and a short one on the embedded broker: every invariant holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaos.__main__ import main
from chaos.faults import FAULTS
from chaos.run import run
from chaos.settings import Plan
from newsdesk.ops.brokers import embedded as embedded_kind
from newsdesk.ops.brokers import kafka as kafka_kind
from support.brokers import need

if TYPE_CHECKING:
    from pathlib import Path


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
