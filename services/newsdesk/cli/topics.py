"""`newsdesk topics`: the registry's topics on a broker."""

import asyncio
from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer

from newsdesk.cli import console
from newsdesk.cli.failure import ExitCode
from newsdesk.cli.options import BootstrapOption, Output, OutputOption, PartitionsOption, examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsdesk.ops.admin import Drift

topics = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")


def add_to(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.add_typer(topics, name="topics", help="Create and check the topics of the registry.")


@topics.command(epilog=examples("newsdesk topics apply --partitions 8", "newsdesk topics apply --output json"))
def apply(
    *,
    partitions: PartitionsOption = None,
    bootstrap_servers: BootstrapOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create the topics that are missing and correct settings that differ. Applying twice does no harm.

    Partition counts are never changed: where they differ nothing is created, and the exit code is 3.
    """
    from newsdesk import bootstrap
    from newsdesk.ops import admin

    settings = bootstrap.open_settings(bootstrap_servers=bootstrap_servers)
    results = asyncio.run(admin.apply(settings.bootstrap_servers, partitions, bootstrap.security(settings)))
    refused = any(result.action is admin.Action.REFUSED for result in results)
    if output is Output.JSON:
        topics_of = [
            {
                "topic": result.topic,
                "action": result.action.value,
                "partitions": result.partitions,
                "drifts": [_wire(drift) for drift in result.drifts],
            }
            for result in results
        ]
        console.write_json({"ok": not refused, "topics": topics_of})
    else:
        from rich.table import Table

        table = Table("topic", "partitions", "", header_style="bold", pad_edge=False)
        colours = {"created": "green", "corrected": "yellow", "refused": "red"}
        for result in results:
            table.add_row(
                result.topic, str(result.partitions), result.action.value, style=colours.get(result.action.value, "")
            )
        console.out().print(table)
        _complain([drift for result in results if result.action is admin.Action.REFUSED for drift in result.drifts])
    if refused:
        raise typer.Exit(ExitCode.REFUSED)


@topics.command(epilog=examples("newsdesk topics check", "newsdesk topics check --partitions 8 --output json"))
def check(
    *,
    partitions: PartitionsOption = None,
    bootstrap_servers: BootstrapOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Compare the topics with the registry and change nothing: partition counts, cleanup policy, size limits, retention.

    Exit code 3 where something differs; the desk refuses to start on it.
    """
    from newsdesk import bootstrap
    from newsdesk.ops import admin

    settings = bootstrap.open_settings(bootstrap_servers=bootstrap_servers)
    found = asyncio.run(admin.check(settings.bootstrap_servers, partitions, bootstrap.security(settings)))
    if output is Output.JSON:
        drifts = [_wire(drift) for drift in found.drifts]
        console.write_json(
            {"ok": found.ok, "partitions": found.partitions, "drifts": drifts, "notChecked": list(found.not_checked)}
        )
    elif found.ok:
        console.out().print(f"[green]ok[/green]: all topics are as the registry says, {found.partitions} partitions")
        if found.not_checked:
            console.say(f"the broker does not tell the settings of {', '.join(found.not_checked)}")
    else:
        _complain(found.drifts)
    if not found.ok:
        raise typer.Exit(ExitCode.REFUSED)


def _complain(drifts: "Sequence[Drift]") -> None:
    """Every drift, and each remedy once, after the last that it cures."""
    for remedy, together in groupby(sorted(drifts, key=lambda drift: drift.remedy), key=lambda drift: drift.remedy):
        console.complain("\n".join(str(drift) for drift in together), remedy)


def _wire(drift: "Drift") -> dict[str, Any]:
    return {
        "topic": drift.topic,
        "setting": drift.setting,
        "expected": drift.expected,
        "actual": drift.actual,
        "remedy": drift.remedy,
    }
