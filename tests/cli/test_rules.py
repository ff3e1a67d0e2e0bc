from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from cli.command import call
from support.desk import article, item

if TYPE_CHECKING:
    from pathlib import Path

FAULTY = """\
name: faulty
version: 1
heat:
  per_relatd: 20
publish:
  threshold: high
"""


def test_show_prints_a_rules_file_again_with_its_source_and_hash(tmp_path: Path) -> None:
    shown = call("rules", "show", "classic")
    assert shown.text.splitlines()[0] == "# source: shipped with newsdesk (classic)"
    again = tmp_path / "again.yaml"
    again.write_bytes(shown.out)
    first = call("rules", "show", "classic", "--output", "json").lines[0]
    second = call("rules", "show", again, "--output", "json").lines[0]
    assert (first["hash"], first["rules"]) == (second["hash"], second["rules"])
    assert f"# hash: {first['hash']}" in shown.text


def test_show_with_overrides_prints_the_rules_as_they_then_are(tmp_path: Path) -> None:
    shown = call("rules", "show", "newsdesk", "--set", "publish.threshold=60", "--set", "quality.mode=trust")
    file = tmp_path / "mine.yaml"
    file.write_bytes(shown.out)
    rules = call("rules", "show", file, "--output", "json").lines[0]["rules"]
    assert (rules["publish"]["threshold"], rules["quality"]["mode"]) == (60, "trust")


def test_the_default_rules_are_shown_where_no_name_is_given() -> None:
    assert call("rules", "show", "--output", "json").lines[0]["rules"]["name"] == "newsdesk"


def test_check_names_every_fault_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "faulty.yaml"
    file.write_text(FAULTY, encoding="utf-8")
    called = call("rules", "check", "newsdesk", file)
    assert called.code == 2
    assert called.text.startswith("newsdesk: ok")
    assert "line 4: heat.per_relatd" in called.err
    assert "line 6: publish.threshold" in called.err
    good, bad = call("rules", "check", "newsdesk", file, "--output", "json").lines
    assert (good["ok"], bad["ok"]) == (True, False)
    assert {fault["line"] for fault in bad["faults"]} == {4, 6}


@pytest.mark.parametrize("text", ["a: [", "- list", "\t", "name: x\nversion: 1\ntopics: [{name: a, parent: b}]\n"])
def test_check_refuses_what_is_no_rules_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    called = call("rules", "check", file)
    assert (called.code, "Traceback" in called.err) == (2, False)


def test_check_goes_on_where_a_file_is_missing_or_no_text(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    for name in (tmp_path / "absent.yaml", binary, tmp_path):
        called = call("rules", "check", name)
        assert called.code == 2
        assert str(name) in called.err


EVENTS = b"\n".join(
    orjson.dumps(event)
    for event in (
        article(
            webUrl="https://a.example/1", title="Against the tide", related=[item(1), item(2)], featuredContent="<x>"
        ),
        article(webUrl="https://a.example/2", title="Second"),
        {"broken": True},
    )
)


def test_diff_lists_what_changes_and_counts_what_stays(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(EVENTS)
    (found,) = call(
        "rules",
        "diff",
        "--rules",
        "newsdesk",
        "--against",
        "newsdesk",
        "--set",
        "heat.per_related=0",
        "-o",
        "json",
        file,
    ).lines
    (changed,) = found["differences"]
    assert (found["events"], found["articles"], found["changed"]) == (3, 2, 1)
    assert (changed["old"]["kind"], changed["new"]["kind"]) == ("published", "held")
    assert changed["old"]["heat"] - changed["new"]["heat"] == 40
    assert {(move["old"], move["new"]): move["articles"] for move in found["moves"]} == {
        ("published", "held"): 1,
        ("held", "held"): 1,
    }


def test_diff_takes_the_rules_as_its_first_arguments_and_shows_a_table() -> None:
    called = call("rules", "diff", "classic", "newsdesk", "-", stdin=EVENTS)
    assert called.code == 0
    assert "Against the tide" in called.text  # classic finds "ai" in it
    assert "classic 1 -> newsdesk 1: 1 of 2 articles change (3 events)" in called.text
