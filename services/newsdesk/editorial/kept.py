"""What the state keeps of an enriched record, as it is made and as it is read back: the same bytes.

Reading back is what a restore does with every record of the changelog. It takes out of the JSON the few values that are
kept, as they stand, and makes no objects of the rest: half the time of parsing it all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from msgspec import Raw, Struct
from msgspec.json import Decoder

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELDS: Final = ("revision", "quality", "heat", "score", "desk")
_OBJECT: Final = b'{"revision":%b,"quality":%b,"heat":%b,"score":%b,"desk":%b}'


class Kept(NamedTuple):
    """*value* is a JSON object of the fields that are kept; *aliases* are the keys of the article's URLs, from there."""

    aliases: Sequence[str]
    value: bytes


class _Record(Struct, gc=False):
    revision: Raw
    quality: Raw
    heat: Raw
    score: Raw
    desk: Raw


class _Desk(Struct, gc=False):
    aliases: list[str]


_record: Final = Decoder(_Record).decode
_desk: Final = Decoder(_Desk).decode


def kept_of(record: Mapping[str, Any]) -> Kept:
    """Of a record as it is made."""
    return Kept(record["desk"]["aliases"], orjson.dumps({field: record[field] for field in _FIELDS}))


def kept_in(value: bytes) -> Kept:
    """Of a record as it is read back; raises msgspec.DecodeError where it is no enriched record."""
    found = _record(value)
    desk = found.desk
    return Kept(_desk(desk).aliases, _OBJECT % (found.revision, found.quality, found.heat, found.score, desk))
