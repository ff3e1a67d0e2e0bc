"""The command line: thin commands over the services; standard output is data, standard error is talk."""

from __future__ import annotations


def main() -> None:
    """Run `newsdesk` with the arguments of this process and leave with its exit code."""
    from newsdesk.cli.app import app

    app(prog_name="newsdesk")
