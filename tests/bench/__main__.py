"""`python -m bench`: measures, prints tables, writes results and picture, and ends with one line of JSON."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import machine, measuring, picture, report
from bench.provision import ProvisionError
from newsdesk.ops.brokers import BrokerError

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results.json"
PICTURE: Final = HERE / "results.svg"


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="workers, partitions, a hot domain, and states up to 5 million too"
    )
    parser.add_argument("--events", type=int, default=measuring.EVENTS, help="events of a run (default %(default)s)")
    parser.add_argument("--compiled", action="store_true", help="the desk as deploy/compiled.py makes it, too")
    parser.add_argument(
        "--only", help=f"parts, comma separated: {', '.join(measuring.PARTS)}; writes nothing by itself"
    )
    parser.add_argument(
        "--articles", type=int, nargs="+", help="the states that are profiled (default: 10 thousand and 1 million)"
    )
    parser.add_argument(
        "--json",
        type=Path,
        help=f"where the figures go (default {RESULTS.name} beside the program); with --only what else it has stays",
    )
    parser.add_argument("--picture", type=Path, help=f"where the picture goes (default {PICTURE.name} beside it)")
    parser.add_argument(
        "--show", type=Path, help="measure nothing: tables and picture of figures that were written before"
    )
    return parser.parse_args()


def parts_of(chosen: argparse.Namespace) -> set[str]:
    """What is to be measured."""
    if chosen.only is None:
        return set(measuring.PARTS) - (set() if chosen.full else {"scaling", "profile"})
    parts = set(chosen.only.split(","))
    if unknown := parts - set(measuring.PARTS):
        sys.exit(f"--only: there is no {', '.join(sorted(unknown))}; the parts are {', '.join(measuring.PARTS)}")
    return parts


def say(line: str) -> None:
    """Progress and tables go to standard output at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def measured(chosen: argparse.Namespace) -> dict[str, Any]:
    """The figures, with where and when they were measured."""
    began = time.monotonic()

    def progress(line: str) -> None:
        say(f"[{time.monotonic() - began:5.0f} s] {line}")

    parts = parts_of(chosen)
    progress(f"on {machine.cpu_model()}, which broker, system under test and this program share")
    states = chosen.articles or (measuring.STATES if chosen.full else measuring.STATES[:2])
    found = measuring.measure(parts, chosen.events, states, progress, compiled=chosen.compiled)
    setting = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.cpu_model(),
        "python": platform.python_version(),
        "events": chosen.events,
        "full": chosen.full,
        "compiled": chosen.compiled,
        "minutes": round((time.monotonic() - began) / 60, 1),
    }
    return {"setting": setting, **found}


def added(found: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What was *found* of some parts, beside what was there *before*; `later` says where and when those were measured."""
    parts = {name: part for name, part in found.items() if name != "setting"}
    later = {**before.get("later", {}), **dict.fromkeys(parts, found["setting"])}
    return {**before, **parts, "later": later}


def main() -> int:
    """0 where every answer of every system was right, 1 where one was not, 2 where nothing could be measured."""
    chosen = options()
    try:
        found = json.loads(chosen.show.read_text(encoding="utf-8")) if chosen.show else measured(chosen)
    except (BrokerError, ProvisionError) as error:
        say(str(error))
        return 2
    if chosen.only and chosen.json and chosen.json.exists():
        found = added(found, json.loads(chosen.json.read_text(encoding="utf-8")))
    last = report.last_line(found)
    if chosen.show is None:
        file = chosen.json or (None if chosen.only else RESULTS)
        if file is not None:
            file.write_text(json.dumps({**found, "summary": last}, indent=1) + "\n", encoding="utf-8")
    drawn = chosen.picture or (None if chosen.only or chosen.show else PICTURE)
    if drawn is not None and found.get("systems"):
        drawn.write_text(picture.draw(found), encoding="utf-8")
    for line in report.lines(found):
        say(line)
    say("")
    say(json.dumps(last))
    return 0 if last["all_right"] else 1


if __name__ == "__main__":
    sys.exit(main())
