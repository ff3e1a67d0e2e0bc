"""The command line as a test calls it: within this process, or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import orjson
from typer.testing import CliRunner

from newsdesk.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND = (sys.executable, "-c", "from newsdesk.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Called:
    """What a command answered."""

    code: int
    out: bytes
    err: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [orjson.loads(line) for line in self.out.splitlines()]

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode()


def call(*arguments: object, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Called:
    """`newsdesk` with *arguments*, in this process; no broker is known but the one that *env* or *arguments* name."""
    settings = {"NEWSDESK_BOOTSTRAP_SERVERS": "127.0.0.1:1", **(env or {})}
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, env=settings)
    return Called(result.exit_code, result.stdout_bytes, result.stderr)


def start(*arguments: object, stdin: int | IO[bytes] | None = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """`newsdesk` with *arguments* as a process of its own, its output to be read."""
    command = [*COMMAND, *(str(argument) for argument in arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # as people run it
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
