"""`newsdesk convert`: articles from one form into another."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli import console
from newsdesk.cli.failure import ExitCode
from newsdesk.cli.options import Output, OutputOption, Paths, examples

if TYPE_CHECKING:
    from newsdesk.intake.items import Refused

EXAMPLES = examples(
    "newsdesk convert article.md --to json",
    "newsdesk convert _news/ --to ndjson | gzip > articles.ndjson.gz",
    "newsdesk convert article.md --to json | newsdesk convert - --to markdown | diff article.md -",
)


class Form(StrEnum):
    """What to convert to."""

    JSON = "json"
    NDJSON = "ndjson"
    MARKDOWN = "markdown"


def add_to(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("convert", epilog=EXAMPLES)(convert)


def convert(
    paths: Paths,
    *,
    to: Annotated[
        Form, typer.Option("--to", "-t", case_sensitive=False, show_default=False, help="The form to write.")
    ],
    output: OutputOption = Output.TEXT,
) -> None:
    """Convert articles by the codec alone: nothing is repaired, reordered or left out.

    The converted articles go to standard output, what is refused is told on standard error (as JSON lines with
    --output json) and makes the exit code 3. Markdown takes one article.
    """
    from newsdesk.cli.reading import entries
    from newsdesk.intake import convert as codec

    refusals = 0

    def refuse(refused: "Refused") -> None:
        nonlocal refusals
        refusals += 1
        if output is Output.JSON:
            console.say_json({"file": refused.file, "line": refused.line, "reason": refused.reason})
        else:
            console.say(f"{console.plain(refused.file)}:{refused.line}: refused: {console.plain(refused.reason)}")

    for part in codec.convert(entries(paths), to.value, refuse):
        sys.stdout.buffer.write(part)
    if refusals:
        raise typer.Exit(ExitCode.REFUSED)
