from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from cli.command import call

SEED = Path(__file__).parents[1] / "data" / "seed.md"


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_the_seed_survives_every_form_byte_for_byte(form: str, tmp_path: Path) -> None:
    there = tmp_path / f"seed.{form}"
    there.write_bytes(call("convert", SEED, "--to", form).out)
    back = call("convert", there, "--to", "markdown")
    assert back.code == 0
    assert back.out == SEED.read_bytes()


def test_markdown_takes_one_article() -> None:
    called = call("convert", SEED, SEED, "--to", "markdown")
    assert called.code == 2
    assert "ndjson" in called.err


def test_what_is_refused_is_named_and_the_rest_is_converted() -> None:
    called = call("convert", "-", "--to", "ndjson", stdin=b'{"a":1}\n{broken\n{"b":2}\n')
    assert (called.code, called.lines) == (3, [{"a": 1}, {"b": 2}])
    assert called.err.startswith("-:2: refused: no JSON")


def test_machines_get_refusals_as_json() -> None:
    called = call("convert", "-", "--to", "ndjson", "--output", "json", stdin=b"[1]\n")
    refusal = orjson.loads(called.err)
    assert (called.code, refusal["file"], refusal["line"]) == (3, "-", 1)
