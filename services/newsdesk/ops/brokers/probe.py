"""Ask a broker whether it serves: an ApiVersions and a Metadata request over a bare socket."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import Final

_API_VERSIONS: Final = 18
_METADATA: Final = 3
_INT: Final = 4
_LARGEST_ANSWER: Final = 1 << 20


def serves(host: str, port: int, patience: float = 1.0) -> bool:
    """Whether the broker at *host*:*port* answers within *patience* seconds and knows itself as a member of the cluster."""
    try:
        with contextlib.closing(socket.create_connection((host, port), patience)) as connection:
            connection.settimeout(patience)
            versions = _exchange(connection, _API_VERSIONS, 0, b"")
            if struct.unpack_from(">h", versions)[0] != 0:
                return False
            no_topics = struct.pack(">i", 0)
            metadata = _exchange(connection, _METADATA, 1, no_topics)
            brokers: int = struct.unpack_from(">i", metadata)[0]
            return brokers > 0
    except (OSError, struct.error, ValueError):
        return False


def _exchange(connection: socket.socket, api: int, version: int, body: bytes) -> bytes:
    """Send one request of *api* and return the body of its answer.

    Raises:
        OSError: The connection broke or the time was up.
        ValueError: What came back is no answer to it.
    """
    header = struct.pack(">hhih", api, version, api, -1)  # the API serves as correlation id; -1: no client id
    request = header + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    size, correlation = struct.unpack(">ii", _read(connection, 2 * _INT))
    if correlation != api or not size <= _LARGEST_ANSWER:
        raise ValueError("not a Kafka broker")
    return _read(connection, size - _INT)


def _read(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionResetError("closed in the middle of an answer")
        data += piece
    return bytes(data)
