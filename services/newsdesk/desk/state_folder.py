"""A folder for the local stores that no other worker of this host uses at the same time."""

from __future__ import annotations

import contextlib
import fcntl
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_WORKERS: Final = 256
_LOCK: Final = "lock"


class StateFolderError(RuntimeError):
    """No folder can be had: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")
        self.problem = problem
        self.remedy = remedy


@contextlib.contextmanager
def claimed(root: Path, prefer: int = 0) -> Iterator[Path]:
    """The first of root/worker-0, worker-1, ... that is free, *prefer* before the others, held until the end.

    When a task moves from one worker of a host to another, both have its store for a moment, so they need folders of
    their own. The lock goes with the process, however it ends.

    Raises:
        StateFolderError: The folder cannot be written, or MOST_WORKERS workers run on it.
    """
    for index in (prefer, *(other for other in range(MOST_WORKERS) if other != prefer)):
        folder = root / f"worker-{index}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / _LOCK).open("w")
        except OSError as error:
            raise StateFolderError(
                f"the state folder {folder} cannot be used: {error.strerror or error}",
                "Give this account the right to write there, or set another one with NEWSDESK_STATE_DIR.",
            ) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield folder
            return
    raise StateFolderError(
        f"{MOST_WORKERS} workers run on the state folder {root} already", "Set another one with NEWSDESK_STATE_DIR."
    )
