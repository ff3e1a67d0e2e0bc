"""The `newsdesk` command: its subcommands, its global options, and what becomes of an error."""

import logging
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import newsdesk
from newsdesk.cli import audit, broker, convert, demo, doctor, explain, judge, rules, run, submit, tail, topics
from newsdesk.cli.console import complain, forget_output
from newsdesk.cli.failure import ExitCode, failure_of
from newsdesk.cli.options import examples


class _Commands(TyperGroup):
    """Turns every error of a command into one line and an exit code; with --debug it shows where it came from."""

    def invoke(self, ctx: Any) -> Any:
        """Run the subcommand that *ctx* names."""
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever reads our output has enough of it
            forget_output()
            raise typer.Exit(ExitCode.DONE) from None
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except Exception as error:
            if _is_typers(error) or ctx.params.get("debug"):
                raise
            failure = failure_of(error)
            if failure is None:  # the one line that a person can act on is to report it
                complain(
                    f"a defect of newsdesk: {type(error).__name__}: {error}",
                    "Please report it with what `newsdesk --debug ...` prints.",
                )
                raise typer.Exit(ExitCode.UNREADABLE) from None
            complain(failure.problem, failure.remedy)
            raise typer.Exit(failure.code) from None
        return done


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "newsdesk judge article.md              [dim]# what would the desk decide? no broker needed[/dim]",
        "newsdesk broker --kind embedded &      [dim]# a broker to try it on[/dim]",
        "newsdesk topics apply && newsdesk run desk &",
        "newsdesk submit article.md && newsdesk tail decisions --until-end",
    ),
)


def _version(asked: bool) -> None:  # noqa: FBT001 - typer's own way of calling
    if asked:
        typer.echo(f"newsdesk {newsdesk.__version__}")
        raise typer.Exit


@app.callback()
def _global(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A news desk for event streams: article events in, one explained decision out for each.

    Exit codes: 0 done; 1 unreadable input or broker; 2 wrong usage or rules; 3 some items refused.
    """
    del version
    if not debug:  # the client library tells of every try; what a person needs to know is told once, by us
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)


def _is_typers(error: Exception) -> bool:
    """An error of usage, which typer itself tells, or the end of a command."""
    return isinstance(error, typer.Exit | typer.Abort) or hasattr(error, "show")


for part in (demo, judge, convert, rules, submit, tail, explain, audit, topics, run, broker, doctor):
    part.add_to(app)
