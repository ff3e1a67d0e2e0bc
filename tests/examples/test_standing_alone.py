from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

import pytest

from examples.running import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = sorted(EXAMPLES.glob("*.py"))


def imported(source: str) -> set[str]:
    """The top-level names of all that *source* imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def test_there_are_examples() -> None:
    assert {script.name for script in SCRIPTS} >= {"topic_counts.py", "follow_published.py"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_an_example_needs_nothing_of_newsdesks_code(script: Path) -> None:
    beside = {other.stem for other in SCRIPTS}
    foreign = imported(script.read_text(encoding="utf-8")) - set(sys.stdlib_module_names) - beside
    assert foreign <= {"aiokafka", "faust"}
