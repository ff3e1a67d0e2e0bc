"""What is printed: a line of progress, and at the end a table by kind of fault, the verdict and the seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chaos.findings import Finding
    from chaos.scene import Struck

_SHOWN = 25


@dataclass(slots=True)
class Tally:
    """The faults so far: only those count that are known to have struck."""

    struck: Counter[str] = field(default_factory=Counter)
    instead: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Of those that struck, by kind: how many were something else that stands for the fault, and what."""
    missed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def take(self, kind: str, struck: Struck) -> None:
        if struck.yes:
            self.struck[kind] += 1
            if struck.instead:
                self.instead[kind][struck.instead] += 1
        else:
            self.missed[kind].append(struck.how)

    @property
    def done(self) -> int:
        return self.struck.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole run."""

    seed: int
    broker: str
    kinds: Sequence[str]
    tally: Tally
    wanted: int
    events: int
    answers: Counter[str]
    tags: Counter[str]
    seconds: float
    workers: int
    fenced: int
    discarded: int
    stores: int
    expired: int
    findings: Sequence[Finding]
    evidence: Path

    @property
    def passed(self) -> bool:
        """Nothing was found, and as many faults struck as were asked for, one of every kind if there was room for that."""
        return not self.findings and self.tally.done >= self.wanted and not self.missing

    @property
    def missing(self) -> Sequence[str]:
        """The kinds that never struck, where as many faults were asked for as there are kinds."""
        if self.wanted < len(self.kinds):
            return ()
        return [kind for kind in self.kinds if not self.tally.struck[kind]]

    def lines(self) -> list[str]:
        """The report for people."""
        tally = self.tally
        width = max(len(kind) for kind in self.kinds)
        text = [f"{'fault':{width}}  struck  did not"]
        text += [f"{kind:{width}}  {tally.struck[kind]:6}  {len(tally.missed[kind]) or '':>7}" for kind in self.kinds]
        text.append(f"{'all':{width}}  {tally.done:6}  {sum(map(len, tally.missed.values())) or '':>7}")
        for kind, others in tally.instead.items():
            text += [f"{kind}: {count} of {tally.struck[kind]} were {what}" for what, count in others.items()]
        for kind, reasons in tally.missed.items():
            text += [f"did not strike, {kind}: {reason}" for reason in reasons[:3]]
        tags = ", ".join(f"{self.tags[tag]} {tag}" for tag in sorted(self.tags) if tag in _TOLD)
        answers = ", ".join(f"{count} {kind}" for kind, count in sorted(self.answers.items()))
        text += [
            "",
            f"events read: {self.events} ({tags})",
            f"answers: {answers}",
            (
                f"workers: {self.workers} processes, {self.fenced} tasks fenced, {self.discarded} stores thrown away, "
                f"{self.stores} stores compared with their changelog, {self.expired} articles expired and swept away"
            ),
            f"on {self.broker}, {self.seconds:.0f} s",
        ]
        text += [f"BROKEN {finding}" for finding in self.findings[:_SHOWN]]
        if len(self.findings) > _SHOWN:
            text.append(f"... and {len(self.findings) - _SHOWN} more")
        if not self.passed:
            text.append(f"evidence: {self.evidence}")
        if self.passed:
            verdict = f"PASSED: {tally.done} faults, every invariant holds"
        elif self.findings:
            verdict = f"FAILED: {len(self.findings)} findings after {tally.done} faults"
        elif tally.done < self.wanted:
            verdict = f"FAILED: only {tally.done} of {self.wanted} faults struck"
        else:
            verdict = f"FAILED: never struck: {', '.join(self.missing)}"
        return [*text, f"{verdict}. Seed {self.seed}."]


_TOLD = frozenset(
    {
        "bad",
        "merge",
        "new",
        "repeated",
        "resent",
        "retraction",
        "revision",
        "stale",
        "wrong_key",
        "wrong_partition",
        "written_by_others",
    }
)
