"""The supervisor with children that do as they are told, and the folders that workers share out among themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Self

import pytest

from desk.running import until
from newsdesk.bootstrap import _worker_environment
from newsdesk.desk.state_folder import StateFolderError, claimed
from newsdesk.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

SUPERVISE = """
import asyncio, os, sys
from newsdesk.desk.workers import Child, Supervisor
from newsdesk.ops.logs import configure_logs
configure_logs("info")
children = [Child(i, (sys.executable, "-c", code), dict(os.environ)) for i, code in enumerate(sys.argv[1:])]
raise SystemExit(asyncio.run(Supervisor(children, longest_wait=0.5).run()))
"""
# The children sleep rather than pause: a signal that comes just before a pause would not end it.
WELL_BEHAVED = """
import signal, sys, time
signal.signal(signal.SIGHUP, lambda *_: print("hup", flush=True))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("up", flush=True)
while True:
    time.sleep(0.05)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
print("up", flush=True)
while True:
    time.sleep(0.05)
"""
DIES = 'print("up", flush=True); raise SystemExit(7)'
REFUSES = "raise SystemExit(78)"
FAILS_TO_STOP = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
print("up", flush=True)
while True:
    time.sleep(0.05)
"""


class Supervised:
    def __init__(self, folder: Path, *children: str) -> None:
        self.out = folder / "out"
        with self.out.open("wb") as out:
            self.process = subprocess.Popen([sys.executable, "-c", SUPERVISE, *children], stdout=out, stderr=out)

    def said(self, word: str) -> int:
        return self.out.read_text(encoding="utf-8").splitlines().count(word)

    def wait_for(self, word: str, count: int) -> None:
        until(lambda: self.said(word) >= count, f"{word} {count} times: {self.out.read_text(encoding='utf-8')}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()


def test_a_signal_ends_all_children_in_good_order(tmp_path: Path) -> None:
    with Supervised(tmp_path, WELL_BEHAVED, WELL_BEHAVED) as run:
        run.wait_for("up", 2)
        run.process.terminate()
        assert run.process.wait(20) == 0


def test_sighup_is_passed_on(tmp_path: Path) -> None:
    with Supervised(tmp_path, WELL_BEHAVED, WELL_BEHAVED) as run:
        run.wait_for("up", 2)
        run.process.send_signal(signal.SIGHUP)
        run.wait_for("hup", 2)
        run.process.send_signal(signal.SIGINT)
        assert run.process.wait(20) == 0


def test_a_child_that_dies_is_started_again_after_growing_waits(tmp_path: Path) -> None:
    with Supervised(tmp_path, WELL_BEHAVED, DIES) as run:
        run.wait_for("up", 4)
        run.process.terminate()
        run.process.wait(20)  # 0, or 1 where the dying child died once more of itself
    said = run.out.read_text(encoding="utf-8")
    assert "worker 1 ended with exit code 7 and starts again in 0.5 s" in said
    assert "worker 0 ended" not in said


def test_a_child_that_refuses_to_start_ends_them_all(tmp_path: Path) -> None:
    with Supervised(tmp_path, WELL_BEHAVED, REFUSES) as run:
        assert run.process.wait(20) == 1


def test_a_child_that_does_not_stop_in_good_order_shows_in_the_exit_code(tmp_path: Path) -> None:
    with Supervised(tmp_path, WELL_BEHAVED, FAILS_TO_STOP) as run:
        run.wait_for("up", 2)
        run.process.terminate()
        assert run.process.wait(20) == 1


def test_a_second_signal_ends_children_that_do_not_listen(tmp_path: Path) -> None:
    with Supervised(tmp_path, STUBBORN) as run:
        run.wait_for("up", 1)
        run.process.terminate()
        run.wait_for("no", 1)
        assert run.process.poll() is None
        run.process.terminate()
        assert run.process.wait(20) == 1


def test_workers_of_one_host_have_folders_of_their_own(tmp_path: Path) -> None:
    with claimed(tmp_path) as first, claimed(tmp_path) as second, claimed(tmp_path, prefer=5) as third:
        assert [folder.name for folder in (first, second, third)] == ["worker-0", "worker-1", "worker-5"]
    with claimed(tmp_path) as again:
        assert again == first


def test_a_folder_is_free_again_when_its_worker_is_killed(tmp_path: Path) -> None:
    hold = (
        "import pathlib, signal, sys; from newsdesk.desk.state_folder import claimed\n"
        "with claimed(pathlib.Path(sys.argv[1])) as folder: print(folder.name, flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "worker-0\n"
            with claimed(tmp_path) as other:
                assert other.name == "worker-1"
        finally:
            holder.kill()
    with claimed(tmp_path) as folder:
        assert folder.name == "worker-0"


def test_a_state_folder_that_cannot_be_made_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StateFolderError, match=r"cannot be used: Not a directory.*NEWSDESK_STATE_DIR"),
        claimed(tmp_path / "file"),
    ):
        pass


def test_a_worker_has_all_settings_of_its_parent_and_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = Settings(sasl_password="hush", sasl_username="desk", web_port=9000, rules="classic", batch_records=7)  # type: ignore[arg-type]  # noqa: S106
    environment = _worker_environment(parent, 2)
    for name in [name for name in os.environ if name.startswith("NEWSDESK_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        if name.startswith("NEWSDESK_"):
            monkeypatch.setenv(name, value)
    assert Settings() == parent.model_copy(update={"web_port": 9002})
    assert _worker_environment(Settings(web_port=0), 2)["NEWSDESK_WEB_PORT"] == "0"
