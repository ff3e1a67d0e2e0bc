"""`newsdesk rules`: show, check and compare rules files."""

from typing import Annotated

import typer

from newsdesk.cli import console
from newsdesk.cli.failure import ExitCode, Failure
from newsdesk.cli.options import Output, OutputOption, SetOption, examples

rules = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")


def add_to(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.add_typer(rules, name="rules", help="Show, check and compare rules files.")


@rules.command(
    epilog=examples("newsdesk rules show", "newsdesk rules show classic --set publish.threshold=60 > my-rules.yaml")
)
def show(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE]", show_default="NEWSDESK_RULES, or newsdesk")
    ] = None,
    *,
    overrides: SetOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show a rules file as YAML, with where it was found and its hash.

    The hash is what every decision names: it is that of the rules' meaning, comments and order of keys aside.
    With --set the rules as they then are; what is shown is a rules file again.
    """
    import yaml

    from newsdesk import bootstrap
    from newsdesk.editorial.rulebook import open_rulebook

    name = name or bootstrap.open_settings().rules
    found = bootstrap.find_rules(name)
    effective = bootstrap.read_rules_of(name, overrides or ())
    digest = open_rulebook(effective).name["hash"]
    if output is Output.JSON:
        console.write_json({"source": found.source, "hash": digest, "rules": effective.model_dump(mode="json")})
        return
    text = found.text
    if overrides:
        text = yaml.safe_dump(effective.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    typer.echo(
        f"# source: {found.source}{', overridden: ' + ' '.join(overrides) if overrides else ''}\n# hash: {digest}"
    )
    typer.echo(text.rstrip("\n"))


@rules.command(
    epilog=examples("newsdesk rules check my-rules.yaml", "newsdesk rules check newsdesk classic --output json")
)
def check(
    names: Annotated[list[str], typer.Argument(metavar="NAME|FILE...", show_default=False, help="The rules files.")],
    *,
    overrides: SetOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Validate rules files: every fault with its line. Exit code 2 where there is one.

    What a file leaves out has the points of the shipped rules; topics and providers that it does not list, it has not.
    Begin with a copy: `newsdesk rules show newsdesk > my-rules.yaml`, and give it a name of its own.
    """
    from newsdesk import bootstrap
    from newsdesk.editorial.rulebook import open_rulebook
    from newsdesk.editorial.rulesfile import RulesError

    faulty = False
    for name in names:
        try:
            effective = bootstrap.read_rules_of(name, overrides or ())
        except RulesError as error:
            faulty = True
            if output is Output.JSON:
                faults = [{"line": fault.line, "key": fault.where, "fault": fault.what} for fault in error.faults]
                console.write_json({"rules": name, "ok": False, "faults": faults})
            else:
                for fault in error.faults:
                    console.complain(f"{name}: {fault}")
            continue
        book = open_rulebook(effective)
        if output is Output.JSON:
            console.write_json({"rules": name, "ok": True, "name": book.name, "faults": []})
        else:
            counts = f"{len(effective.topics)} topics, {len(effective.providers)} providers"
            typer.echo(f"{name}: ok, {book.name['name']} {book.name['version']}, {counts}, hash {book.name['hash']}")
    if faulty:
        raise typer.Exit(ExitCode.USAGE)


@rules.command(
    epilog=examples(
        "newsdesk rules diff classic newsdesk events.ndjson",
        "newsdesk rules diff --rules newsdesk --against my-rules.yaml events.ndjson",
        "newsdesk tail submitted --until-end | newsdesk rules diff classic newsdesk -",
    )
)
def diff(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="[OLD NEW] PATH...",
            show_default=False,
            help="Two rules, and files of events (- for standard input).",
        ),
    ],
    *,
    old: Annotated[str | None, typer.Option("--rules", "-r", metavar="NAME|FILE", help="The old rules.")] = None,
    new: Annotated[str | None, typer.Option("--against", "-a", metavar="NAME|FILE", help="The new rules.")] = None,
    overrides: SetOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Judge events under two rules and show which articles end otherwise: their kind, heat and quality.

    --set overrides keys of the new rules only.
    """
    from newsdesk import bootstrap
    from newsdesk.cli.diff_view import show_diff
    from newsdesk.cli.reading import events
    from newsdesk.desk.diff import compare

    old, new, paths = _sides(arguments, old, new)
    first, second = bootstrap.rulebook(old), bootstrap.rulebook(new, overrides or ())
    with console.progress("judging twice") as advance:
        found = compare(events(paths), first, second, advance)
    if output is Output.JSON:
        console.write_json(found.wire())
    else:
        show_diff(found)


def _sides(arguments: list[str], old: str | None, new: str | None) -> tuple[str, str, list[str]]:
    """The old and the new rules and the paths, from the options, or where these are absent the first two arguments."""
    rest = list(arguments)
    if old is None and rest:
        old = rest.pop(0)
    if new is None and rest:
        new = rest.pop(0)
    if old is None or new is None or not rest:
        raise Failure(
            ExitCode.USAGE,
            "two rules and a file of events are needed",
            "newsdesk rules diff classic newsdesk events.ndjson",
        )
    return old, new, rest
