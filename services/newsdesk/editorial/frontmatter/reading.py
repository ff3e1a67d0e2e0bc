from __future__ import annotations

import re
from typing import Any, Final, TypeAlias, cast

import yaml

from newsdesk.editorial.frontmatter.errors import MAX_DEPTH, FrontMatterError
from newsdesk.editorial.frontmatter.scalars import value_of

_OPENING: Final = re.compile(r"\ufeff?---[ \t]*\r?(?:\n|\Z)")
_CLOSING: Final = re.compile(r"^---[ \t]*\r?(?:\n|\Z)", re.MULTILINE)  # in column 0 no YAML text can hold it

_Node: TypeAlias = yaml.ScalarEvent | yaml.CollectionStartEvent


def parse(text: str) -> dict[str, Any]:
    """The article in *text*, an article file; dates stay text, and LF or CRLF ends a line.

    Raises:
        FrontMatterError: the text is no YAML between two lines `---`, says more than JSON can, or goes on after them.
    """
    start = _OPENING.match(text)
    if start is None:
        raise FrontMatterError("an article file begins with a line '---'", 1)
    end = _CLOSING.search(text, start.end())
    if end is None:
        raise FrontMatterError("the front matter is not closed: a second line '---' is missing", text.count("\n") + 1)
    if (rest := text[end.end() :].lstrip()) != "":
        line = text.count("\n", 0, len(text) - len(rest)) + 1
        raise FrontMatterError("text after the front matter: an article file has none, put it into a field", line)
    try:
        return _Reader(text[start.end() : end.start()]).article()
    except yaml.MarkedYAMLError as error:
        unended = "end of stream" in (error.problem or "")  # then the interesting line is where it began
        mark = error.context_mark if unended and error.context_mark else error.problem_mark
        raise FrontMatterError(f"no valid YAML: {error.problem}", None if mark is None else mark.line + 2) from None
    except yaml.reader.ReaderError as error:
        before = text[start.end() :].encode()[: error.position].count(b"\n")
        raise FrontMatterError(f"no valid YAML: the character {error.character!r} is not allowed", before + 2) from None
    except UnicodeEncodeError as error:
        raise FrontMatterError(f"a lone surrogate (U+{ord(error.object[error.start]):04X}) is no text") from None


class _Reader:
    """Builds the article from libyaml's events; no resolver or constructor of PyYAML's is involved."""

    def __init__(self, body: str) -> None:
        self._loader = yaml.CSafeLoader(body)

    def article(self) -> dict[str, Any]:
        self._next()  # the stream starts
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return {}
        event = self._next()
        if not isinstance(event, yaml.MappingStartEvent):
            raise FrontMatterError("front matter is a list of 'field: value' lines", _line(event))
        article = self._mapping(event, 1)
        self._next()  # the document ends
        if not isinstance(event := self._next(), yaml.StreamEndEvent):
            raise FrontMatterError("a second YAML document", _line(event))
        return article

    def _next(self) -> yaml.Event:
        return cast("yaml.Event", self._loader.get_event())  # None only after the end of the stream

    def _value(self, event: yaml.Event, depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            text = _text(event)
            if not event.implicit[0]:
                return text
            try:
                return value_of(text)
            except FrontMatterError as error:
                raise FrontMatterError(str(error), _line(event)) from None
        if isinstance(event, yaml.AliasEvent):
            raise FrontMatterError(f"the alias *{event.anchor}: write the value out", _line(event))
        if depth == MAX_DEPTH:
            raise FrontMatterError(f"more than {MAX_DEPTH} lists and objects in each other", _line(event))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth + 1)
        return self._sequence(cast("yaml.SequenceStartEvent", event), depth + 1)

    def _mapping(self, start: yaml.CollectionStartEvent, depth: int) -> dict[str, Any]:
        _refuse_extras(start)
        found: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise FrontMatterError("a field's name must be a text", _line(event))
            if (name := _text(event)) in found:
                raise FrontMatterError(f"the field {name[:80]!r} is there twice", _line(event))
            found[name] = self._value(self._next(), depth)
        return found

    def _sequence(self, start: yaml.CollectionStartEvent, depth: int) -> list[Any]:
        _refuse_extras(start)
        found: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            found.append(self._value(event, depth))
        return found


def _text(event: yaml.ScalarEvent) -> str:
    _refuse_extras(event)
    return str(event.value)


def _refuse_extras(event: _Node) -> None:
    """Anchors could make a small text a huge value; tags mean types that JSON does not have."""
    if event.anchor is not None:
        raise FrontMatterError(f"the anchor &{event.anchor}: write the value out where it is used", _line(event))
    if event.tag is not None:
        raise FrontMatterError(f"the tag {event.tag}: quote the value, or leave the tag out", _line(event))


def _line(event: yaml.Event) -> int | None:
    """The line of *event* in the whole text, where the opening `---` is line 1."""
    return event.start_mark.line + 2 if event.start_mark is not None else None
