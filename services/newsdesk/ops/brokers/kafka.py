"""A real Apache Kafka on this machine: one KRaft node, broker and controller in one process."""

from __future__ import annotations

import base64
import subprocess
import uuid
from functools import partial
from typing import TYPE_CHECKING, Final

from newsdesk.ops.brokers import artefacts
from newsdesk.ops.brokers.artefacts import available
from newsdesk.ops.brokers.ports import LOOPBACK, free_port
from newsdesk.ops.brokers.process import BrokerError, Launch, LocalBroker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["KIND", "available", "broker"]

KIND: Final = "kafka"
_NODE: Final = 1
_FORMAT_SECONDS: Final = 120.0
_JVM: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Djava.awt.headless=true")
"""For a short start on a small machine; jvm=() gives a node for measurements what Java itself would choose."""

_SETTINGS: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "node.id": str(_NODE),
    "inter.broker.listener.name": "PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # One node holds the only copy of everything.
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # Groups form at once, and short session timeouts are allowed.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # An abandoned transaction is aborted when its time is up, not up to ten seconds later.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # A killed node comes back when its session is over, not nine seconds later.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "auto.create.topics.enable": "false",
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
}


def broker(
    *,
    port: int | None = None,
    data: Path | None = None,
    heap: str = "512m",
    settings: Mapping[str, str] | None = None,
    jvm: tuple[str, ...] = _JVM,
    progress: Callable[[str], None] = lambda _line: None,
) -> LocalBroker:
    """A Kafka node, not started yet; what it holds under *data* survives a restart.

    *heap* is the JVM's -Xmx; *settings* go over the single-node ones, under Kafka's own names; *progress* is told
    when its jars must be fetched first.
    """
    prepare = partial(_prepare, heap=heap, settings=dict(settings or {}), jvm=jvm, progress=progress)
    return LocalBroker(KIND, prepare, port=port, data=data)


def _prepare(
    port: int,
    folder: Path,
    *,
    heap: str,
    settings: Mapping[str, str],
    jvm: tuple[str, ...],
    progress: Callable[[str], None],
) -> Launch:
    """Fetch what is missing, write server.properties, format a new data folder."""
    java = artefacts.java()
    classes = str(artefacts.libraries(progress) / "*")
    log = folder / "server.log"
    base = (
        java,
        *jvm,
        f"-Dlog4j2.configurationFile={artefacts.recipe() / 'log4j2.properties'}",
        f"-Dnewsdesk.kafka.log={log}",
        *("-cp", classes),
    )
    properties = folder / "server.properties"
    properties.write_text(_server_properties(port, folder, settings), encoding="utf-8")
    if not (folder / "metadata" / "meta.properties").exists():
        _format(base, properties)
    return Launch(argv=(base[0], f"-Xmx{heap}", *base[1:], "kafka.Kafka", str(properties)), logs=(log,))


def _server_properties(port: int, folder: Path, settings: Mapping[str, str]) -> str:
    controller = free_port()
    lines = {
        **_SETTINGS,
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "controller.quorum.voters": f"{_NODE}@{LOOPBACK}:{controller}",  # by node id: the port may differ at every start
        "log.dirs": str(folder / "log"),
        "metadata.log.dir": str(folder / "metadata"),
        **settings,
    }
    return "".join(f"{name}={_escaped(value)}\n" for name, value in lines.items())


def _escaped(value: str) -> str:
    """A value as a Java properties file wants it."""
    return value.replace("\\", "\\\\").encode("ascii", "backslashreplace").decode("ascii").replace("\\x", "\\u00")


def _format(base: tuple[str, ...], properties: Path) -> None:
    """Make the data folder one of a new cluster; a folder that was formatted before stays as it is."""
    # an id may begin with a dash, so it must not stand alone as an argument
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
    command = [
        *base,
        "kafka.tools.StorageTool",
        "format",
        "--ignore-formatted",
        f"--cluster-id={cluster}",
        "-c",
        str(properties),
    ]
    done = subprocess.run(  # noqa: S603 - our own command line
        command, cwd=properties.parent, capture_output=True, text=True, check=False, timeout=_FORMAT_SECONDS
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise BrokerError(
            f"the data folder {properties.parent} could not be formatted:\n{said}",
            "Use an empty folder for --data, or remove what is in this one.",
        )
