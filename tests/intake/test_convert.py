"""The codec carries articles from form to form and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.intake.convert import ConvertError, Form, convert
from newsdesk.intake.files import read_items
from newsdesk.intake.items import Item, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

SEED = Path(__file__).parents[1] / "data" / "seed.md"


def converted(entries: Iterable[Item | Refused], to: Form) -> tuple[bytes, list[str]]:
    refused: list[Refused] = []
    return b"".join(convert(entries, to, refused.append)), [entry.reason for entry in refused]


def events(*values: bytes | None) -> list[Item]:
    return [Item("f", number, value) for number, value in enumerate(values, 1)]


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_the_seed_survives_byte_for_byte(tmp_path: Path, form: Form) -> None:
    there, refused = converted(read_items(str(SEED)), form)
    assert refused == []
    (tmp_path / "seed").write_bytes(there)

    back, refused = converted(read_items(str(tmp_path / "seed")), "markdown")

    assert refused == []
    assert back == SEED.read_bytes()


def test_one_article_is_an_object_and_several_are_an_array() -> None:
    assert converted(events(), "json") == (b"[]\n", [])
    assert converted(events('{"a":"é\\n"}'.encode()), "json") == ('{\n  "a": "é\\n"\n}\n'.encode(), [])
    several = [{"a": [1, {"b": []}]}, {}, {"c": "x\ny"}]
    text, _ = converted(events(*map(orjson.dumps, several)), "json")
    assert text == orjson.dumps(several, option=orjson.OPT_INDENT_2) + b"\n"


def test_integers_of_any_size_are_kept() -> None:
    value = b'{"a":36893488147419103232,"b":-1}'

    assert converted(events(value), "ndjson") == (value + b"\n", [])
    assert json.loads(converted(events(value), "json")[0]) == json.loads(value)
    assert converted(events(value), "markdown")[0] == b"---\na: 36893488147419103232\n\nb: -1\n---\n\n"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "tombstone"),
        (b'{"a":1,"a":2}', "'a' is there twice"),
        (b'{"a":1e999}', "infinity"),
        (b'{"a":NaN}', "no JSON"),
        (b'{"a":"\\ud800"}', "no JSON"),
        (b"[1]", "JSON object"),
        (b'{"a":' + b"[" * 900 + b"]" * 900 + b"}", "in each other"),
    ],
)
def test_what_has_no_such_form_is_refused_and_the_rest_converted(value: bytes | None, reason: str) -> None:
    text, refused = converted(events(value, b'{"b":1}'), "markdown")

    assert text == b"---\nb: 1\n---\n\n"
    assert len(refused) == 1
    assert reason in refused[0]


def test_what_was_refused_before_is_passed_on() -> None:
    assert converted([Refused("no JSON", Item("f", 1, b"x"))], "ndjson") == (b"", ["no JSON"])


def test_an_article_file_holds_one_article() -> None:
    with pytest.raises(ConvertError, match="line 2 of f is a second: convert to ndjson"):
        converted(events(b"{}", b"{}"), "markdown")


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_deep_values_are_written_or_refused(form: Form) -> None:
    for depth in (200, 300, 700, 990, 1020):
        text, refused = converted(events(b'{"a":' + b"[" * depth + b"]" * depth + b"}"), form)
        assert len(refused) == (text in (b"", b"[]\n"))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(TEXTS, JSON, max_size=5))
@settings(max_examples=200, deadline=None)
def test_every_article_goes_through_every_form(article: dict[str, object]) -> None:
    for form in ("json", "ndjson"):
        text, refused = converted(events(json.dumps(article).encode()), form)
        assert refused == []
        assert json.loads(text) == article
