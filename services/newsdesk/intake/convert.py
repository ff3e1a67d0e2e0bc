"""Articles from one form into another by the codec alone: nothing is repaired, reordered or left out on the way."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import orjson

from newsdesk.editorial.frontmatter import FrontMatterError, render
from newsdesk.intake import jsontext
from newsdesk.intake.items import Item, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Form: TypeAlias = Literal["json", "ndjson", "markdown"]


class ConvertError(ValueError):
    """The items do not fit into the form asked for; the message says what does."""


def convert(entries: Iterable[Item | Refused], to: Form, refuse: Callable[[Refused], None]) -> Iterator[bytes]:
    """The parts of one output holding *entries* in their order; what has no such form goes to *refuse* instead.

    json: indented by 2; one article is an object, several (or none) are an array. ndjson: a line each.
    markdown: one article file. Numbers are kept to the precision of a double, integers in full.

    Raises:
        ConvertError: markdown, and more than one article.
    """
    match to:
        case "ndjson":
            return (line + b"\n" for _, line in _written(entries, jsontext.write, refuse))
        case "json":
            return _array(text for _, text in _written(entries, _indented, refuse))
        case "markdown":
            return _one_file(_written(entries, article_file, refuse))


def read_article(item: Item) -> dict[str, Any]:
    """The article in *item*, every field and number of it.

    Raises:
        ConvertError: it is a tombstone, no JSON object, or holds a field twice or a number that no double can be.
    """
    if item.value is None:
        raise ConvertError("a tombstone holds no article")
    try:
        orjson.loads(item.value)  # the stricter one: no lone surrogate, NaN or number that no double can be
        article = json.loads(item.value, object_pairs_hook=_object)
    except ConvertError:
        raise
    except (ValueError, RecursionError) as error:
        raise ConvertError(f"no JSON: {error}") from None
    if not isinstance(article, dict):
        raise ConvertError("an article is a JSON object")
    return article


def article_file(article: dict[str, Any]) -> bytes:
    """*article* as an article file.

    Raises:
        ConvertError: it nests too deep.
    """
    try:
        return render(article).encode()
    except FrontMatterError as error:
        raise ConvertError(str(error)) from None


def _written(
    entries: Iterable[Item | Refused], write: Callable[[dict[str, Any]], bytes], refuse: Callable[[Refused], None]
) -> Iterator[tuple[Item, bytes]]:
    for entry in entries:
        if isinstance(entry, Refused):
            refuse(entry)
            continue
        try:
            text = write(read_article(entry))
        except ConvertError as error:
            refuse(Refused(str(error), entry))
        except RecursionError:
            refuse(Refused("nested too deep", entry))
        else:
            yield entry, text


def _indented(article: dict[str, Any]) -> bytes:
    return jsontext.write(article, indent=True)


def _array(texts: Iterator[bytes]) -> Iterator[bytes]:
    """One article by itself, or all in an array, as if the array had been written in one piece."""
    first, second = next(texts, None), next(texts, None)
    if first is None:
        yield b"[]\n"
    elif second is None:
        yield first + b"\n"
    else:
        opening = b"[\n"
        for text in chain((first, second), texts):
            yield opening + b"  " + text.replace(b"\n", b"\n  ")
            opening = b",\n"
        yield b"\n]\n"


def _one_file(files: Iterator[tuple[Item, bytes]]) -> Iterator[bytes]:
    first, second = next(files, None), next(files, None)
    if second is not None:
        raise ConvertError(
            f"an article file holds one article, and line {second[0].line} of {second[0].file} is a second: "
            "convert to ndjson, or one at a time"
        )
    if first is not None:
        yield first[1]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ConvertError(f"the field {next(name for name in names if names.count(name) > 1)[:80]!r} is there twice")
    return found
