"""`newsdesk doctor`: what a desk needs, examined."""

import asyncio
import dataclasses

import typer

from newsdesk.cli import console
from newsdesk.cli.failure import ExitCode
from newsdesk.cli.options import BootstrapOption, Output, OutputOption, PartitionsOption, examples


def add_to(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("doctor", epilog=examples("newsdesk doctor", "newsdesk doctor --bootstrap kafka:9092 --output json"))(
        doctor
    )


def doctor(
    *,
    partitions: PartitionsOption = None,
    bootstrap_servers: BootstrapOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Examine this machine and the broker, and say what to do about what is not right.

    Is the broker reachable, has it transactions, are the topics right, the clock sane, the disk writable?
    Exit code 1 where the broker cannot be used, 3 where something else is wrong.
    """
    from newsdesk import bootstrap
    from newsdesk.ops.doctor import examine

    settings = bootstrap.open_settings(bootstrap_servers=bootstrap_servers)
    findings = asyncio.run(
        examine(
            bootstrap=settings.bootstrap_servers,
            state_dir=settings.state_dir,
            partitions=partitions,
            guarantee=settings.guarantee,
            security=bootstrap.security(settings),
            transactions=bootstrap.transactions_probe(settings),
        )
    )
    wrong = [finding.name for finding in findings if finding.ok is False]
    if output is Output.JSON:
        console.write_json({"ok": not wrong, "findings": [dataclasses.asdict(finding) for finding in findings]})
    else:
        from rich.text import Text

        out = console.out()
        marks = {True: ("ok   ", "green"), False: ("wrong", "bold red"), None: ("note ", "yellow")}
        for finding in findings:
            out.print(
                Text.assemble(
                    marks[finding.ok], "  ", (f"{finding.name:<13}", "bold"), "  ", console.plain(finding.detail)
                )
            )
            if finding.remedy:
                out.print(Text(f"{'':22}{finding.remedy}", "dim"))
    if wrong:
        raise typer.Exit(ExitCode.UNREADABLE if "broker" in wrong else ExitCode.REFUSED)
