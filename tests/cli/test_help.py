from __future__ import annotations

import subprocess
import sys

import pytest

import newsdesk
from cli.command import call

COMMANDS = [
    "judge", "convert", "submit", "tail", "explain", "audit", "broker", "doctor", "topics apply", "topics check",
    "rules show", "rules check", "rules diff", "run desk",
]  # fmt: skip


def test_the_version_is_the_packages() -> None:
    assert call("--version").text == f"newsdesk {newsdesk.__version__}\n"


def test_help_names_every_command_and_what_the_exit_codes_mean() -> None:
    text = call("--help").text
    for name in {command.split()[0] for command in COMMANDS}:
        assert f" {name} " in text
    assert "0 done" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_shows_how_to_call_it(command: str) -> None:
    called = call(*command.split(), "--help")
    assert called.code == 0
    assert f"$ newsdesk {command.split(maxsplit=1)[0]}" in called.text


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "run desk"])
def test_every_command_that_prints_something_prints_json_for_machines(command: str) -> None:
    assert "--output" in call(*command.split(), "--help").text


@pytest.mark.parametrize(
    "arguments", [["judge"], ["nonsense"], ["judge", "--nonsense", "-"], ["convert", "-"], ["rules", "diff", "classic"]]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert call(*arguments).code == 2


def test_help_loads_nothing_heavy() -> None:
    heavy = ["aiokafka", "faust", "pydantic", "rocksdict", "yaml", "newsdesk.bootstrap", "newsdesk.contracts.article"]
    program = f"import sys; from newsdesk.cli import app\nprint(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
