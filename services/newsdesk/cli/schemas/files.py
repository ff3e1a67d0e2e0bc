"""The files of schemas/, each as the bytes that it has to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
import yaml

import newsdesk
from newsdesk.cli.schemas.examples import dead_events, record_examples
from newsdesk.cli.schemas.outcomes import story_outcomes
from newsdesk.contracts.asyncapi import asyncapi
from newsdesk.contracts.reasonsdoc import reasons_page
from newsdesk.contracts.schemas import file_name, json_schemas
from newsdesk.intake.story import seed_file, story

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDERS: Final = ("json", "examples")
"""The folders in which nothing may lie but what is made here."""


def made_files() -> dict[str, bytes]:
    """Every file by its path in the folder, in one order: the same code makes the same bytes."""
    files = {f"json/{file_name(name)}": _json(schema) for name, schema in json_schemas().items()}
    files["asyncapi.yaml"] = _yaml(asyncapi(newsdesk.__version__))
    files["reasons.md"] = reasons_page().encode()
    files["examples/seed.md"] = seed_file()
    files["examples/story.ndjson"] = _lines(story())
    files["examples/story.expected.json"] = _json(story_outcomes())
    files["examples/dead-events.ndjson"] = _lines(dead_events())
    files |= {f"examples/records/{name}.json": _json(record) for name, record in record_examples().items()}
    return dict(sorted(files.items()))


def write(folder: Path) -> list[Path]:
    """Make *folder* hold the made files; returns the paths that changed."""
    files = made_files()
    changed = []
    for name in stale(folder):
        path = folder / name
        changed.append(path)
        if name in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        else:
            path.unlink()
    return changed


def stale(folder: Path) -> dict[str, str]:
    """Where *folder* differs from what is made: path in it, and how."""
    files = made_files()
    found = {}
    for name, value in files.items():
        path = folder / name
        if not path.is_file():
            found[name] = "is missing"
        elif path.read_bytes() != value:
            found[name] = "is not what the code makes"
    for kind in FOLDERS:
        for path in sorted((folder / kind).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and name not in files:
                found[name] = "is made no more"
    return found


class _NoAliases(yaml.SafeDumper):
    """YAML without anchors: a part that occurs twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's form
        return True


def _json(data: object) -> bytes:
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _lines(values: Iterable[bytes]) -> bytes:
    return b"".join(value + b"\n" for value in values)


def _yaml(data: object) -> bytes:
    text: str = yaml.dump(data, Dumper=_NoAliases, sort_keys=False, allow_unicode=True, width=118)
    return text.encode()
