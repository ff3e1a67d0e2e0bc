from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from newsdesk.contracts.article import ArticleEvent, Image, Provider, RelatedArticle
from newsdesk.editorial.frontmatter.errors import MAX_DEPTH, FrontMatterError
from newsdesk.editorial.frontmatter.scalars import key, scalar

FIELDS: Final = tuple(ArticleEvent.__annotations__)
"""The order of an article's fields, which is the contract's and the recorded files' own.

Fields that are not among them follow in their own order, before `secured`, which ends the file.
"""

CHILD_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "related": tuple(RelatedArticle.__annotations__),
    "provider": tuple(Provider.__annotations__),
    "images": tuple(Image.__annotations__),
}
"""The same within the objects of a field; their unknown fields come last."""

BARE: Final = frozenset(
    {"category", "publishedDateTime", "updatedDateTime", "type", "locale", "name", "domain", "topics"}
)
"""Fields whose texts are written without quotes where YAML allows it; all others are always quoted."""

PACKED: Final = frozenset(FIELDS[: FIELDS.index("featuredContent")])
"""Fields of an article without a blank line before them."""

_LONGEST_SIMPLE_KEY: Final = 1000  # YAML gives up on a key of more than 1,024 characters unless `? ` announces it


def render(article: Mapping[str, Any]) -> str:
    """*article* as an article file with LF line ends: `parse(render(article)) == article`.

    Raises:
        FrontMatterError: the article holds what JSON cannot: other types, NaN, infinity, a lone surrogate.
    """
    lines = ["---"]
    for name in _ordered(article, FIELDS, last="secured"):
        if name not in PACKED and len(lines) > 1:
            lines.append("")
        lines += _field(name, article[name], 0, FIELDS, 1)
    return "\n".join((*lines, "---", "", ""))


def _ordered(mapping: Mapping[str, Any], known: Sequence[str], last: str | None = None) -> list[str]:
    names = [name for name in known if name in mapping and name != last]
    names += [name for name in mapping if name not in known]
    if last is not None and last in mapping:
        names.append(last)
    return names


def _field(name: str, value: Any, indent: int, siblings: Sequence[str], depth: int) -> Iterator[str]:
    """The lines of one field at *indent*; *siblings* are the known fields of the object that it is in."""
    bare = name in BARE and name in siblings
    head = " " * indent + key(name)
    if len(head) - indent > _LONGEST_SIMPLE_KEY:
        yield f"{' ' * indent}? {head[indent:]}"
        head = " " * indent
    if _is_block(value):
        yield f"{head}:"
        yield from _block(value, indent + 2, CHILD_FIELDS.get(name, ()), depth + 1, bare=bare)
    else:
        yield f"{head}: {_inline(value, bare=bare)}"


def _block(value: Any, indent: int, known: Sequence[str], depth: int, *, bare: bool) -> Iterator[str]:
    """The lines of a list or an object that is not empty, each at *indent* or deeper."""
    if depth > MAX_DEPTH:
        raise FrontMatterError(f"more than {MAX_DEPTH} lists and objects in each other")
    if isinstance(value, Mapping):
        for name in _ordered(value, known):
            yield from _field(name, value[name], indent, known, depth)
        return
    for item in value:
        if _is_block(item):
            lines = _block(item, indent + 2, known, depth + 1, bare=bare)
            yield f"{' ' * indent}- {next(lines)[indent + 2 :]}"
            yield from lines
        else:
            yield f"{' ' * indent}- {_inline(item, bare=bare)}"


def _is_block(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple) and len(value) > 0


def _inline(value: Any, *, bare: bool) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    return scalar(value, bare=bare)
