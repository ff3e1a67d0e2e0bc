"""`newsdesk judge`: the desk's decisions without any broker."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsdesk.cli import console
from newsdesk.cli.options import Output, OutputOption, Paths, RulesOption, SetOption, examples

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = examples(
    "newsdesk judge article.md",
    "newsdesk judge events.ndjson.gz --rules classic --set heat.per_related=10 --full",
    "newsdesk tail submitted --until-end | newsdesk judge - --output text",
)


def add_to(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("judge", epilog=EXAMPLES)(judge)


def judge(
    paths: Paths,
    *,
    rules: RulesOption = None,
    overrides: SetOption = None,
    full: Annotated[bool, typer.Option("--full", help="Also what would be written: enriched and published.")] = False,
    output: OutputOption = Output.JSON,
) -> None:
    """Decide about events as the desk would, in memory and in their order, without a broker.

    One JSON line for each event: {"outcome": "decision", "decision": {...}} with every term of its score, or
    {"outcome": "dead_letter", "reason": ..., "detail": ...} for what cannot be read. Exit code 0 whatever is decided.

    It forgets nothing: where a running desk has forgotten an article (NEWSDESK_STATE_RETENTION), revisions go on here.
    """
    from newsdesk import bootstrap
    from newsdesk.cli.reading import entries
    from newsdesk.desk.judge import brief
    from newsdesk.intake.items import Refused

    desk = bootstrap.judge(bootstrap.open_settings(), rules, overrides or ())
    write = console.line_writer(at_once="-" in paths) if output is Output.JSON else _text_writer()
    whole = full or output is Output.TEXT
    count = 0
    with console.progress("judging", beside_data=True) as advance:
        for entry in entries(paths):
            item = entry.item if isinstance(entry, Refused) else entry
            timestamp = -1 if item.timestamp is None else item.timestamp
            answer = desk.answer(item.value, key=item.key, headers=item.headers, timestamp=timestamp)
            if isinstance(entry, Refused) and _is_front_matter(item.value):
                answer["detail"] = f"{entry.file}:{entry.line}: {entry.reason}"
            write(answer if whole else brief(answer))
            count += 1
            if not count % 500:
                advance(count)


def _is_front_matter(value: bytes | None) -> bool:
    """Whether *value* was meant as an article file: the desk never sees one, and what it would say of it helps nobody."""
    return value is not None and value.startswith(b"---")


def _text_writer() -> "Callable[[Any], None]":
    """Writes a line for each answer: its number, kind, heat, quality, reason and title."""
    from rich.text import Text

    from newsdesk.cli.styles import style_of

    out = console.out()
    number = 0

    def write(answer: dict[str, Any]) -> None:
        nonlocal number
        number += 1
        if (decision := answer.get("decision")) is None:
            line = Text.assemble(
                f"{number:>6}  ",
                ("dead letter", "red"),
                f"  {console.shown(answer['reason'])}: {console.plain(answer['detail'])}",
            )
        else:
            record = answer.get("enriched") or {}
            title = console.plain(record.get("title") or decision["articleId"])
            kind = decision["kind"]
            line = Text.assemble(
                f"{number:>6}  ",
                (f"{kind:<11}", style_of(kind)),
                f"  heat {decision['heat']:>4}  quality {decision['quality']:>4}  ",
                (f"{console.shown(decision['reason'])}  ", "dim"),
                title,
            )
        out.print(line, no_wrap=True, overflow="ellipsis" if out.is_terminal else "ignore", crop=out.is_terminal)

    return write
