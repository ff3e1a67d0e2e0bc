"""What a desk needs to work, examined one by one: each finding says what is, and where it is not right, what to do."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aiokafka.protocol.admin import ApiVersionRequest

from newsdesk.ops.admin import AdminError, Security, check, connected
from newsdesk.ops.clock import broker_ahead

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aiokafka.admin import AIOKafkaAdminClient

MIB: Final = 1024 * 1024
_LEAST_FREE: Final = 512 * MIB
"""Below this the store of a middling desk may not live through its next compaction."""
_LEAST_FILES: Final = 1024
"""RocksDB holds its files open: some dozens for each task, besides the sockets."""
_MOST_SKEW: Final = 2.0
"""Seconds. Lag in seconds and event times are wrong by the skew; nothing else depends on the clock."""
_EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)
_LIBRARIES: Final = ("aiokafka", "faust-streaming", "rocksdict", "pydantic", "orjson")
_OLDEST_PYTHON: Final = (3, 11)
_PRODUCE: Final = 0
_FETCH: Final = 1
_UNREACHED: Final = "not checked: the broker cannot be reached"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing examined. *ok* is None where it could not be checked or is a limit to know of; *remedy* is empty where it is right."""

    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


async def examine(
    *,
    bootstrap: str,
    state_dir: Path,
    partitions: int | None = None,
    guarantee: str = "auto",
    security: Security | None = None,
    transactions: Callable[[], Awaitable[tuple[bool, str]]] | None = None,
) -> list[Finding]:
    """Examine this machine and the broker; nothing is changed but a file that is written to *state_dir* and removed.

    *transactions* asks the broker whether it has them: (supported, what it said). *guarantee* is auto, exactly_once
    or at_least_once: transactions that are missing are a fault only where exactly_once was asked for.
    """
    findings = [_python(), _libraries(), _open_files(), _state_dir(state_dir)]
    try:
        async with connected(bootstrap, security) as client:
            findings.append(await _broker(client, bootstrap))
            findings.append(_clock(await broker_ahead(client), datetime.now(UTC)))
    except AdminError as error:
        findings.append(Finding("broker", ok=False, detail=error.problem, remedy=error.remedy))
        findings.append(_clock(None, datetime.now(UTC)))
        findings += [Finding(name, ok=None, detail=_UNREACHED, remedy="") for name in ("transactions", "topics")]
        return findings
    findings.append(await _transactions(transactions, guarantee))
    findings.append(await _topics(bootstrap, partitions, security))
    return findings


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info[:2] < _OLDEST_PYTHON:
        return Finding("python", ok=False, detail=version, remedy="Install Python 3.11, 3.12 or 3.13.")
    return Finding("python", ok=True, detail=f"{version} on {platform.system()} {platform.machine()}")


def _libraries() -> Finding:
    found, missing = [], []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding("libraries", ok=False, detail=f"missing: {', '.join(missing)}", remedy="Install newsdesk again.")
    return Finding("libraries", ok=True, detail=", ".join(found))


def _open_files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _LEAST_FILES:
        remedy = f"Raise it before the start: `ulimit -n {_LEAST_FILES}`, or LimitNOFILE= of the service."
        return Finding("open files", ok=False, detail=f"at most {soft}, under {_LEAST_FILES}", remedy=remedy)
    return Finding("open files", ok=True, detail=f"at most {soft} (hard limit {hard})")


def _state_dir(folder: Path) -> Finding:
    """Whether the folder of the local store, or the one in which it will be made, can be written to and has room."""
    there = next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".newsdesk-doctor-") as file:
            file.write(b"doctor")
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(there).free
    except OSError as error:
        remedy = "Give the account of newsdesk the right to write there, or set another folder with NEWSDESK_STATE_DIR."
        return Finding("state folder", ok=False, detail=f"{there}: {error.strerror or error}", remedy=remedy)
    detail = f"{folder}: writable, {free // MIB} MiB free"
    if free < _LEAST_FREE:
        remedy = f"Free some space: at least {_LEAST_FREE // MIB} MiB. The store itself can be deleted, it is rebuilt from the topic."
        return Finding("state folder", ok=False, detail=detail, remedy=remedy)
    return Finding("state folder", ok=True, detail=detail)


async def _broker(client: AIOKafkaAdminClient, bootstrap: str) -> Finding:
    begin = time.perf_counter()
    cluster = await client.describe_cluster()
    took = (time.perf_counter() - begin) * 1000
    apis = await client._send_request(ApiVersionRequest())  # noqa: SLF001 - aiokafka has no public call for it
    newest = {entry["api_key"]: entry["max_version"] for entry in apis.to_object()["api_versions"]}
    nodes = len(cluster["brokers"])
    detail = (
        f"{bootstrap}: {nodes} node{'s' * (nodes != 1)}, cluster {cluster['cluster_id']}, answered in {took:.0f} ms; "
        f"{len(newest)} APIs, Produce to v{newest.get(_PRODUCE)}, Fetch to v{newest.get(_FETCH)}"
    )
    return Finding("broker", ok=True, detail=detail)


def _clock(ahead: float | None, now: datetime) -> Finding:
    """The local clock beside the controller's, or, where that does not tell its time, beside what is possible at all."""
    told = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    remedy = "Keep both clocks right with NTP (chronyd, systemd-timesyncd); `timedatectl` shows whether it works."
    if now < _EPOCH:
        return Finding("clock", ok=False, detail=f"{told} here, which is in the past", remedy=remedy)
    if ahead is None:
        return Finding("clock", ok=None, detail=f"{told} here; the broker does not tell its own time")
    detail = f"{told} here, the broker's is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}"
    if abs(ahead) > _MOST_SKEW:
        return Finding("clock", ok=False, detail=detail, remedy=remedy)
    return Finding("clock", ok=True, detail=detail)


async def _transactions(probe: Callable[[], Awaitable[tuple[bool, str]]] | None, guarantee: str) -> Finding:
    if probe is None:
        return Finding("transactions", ok=None, detail="not checked")
    try:
        supported, said = await probe()
    except Exception as error:  # noqa: BLE001 - the examination goes on, and the finding names it
        remedy = "The account needs the rights to describe and to write its transactional ids; see the broker's log."
        return Finding("transactions", ok=False, detail=f"the broker did not answer: {error}", remedy=remedy)
    if supported:
        return Finding("transactions", ok=True, detail=said)
    remedy = "Use an Apache Kafka (`newsdesk broker --kind kafka`), or know that a crash may decide events twice (at least once)."
    return Finding("transactions", ok=False if guarantee == "exactly_once" else None, detail=said, remedy=remedy)


async def _topics(bootstrap: str, partitions: int | None, security: Security | None) -> Finding:
    try:
        found = await check(bootstrap, partitions, security)
    except AdminError as error:
        return Finding("topics", ok=False, detail=error.problem, remedy=error.remedy)
    if found.drifts:
        detail = "; ".join(str(drift) for drift in found.drifts)
        remedies = dict.fromkeys(drift.remedy for drift in found.drifts)
        return Finding("topics", ok=False, detail=detail, remedy=" ".join(remedies))
    detail = f"as the registry says, {found.partitions} partitions"
    if found.not_checked:
        detail += f"; the broker does not tell the settings of {', '.join(found.not_checked)}"
    return Finding("topics", ok=True, detail=detail)
