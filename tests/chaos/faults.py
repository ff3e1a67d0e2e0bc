"""The kinds of faults by name; each deals one blow and says whether it is known to have struck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos import faults_of_brokers as brokers
from chaos import faults_of_stores as stores
from chaos import faults_of_workers as workers
from newsdesk.engine.crash_points import CrashPoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from random import Random

    from chaos.scene import Scene, Struck

    Fault = Callable[[Scene, Random], Awaitable[Struck]]

FAULTS: Final[dict[str, Fault]] = {
    "kill -9": workers.killed,
    "kill -9 of all": workers.all_killed,
    "zombie": workers.zombie,
    "zombie after process": workers.zombie_at(CrashPoint.AFTER_PROCESS),
    "zombie after produce": workers.zombie_at(CrashPoint.AFTER_PRODUCE),
    "zombie after offsets": workers.zombie_at(CrashPoint.AFTER_OFFSETS),
    "InitProducerId after a rebalance": workers.late_fence,
    "stray InitProducerId": workers.stray_fence,
    "killed after read": workers.killed_at(CrashPoint.AFTER_READ),
    "killed after process": workers.killed_at(CrashPoint.AFTER_PROCESS),
    "killed after produce": workers.killed_at(CrashPoint.AFTER_PRODUCE),
    "killed after offsets": workers.killed_at(CrashPoint.AFTER_OFFSETS),
    "killed after commit": workers.killed_at(CrashPoint.AFTER_COMMIT),
    "killed after flush": workers.killed_at(CrashPoint.AFTER_FLUSH),
    "killed before fence": workers.killed_joining(CrashPoint.BEFORE_FENCE),
    "killed after fence": workers.killed_joining(CrashPoint.AFTER_FENCE),
    "killed mid-restore": workers.killed_joining(CrashPoint.MID_RESTORE),
    "killed mid-rebalance": workers.killed_in_rebalance,
    "a worker joins": workers.joins,
    "a worker leaves": workers.leaves,
    "SIGTERM storm": workers.term_storm,
    "state folder deleted": stores.folder_deleted,
    "state file truncated": stores.file_truncated,
    "state file overwritten": stores.file_overwritten,
    "disk full": stores.disk_full,
    "files cannot grow": stores.files_limited,
    "broker killed": brokers.killed,
    "broker frozen": brokers.frozen,
}
"""On real Kafka."""

EMBEDDED: Final[dict[str, Fault]] = {
    "kill -9": workers.killed,
    "kill -9 of all": workers.all_killed,
    "pause within the session": workers.paused,
    "killed after read": workers.killed_at(CrashPoint.AFTER_READ),
    "killed after process": workers.killed_at(CrashPoint.AFTER_PROCESS),
    "killed after produce": workers.killed_at(CrashPoint.AFTER_PRODUCE),
    "killed after offsets": workers.killed_at(CrashPoint.AFTER_OFFSETS),
    "killed mid-restore": workers.killed_joining(CrashPoint.MID_RESTORE),
    "a worker joins": workers.joins,
    "a worker leaves": workers.leaves,
    "SIGTERM storm": workers.term_storm,
    "state folder deleted": stores.folder_deleted,
}
"""On the embedded broker: it keeps nothing over its own end, and without transactions nothing stops a zombie's writes."""


def kinds(*, embedded: bool, only: Collection[str] = ()) -> dict[str, Fault]:
    """The faults of a broker, or those of them that *only* names."""
    found = EMBEDDED if embedded else FAULTS
    return {kind: fault for kind, fault in found.items() if not only or kind in only}
