"""A desk in a process of its own, as `newsdesk run desk` starts it, and what its pages and its log say."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_T = TypeVar("_T")

DEADLINE = 40.0
_MAIN = "from newsdesk.cli import main; main()"


def until(look: Callable[[], _T], what: str, deadline: float = DEADLINE) -> _T:
    """What *look* gives as soon as that is true; fails when it is not within *deadline* seconds."""
    end = time.monotonic() + deadline
    while not (found := look()):
        assert time.monotonic() < end, f"not within {deadline:g} s: {what}"
        time.sleep(0.02)
    return found


class RunningDesk:
    """The process, its log (JSON lines on standard error) and its pages."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def log(self) -> list[dict[str, Any]]:
        lines = []
        for line in self._log.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                with contextlib.suppress(ValueError):
                    lines.append(json.loads(line))
        return lines

    def messages(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def urls(self) -> list[str]:
        return [line["url"] for line in self.log() if "url" in line]

    def url(self) -> str:
        return until(lambda: self.urls() or self._ended(), f"the pages; log:\n{self.messages()}")[0]

    def page(self, path: str, url: str | None = None) -> tuple[int, str]:
        try:
            with urllib.request.urlopen((url or self.url()) + path, timeout=5) as answer:  # noqa: S310 - our own page
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def health(self, kind: str, url: str | None = None) -> dict[str, Any]:
        status, body = self.page(f"/health/{kind}", url)
        return {"status": status, **(json.loads(body) if status else {})}

    def metric(self, name: str, url: str | None = None, **labels: str) -> float:
        """The sum of all series of *name* that have these *labels*; 0 of a worker that is gone."""
        status, body = self.page("/metrics", url)
        if status != HTTPStatus.OK:
            return 0.0
        return sum(
            sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def until_ready(self, tasks: int, url: str | None = None) -> None:
        def is_ready() -> bool:
            self._check()
            health = self.health("ready", url)
            return health["status"] == 200 and len(health["tasks"]) == tasks

        until(is_ready, f"{tasks} tasks ready; log:\n{self.messages()}")

    def end(self, number: signal.Signals = signal.SIGTERM, deadline: float = DEADLINE) -> int:
        self.process.send_signal(number)
        return self.process.wait(deadline)

    def _check(self) -> None:
        assert self.process.poll() is None, f"ended with {self.process.returncode}; log:\n{self.messages()}"

    def _ended(self) -> list[str]:
        self._check()
        return []


@contextlib.contextmanager
def running_desk(
    bootstrap: str, folder: Path, *arguments: str, prelude: str = "", **settings: object
) -> Iterator[RunningDesk]:
    """A desk on the broker at *bootstrap*, with its state in *folder*; killed at the end if it still runs.

    *prelude* is Python that runs before it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chosen = {
        "bootstrap_servers": bootstrap,
        "state_dir": folder / "state",
        "web_port": 0,
        "session_timeout_ms": 6000,  # the least that Kafka's own settings allow
        "backoff_max_ms": 500,
        **settings,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWSDESK_")}
    environment |= {f"NEWSDESK_{name.upper()}": str(value) for name, value in chosen.items()}
    log = folder / f"desk-{len(list(folder.glob('desk-*.log')))}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", f"{prelude}\n{_MAIN}", "run", "desk", *arguments],
            env=environment,
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
        )
    try:
        yield RunningDesk(process, log)
    finally:
        process.kill()
        process.wait()
