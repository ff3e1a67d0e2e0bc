"""`newsdesk submit`: article events to the desk."""

import asyncio
import sys
from contextlib import aclosing
from typing import Annotated

import typer

from newsdesk.cli import console
from newsdesk.cli.failure import ExitCode, Failure
from newsdesk.cli.options import BootstrapOption, Output, OutputOption, Paths, examples

EXAMPLES = examples(
    "newsdesk submit article.md",
    "newsdesk submit _news/ events.ndjson.gz --output text",
    "newsdesk tail dead-letters --until-end | newsdesk submit -",
)


def add_to(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("submit", epilog=EXAMPLES)(submit)


def submit(
    paths: Paths,
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="Send every line as it is, whatever it holds, empty ones too.")
    ] = False,
    patience: Annotated[
        float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="How long a delivery may take.")
    ] = 60,
    bootstrap_servers: BootstrapOption = None,
    output: OutputOption = Output.JSON,
) -> None:
    """Send article events to the desk: each under its scope's key, to its partition, delivery checked.

    One JSON line for each item, in order: {"file", "line", "partition", "offset"}, or {"file", "line", "reason"} for one
    that was refused; the rest is sent all the same, and the exit code is 3. Submitting the same file again is harmless.

    An article needs a title and a webUrl (or originalUrl); dates are like 2020-07-01T03:38:00Z. The smallest one:
    {"title": "Ferry sails again", "webUrl": "https://harbour.example/ferry", "publishedDateTime": "2020-07-01T03:38:00Z"}
    """
    from newsdesk import bootstrap
    from newsdesk.cli.reading import entries, existing
    from newsdesk.intake.submit import Declined, Submission

    settings = bootstrap.open_settings(bootstrap_servers=bootstrap_servers)
    from_stdin = "-" in paths
    submission = Submission(entries(existing(paths), raw=raw), raw=raw, eager=from_stdin, patience=patience)
    write = console.line_writer(at_once=from_stdin)
    delivered = declined = 0

    async def send() -> None:
        nonlocal delivered, declined
        answers = submission.answers(settings.bootstrap_servers, bootstrap.security(settings))
        with console.progress("submitting", beside_data=True) as advance:
            async with aclosing(answers):
                async for answer in answers:
                    if isinstance(answer, Declined):
                        declined += 1
                        what = f"refused: {console.plain(answer.reason)}"
                    else:
                        delivered += 1
                        what = f"{answer.partition}/{answer.offset}"
                    if output is Output.JSON:
                        write(answer.wire())
                    else:
                        typer.echo(f"{console.plain(answer.item.file)}:{answer.item.line}: {what}")
                    if not (delivered + declined) % 200:
                        advance(delivered + declined)
            sys.stdout.flush()

    try:
        asyncio.run(send())
    except BrokenPipeError:
        console.forget_output()
        problem = f"the answers cannot be written any more: whoever read them is gone after {delivered + declined}"
        raise Failure(
            ExitCode.UNREADABLE, problem, "Submit the same again: what is there already is a duplicate."
        ) from None
    finally:
        console.say(f"{delivered} sent, {declined} refused")
    if declined:
        raise typer.Exit(ExitCode.REFUSED)
