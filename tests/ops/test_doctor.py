from __future__ import annotations

import resource
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import pytest

from newsdesk.ops import admin, doctor
from newsdesk.ops.brokers.ports import free_port
from newsdesk.ops.clock import broker_ahead
from newsdesk.ops.doctor import Finding, examine

if TYPE_CHECKING:
    from pathlib import Path

    from newsdesk.ops.brokers import LocalBroker

NAMES = ["python", "libraries", "open files", "state folder", "broker", "clock", "transactions", "topics"]


async def has_transactions() -> tuple[bool, str]:
    return True, "InitProducerId answered"


async def has_none() -> tuple[bool, str]:
    return False, "the broker has no InitProducerId"


async def is_denied() -> tuple[bool, str]:
    raise PermissionError("not authorised")


def named(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


@pytest.mark.embedded
async def test_on_a_sound_broker_nothing_is_wrong_and_all_is_told(embedded_broker: LocalBroker, tmp_path: Path) -> None:
    await admin.apply(embedded_broker.bootstrap, 3)
    findings = await examine(
        bootstrap=embedded_broker.bootstrap, state_dir=tmp_path, partitions=3, transactions=has_transactions
    )
    assert [finding.name for finding in findings] == NAMES
    assert [finding.name for finding in findings if finding.ok is False] == []
    assert "1 node, cluster tansu_cluster" in named(findings, "broker").detail
    assert "Produce to v" in named(findings, "broker").detail
    assert named(findings, "topics").detail == "as the registry says, 3 partitions"


@pytest.mark.embedded
async def test_every_fault_comes_with_a_remedy(embedded_broker: LocalBroker, tmp_path: Path) -> None:
    findings = await examine(
        bootstrap=embedded_broker.bootstrap, state_dir=tmp_path, guarantee="exactly_once", transactions=has_none
    )
    wrong = {finding.name: finding for finding in findings if finding.ok is False}
    assert set(wrong) == {"transactions", "topics"}
    assert "--kind kafka" in wrong["transactions"].remedy
    assert "newsdesk topics apply" in wrong["topics"].remedy
    assert "newsdesk.articles.enriched is missing" in wrong["topics"].detail


async def test_without_a_broker_what_depends_on_it_is_not_checked(tmp_path: Path) -> None:
    findings = await examine(bootstrap=f"127.0.0.1:{free_port()}", state_dir=tmp_path, transactions=has_transactions)
    assert [finding.name for finding in findings] == NAMES
    assert named(findings, "broker").ok is False
    assert "newsdesk broker" in named(findings, "broker").remedy
    assert {named(findings, name).ok for name in ("clock", "transactions", "topics")} == {None}


@pytest.mark.kafka
async def test_kafka_tells_its_time_and_nothing_is_written_for_it(kafka: str) -> None:
    async with admin.connected(kafka) as client:
        ahead = await broker_ahead(client)
    assert ahead is not None
    assert abs(ahead) < 2  # the same machine; a round trip may be slow on a busy one


@pytest.mark.embedded
async def test_a_broker_that_does_not_tell_its_time_is_no_error(embedded: str) -> None:
    async with admin.connected(embedded) as client:
        assert await broker_ahead(client) is None


@pytest.mark.parametrize(
    ("ahead", "now", "ok", "says"),
    [
        pytest.param(0.3, datetime(2026, 5, 1, tzinfo=UTC), True, "0.3 s ahead", id="sane"),
        pytest.param(-3.0, datetime(2026, 5, 1, tzinfo=UTC), False, "3.0 s behind", id="the broker is behind"),
        pytest.param(90.0, datetime(2026, 5, 1, tzinfo=UTC), False, "90.0 s ahead", id="the broker is ahead"),
        pytest.param(None, datetime(2026, 5, 1, tzinfo=UTC), None, "does not tell", id="not told"),
        pytest.param(None, datetime(1970, 1, 2, tzinfo=UTC), False, "in the past", id="a clock that was never set"),
    ],
)
def test_clock(ahead: float | None, now: datetime, ok: bool | None, says: str) -> None:  # noqa: FBT001 - a table's column
    finding = doctor._clock(ahead, now)
    assert finding.ok is ok
    assert says in finding.detail
    assert bool(finding.remedy) == (ok is False)


@pytest.mark.parametrize(
    ("probe", "guarantee", "ok"),
    [
        pytest.param(has_transactions, "exactly_once", True, id="there"),
        pytest.param(has_none, "exactly_once", False, id="asked for and not there"),
        pytest.param(has_none, "auto", None, id="not there and not insisted on"),
        pytest.param(is_denied, "auto", False, id="denied is a fault under auto too"),
        pytest.param(None, "auto", None, id="not asked"),
    ],
)
async def test_transactions(probe: None, guarantee: str, ok: bool | None) -> None:  # noqa: FBT001 - a table's column
    finding = await doctor._transactions(probe, guarantee)
    assert finding.ok is ok
    assert finding.remedy or probe is None or ok


def test_a_state_folder_that_is_not_there_yet_is_judged_by_where_it_will_be_made(tmp_path: Path) -> None:
    finding = doctor._state_dir(tmp_path / "not" / "yet")
    assert finding.ok
    assert not (tmp_path / "not").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_state_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    finding = doctor._state_dir(tmp_path / "file")
    assert finding.ok is False
    assert "file" in finding.detail
    assert "NEWSDESK_STATE_DIR" in finding.remedy


def test_a_full_disk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(7 * doctor.MIB))
    finding = doctor._state_dir(tmp_path)
    assert finding.ok is False
    assert "7 MiB free" in finding.detail
    assert "rebuilt" in finding.remedy


def test_a_low_limit_of_open_files_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 4096))
    finding = doctor._open_files()
    assert finding.ok is False
    assert "ulimit -n" in finding.remedy
