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
    if faults := _repeated(node):
        raise RulesError(name, faults)
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
        if isinstance(target, list) and part.isdecimal() and int(part) < len(target):
            target = target[int(part)]
        elif isinstance(target, dict):
            target = target.setdefault(part, {})
        else:
            raise RulesError(name, [RulesFault(path, None, "is not a key of the rules")])
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise RulesError(name, [RulesFault(path, None, f"{text!r} is no YAML value: quote it")]) from None
    if isinstance(target, list) and last.isdecimal() and int(last) < len(target):
        target[int(last)] = value
    elif isinstance(target, dict):
        target[last] = value
    else:
        raise RulesError(name, [RulesFault(path, None, "is not a key of the rules")])


def _fault(path: Sequence[int | str], what: str, node: yaml.Node | None) -> RulesFault:
    """A fault with the line of the deepest part of *path* that the file has: of its key, where it has one."""
    line = node.start_mark.line + 1 if node is not None else None
    for part in path:
        found = _inner(node, part)
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    what = what.replace("Extra inputs are not permitted", "is not a key of the rules")
    return RulesFault(".".join(str(part) for part in path), line, what.removeprefix("Value error, "))


def _inner(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """What marks the place of *part* in *node*, which is its key or itself, and its value."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in reversed(node.value) if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _repeated(node: yaml.Node | None) -> list[RulesFault]:
    """The keys that stand twice in one mapping: YAML readers take the last in silence."""
    faults: list[RulesFault] = []
    waiting = [node]
    visited: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in visited:
            continue  # an alias
        visited.add(id(part))
        if isinstance(part, yaml.SequenceNode):
            waiting.extend(part.value)
        elif isinstance(part, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in part.value:
                if isinstance(key.value, str) and key.value in seen:
                    faults.append(RulesFault(key.value, key.start_mark.line + 1, "is there twice"))
                seen.add(str(key.value))
                waiting.append(value)
    return sorted(faults, key=lambda fault: fault.line or 0)
