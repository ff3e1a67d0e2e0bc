"""Whatever form events come in, each is found once, with its own bytes and the place where it stands."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.editorial.frontmatter import parse
from newsdesk.intake import files, items, source
from newsdesk.intake.files import read_items
from newsdesk.intake.items import InputError, Item, Refused

SEED = Path(__file__).parents[1] / "data" / "seed.md"
Writer: TypeAlias = Callable[..., str]
"""Writes (content, name="events") into a folder of the test's own and gives the path."""

ARTICLE = {"title": "Ä", "webUrl": "https://a.example/1", "images": [{"url": "https://a.example/i.png", "width": 1}]}
ENVELOPE = {"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data": ARTICLE}


@pytest.fixture
def given_file(tmp_path: Path) -> Writer:
    def write(content: bytes | str, name: str = "events") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


def told(path: str, *, raw: bool = False) -> list[tuple[str, int, bytes | None]]:
    """(item or refused, line, value) of each."""
    return [
        ("refused", entry.line, entry.item.value) if isinstance(entry, Refused) else ("item", entry.line, entry.value)
        for entry in read_items(path, raw=raw)
    ]


PRETTY = json.dumps(ARTICLE, indent=2).encode()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"\n  \n", [], id="blank lines"),
        pytest.param(b'{"a":1}', [("item", 1, b'{"a":1}')], id="a line without its end"),
        pytest.param(b'\xef\xbb\xbf{"a":1}\n', [("item", 1, b'{"a":1}')], id="a byte order mark"),
        pytest.param(
            b'{"a":1}\n\n {"b": 2} \r\n', [("item", 1, b'{"a":1}'), ("item", 3, b' {"b": 2} ')], id="lines keep their bytes"
        ),
        pytest.param(b'{"a":36893488147419103232}', [("item", 1, b'{"a":36893488147419103232}')], id="a wide integer"),
        pytest.param(PRETTY + b"\n", [("item", 1, PRETTY)], id="an object over several lines"),
        pytest.param(b"\n\n" + PRETTY, [("item", 3, PRETTY)], id="after blank lines"),
        pytest.param(PRETTY + b"\n" + PRETTY, [("item", 1, PRETTY), ("item", 11, PRETTY)], id="objects over several lines"),
        pytest.param(
            b'{\n}\n{"b":2}\n{"c":3}', [("item", 1, b"{\n}"), ("item", 3, b'{"b":2}'), ("item", 4, b'{"c":3}')], id="and on one"
        ),
        pytest.param(b'[{"a":1}, {"b":1.0e0}]', [("item", 1, b'{"a":1}'), ("item", 1, b'{"b":1.0e0}')], id="an array on a line"),
        pytest.param(
            b'[\n  {"a":1},\n  7,\n  {"b":\n 2}]', [("item", 2, b'{"a":1}'), ("refused", 3, b"7"), ("item", 4, b'{"b":\n 2}')], id="an array"
        ),
        pytest.param(b'[\n{"a":1}\n,{"b":2}\n]', [("item", 2, b'{"a":1}'), ("item", 3, b'{"b":2}')], id="unindented"),
        pytest.param(b"[1, 2]", [("refused", 1, b"[1, 2]")], id="an array without an object is a bad event"),
        pytest.param(b"[]\n", [("refused", 1, b"[]")], id="an empty array too"),
        pytest.param(b'[{"a":1}]\n{"b":2}\n', [("refused", 1, b'[{"a":1}]'), ("item", 2, b'{"b":2}')], id="an array among lines"),
        pytest.param(b'{"a":1\n{"b":2}\n', [("refused", 1, b'{"a":1'), ("item", 2, b'{"b":2}')], id="a broken first line"),
        pytest.param(b'{"a":\n{"b":2}\n', [("refused", 1, b'{"a":'), ("item", 2, b'{"b":2}')], id="cut after a colon"),
        pytest.param(b'{"a":\n{"b":2}\n{"c":3}', [("refused", 1, b'{"a":'), ("item", 2, b'{"b":2}'), ("item", 3, b'{"c":3}')], id="the same"),
        pytest.param(b'{"a":1,\n{"b":2}', [("refused", 1, b'{"a":1,'), ("item", 2, b'{"b":2}')], id="cut after a comma"),
        pytest.param(b'[\n{"b":2}\n{"c":3}', [("refused", 1, b"["), ("item", 2, b'{"b":2}'), ("item", 3, b'{"c":3}')], id="a lone bracket"),
        pytest.param(b'{"t": "x\n{"b":2}', [("refused", 1, b'{"t": "x'), ("item", 2, b'{"b":2}')], id="cut in a text"),
        pytest.param(b'{"a":1\nnonsense', [("refused", 1, b'{"a":1'), ("refused", 2, b"nonsense")], id="nothing but broken lines"),
        pytest.param(b'{"a":1\n\xff\xfe\n', [("refused", 1, b'{"a":1'), ("refused", 2, b"\xff\xfe")], id="the second is not UTF-8"),
        pytest.param(b'{\n  "a": 1,\n  b: 2\n}', [("refused", 1, b'{\n  "a": 1,\n  b: 2\n}')], id="a broken document is one event"),
        pytest.param(b'{\n"a": 1,\n}', [("refused", 1, b'{\n"a": 1,\n}')], id="a document with a comma too many"),
        pytest.param(b'{\n  "a": [', [("refused", 1, b'{\n  "a": [')], id="a document that is cut off"),
        pytest.param(b'{"a": NaN}\n{}', [("refused", 1, b'{"a": NaN}'), ("item", 2, b"{}")], id="NaN"),
        pytest.param(b'{"a": "\\ud800"}', [("refused", 1, b'{"a": "\\ud800"}')], id="a lone surrogate"),
        pytest.param(b"[x", [("refused", 1, b"[x")], id="an array that is none"),
        pytest.param(b"[1 2]\n", [("refused", 1, b"[1 2]")], id="an array without a comma"),
        pytest.param(b"[{}]x", [("refused", 1, b"[{}]x")], id="an array and more"),
        pytest.param(b'{"a": "\xff"}\n{}', [("refused", 1, b'{"a": "\xff"}'), ("item", 2, b"{}")], id="not UTF-8"),
        pytest.param(b'[{"a": "\xff"},\n{}]', [("refused", 1, b'{"a": "\xff"}'), ("item", 2, b"{}")], id="not UTF-8 in an array"),
        pytest.param(b'7\n"x"\nnull\nxyz', [("refused", n + 1, v) for n, v in enumerate((b"7", b'"x"', b"null", b"xyz"))], id="no objects"),
        pytest.param(b"---\ntitle: [\n---\n", [("refused", 1, b"---\ntitle: [\n---\n")], id="a broken article file"),
        pytest.param(b"---\ntitle: a\xff\n---\n", [("refused", 1, b"---\ntitle: a\xff\n---\n")], id="one that is not UTF-8"),
        pytest.param(b'---\ntitle: "a"\r\nn: 99999999999999999999\n---\n\n', [("item", 1, b'{"title":"a","n":99999999999999999999}')], id="an article file"),
    ],
)  # fmt: skip
def test_what_a_file_holds(given_file: Writer, content: bytes, found: list[tuple[str, int, bytes]]) -> None:
    assert told(given_file(content)) == found
    assert told(given_file(gzip.compress(content), "unnamed")) == found, "gzip is known by its content"


@pytest.mark.parametrize(
    "deep", ["[" * 10_000, "[" * 10_000 + "]" * 10_000, '{"a":' * 10_000, '[{"a":' * 10_000 + "}]" * 10_000]
)
def test_endless_nesting_is_refused_and_the_next_line_read(given_file: Writer, deep: str) -> None:
    first, second = read_items(given_file(deep + '\n{"b":2}\n'))

    assert isinstance(first, Refused)
    assert first.item.value == deep.encode()
    assert second == Item(second.file, 2, b'{"b":2}')


def test_an_article_file_named_json_and_json_named_markdown(given_file: Writer) -> None:
    """Content decides; a name that promises an article keeps a text without one from being read as a hundred bad lines."""
    (item,) = read_items(given_file(SEED.read_bytes(), "seed.json"))
    assert isinstance(item, Item)
    assert orjson.loads(item.value or b"") == parse(SEED.read_bytes().decode())

    (refused,) = read_items(given_file("# A readme\n\nwith words\n", "README.md"))
    assert isinstance(refused, Refused)
    assert "begins with a line '---'" in refused.reason


def test_raw_lines_are_what_they_are(given_file: Writer) -> None:
    path = given_file(b'\xef\xbb\xbf---\n\n \r\n{"topic":"t","partition":0,"offset":1,"value":{}}\n\xff')

    lines = [b"\xef\xbb\xbf---", b"", b" \r", b'{"topic":"t","partition":0,"offset":1,"value":{}}', b"\xff"]
    assert told(path, raw=True) == [("item", number, line) for number, line in enumerate(lines, 1)]


def test_a_tail_line_is_the_record_that_it_shows(given_file: Writer) -> None:
    line = (
        '{"topic":"newsdesk.articles.submitted","partition":3,"offset":17,"timestamp":1593574680000,"key":"nbcnews.com",'
        '"headers":{"ce_id":"1","ce_source":"/x","x":{"base64":"/w=="}},"value":{"title": "ä", "n": 1.50, "big": 36893488147419103232}}'
    )

    (item,) = read_items(given_file(line))

    assert item == Item(
        file=item.file,
        line=1,
        value='{"title": "ä", "n": 1.50, "big": 36893488147419103232}'.encode(),
        key=b"nbcnews.com",
        headers=(("ce_id", b"1"), ("ce_source", b"/x"), ("x", b"\xff")),
        timestamp=1593574680000,
        partition=3,
        offset=17,
        topic="newsdesk.articles.submitted",
    )


@pytest.mark.parametrize(
    ("value", "restored", "kind"),
    [
        ("null", None, Item),
        ('{"base64":"AP8="}', b"\x00\xff", Refused),
        ('{"base64":""}', b"", Refused),
        ("[1]", b"[1]", Refused),
        ('"text"', b'"text"', Refused),
    ],
)
def test_values_of_tail_lines(given_file: Writer, value: str, restored: bytes | None, kind: type) -> None:
    (entry,) = read_items(
        given_file(f'{{"topic":"t","partition":0,"offset":5,"key":null,"headers":{{}},"value":{value}}}')
    )

    assert isinstance(entry, kind)
    item = entry.item if isinstance(entry, Refused) else entry
    assert (item.value, item.topic, item.partition, item.offset, item.key) == (restored, "t", 0, 5, None)


@pytest.mark.parametrize(
    "article",
    [
        {"title": "T", "topic": "t", "partition": 0, "offset": 1},
        {"title": "T", "topic": "t", "partition": 0, "offset": 1, "value": {}},
        {"topic": "t", "partition": "0", "offset": 1, "value": {}},
        {"topic": "t", "partition": 0, "offset": -1, "value": {}},
        {"topic": ["t"], "partition": 0, "offset": 1, "value": {}},
        {"topic": "t", "partition": True, "offset": 1, "value": {}},
        {"topic": "t", "partition": 0, "offset": 1, "value": {}, "headers": []},
        {"topic": "t", "partition": 0, "offset": 1, "value": {}, "headers": {"a": 1}},
        {"topic": "t", "partition": 0, "offset": 1, "value": {}, "key": 1},
        {"topic": "t", "partition": 0, "offset": 1, "value": {"base64": "?"}},
        {"data": {"topic": "t", "partition": 0, "offset": 1, "value": {}}},
        ENVELOPE,
    ],
)
def test_an_article_that_resembles_a_tail_line_is_an_article(given_file: Writer, article: dict[str, object]) -> None:
    text = json.dumps(article).encode()

    assert told(given_file(text)) == [("item", 1, text)]


def test_tail_lines_nested_too_deep_are_refused(given_file: Writer) -> None:
    value = "[" * 1000 + "]" * 1000
    (entry,) = read_items(given_file(f'{{"topic":"t","partition":0,"offset":5,"value":{value}}}'))
    assert isinstance(entry, Refused)


def test_a_folder_is_its_files_in_order(given_file: Writer, tmp_path: Path) -> None:
    for name in ("b/2.json", "b/1.md", "a.ndjson", ".hidden/x.json", "b/.DS_Store", "c.txt.gz"):
        content = f'{{"name":"{name}"}}'.encode()
        if name.endswith(".md"):
            content = f"---\nname: {name}\n---\n\n".encode()
        given_file(gzip.compress(content) if name.endswith(".gz") else content, name)

    found = [json.loads(entry.value) for entry in read_items(str(tmp_path)) if isinstance(entry, Item)]

    assert [entry["name"] for entry in found] == ["a.ndjson", "b/1.md", "b/2.json", "c.txt.gz"]


def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stdin, os.fdopen(writing, "wb", buffering=0) as upstream:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stdin))
        entries = read_items("-")
        upstream.write(b'{"broken": 1\n{"a":1}\n')
        assert isinstance(next(entries), Refused)
        assert next(entries) == Item("-", 2, b'{"a":1}')
        upstream.write(b'{"b":2}\n')
        assert next(entries) == Item("-", 3, b'{"b":2}')
        upstream.close()
        assert list(entries) == []


def test_standard_input_may_be_gzipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(b'{"a":1}\n'))))

    assert told("-") == [("item", 1, b'{"a":1}')]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.json: no such file"):
        list(read_items(str(tmp_path / "missing.json")))


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file is in this folder"):
        list(read_items(str(tmp_path)))


def test_a_file_that_may_not_be_read_is_named(given_file: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = given_file(b"{}")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="cannot be opened: Permission denied"):
        list(read_items(path))


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-12], lambda data: data[:-8] + bytes(8), lambda data: data + b"rubbish"]
)
def test_what_stands_before_the_damage_of_a_gzip_is_read(given_file: Writer, damage: Callable[[bytes], bytes]) -> None:
    path = given_file(damage(gzip.compress(b"".join(b'{"n":%d}\n' % n for n in range(5000)))))

    read = []
    with pytest.raises(InputError, match=r"damaged gzip after line \d+ .*gunzip"):
        read.extend(read_items(path))

    assert len(read) > 4000
    assert [entry.value for entry in read] == [b'{"n":%d}' % n for n in range(len(read))]


def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("LINE_BYTES", 1 << 20), ("DOCUMENT_BYTES", 4 << 20), ("SKIPPED_BYTES", 16 << 20)):
        for module in (items, files, source):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, size)
    monkeypatch.setattr(source.Lines.next, "__defaults__", (1 << 20,))
    monkeypatch.setattr(source.Lines.next_text, "__defaults__", (1 << 20,))


def test_a_line_too_long_is_refused_and_the_next_read(given_file: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    small_bounds(monkeypatch)
    path = given_file(b'{"a":1}\n{"x":"' + b"x" * (3 << 20) + b'"}\n{"b":2}\n')

    for raw in (False, True):
        first, second, third = read_items(path, raw=raw)
        assert isinstance(second, Refused)
        assert "longer than 1 MiB" in second.reason
        assert len(second.item.value or b"") == 1 << 20
        assert (first.line, third.line) == (1, 3)


def test_documents_too_large_are_refused(given_file: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    small_bounds(monkeypatch)
    filler = "x" * 1000
    array = "[\n" + ",\n".join(f'{{"x":"{filler}"}}' for _ in range(5000)) + "\n]\n"
    markdown = "---\n" + "".join(f"f{n}: {filler}\n" for n in range(5000)) + "---\n"

    for content, says in ((array, "one event a line"), (markdown, "article file is larger than 4 MiB")):
        (entry,) = read_items(given_file(content))
        assert isinstance(entry, Refused)
        assert says in entry.reason


def test_lines_know_no_bound_and_a_broken_first_one_changes_nothing(
    given_file: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_bounds(monkeypatch)
    line = json.dumps({"x": "x" * 1000})
    path = given_file(f'{{"a":1\n{line}x\n' + f"{line}\n" * 6000)

    kinds = [type(entry) for entry in read_items(path)]

    assert kinds == [Refused] * 2 + [Item] * 6000


@pytest.mark.parametrize("head", [b"", b'{"a":1}\n', b"---\n", b"[\n", b'{"a":"'])
def test_a_gzip_bomb_is_harmless(given_file: Writer, monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    small_bounds(monkeypatch)
    path = given_file(gzip.compress(head + bytes(64 << 20), 1))

    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="longer than 16 MiB"):
            list(read_items(path))
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_lines(given_file: Writer) -> None:
    path = given_file(gzip.compress((json.dumps(ARTICLE).encode() + b"\n") * 100_000, 1))

    tracemalloc.start()
    try:
        assert sum(1 for _ in read_items(path)) == 100_000
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


@given(
    st.lists(
        st.binary(max_size=20)
        | st.sampled_from([b'{"a":1', b'{"a":1}', b"[", b"{", b'{"a":', b"}", b"---", b"  1,", b"]"]),
        max_size=6,
    )
)
@settings(max_examples=400, deadline=None)
def test_no_bytes_are_lost_and_none_are_invented(parts: list[bytes]) -> None:
    """Whatever the lines are, all that is not white space, brackets and commas of an array is in some event, in order."""
    with tempfile.NamedTemporaryFile() as file:
        content = b"\n".join(part.replace(b"\x1f\x8b", b"") for part in parts)
        file.write(content)
        file.flush()
        entries = list(read_items(file.name))

    at = 0
    for entry in entries:
        value = (entry.item if isinstance(entry, Refused) else entry).value
        assert value is not None
        if not content.lstrip().startswith(b"---"):
            at = content.index(value, at) + len(value)
    assert bool(entries) == bool(content.removeprefix(b"\xef\xbb\xbf").strip())


@given(
    st.lists(
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"])),
            st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
            min_size=1,
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=200, deadline=None)
def test_the_same_events_are_read_from_every_form(events: list[dict[str, object]]) -> None:
    forms = [
        "\n".join(json.dumps(event) for event in events),
        json.dumps(events),
        json.dumps(events, indent=2, ensure_ascii=False),
        "\n".join(json.dumps(event, indent=1) for event in events),
        "\n".join(json.dumps({"topic": "t", "partition": 0, "offset": n, "value": event}) for n, event in enumerate(events)),
    ]  # fmt: skip
    for form in forms:
        with tempfile.NamedTemporaryFile() as file:
            file.write(form.encode())
            file.flush()
            read = list(read_items(file.name))
        assert [json.loads(entry.value or b"") for entry in read if isinstance(entry, Item)] == events


def test_base64_of_any_bytes_is_undone(given_file: Writer) -> None:
    data = bytes(range(256))
    shown = {"topic": "t", "partition": 0, "offset": 0, "value": {"base64": base64.b64encode(data).decode()}}

    (entry,) = read_items(given_file(json.dumps(shown)))

    assert isinstance(entry, Refused)
    assert entry.item.value == data
