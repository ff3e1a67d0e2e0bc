"""The picture for the README: throughput and CPU of all systems as bars, readable on light and on dark pages."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH: Final = 860
_LEFT: Final = 210
_BAR: Final = 22
_ROW: Final = 34
_TOP: Final = 64
_MIDDLE: Final = 20
_LABELS: Final = {"floor": "transport floor", "desk": "newsdesk", "desk, plain Python": "newsdesk, not compiled"}
_STYLE: Final = """
  text { font: 14px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 15px; }
  .small { font-size: 12px; fill: #59636e; }
  .floor { fill: #afb8c1; }
  .desk { fill: #0969da; }
  .peer { fill: #8c959f; }
  .desk-name { font-weight: 600; }
  .line { stroke: #d1d9e0; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9198a1; }
    .floor { fill: #484f58; }
    .desk { fill: #4493f8; }
    .peer { fill: #6e7681; }
    .line { stroke: #3d444d; }
  }
"""


def draw(found: dict[str, Any]) -> str:
    """The SVG of the figures that were found."""
    rows: Sequence[dict[str, Any]] = found["systems"]
    height = 2 * _TOP + 2 * _ROW * len(rows) + _MIDDLE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{escape(_alternative(rows))}</title>",
        f"<style>{_STYLE}</style>",
    ]
    parts += _chart(rows, "events_s", 0, ("Events a second", "longer is better; every answer checked"))
    below = _TOP + _ROW * len(rows) + _MIDDLE
    about = ("CPU an event, microseconds", "shorter is better; the whole process tree")
    parts += _chart(rows, "cpu_us", below, about)
    return "\n".join([*parts, "</svg>", ""])


def _chart(rows: Sequence[dict[str, Any]], name: str, top: int, about: tuple[str, str]) -> list[str]:
    title, note = about
    longest = max(row[name] for row in rows)
    room = _WIDTH - _LEFT - 90
    parts = [
        f'<text class="title" x="16" y="{top + 28}">{escape(title)}</text>',
        f'<text class="small" x="16" y="{top + 47}">{escape(note)}</text>',
        f'<line class="line" x1="{_LEFT}" y1="{top + _TOP - 6}" x2="{_LEFT}" y2="{top + _TOP + _ROW * len(rows) - 6}"/>',
    ]
    for place, row in enumerate(rows):
        y = top + _TOP + _ROW * place
        kind = row["system"] if row["system"] in ("floor", "desk") else "peer"
        width = max(2.0, room * row[name] / longest)
        label = _LABELS.get(row["system"], row["system"])
        named = ' class="desk-name"' if kind == "desk" else ""
        parts += [
            f'<text{named} x="{_LEFT - 10}" y="{y + 16}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="3"/>',
            f'<text{named} x="{_LEFT + width + 8:.1f}" y="{y + 16}">{row[name]:,.0f}{" (results wrong)" if row["wrong"] else ""}</text>',
        ]
    return parts


def _alternative(rows: Sequence[dict[str, Any]]) -> str:
    return "; ".join(
        f"{row['system']}: {row['events_s']:,.0f} events/s, {row['cpu_us']:,.0f} us CPU an event" for row in rows
    )
