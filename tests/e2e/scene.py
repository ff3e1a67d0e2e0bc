"""What a scenario is played with: a broker, a folder, and the `newsdesk` command as a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.command import COMMAND, Called, call
from desk.running import running_desk, until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from desk.running import RunningDesk
    from newsdesk.ops.brokers import LocalBroker

PATIENCE = 60.0
"""Seconds that one command, or one wait, may take; the machine may be busy."""
REFUSED = 3
"""The exit code of an audit that is not clean, and of a submission of which something was refused."""


@dataclass(slots=True)
class Scene:
    """A broker of its own for one scenario: topic names and the group are the same for every desk."""

    broker: LocalBroker
    folder: Path
    _files: int = 0

    @property
    def exactly_once(self) -> bool:
        """Whether the broker has transactions."""
        return self.broker.kind == "kafka"

    @property
    def session_ms(self) -> int:
        """A session as short as the broker bears: the embedded one lets a group wait for half of it."""
        return 4000 if self.exactly_once else 1500

    def call(self, *arguments: object, stdin: bytes = b"", expect: tuple[int, ...] = (0,)) -> Called:
        """What `newsdesk` with *arguments* answered; fails where its exit code is none of *expect*."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWSDESK_")}
        done = subprocess.run(
            [*COMMAND, *(str(argument) for argument in arguments)],
            input=stdin,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            env=environment | {"NEWSDESK_BOOTSTRAP_SERVERS": self.broker.bootstrap},
        )
        called = Called(done.returncode, done.stdout, done.stderr.decode())
        assert called.code in expect, f"{arguments} ended with {called.code}:\n{called.err}"
        return called

    def look(self, *arguments: object, stdin: bytes = b"", expect: tuple[int, ...] = (0,)) -> Called:
        """As `call`, for commands that only read: within this process, which saves the start of another."""
        called = call(*arguments, stdin=stdin, env={"NEWSDESK_BOOTSTRAP_SERVERS": self.broker.bootstrap})
        assert called.code in expect, f"{arguments} ended with {called.code}:\n{called.err}"
        return called

    def apply(self, partitions: int = 4) -> None:
        """Make the topics."""
        self.call("topics", "apply", "--partitions", partitions)

    def submit(self, events: Iterable[bytes], *options: str) -> list[dict[str, Any]]:
        """Submit *events* from a file of their own, all of which the broker takes; what `submit` answered."""
        lines = list(events)
        self._files += 1
        file = self.folder / f"events-{self._files}.ndjson"
        file.write_bytes(b"".join(line + b"\n" for line in lines))
        answers = self.call("submit", file, *options).lines
        assert [answer["line"] for answer in answers] == list(range(1, len(lines) + 1))
        return answers

    def tail(self, topic: str) -> list[dict[str, Any]]:
        """Every committed record of *topic*, as a read_committed reader finds it now."""
        return self.look("tail", topic, "--until-end").lines

    def audit(self) -> dict[str, Any]:
        """What the audit finds, whether that is clean or not."""
        report: dict[str, Any] = self.look("audit", "--output", "json", expect=(0, REFUSED)).lines[0]
        return report

    def until_answered(self, records: int, *desks: RunningDesk) -> dict[str, Any]:
        """The audit, as soon as *records* were submitted and every one of them, and what was forwarded, is answered."""

        def answered() -> dict[str, Any] | None:
            for desk in desks:
                assert desk.process.poll() is None, f"a desk ended with {desk.process.returncode}"
            report = self.audit()
            read = report["read"] - report["forwarded"]
            return report if read >= records and not report["waiting"] and not report["unanswered"] else None

        report = until(answered, f"{records} records answered", PATIENCE)
        assert report is not None
        return report

    @contextlib.contextmanager
    def desk(self, *arguments: str, folder: str = "desk", **settings: object) -> Iterator[RunningDesk]:
        """A running desk, with its state under *folder*; what it said is shown when the scenario fails.

        It forgets nothing, however far apart the events' times are: every partition has a time of its own, the judge one.
        """
        chosen = {"session_timeout_ms": self.session_ms, "state_retention": 0, **settings}
        with running_desk(self.broker.bootstrap, self.folder / folder, *arguments, **chosen) as desk:
            try:
                yield desk
            except BaseException:
                print(f"---- log of {folder}\n{desk.messages()}")  # noqa: T201 - shown with the failure
                print(f"---- log of the broker\n{self.broker.log_tail()}")  # noqa: T201
                raise

    @contextlib.contextmanager
    def ready_desk(
        self, tasks: int, *arguments: str, folder: str = "desk", **settings: object
    ) -> Iterator[RunningDesk]:
        """A running desk with *tasks* tasks that answer; stopped in good order at the end, with exit code 0."""
        with self.desk(*arguments, folder=folder, **settings) as desk:
            desk.until_ready(tasks)
            yield desk
            assert desk.end() == 0
