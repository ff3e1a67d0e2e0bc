"""`newsdesk demo`: the whole desk on the embedded broker, in half a minute."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli import console
from newsdesk.cli.failure import ExitCode, Failure
from newsdesk.cli.options import Output, OutputOption, examples

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from newsdesk.cli.demo.view import Counts
    from newsdesk.intake.items import Item
    from newsdesk.lookup.audit import Report

EXAMPLES = examples("newsdesk demo", "newsdesk demo --events 20000 --rate 2000", "newsdesk demo --output json")
_PATIENCE_SECONDS = 30.0
_FRAME_SECONDS = 0.1


def add_to(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("demo", epilog=EXAMPLES)(demo)


def demo(
    *,
    events: Annotated[int, typer.Option("--events", "-n", min=0, help="Generated events after the story.")] = 6000,
    rate: Annotated[int, typer.Option("--rate", min=1, help="Events submitted a second.")] = 600,
    seed: Annotated[int, typer.Option("--seed", help="The generated stream: the same seed, the same events.")] = 1,
    output: OutputOption = Output.TEXT,
) -> None:
    """See newsdesk at work: a broker, the topics, the desk, and a stream of events with everything that goes wrong.

    Starts an embedded broker and a desk of its own, submits the story (five articles of which one leads) and a generated
    stream with re-sends, tracking parameters, AMP forms, mojibake, retractions and bad input, shows the decisions as
    they come, and ends with the proof that every event was answered and with the explanation of one decision. Nothing
    is left behind.
    """
    folder = Path(tempfile.mkdtemp(prefix="newsdesk-demo-"))
    try:
        _play(folder, events, rate, seed, output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _play(folder: Path, events: int, rate: int, seed: int, output: Output) -> None:
    from newsdesk.bootstrap import open_settings
    from newsdesk.cli.demo.stage import PARTITIONS, Stage
    from newsdesk.cli.demo.stream import SEED_URL, script
    from newsdesk.cli.demo.view import Counts, view
    from newsdesk.lookup.audit import audit
    from newsdesk.ops import admin

    began = time.monotonic()
    with Stage(folder, console.say) as stage:
        address = stage.broker.bootstrap
        asyncio.run(admin.apply(address, PARTITIONS))
        console.say(f"{PARTITIONS} partitions; starting the desk ...")
        stage.start_desk()
        console.say(f"desk ready on {stage.web}/metrics; submitting the story and {events} generated events")
        items = script(seed, events)
        counts = Counts(total=len(items))
        asyncio.run(_run(address, items, rate, counts, view(counts, live=output is Output.TEXT)))
        code = stage.stop_desk()
        if code:
            raise Failure(ExitCode.UNREADABLE, f"the desk ended with {code}", stage.desk_log())
        report = asyncio.run(audit(address, {}, open_settings().group))
        if output is Output.JSON:
            console.write_json({"seconds": round(time.monotonic() - began, 1), "audit": report.wire()})
        else:
            _summary(report, address, SEED_URL, time.monotonic() - began)
        if not report.clean or report.tally.waiting:
            raise typer.Exit(ExitCode.REFUSED)


async def _run(
    address: str,
    items: "Sequence[Item]",
    rate: int,
    counts: "Counts",
    shown: "AbstractContextManager[Callable[[], None]]",
) -> None:
    """Submit *items* and follow the answers until there is one for each."""
    from newsdesk.cli.demo.follow import follow, submit
    from newsdesk.cli.demo.stream import pace

    with shown as refresh:
        async with asyncio.TaskGroup() as group:
            followers = [group.create_task(part) for part in follow(address, counts)]
            sending = group.create_task(submit(address, pace(items, rate), counts))
            deadline = time.monotonic() + counts.total / rate + _PATIENCE_SECONDS
            while not sending.done() or counts.answered < counts.submitted:
                if time.monotonic() > deadline:
                    problem = f"{counts.submitted - counts.answered} of {counts.submitted} events are not answered"
                    raise Failure(ExitCode.UNREADABLE, problem, "Please report it.")
                await asyncio.sleep(_FRAME_SECONDS)
                refresh()
            for follower in followers:
                follower.cancel()


def _summary(report: "Report", address: str, url: str, seconds: float) -> None:
    from rich.rule import Rule
    from rich.text import Text

    from newsdesk.cli.audit import show
    from newsdesk.cli.explain import explain

    out = console.out()
    out.print(Rule("every event answered: newsdesk audit"))
    show(report)
    out.print(Rule("why one article is where it is: newsdesk explain"))
    explain(url, bootstrap_servers=address)
    out.print(Rule())
    out.print(Text(f"done in {seconds:.0f} s. Next: the tour in README.md, `newsdesk --help`", "bold"))
