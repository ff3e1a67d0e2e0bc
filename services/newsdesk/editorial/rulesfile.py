"""Rules files: YAML text to validated rules, every error with its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from newsdesk.contracts.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class RulesFault:
    """One thing that is wrong in a rules file: where (key path, and line from 1 where it has one), and what."""

    where: str
    line: int | None
    what: str

    def __str__(self) -> str:
        line = f"line {self.line}: " if self.line is not None else ""
        return f"{line}{self.where + ': ' if self.where else ''}{self.what}"


class RulesError(ValueError):
    """A rules file that cannot be used, with all its faults."""

    def __init__(self, name: str, faults: Sequence[RulesFault]) -> None:
        super().__init__("\n".join(f"{name}: {fault}" for fault in faults))
        self.name = name
        self.faults = tuple(faults)


def read_rules(text: str, name: str, overrides: Iterable[str] = ()) -> Rules:
    """The rules in *text*, with KEY=VALUE *overrides* applied (a.b=1); raises RulesError, *name* tells which file."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = f"is no YAML: {getattr(error, 'problem', None) or error}"
        raise RulesError(name, [RulesFault("", mark.line + 1 if mark else None, what)]) from None
    if not isinstance(data, dict):
        raise RulesError(name, [RulesFault("", 1, "a mapping is needed: name, version, quality, heat, ...")])
    for override in overrides:
        _override(data, override, name)
    try:
        return Rules.model_validate(data)
    except ValidationError as error:
        raise RulesError(name, [_fault(part["loc"], part["msg"], node) for part in error.errors()]) from None


def _override(data: dict[str, Any], override: str, name: str) -> None:
    """Set one KEY=VALUE in *data*; the value is typed as YAML types it, the key is checked with all others."""
    path, separator, text = override.partition("=")
    if not separator or not path:
        raise RulesError(name, [RulesFault("", None, f"--set takes KEY=VALUE, not {override!r}")])
    *parents, last = path.split(".")
    target: Any = data
    for part in parents:
        if isinstance(target, list) and part.isdigit() and int(part) < len(target):
            target = target[int(part)]
        elif isinstance(target, dict):
            target = target.setdefault(part, {})
        else:
            raise RulesError(name, [RulesFault(path, None, "is not a key of the rules")])
    if isinstance(target, list) and last.isdigit() and int(last) < len(target):
        target[int(last)] = yaml.safe_load(text)
    elif isinstance(target, dict):
        target[last] = yaml.safe_load(text)
    else:
        raise RulesError(name, [RulesFault(path, None, "is not a key of the rules")])


def _fault(path: Sequence[int | str], what: str, node: yaml.Node | None) -> RulesFault:
    """A fault with the line of the deepest part of *path* that the file has."""
    for part in path:
        inner = _inner(node, part)
        if inner is None:
            break
        node = inner
    what = what.replace("Extra inputs are not permitted", "is not a key of the rules")
    line = node.start_mark.line + 1 if node is not None else None
    return RulesFault(".".join(str(part) for part in path), line, what.removeprefix("Value error, "))


def _inner(node: yaml.Node | None, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part]  # type: ignore[no-any-return]
    return None
