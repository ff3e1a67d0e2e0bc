"""The command line: thin commands over the services; standard output is data, standard error is talk."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Final, NoReturn

_WAITING: Final = "newsdesk-feed"
"""As newsdesk.intake.feed names its thread, which is loaded only where it is needed."""


def main() -> NoReturn:
    """Run `newsdesk` with the arguments of this process and leave with its exit code."""
    from newsdesk.cli.app import app

    try:
        app(prog_name="newsdesk")
    except SystemExit as end:
        if any(thread.name == _WAITING for thread in threading.enumerate()):
            _leave(end.code)
        raise
    raise SystemExit(0)


def _leave(code: object) -> NoReturn:
    """End at once: a thread still waits for standard input, and Python's own way out would wait for it, or stumble."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)
