"""Events read from files: article files, JSON, JSON lines, `newsdesk tail`'s lines, gzipped or not, told by what is in them.

A file that begins with a line `---` is one article. Otherwise, a first line that is JSON by itself, or that no next
line could complete, makes it a file of lines, each one event (a lone line holding an array is that array). A first
line that JSON could go on from makes it a document: objects, or arrays of objects, over several lines. If it turns
out to be none, and its lines look like events of their own, the first was a broken one among lines after all.
Structured CloudEvents are objects like any other and are passed on as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from newsdesk.editorial.frontmatter import FrontMatterError, parse
from newsdesk.intake import jsontext
from newsdesk.intake.items import DOCUMENT_BYTES, LINE_BYTES, Item, Refused
from newsdesk.intake.jsontext import BrokenJsonError, Span
from newsdesk.intake.source import Line, Lines, files_under, opened
from newsdesk.intake.tailline import may_be_tail_line, restore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_UTF8_BOM: Final = b"\xef\xbb\xbf"
_MARKDOWN: Final = (".md", ".markdown", ".md.gz", ".markdown.gz")
_JSON_NAMES: Final = {
    list: "an array",
    str: "a text",
    bool: "a boolean",
    type(None): "null",
    int: "a number",
    float: "a number",
}


def read_items(path: str, *, raw: bool = False) -> Iterator[Item | Refused]:
    """The events in the file or folder *path*, or on standard input for "-", in order and each as soon as it is read.

    With *raw* every line is an event as it is, empty ones too, whatever it holds; only the line feed is taken off.

    Raises:
        InputError: a file is missing, unreadable or damaged; what was read of it before has been yielded.
    """
    for file in files_under(path):
        with opened(file) as lines:
            yield from _raw(lines) if raw else _events(lines)


def _raw(lines: Lines) -> Iterator[Item | Refused]:
    while (line := lines.next()) is not None:
        item = Item(lines.name, line.number, line.text.removesuffix(b"\n"))
        yield item if line.whole else _too_long(item)


def _events(lines: Lines) -> Iterator[Item | Refused]:
    if (first := lines.next_text(DOCUMENT_BYTES)) is None:
        return
    first = Line(first.number, first.text.removeprefix(_UTF8_BOM), whole=first.whole)
    if first.text.rstrip() == b"---" or lines.name.lower().endswith(_MARKDOWN):
        yield _article_file(lines, first)
    else:
        yield from _events_in_json(lines, first)


def _events_in_json(lines: Lines, first: Line) -> Iterator[Item | Refused]:
    """One event a line, but for a document: a value that goes on over several lines, or a file of nothing but one array."""
    text = _text(first.text)
    begins = text.lstrip()[:1]
    stop = jsontext.stops(text) if begins in ("{", "[") else None
    if stop == len(text):
        yield from _over_several_lines(lines, first)
    elif stop is None and begins == "[":
        second = lines.next_text()
        if second is None and first.whole:
            yield from _document(lines.name, first.number, text)
        else:
            yield from _each(lines, [first] if second is None else [first, second])
    else:
        yield from _each(lines, [first])


def _article_file(lines: Lines, first: Line) -> Item | Refused:
    parts, size = [first.text], len(first.text)
    while size <= DOCUMENT_BYTES and (line := lines.next(DOCUMENT_BYTES)) is not None:
        parts.append(line.text)
        size += len(line.text)
    data = b"".join(parts)
    item = Item(lines.name, first.number, data)
    if size > DOCUMENT_BYTES:
        return Refused(f"the article file is larger than {DOCUMENT_BYTES >> 20} MiB", item)
    try:
        article = parse(data.decode())
    except UnicodeDecodeError as error:
        line_number = first.number + data.count(b"\n", 0, error.start)
        return Refused(f"the article file is not UTF-8 (line {line_number})", item)
    except FrontMatterError as error:
        return Refused(f"the article file cannot be read: {error}", item)
    return Item(lines.name, first.number, jsontext.write(article))


def _each(lines: Lines, begun: Iterable[Line]) -> Iterator[Item | Refused]:
    """Each line that is not blank is an event: those of *begun*, and those that follow."""
    for line in begun:
        if not line.is_blank:
            yield _one_line(lines.name, line)
    while (following := lines.next_text()) is not None:
        yield _one_line(lines.name, following)


def _one_line(file: str, line: Line) -> Item | Refused:
    value = line.text.rstrip(b"\r\n")
    if not line.whole or len(value) > LINE_BYTES:
        return _too_long(Item(file, line.number, value))
    return _event(file, line.number, value)


def _too_long(item: Item) -> Refused:
    return Refused(f"the line is longer than {LINE_BYTES >> 20} MiB; only its beginning was read", item)


def _event(file: str, number: int, value: bytes) -> Item | Refused:
    """The event whose JSON is *value*, or the record that it shows where it is a line of `newsdesk tail`."""
    item = Item(file, number, value)
    try:
        read = orjson.loads(value)
        if isinstance(read, dict) and may_be_tail_line(value) and (record := restore(file, number, value, read)):
            item = record
            if item.value is None:
                return item
            read = orjson.loads(item.value)
    except (orjson.JSONDecodeError, BrokenJsonError) as error:
        return Refused(f"no JSON: {error}", item)
    if isinstance(read, dict):
        return item
    return Refused(f"an event is a JSON object, not {_JSON_NAMES[type(read)]}", item)


def _over_several_lines(lines: Lines, first: Line) -> Iterator[Item | Refused]:
    kept, size, saw_event = [first], len(first.text), False
    while size <= DOCUMENT_BYTES and (line := lines.next(DOCUMENT_BYTES)) is not None:
        kept.append(line)
        size += len(line.text)
        if not saw_event and _is_event_line(line.text):
            saw_event = True
            if (stop := jsontext.stops(text := _text(_joined(kept)))) is not None and stop < len(text):
                break  # no document: its lines need not wait for the end of a stream
    data = _joined(kept)
    text = _text(data)
    stop = jsontext.stops(text)
    if size > DOCUMENT_BYTES and stop in (None, len(text)):
        reason = f"JSON over several lines of more than {DOCUMENT_BYTES >> 20} MiB: write one event a line (jq -c)"
        yield Refused(reason, Item(lines.name, first.number, data))
    elif stop is None:
        yield from _document(lines.name, first.number, text)
    elif saw_event or _begins_a_line(text, stop):
        yield from _each(lines, kept)
    else:
        at = first.number + text.count("\n", 0, stop)
        reason = "the JSON ends before it is complete" if stop == len(text) else f"no JSON from line {at} on"
        yield Refused(reason, Item(lines.name, first.number, data.strip()))


def _is_event_line(line: bytes) -> bool:
    """An object by itself, from the first column: in a document over several lines hardly ever seen."""
    if not line.startswith(b"{"):
        return False
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _begins_a_line(text: str, position: int) -> bool:
    """JSON stops where a line begins, unindented: that line is something new."""
    return position < len(text) and text[position - 1 : position] == "\n" and text[position] not in "}]"


def _document(file: str, first_number: int, text: str) -> Iterator[Item | Refused]:
    """The events of valid JSON *text*: its objects, and those in its arrays; an array without any is no event."""
    for number, span in _numbered(text, jsontext.values(text), first_number):
        inner = list(jsontext.elements(text, span)) if text[span.start] == "[" else []
        if any(text[element.start] == "{" for element in inner):
            for at, element in _numbered(text, inner, number, span.start):
                yield _event(file, at, _bytes(text, element))
        else:
            yield _event(file, number, _bytes(text, span))


def _numbered(text: str, spans: Iterable[Span], line: int, at: int = 0) -> Iterator[tuple[int, Span]]:
    """Each of *spans* with the number of the line on which it begins, where *at* is on *line*."""
    for span in spans:
        line += text.count("\n", at, span.start)
        at = span.start
        yield line, span


def _joined(lines: Iterable[Line]) -> bytes:
    return b"".join(line.text for line in lines)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str, span: Span) -> bytes:
    return text[span.start : span.end].encode("utf-8", "surrogateescape")
