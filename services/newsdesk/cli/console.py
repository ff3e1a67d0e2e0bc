"""Where commands write: data to standard output, talk to standard error, colours and bars only for people."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

_UNSAFE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that steer a terminal or turn the direction of its text: never shown from what others wrote."""


_WIDTH: Final = 120
"""Columns where the output is no terminal that has its own."""


def plain(text: object) -> str:
    """*text* on one line, without characters that steer a terminal."""
    return _UNSAFE.sub("", str(text)).replace("\n", " ").replace("\t", " ")


def shown(code: str) -> str:
    """A word of the contracts as people read it: `below_threshold` as `below threshold`."""
    return plain(code).replace("_", " ")


def out() -> Console:
    """Standard output for people."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDTH
    return Console(file=sys.stdout, highlight=False, width=width)


def write_json(value: Any, *, indent: bool = False) -> None:
    """One JSON value on standard output; indented for people at a terminal."""
    option = orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if indent or sys.stdout.isatty() else 0)
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, option=option))
    sys.stdout.buffer.flush()


def line_writer(*, at_once: bool) -> Callable[[Any], None]:
    """Writes values as JSON lines; each is seen *at_once*, or when the buffer is full and at the end of the command."""
    sys.stdout.flush()
    stream = sys.stdout.buffer
    dumps, option, write = orjson.dumps, orjson.OPT_APPEND_NEWLINE, stream.write
    if not (at_once or sys.stdout.isatty()):
        return lambda value: void(write(dumps(value, option=option)))

    def write_through(value: Any) -> None:
        write(dumps(value, option=option))
        stream.flush()

    return write_through


def void(_value: object) -> None:
    """Nothing, of anything."""


def forget_output() -> None:
    """Whoever read standard output is gone: let Python's own flush at the end find nothing to complain about."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def say(text: str) -> None:
    """A line of talk, on standard error."""
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_json(value: Any) -> None:
    """A JSON line on standard error, for machines that read what was refused."""
    say(orjson.dumps(value).decode())


def complain(problem: str, remedy: str = "") -> None:
    """What is wrong, in red for people, and what to do about it; both may quote what others wrote."""
    sys.stdout.flush()
    problem, remedy = (_UNSAFE.sub("", text) for text in (problem, remedy))
    if not sys.stderr.isatty():
        say(f"error: {problem}" + (f"\n  {remedy}" if remedy else ""))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stderr, highlight=False)
    console.print(Text.assemble(("error: ", "bold red"), problem))
    if remedy:
        console.print(Text(f"  {remedy}", "dim"))


@contextlib.contextmanager
def progress(what: str, *, beside_data: bool = False) -> Iterator[Callable[[int], None]]:
    """Counts on standard error, for people; silent where none look, or where data scrolls by *beside* it on their screen."""
    if not sys.stderr.isatty() or (beside_data and sys.stdout.isatty()):
        yield void
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}, {task.completed:,.0f} so far"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda count: bar.update(task, completed=count)
