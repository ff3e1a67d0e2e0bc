"""Options that several commands share, so that they are named, explained and read in one way."""

from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """For whom a command prints."""

    TEXT = "text"
    JSON = "json"


def examples(*lines: str) -> str:
    """The end of a command's help: its examples, a line each."""
    return "\n\n".join(["[bold]Examples[/bold]", *(f"  [dim]$[/dim] {line}" for line in lines)])


Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH",
        show_default=False,
        help="Files or folders, - for standard input: article files (Markdown with front matter), JSON, JSON lines, "
        "lines of `newsdesk tail`, structured CloudEvents; gzipped or not.",
    ),
]
OutputOption = Annotated[
    Output, typer.Option("--output", "-o", case_sensitive=False, help="text for people, json for machines.")
]
BootstrapOption = Annotated[
    str | None,
    typer.Option(
        "--bootstrap",
        "-b",
        metavar="HOST:PORT",
        show_default="NEWSDESK_BOOTSTRAP_SERVERS, or 127.0.0.1:9092",
        help="The Kafka broker, or several with commas between.",
    ),
]
RulesOption = Annotated[
    str | None,
    typer.Option(
        "--rules",
        "-r",
        metavar="NAME|FILE",
        show_default="NEWSDESK_RULES, or newsdesk",
        help="The rules to judge by: newsdesk, classic, or a YAML file.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        show_default=False,
        help="Override one key of the rules, such as heat.per_related=10 or quality.mode=trust; repeatable.",
    ),
]
PartitionsOption = Annotated[
    int | None,
    typer.Option(
        "--partitions",
        "-p",
        min=1,
        max=10_000,
        show_default="those that are there, or 4",
        help="Partitions of each topic.",
    ),
]
