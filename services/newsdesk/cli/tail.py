"""`newsdesk tail`: the records of a topic."""

import asyncio
import sys
from contextlib import aclosing
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli import console
from newsdesk.cli.options import BootstrapOption, Output, OutputOption, examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsdesk.engine.records import Record

EXAMPLES = examples(
    "newsdesk tail decisions --until-end",
    "newsdesk tail articles.published --from end --max 10",
    "newsdesk tail dead-letters --until-end --output text",
)


class Begin(StrEnum):
    """Where to begin."""

    START = "start"
    END = "end"


def add_to(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("tail", epilog=EXAMPLES)(tail)


def tail(
    topic: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC",
            show_default=False,
            help="submitted, repartitioned, enriched, published, decisions, dead-letters or rules; or any topic's full name.",
        ),
    ],
    *,
    begin: Annotated[
        Begin, typer.Option("--from", help="The first record there is, or the next to come.")
    ] = Begin.START,
    until_end: Annotated[
        bool, typer.Option("--until-end", help="End where the topic ended at the start, instead of waiting for more.")
    ] = False,
    most: Annotated[
        int | None, typer.Option("--max", "-n", min=0, show_default="no limit", help="Records at most.")
    ] = None,
    bootstrap_servers: BootstrapOption = None,
    output: OutputOption = Output.JSON,
) -> None:
    """Print a topic's committed records, one JSON line each, until interrupted.

    A line holds topic, partition, offset, timestamp (ms), key, headers and value: an object, null for a tombstone,
    {"base64": ...} for what is not JSON. `newsdesk judge` and `newsdesk submit` read these lines.
    """
    from newsdesk import bootstrap
    from newsdesk.lookup.tail import line_of, records

    settings = bootstrap.open_settings(bootstrap_servers=bootstrap_servers)
    line: Callable[[Record], bytes] = line_of if output is Output.JSON else _text_line
    write = sys.stdout.buffer.write

    async def follow() -> None:
        left = most
        if left == 0:
            return
        found = records(
            settings.bootstrap_servers, bootstrap.security(settings), topic, begin=begin.value, until_end=until_end
        )
        async with aclosing(found) as portions:
            async for portion in portions:
                for record in portion if left is None else portion[:left]:
                    write(line(record))
                sys.stdout.buffer.flush()
                if left is not None and (left := left - len(portion)) <= 0:
                    return

    asyncio.run(follow())


def _text_line(record: "Record") -> bytes:
    """A record in a line for people: where, when, key, the kind of event, and the beginning of its value."""
    from datetime import UTC, datetime

    from newsdesk.contracts.cloudevents import DEAD_DETAIL, DEAD_REASON

    when = (
        f"{datetime.fromtimestamp(record.timestamp / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}" if record.timestamp >= 0 else "-"
    )
    key = "-" if record.key is None else record.key.decode("utf-8", "replace")
    value = "(tombstone)" if record.value is None else record.value[:160].decode("utf-8", "replace")
    headers = {
        name: text.decode("utf-8", "replace") for name, text in record.headers if name in (DEAD_REASON, DEAD_DETAIL)
    }
    why = f"{headers[DEAD_REASON]}: {headers.get(DEAD_DETAIL, '')}  " if DEAD_REASON in headers else ""
    parts = (f"{record.partition}/{record.offset}", when, console.plain(key), console.plain(why + value))
    return "  ".join(parts).encode() + b"\n"
