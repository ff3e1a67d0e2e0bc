"""The command line: `python -m chaos --faults 100 --seed 7`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from chaos.faults import kinds
from chaos.run import run
from chaos.settings import Plan
from newsdesk.ops.brokers import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable

_ABOUT = """\
Prove that the desk answers every event exactly once, whatever breaks: real Kafka, three workers or more, a stream of
good and bad events, and one fault after the other, often two at a time. At the end all topics are read and judged anew.

  python -m chaos                        30 faults, every kind among them, in a minute or two
  python -m chaos --faults 300           the long run
  python -m chaos --seed 7               the same faults and events as another run with this seed
  python -m chaos --embedded --faults 6  the embedded broker and its weaker promise: nothing lost, copies have one id
"""
_END = """\
Exit code: 0 every invariant holds; 1 one is broken, or too few faults struck, or none of some kind though there was room
for all (the evidence stays in the folder that is named: journal.ndjson, findings.txt, logs, the workers' stores, the
broker's data); 2 it could not be run. A kind of fault that does not strike in five tries is given up.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run, print, and say how it went."""
    options = _options(arguments)
    folder = Path(tempfile.mkdtemp(prefix="newsdesk-chaos-")) if options.folder is None else options.folder
    folder = folder.absolute()
    plan = Plan(
        faults=options.faults,
        seed=secrets.randbelow(1_000_000) if options.seed is None else options.seed,
        folder=folder,
        embedded=options.embedded,
        only=tuple(options.only),
        workers=options.workers,
        partitions=options.partitions,
        rate=options.rate,
        lanes=1 if options.embedded else options.lanes,
    )
    folder.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=folder / "harness.log", level=logging.WARNING, format="%(asctime)s %(name)s %(message)s"
    )
    try:
        report = asyncio.run(run(plan, _say))
    except BrokerError as error:
        _complain(str(error))
        return 2
    except KeyboardInterrupt:
        _complain(f"interrupted; what there is is in {folder}")
        return 2
    _say("\n".join(["", *report.lines()]))
    if report.passed and options.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if report.passed else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _complain(line: str) -> None:
    sys.stderr.write(line + "\n")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m chaos",
        description=_ABOUT,
        epilog=_END,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--faults", type=_at_least(1), default=30, metavar="N", help="faults that must strike (30)")
    add("--seed", type=int, metavar="S", help="of events and faults; chosen and printed where it is not given")
    add("--embedded", action="store_true", help="the embedded broker instead of Kafka")
    add("--workers", type=_at_least(3), default=3, metavar="N", help="workers that are kept running (3)")
    add("--partitions", type=_at_least(1), default=6, metavar="N", help="partitions of every topic (6)")
    add("--rate", type=_at_least(1), default=80, metavar="N", help="events a second (80)")
    add("--lanes", type=_at_least(1), default=2, metavar="N", help="faults at the same time (2; embedded: 1)")
    add("--folder", type=Path, metavar="DIR", help="where everything is kept; a temporary one, removed if all is well")
    add("--only", action="append", default=[], metavar="KIND", help="only faults of this kind; may be given again")
    options = parser.parse_args(arguments)
    known = kinds(embedded=options.embedded)
    if unknown := [kind for kind in options.only if kind not in known]:
        parser.error(f"no such kind of fault: {', '.join(unknown)}; there are: {', '.join(known)}")
    if options.folder is not None and options.folder.exists() and any(options.folder.iterdir()):
        parser.error(f"{options.folder} is not empty: name a folder of its own for every run")
    return options


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    return number


def _exit() -> NoReturn:
    raise SystemExit(main())


if __name__ == "__main__":
    _exit()
