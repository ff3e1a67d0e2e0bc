"""How the engine fails: what ends the worker, what ends one task only, and what a store may say."""

from __future__ import annotations


def told(error: BaseException) -> str:
    """*error* in words, with its kind once: the client's errors name their own."""
    said = str(error)
    return said if type(error).__name__ in said else f"{type(error).__name__}: {said}" if said else type(error).__name__


class EngineError(Exception):
    """Waiting cannot help: somebody has to do something. *remedy* says what."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class DefectError(EngineError):
    """The engine itself has failed; another start may go well."""


class FencedError(Exception):
    """Another owner of the task has started since; what this one was about to commit is not committed."""


class NotOwnedError(Exception):
    """The group gave the task's partitions to somebody else, or is about to."""


class StoreError(Exception):
    """The local store cannot be read or written just now."""


class StoreDamagedError(StoreError):
    """What the local store holds cannot be trusted; it has to be rebuilt from the changelog."""


class PositionUnknownError(Exception):
    """The commit went through, but the broker did not say where; the store has to read it back."""
