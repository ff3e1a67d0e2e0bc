"""How a comparison of two rules is shown to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from newsdesk.cli import console
from newsdesk.cli.styles import style_of

if TYPE_CHECKING:
    from newsdesk.desk.diff import Comparison, Standing

SHOWN: Final = 200
"""Differences in the table; --output json has all."""


def show_diff(found: Comparison) -> None:
    """The articles that change, and how many move from which kind to which."""
    out = console.out()
    if found.differences:
        table = Table(title=None, header_style="bold", row_styles=("", ""), pad_edge=False)
        for name in ("article", "old", "new"):
            table.add_column(name, overflow="fold")
        for name in ("quality", "heat"):
            table.add_column(name, justify="right", no_wrap=True)
        for difference in found.differences[:SHOWN]:
            old, new = difference.old, difference.new
            table.add_row(
                Text(console.plain(difference.title or difference.url or difference.article_id)),
                _kind(old),
                _kind(new),
                _move(old.quality if old else None, new.quality if new else None),
                _move(old.heat if old else None, new.heat if new else None),
            )
        out.print(table)
        if (more := len(found.differences) - SHOWN) > 0:
            out.print(Text(f"... and {more} more; --output json lists all", "dim"))
    names = f"{found.old['name']} {found.old['version']} -> {found.new['name']} {found.new['version']}"
    summary = (
        f"{console.plain(names)}: {len(found.differences)} of {found.articles} articles change ({found.events} events)"
    )
    out.print(Text(summary, "bold"))
    for (before, after), count in found.moves.items():
        arrow = f"{before} -> {after}" if before != after else f"stays {before}"
        out.print(Text(f"  {count:>7}  {arrow}", style_of(after) if before != after else "dim"))


def _kind(standing: Standing | None) -> Text:
    if standing is None:
        return Text("-", "dim")
    return Text(f"{standing.kind}\n({console.shown(standing.reason)})", style_of(standing.kind))


def _move(old: int | None, new: int | None) -> str:
    if old == new:
        return str(old)
    return f"{'-' if old is None else old} -> {'-' if new is None else new}"
