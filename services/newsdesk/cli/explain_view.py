"""How an explanation is shown to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from newsdesk.cli import console
from newsdesk.cli.console import plain, shown
from newsdesk.cli.styles import style_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DECISIONS: Final = 20
_ALIASES: Final = 10
_RELATED: Final = 10
_DROPPED: Final = 20


def show_explanation(found: Mapping[str, Any]) -> None:
    """The explanation as panels and tables; all of it is others' text, and none of it is markup."""
    out = console.out()
    style = style_of(found["kind"])
    title = plain(found.get("title") or found.get("url") or found["articleId"])
    head = Group(
        Text(title, "bold"), *(Text(line, "dim") for line in _facts(found)), Text(""), Text(_standing(found), style)
    )
    out.print(Panel(head, title=Text(found["kind"], f"bold {style}"), title_align="left", border_style=style))
    for name, part in _parts(found):
        out.print(Text(name, "bold"))
        out.print(part)
        out.print()


def _facts(found: Mapping[str, Any]) -> Iterator[str]:
    if found.get("url"):
        yield plain(found["url"])
    provider = found.get("provider") or {}
    named = " ".join(plain(part) for part in (provider.get("name"), found.get("publishedDateTime")) if part)
    if named:
        yield named
    yield f"{found['articleId']}  revision {found['revision']}" + (
        f"  (asked for {plain(found['asked'])}, which was merged into it)" if found["foundBy"] == "merged" else ""
    )


def _standing(found: Mapping[str, Any]) -> str:
    """The decision in a sentence."""
    quality, heat, rules = found["quality"], found["heat"], found["score"]["rules"]
    by = f"the rules {plain(rules['name'])} {plain(rules['version'])}"
    more = heat - quality
    count = found.get("relatedCount", 0)
    made = f"heat {heat} = quality {quality}"
    if more:
        made += f" {'+' if more > 0 else '-'} {abs(more)} for {count} related article{'s' * (count != 1)}"
    elif count:
        made += f", to which its {count} related article{'s' * (count != 1)} add nothing"
    leader = found.get("outrankedBy") or {}
    title, theirs = plain(leader.get("title")), leader.get("quality")
    sentences = {
        "threshold_met": f"Published: it leads its story, and {made} reaches the threshold of {by}.",
        "below_threshold": f"Held: it leads its story, but {made} is below the threshold of {by}.",
        "outranked": f"Suppressed: “{title}” outranks it with {theirs} to {quality}; its heat is {heat}.",
        "tie": f"Suppressed: “{title}” has the same quality, {quality}, and was there first; its heat is {heat}.",
        "provider_denied": f"Rejected: {by} deny its provider.",
        "removed": "Retracted: upstream removed it.",
        "unknown_article": "Retracted: upstream removed it before the desk had ever seen it.",
    }
    return sentences.get(found["reason"], f"{shown(found['kind'])}: {shown(found['reason'])}.")


def _parts(found: Mapping[str, Any]) -> Iterator[tuple[str, Table | Text]]:
    if found["score"]["terms"]:
        yield "Score", _score(found)
    if leader := found.get("outrankedBy"):
        yield (
            "Outranked by",
            Text(f"  {leader['quality']}  {plain(leader['title'])}\n      {plain(leader.get('url', ''))}"),
        )
    if related := found.get("related"):
        yield f"Related, {found['relatedCount']} that count", _rows(related, _RELATED, ("quality", "provider", "title"))
    if dropped := found.get("dropped"):
        counts = ", ".join(f"{count} {shown(reason)}" for reason, count in found["droppedCounts"].items())
        yield f"Dropped from related: {counts}", _rows(dropped, _DROPPED, ("reason", "title", "url", "detail"))
    yield f"Decisions, {found['decisionCount']} in all", _decisions(found["decisions"])
    aliases = found["aliases"]
    more = f"\n  ... and {len(aliases) - _ALIASES} more" if len(aliases) > _ALIASES else ""
    yield "Known as", Text("\n".join(f"  {plain(alias)}" for alias in aliases[:_ALIASES]) + more)
    if merged := found.get("merged"):
        yield "Merged into it", Text("\n".join(f"  {plain(identity)}" for identity in merged))


def _score(found: Mapping[str, Any]) -> Table:
    table = Table(header_style="dim", pad_edge=False, box=None, show_footer=True, footer_style="bold")
    table.add_column("  points", justify="right", footer=str(found["quality"]))
    table.add_column("term", footer="quality")
    table.add_column("because", overflow="fold")
    for term in found["score"]["terms"]:
        colour = "red" if term["points"] < 0 else "green"
        table.add_row(Text(f"{term['points']:+d}", colour), Text(shown(term["name"])), Text(plain(term["because"])))
    return table


def _decisions(decisions: list[Mapping[str, Any]]) -> Table:
    table = Table(header_style="dim", pad_edge=False, box=None)
    for name in ("  time", "rev", "kind", "reason", "quality", "heat", "changes", "read at"):
        table.add_column(name, overflow="fold", justify="right" if name in ("rev", "quality", "heat") else "left")
    for decision in decisions[-_DECISIONS:]:
        source = decision["source"]
        changes = ", ".join(decision.get("changes", ())) + (
            f" +{len(decision['merged'])} merged" if "merged" in decision else ""
        )
        table.add_row(
            Text(f"  {plain(decision.get('time', '-'))}"),
            str(decision["revision"]),
            Text(decision["kind"], style_of(decision["kind"])),
            Text(shown(decision["reason"])),
            str(decision["quality"]),
            str(decision["heat"]),
            Text(plain(changes)),
            Text(plain(f"{source['topic'].rpartition('.')[2]}/{source['partition']}/{source['offset']}"), "dim"),
        )
    return table


def _rows(items: list[Mapping[str, Any]], most: int, names: tuple[str, ...]) -> Table:
    """*items* as a table with the columns of *names* that any of them has."""
    columns = [name for name in names if any(name in item for item in items)]
    table = Table(header_style="dim", pad_edge=False, box=None)
    for index, name in enumerate(columns):
        table.add_column(
            ("  " if not index else "") + name, overflow="fold", justify="right" if name == "quality" else "left"
        )
    for item in items[:most]:
        cells = [plain(item.get(name, "")) for name in columns]
        table.add_row(*(Text(("  " if not index else "") + cell) for index, cell in enumerate(cells)))
    if len(items) > most:
        table.add_row(Text(f"  ... and {len(items) - most} more", "dim"))
    return table
