"""The tour of the README, run command by command against an embedded broker: it prints what the README shows."""

from __future__ import annotations

import doctest
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsdesk.ops.brokers import embedded
from newsdesk.ops.brokers.ports import free_port
from support.brokers import need

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
DEADLINE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the README and what it prints there; *background* ones go on running."""

    command: str
    shown: str

    @property
    def background(self) -> bool:
        return self.command.endswith("&")


def steps() -> list[Step]:
    found = []
    for block in BLOCK.findall(README):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append(Step(command.strip(), shown))
    return found


class Terminal:
    """Runs the steps in one folder, as a newcomer types them; background processes end with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[str]] = []
        self._port, self._web_port = free_port(), free_port()
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWSDESK_")} | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "NEWSDESK_BOOTSTRAP_SERVERS": f"127.0.0.1:{self._port}",
            "NEWSDESK_WEB_PORT": str(self._web_port),
            "NEWSDESK_STATE_DIR": str(folder / "state"),
            "NEWSDESK_SESSION_TIMEOUT_MS": "2000",
            "COLUMNS": "100",
        }

    def run(self, step: Step) -> str:
        """What *step* prints, on both outputs; of a background process what it prints until it is ready."""
        command = step.command.removesuffix("&").strip()
        command = command.replace("newsdesk broker", f"newsdesk broker --port {self._port}")
        if not step.background:
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=ROOT,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=DEADLINE_SECONDS,
                check=False,
            )
            assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}"
            return self._as_shown(done.stdout)
        log = self._folder / f"background-{len(self._running)}.log"
        with log.open("w") as output:
            self._running.append(
                subprocess.Popen(
                    ["sh", "-c", f"exec {command}"],
                    cwd=ROOT,
                    env=self._environment,
                    stdout=output,
                    stderr=output,
                    text=True,
                )
            )
        wanted = "ready" if "broker" in command else "running"
        deadline = time.monotonic() + DEADLINE_SECONDS
        while log.read_text().count(wanted) < (1 if "broker" in command else 4):
            assert self._running[-1].poll() is None, f"{command} ended:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"{command} is not {wanted}:\n{log.read_text()}"
            time.sleep(0.05)
        return self._as_shown(log.read_text())

    def _as_shown(self, text: str) -> str:
        return text.replace(str(self._port), "9092").replace(str(self._web_port), "8010")

    def close(self) -> None:
        """End the background processes, the last first; each must end in good order."""
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_SECONDS) == 0


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    need(embedded)
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def agrees(shown: str, printed: str) -> bool:
    """Whether *printed* is what is *shown*; `...` stands for anything, and runs of white space count as one."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(shown.strip() + "\n", printed.strip() + "\n", flags)


def test_the_tour_prints_what_the_readme_shows(terminal: Terminal) -> None:
    tour = steps()
    assert len(tour) >= 10, "the README promises ten commands"
    for step in tour:
        printed = terminal.run(step)
        deadline = time.monotonic() + DEADLINE_SECONDS
        # the desk answers what was submitted a moment ago: what a reader would wait for, we ask for again
        while not step.background and not agrees(step.shown, printed) and "submit" not in step.command:
            if time.monotonic() > deadline:
                break
            printed = terminal.run(step)
        assert agrees(step.shown, printed), f"$ {step.command}\nthe README shows\n{step.shown}\nit prints\n{printed}"


def test_a_wrong_output_would_be_noticed() -> None:
    assert agrees("a ...\nb", "a 1\nb")
    assert not agrees("6 sent, 0 refused", "5 sent, 1 refused")
