"""`newsdesk audit`: the proof of the count identity."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli import console
from newsdesk.cli.failure import ExitCode
from newsdesk.cli.options import BootstrapOption, Output, OutputOption, examples

if TYPE_CHECKING:
    from newsdesk.lookup.audit import Report

EXAMPLES = examples("newsdesk audit", "newsdesk audit --output json --limit 1000 | jq .faults")


def add_to(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("audit", epilog=EXAMPLES)(audit)


def audit(
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="How many faulty events are named; all are counted.")
    ] = 100,
    group: Annotated[
        str | None,
        typer.Option("--group", show_default="NEWSDESK_GROUP, or newsdesk.desk", help="The desk's consumer group."),
    ] = None,
    bootstrap_servers: BootstrapOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Prove that every event has exactly one answer: records read = decisions + dead letters + forwarded.

    Reads the topics and joins every answer to its event by where that was read; names each event without exactly one.
    Events that the desk has not come to yet are counted as waiting. Exit code 3 where the identity does not hold.
    """
    from newsdesk import bootstrap
    from newsdesk.lookup import audit as lookup

    settings = bootstrap.open_settings(bootstrap_servers=bootstrap_servers, group=group)
    with console.progress("reading the topics") as advance:
        report = asyncio.run(
            lookup.audit(
                settings.bootstrap_servers,
                bootstrap.security(settings),
                settings.group,
                limit=limit,
                progress=lambda read, _total: advance(read),
            )
        )
    if output is Output.JSON:
        console.write_json(report.wire())
    else:
        show(report)
    if not report.clean:
        raise typer.Exit(ExitCode.REFUSED)


def show(report: "Report") -> None:
    """Show *report* to people."""
    from rich.table import Table
    from rich.text import Text

    from newsdesk.cli.styles import style_of
    from newsdesk.lookup.ledger import Answer

    out = console.out()
    tally = report.tally
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_row(str(tally.read), Text("events read", "bold"))
    table.add_row(str(tally.answers[Answer.DECISION]), "decisions")
    for kind, count in report.kinds.items():
        table.add_row("", Text(f"  {count} {console.shown(kind)}", style_of(kind)))
    table.add_row(str(tally.answers[Answer.DEAD_LETTER]), "dead letters")
    for reason, count in report.reasons.items():
        table.add_row("", Text(f"  {count} {console.shown(reason)}", "dim"))
    table.add_row(str(tally.answers[Answer.FORWARDED]), "forwarded to the partition of their scope")
    notes = (
        (tally.waiting, "waiting: the desk has not come to them yet"),
        (report.older, "answers to events that retention has deleted"),
        (report.later, "answers to events that came after the audit began"),
    )
    for count, what in notes:
        if count:
            table.add_row(str(count), Text(what, "yellow"))
    out.print(table)
    for fault in report.faults:
        topic, partition = fault.place
        out.print(Text(f"{console.plain(topic)}/{partition}/{fault.offset}: {fault.what}", "red"))
    if (more := report.faulty - len(report.faults)) > 0:
        out.print(Text(f"... and {more} more; --limit names them", "dim"))
    if report.unjoined:
        out.print(Text(f"{report.unjoined} answers name no event", "red"))
    terms = (
        f"{tally.answers[Answer.DECISION]} + {tally.answers[Answer.DEAD_LETTER]} + {tally.answers[Answer.FORWARDED]}"
    )
    waiting = f" + {tally.waiting} waiting" if tally.waiting else ""
    if report.clean:
        which = "each event" if not tally.waiting else "each event that the desk has come to"
        out.print(Text(f"clean: {tally.read} = {terms}{waiting}, {which} with exactly one answer", "bold green"))
    else:
        out.print(Text(f"not clean: {report.faulty} of {tally.read} events without exactly one answer", "bold red"))
