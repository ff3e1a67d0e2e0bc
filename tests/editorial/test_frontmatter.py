"""An article file becomes a dict and the same bytes again; what is not exactly JSON in YAML's clothes is refused."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.contracts.article import ArticleEvent
from newsdesk.editorial.frontmatter import FrontMatterError, parse, render
from newsdesk.editorial.frontmatter.writing import BARE

ROOT = Path(__file__).parents[2]
SEED = (ROOT / "tests" / "data" / "seed.md").read_bytes().decode()
RECORDED = ROOT.parent / "shared" / "recorded"


def article(*lines: str) -> str:
    return "\n".join(("---", *lines, "---", "", ""))


def through_json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


def test_the_seed_survives_text_dict_json_dict_text_byte_for_byte() -> None:
    assert render(through_json(parse(SEED))) == SEED


def test_the_seed_is_typed_and_its_dates_stay_text() -> None:
    seed = parse(SEED)

    assert seed["publishedDateTime"] == "2020-07-01T03:38:00Z"
    assert (seed["quality"], seed["heat"], seed["published"]) == (81, -1, False)
    assert seed["images"][0]["isCached"] is True
    assert [item["quality"] for item in seed["related"]] == [89, 80, 59, 54]
    assert "€™t adversely" in seed["related"][1]["excerpt"], "repairing is not the codec's business"


def test_the_order_of_the_keys_does_not_change_the_file() -> None:
    def backwards(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: backwards(value[key]) for key in reversed(value)}
        return [backwards(item) for item in value] if isinstance(value, list) else value

    assert render(backwards(parse(SEED))) == SEED


def test_carriage_returns_are_read_and_not_written() -> None:
    assert render(parse(SEED.replace("\n", "\r\n"))) == SEED


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse("\ufeff" + SEED) == parse(SEED)


@pytest.mark.parametrize(
    ("bare", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-1", -1),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("18446744073709551616", 2**64),
        *((text, text) for text in ("yes", "no", "on", "off", "True", "NULL", "~", "y")),
        *((text, text) for text in ("1_000", "0x1f", "0b1", "0o7", "017", "12:30", "+1", ".5", "1.", ".inf", ".nan")),
        ("2020-07-01", "2020-07-01"),
        ("2020-07-01 03:38:00", "2020-07-01 03:38:00"),
        ("=", "="),
        ("'it''s'", "it's"),
        ('"\\u0041\\x0a"', "A\n"),
    ],
)
def test_what_a_word_means(bare: str, value: object) -> None:
    read = parse(article(f"x: {bare}"))["x"]

    assert read == value
    assert type(read) is type(value)


def test_a_merge_key_is_a_field_like_any_other() -> None:
    assert parse(article("<<: {a: 1}", "b: 2")) == {"<<": {"a": 1}, "b": 2}


def test_field_names_are_texts_whatever_they_look_like() -> None:
    assert parse(article("1: a", "true: b", "null: c")) == {"1": "a", "true": "b", "null": "c"}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        pytest.param("title: x\n", 1, "begins with a line '---'", id="no front matter"),
        pytest.param("", 1, "begins with", id="empty"),
        pytest.param("---\ntitle: x\n", 3, "not closed", id="no end"),
        pytest.param(article("title: x") + "A body.\n", 5, "text after the front matter", id="a body"),
        pytest.param(article("title: one: two"), 2, "no valid YAML", id="an unquoted colon"),
        pytest.param(article("a: 1", "title: \x01"), 3, "not allowed", id="a control character"),
        pytest.param(article('title: "\ud800"'), None, "lone surrogate", id="a lone surrogate"),
        pytest.param(article('title: "open'), 2, "no valid YAML", id="an open quote"),
        pytest.param(article("a: 1", "b: 2", "a: 3"), 4, "'a' is there twice", id="a repeated field"),
        pytest.param(article("a: &x [1]", "b: 1"), 2, "anchor &x", id="an anchor"),
        pytest.param(article("a: 1", "b: *x"), 3, "alias *x", id="an alias"),
        pytest.param(article("a: !!binary QQ=="), 2, "the tag", id="a tag"),
        pytest.param(article("a: !!python/object:os.system {}"), 2, "the tag", id="a tag on an object"),
        pytest.param(article("? [a]", ": 1"), 2, "name must be a text", id="a list as a name"),
        pytest.param(article("- a"), 2, "'field: value'", id="a list"),
        pytest.param(article("a word"), 2, "'field: value'", id="a word"),
        pytest.param(article("a: 1", "...", "b: 2"), 4, "", id="a second document"),
        pytest.param(article("a: " + "[" * 10_000), 2, "in each other", id="nested deep in brackets"),
        pytest.param(article("- " * 10_000 + "a"), 2, "", id="nested deep in dashes"),
        pytest.param(article("a: 1e999"), 2, "too large", id="a number beyond a double"),
        pytest.param(article("a: " + "9" * 5000), 2, "digits", id="an endless integer"),
    ],
)
def test_what_is_refused_names_its_line(text: str, line: int | None, says: str) -> None:
    with pytest.raises(FrontMatterError) as caught:
        parse(text)

    assert caught.value.line == line
    assert says in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_billion_laughs_stay_one_line() -> None:
    laughs = ["a: &a [ha, ha]", *(f"{b}: &{b} [*{a}, *{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True))]

    with pytest.raises(FrontMatterError, match="anchor"):
        parse(article(*laughs))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "one: two",
            "two:",
            "a #b",
            "#a",
            "- a",
            "-",
            "? a",
            "@a",
            "%a",
            "`a",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "[a]",
            "{a}",
        ),
        *("'a'", '"a"', ",a", "a ", " a", "a\tb", "a\nb", "", "true", "No", "NULL", "~", "y", "On", "1", "-1", "1.5"),
        *(
            "1_000",
            "0x1f",
            "12:30",
            "1e3",
            "1843",
            ".5",
            ".inf",
            "+1",
            "=",
            "<<",
            "---",
            "...",
            "\x85",
            "\u2028",
            "\ufeff",
        ),
    ],
)
def test_a_name_that_would_mean_something_else_is_quoted(text: str) -> None:
    written = render({"provider": {"name": text}})

    assert '  name: "' in written
    assert parse(written) == {"provider": {"name": text}}


@pytest.mark.parametrize(
    "text", ["NBC News", "9to5Mac", "Ärzteblatt", "L'Équipe", "AT&T", "C#", "a:b", "日経", "2020-07-01T03:38:00Z"]
)
def test_an_ordinary_name_is_bare(text: str) -> None:
    assert f"\n  name: {text}\n" in render({"provider": {"name": text}})


def test_fields_that_nobody_knows_come_before_secured_with_a_blank_line_each() -> None:
    written = render(
        {"secured": "x;y", "series": {"part": 2, "of": [1, "a", [], {}, [[None]]]}, "title": "T", "note": "no"}
    )

    assert written.splitlines() == [
        *("---", 'title: "T"', "", "series:", "  part: 2", "  of:", "    - 1", '    - "a"', "    - []", "    - {}"),
        *("    - - - null", "", 'note: "no"', "", 'secured: "x;y"', "---", ""),
    ]


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), b"bytes", {1, 2}, {1: "a"}, "\udc00", object()],
    ids=["nan", "infinity", "bytes", "a set", "a number as a name", "a lone surrogate", "an object"],
)
def test_what_json_cannot_hold_is_not_written(value: object) -> None:
    with pytest.raises(FrontMatterError):
        render({"x": value})


def test_what_is_nested_too_deep_to_be_read_is_not_written() -> None:
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]

    with pytest.raises(FrontMatterError, match="in each other"):
        render({"x": deep})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    [
        "",
        " ",
        "no",
        "12:30",
        "1_000",
        "a: b",
        "a #b",
        "- a",
        "---",
        "\r\n",
        "null",
        "\x00",
        "\x7f",
        "\x85\u2029",
        "\uffff\ufffe\ufeff\U0001ffff\U0010ffff",
        "x" * 1500,
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS | st.sampled_from(sorted(BARE)), inner, max_size=4)
    ),
    max_leaves=20,
)
ARTICLES = st.dictionaries(st.sampled_from(tuple(ArticleEvent.__annotations__)) | TEXTS, VALUES, max_size=8)


@given(ARTICLES)
@settings(max_examples=300, deadline=None)
def test_an_article_of_any_content_survives_its_file(value: dict[str, Any]) -> None:
    written = render(value)

    assert parse(written) == value
    assert render(parse(written)) == written
    assert parse(written.replace("\n", "\r\n")) == value


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_other_yaml_readers_find_the_same_names(name: str) -> None:
    body = render({"provider": {"name": name}}).split("---\n", 1)[1].rsplit("---", 1)[0]

    read = yaml.safe_load(body)["provider"]["name"]

    if isinstance(read, date):  # the one thing that others read as more than text
        assert name.startswith(read.isoformat()[:10])
    else:
        assert read == name


@pytest.mark.parametrize(
    "name", ["0001-1-1T0:00:00", "0000-0-0T0:00:00", "2020-02-30", "2020-07-01T25:00:00Z", "2020-07-01 03:38:00"]
)
def test_what_only_looks_like_a_date_is_quoted(name: str) -> None:
    assert f'name: "{name}"' in render({"provider": {"name": name}})


@pytest.mark.parametrize("name", ["2020-07-01", "2020-07-01T03:38:00Z", "2020-07-01T03:38:00.5+02:00"])
def test_a_date_stands_bare(name: str) -> None:
    assert f"name: {name}\n" in render({"provider": {"name": name}})


@given(st.text(max_size=200).map(lambda body: f"---\n{body}\n---\n"))
@settings(max_examples=300, deadline=None)
def test_any_text_is_an_article_or_an_error_of_ours(text: str) -> None:
    try:
        value = parse(text)
    except FrontMatterError:
        return
    assert parse(render(value)) == value


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded logs (../shared/recorded) are not here")
def test_recorded_files_survive_byte_for_byte() -> None:
    """Not the same: one file has `removed` before `published`, one holds an empty topic, written as null."""
    files = exact = 0
    for log in sorted(RECORDED.glob("*.jsonl.gz")):
        with gzip.open(log, "rt", encoding="utf-8") as lines:
            for line in lines:
                if (text := json.loads(line)["text"]) is not None:
                    files += 1
                    exact += render(through_json(parse(text))) == text.replace("\r\n", "\n")

    assert (files, exact) == (25_917, 25_915)
