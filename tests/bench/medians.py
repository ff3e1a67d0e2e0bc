"""Several runs of one system become one row: the medians of its fastest form."""

from __future__ import annotations

import statistics
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.runs import Result


def best_of(rows: list[Result | None]) -> list[dict[str, Any]]:
    """One row a system: the medians of its runs in its fastest form, and every run of every form."""
    by_system: dict[str, dict[str, list[Result]]] = {}
    for row in rows:
        if row is not None:
            name = f"{row.system}, one step" if "one step" in row.detail else row.system
            by_system.setdefault(name, {}).setdefault(row.detail, []).append(row)
    found = []
    for system, forms in by_system.items():
        detail, best = max(forms.items(), key=lambda form: statistics.median(run.events_s for run in form[1]))
        medians = {
            name: statistics.median(getattr(run, name) for run in best)
            for name in ("events_s", "cpu_us", "broker_us", "rss_mb")
        }
        wrong = "; ".join(run.wrong for runs in forms.values() for run in runs if run.wrong)
        checked = best[0].checked
        runs_of = [asdict(run) for form in forms.values() for run in form]
        found.append(
            {"system": system, "detail": detail, "events": best[0].events, "checked": checked, "wrong": wrong}
            | medians
            | {"runs": runs_of}
        )
    return found
