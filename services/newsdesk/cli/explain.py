"""`newsdesk explain`: why an article is where it is."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsdesk.cli import console
from newsdesk.cli.failure import ExitCode, Failure
from newsdesk.cli.options import BootstrapOption, Output, OutputOption, RulesOption, SetOption, examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsdesk.desk.judge import Judge

EXAMPLES = examples(
    "newsdesk explain https://www.nbcnews.com/tech/security/facial-recognition-has-new-foe-n1232522",
    "newsdesk explain URL --from article.md --from more-events.ndjson --rules classic",
)


def add_to(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("explain", epilog=EXAMPLES)(explain)


def explain(
    article: Annotated[
        str, typer.Argument(metavar="URL|ID", show_default=False, help="One of the article's URLs, or its id.")
    ],
    *,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--from", "-f", metavar="FILE", show_default=False, help="Judge these events instead of asking a broker."
        ),
    ] = None,
    rules: RulesOption = None,
    overrides: SetOption = None,
    bootstrap_servers: BootstrapOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Explain an article: its standing, the terms of its score, what outranks it, its revisions, what was dropped and why.

    Reads the broker's topics, or with --from judges files of events; --rules and --set are for the latter.
    Exit code 1 where the article is not known.
    """
    from newsdesk import bootstrap
    from newsdesk.lookup.explain import Unknown, explain_answers, explain_topics
    from newsdesk.lookup.wanted import WantedError, read_wanted

    try:
        wanted = read_wanted(article)
    except WantedError as error:
        raise Failure(ExitCode.USAGE, str(error), "Give a URL, or the articleId of a decision.") from None
    settings = bootstrap.open_settings(bootstrap_servers=bootstrap_servers)
    if (rules or overrides) and not files:
        raise Failure(ExitCode.USAGE, "--rules and --set need --from: the topics hold what was decided already")
    with console.progress("looking for it") as advance:
        if files:
            answers = _answers(bootstrap.judge(settings, rules, overrides or ()), files)
            found = explain_answers(wanted, answers, advance)
        else:
            found = asyncio.run(
                explain_topics(settings.bootstrap_servers, bootstrap.security(settings), wanted, advance)
            )
    if isinstance(found, Unknown):
        near = "Known of that site: " + ", ".join(map(console.plain, found.neighbours)) if found.neighbours else ""
        hint = (
            near or "Is it in these events?"
            if files
            else near or "Was it submitted, and has the desk come to it? `newsdesk audit` tells."
        )
        raise Failure(ExitCode.UNREADABLE, f"no article is known as {console.plain(wanted.asked)}", hint)
    if output is Output.JSON:
        console.write_json(found)
    else:
        from newsdesk.cli.explain_view import show_explanation

        show_explanation(found)


def _answers(desk: "Judge", paths: list[str]) -> "Iterator[dict[str, Any]]":
    from newsdesk.cli.reading import events

    for item in events(paths):
        timestamp = -1 if item.timestamp is None else item.timestamp
        yield desk.answer(item.value, key=item.key, headers=item.headers, timestamp=timestamp)
