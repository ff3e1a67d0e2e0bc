"""The demo's picture: the decisions as they come, and how many of each kind."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from newsdesk.cli import console
from newsdesk.cli.styles import style_of
from newsdesk.contracts.reasons import DecisionKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LATEST: Final = 10
_TITLES: Final = 2000
_BAR: Final = 30
_LINE_SECONDS: Final = 2.0
DEAD: Final = "dead letter"
FORWARDED: Final = "forwarded"


@dataclass(slots=True)
class Counts:
    """What was submitted, what was answered, and the latest answers as (kind, heat, reason, article or detail)."""

    total: int
    submitted: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    latest: deque[tuple[str, str, str, str]] = field(default_factory=lambda: deque(maxlen=_LATEST))
    began: float = field(default_factory=time.monotonic)
    _titles: OrderedDict[str, str] = field(default_factory=OrderedDict)

    @property
    def answered(self) -> int:
        """Events with a decision or a dead letter; a forwarded one is answered where it went."""
        return self.kinds.total() - self.kinds[FORWARDED]

    def named(self, article: str) -> str:
        """The title of *article* where it is known by now: the records of one event arrive topic by topic."""
        return self._titles.get(article, article)

    def title(self, article: str, title: str) -> None:
        """Remember the title of *article*, of some."""
        self._titles[article] = title
        if len(self._titles) > _TITLES:
            self._titles.popitem(last=False)

    def decide(self, decision: dict[str, Any]) -> None:
        """Count a decision."""
        self.kinds[decision["kind"]] += 1
        self.latest.append((decision["kind"], str(decision["heat"]), decision["reason"], decision["articleId"]))

    def bury(self, reason: str, detail: str) -> None:
        """Count a dead letter."""
        self.kinds[DEAD] += 1
        self.latest.append((DEAD, "", reason, detail))

    def forward(self) -> None:
        """Count an event that went to the partition of its scope."""
        self.kinds[FORWARDED] += 1


@contextlib.contextmanager
def view(counts: Counts, *, live: bool) -> Iterator[Callable[[], None]]:
    """Shows *counts* whenever what it gives is called: a picture on a terminal, a line now and then elsewhere."""
    screen = Console(highlight=False)
    if live and screen.is_terminal:
        with Live(picture(counts), console=screen, auto_refresh=False) as picture_frame:
            yield lambda: picture_frame.update(picture(counts), refresh=True)
        return
    due = time.monotonic() + _LINE_SECONDS

    def tell() -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + _LINE_SECONDS
            console.say(_line(counts))

    yield tell
    console.say(_line(counts))


def picture(counts: Counts) -> Panel:
    """How far it is, how many of each kind, and the latest answers."""
    kinds = Table.grid(padding=(0, 1))
    most = max(counts.kinds.values(), default=1)
    for kind in (*DecisionKind, DEAD, FORWARDED):
        if kind == DecisionKind.REJECTED and not counts.kinds[kind]:
            continue
        number = counts.kinds[kind]
        style = style_of(kind) or ("red" if kind == DEAD else "blue")
        kinds.add_row(Text(kind, style), Text(f"{number:>6}"), Text("█" * round(_BAR * number / most), style))
    latest = Table.grid(padding=(0, 1), expand=True)
    for _ in range(2):
        latest.add_column(no_wrap=True)
    latest.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for kind, heat, reason, what in counts.latest:
        text = f"{console.shown(reason)} · {console.plain(counts.named(what))}"
        latest.add_row(Text(kind, style_of(kind) or "red"), Text(f"{heat:>4}"), Text(text))
    seconds = max(0.001, time.monotonic() - counts.began)
    head = Text(
        f"{counts.submitted} of {counts.total} submitted, {counts.answered} answered, {counts.answered / seconds:.0f}/s"
    )
    bar = ProgressBar(total=counts.total, completed=counts.answered)
    return Panel(Group(head, bar, Text(), kinds, Text(), latest), title="newsdesk", border_style="dim")


def _line(counts: Counts) -> str:
    kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.kinds.items()))
    return f"{counts.submitted}/{counts.total} submitted, {counts.answered} answered: {kinds}"
