"""`newsdesk broker`: a local broker in the foreground."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli import console
from newsdesk.cli.options import Output, OutputOption, examples

if TYPE_CHECKING:
    from newsdesk.ops.brokers import LocalBroker

EXAMPLES = examples("newsdesk broker", "newsdesk broker --kind kafka --port 9092 --data ./kafka-data")


class Kind(StrEnum):
    """Which broker."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"


def add_to(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("broker", epilog=EXAMPLES)(broker)


def broker(
    *,
    kind: Annotated[
        Kind,
        typer.Option(
            "--kind", "-k", help="embedded: at once, in memory, no transactions. kafka: Apache Kafka 4, needs Java."
        ),
    ] = Kind.EMBEDDED,
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 9092,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", "-d", file_okay=False, show_default="a temporary folder", help="Where kafka keeps its data."
        ),
    ] = None,
    heap: Annotated[str, typer.Option("--heap", help="Memory of kafka's Java, as its -Xmx.")] = "1g",
    output: OutputOption = Output.TEXT,
) -> None:
    """Run a broker on this machine until it is stopped with Ctrl-C; a second Ctrl-C ends it at once.

    The first start of kafka fetches its jars with Maven; what --data holds survives a restart. The embedded broker
    forgets everything when it stops, and decides some events twice after a crash: it is for trying and for tests.
    """
    from newsdesk.ops.brokers import run_foreground

    def on_ready(ready: "LocalBroker") -> None:
        if output is Output.JSON:
            console.write_json({"kind": kind.value, "bootstrap": ready.bootstrap, "pid": ready.pid})
        else:
            console.out().print(f"{kind.value} broker ready on [bold]{ready.bootstrap}[/bold], stop it with Ctrl-C")

    folder = data.absolute() if data is not None else None
    run_foreground(kind.value, port=port, data=folder, heap=heap, on_ready=on_ready, progress=console.say)
