"""Ports on this machine: which are free, and whether one is."""

from __future__ import annotations

import contextlib
import secrets
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"

_FIRST: Final = 20_000
_COUNT: Final = 10_000
"""Below the range from which systems take ports for outgoing connections: while a killed broker is down,
no client's own connection can take its port."""


def is_free(port: int) -> bool:
    """Whether a server could listen on *port* of the loopback address now."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as brokers do: closing connections are no obstacle
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that is free now, below the range of outgoing connections.

    Raises:
        OSError: None of a thousand tries was free.
    """
    for _ in range(1000):
        port = _FIRST + secrets.randbelow(_COUNT)
        if is_free(port):
            return port
    raise OSError(f"no free port found between {_FIRST} and {_FIRST + _COUNT}")
