"""A worker is stopped and started: with its state, without it, and with what is left of it."""

from __future__ import annotations

from itertools import islice
from shutil import rmtree
from typing import TYPE_CHECKING

from e2e.answers import from_judge, from_topics
from newsdesk.intake.generate import generate

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.scene import Scene

PORTION = 150


def damage(state: Path) -> None:
    """Cut every file of the stores in half."""
    files = [file for file in state.rglob("*") if file.is_file() and file.stat().st_size]
    assert files
    for file in files:
        with file.open("r+b") as opened:
            opened.truncate(file.stat().st_size // 2)


def test_a_restarted_worker_decides_as_if_it_had_never_stopped(scene: Scene) -> None:
    stream = (event.value for event in generate(11, 4 * PORTION))
    state = scene.folder / "desk" / "state"
    scene.apply()
    sent = 0

    def answer(*, while_away: bool) -> None:
        nonlocal sent
        if while_away:
            sent += len(scene.submit(islice(stream, PORTION), "--raw"))
        with scene.ready_desk(4) as desk:
            if not while_away:
                sent += len(scene.submit(islice(stream, PORTION), "--raw"))
            scene.until_answered(sent, desk)

    answer(while_away=False)
    answer(while_away=True)
    rmtree(state)
    answer(while_away=True)
    damage(state)
    answer(while_away=False)

    report = scene.audit()
    assert report["clean"]
    assert report["read"] == sent == 4 * PORTION
    assert from_topics(scene) == {place: [answer] for place, answer in from_judge(scene).items()}
