"""The verdict of a run: what lets it fail, and what is said of faults that others stood in for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from chaos import faults_of_stores
from chaos.findings import Finding
from chaos.report import Report, Tally
from chaos.scene import Struck

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from chaos.scene import Scene


def report(tally: Tally, wanted: int, kinds: Sequence[str] = ("a", "b"), findings: Sequence[Finding] = ()) -> Report:
    return Report(
        seed=1,
        broker="none",
        kinds=kinds,
        tally=tally,
        wanted=wanted,
        events=0,
        answers=Counter(),
        tags=Counter(),
        seconds=1.0,
        workers=3,
        fenced=0,
        discarded=0,
        stores=0,
        expired=0,
        findings=findings,
        evidence=Path("evidence"),
    )


def tally(*kinds: str) -> Tally:
    made = Tally()
    for kind in kinds:
        made.take(kind, Struck(True, "seen"))
    return made


def test_a_run_passes_where_every_kind_struck() -> None:
    passed = report(tally("a", "b", "a"), 3)
    assert passed.passed
    assert passed.lines()[-1].startswith("PASSED: 3 faults")
    assert not report(tally("a", "b", "a"), 3, findings=[Finding("one", "there", "so")]).passed


def test_a_run_fails_where_too_few_struck() -> None:
    failed = report(tally("a", "b"), 3)
    assert not failed.passed
    assert failed.lines()[-1].startswith("FAILED: only 2 of 3 faults struck")


def test_a_run_fails_where_a_kind_never_struck_though_there_was_room_for_it() -> None:
    failed = report(tally("a", "a"), 2)
    assert not failed.passed
    assert failed.lines()[-1].startswith("FAILED: never struck: b")
    assert report(tally("a"), 1).passed, "no room for both"


async def test_what_stood_for_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Crew:
        async def start_on_small_disk(self, size: int) -> None:
            assert size

    class NoDisk:
        crew = Crew()

    async def limited(scene: Scene, rng: Random) -> Struck:
        del scene, rng
        return Struck(True, "met")

    monkeypatch.setattr(faults_of_stores, "files_limited", limited)
    struck = await faults_of_stores.disk_full(NoDisk(), Random(1))  # type: ignore[arg-type]  # noqa: S311
    made = tally("disk full")
    made.take("disk full", struck)
    (line,) = [line for line in report(made, 2, ["disk full"]).lines() if "RLIMIT_FSIZE" in line]
    assert line.startswith("disk full: 1 of 2 were files that cannot grow")
