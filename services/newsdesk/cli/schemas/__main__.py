"""`python -m newsdesk.cli.schemas --write DIR` makes the folder anew, `--check DIR` fails where it is stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from newsdesk.cli.schemas.files import stale, write


def main() -> int:
    """Write or check the folder; 0 done, 1 stale, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m newsdesk.cli.schemas", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--write", metavar="DIR", type=Path, help="write the folder; files of it that are made no more go"
    )
    what.add_argument("--check", metavar="DIR", type=Path, help="compare the folder with what would be written")
    chosen = parser.parse_args()
    if chosen.write is not None:
        for written in write(chosen.write):
            sys.stdout.write(f"{written}\n")
        return 0
    differences = stale(chosen.check)
    for path, difference in differences.items():
        sys.stderr.write(f"{path}: {difference}; run: make schemas\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
