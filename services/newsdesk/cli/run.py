"""`newsdesk run`: the services."""

from typing import Annotated

import typer

from newsdesk.cli.options import BootstrapOption, RulesOption, examples

run = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")


def add_to(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.add_typer(run, name="run", help="Run a service.")


@run.callback()
def _services() -> None:
    """Run a service. The desk is the one there is; intake, dispatch and lookup will stand beside it."""


@run.command(
    epilog=examples(
        "newsdesk run desk",
        "NEWSDESK_GUARANTEE=exactly_once newsdesk run desk --bootstrap kafka-1:9092,kafka-2:9092 --workers 2",
    )
)
def desk(
    *,
    workers: Annotated[
        int, typer.Option("--workers", "-w", min=1, max=256, help="Processes that share the partitions.")
    ] = 1,
    rules: RulesOption = None,
    bootstrap_servers: BootstrapOption = None,
) -> None:
    """Run the desk: every submitted event gets one explained decision. Logs go to standard error.

    SIGTERM or Ctrl-C finishes and commits what is under way and ends with 0; a second signal stops at once.
    Settings are read from NEWSDESK_* in the environment; /metrics and /health are on NEWSDESK_WEB_PORT.
    """
    from newsdesk import bootstrap

    settings = bootstrap.open_settings(bootstrap_servers=bootstrap_servers, rules=rules)
    if code := bootstrap.run_desk(settings, workers):
        raise typer.Exit(code)
