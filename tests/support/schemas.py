"""The committed schemas, ready to validate with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson
from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[2] / "schemas"
EXAMPLES = SCHEMAS / "examples"


@cache
def validator(name: str) -> Draft202012Validator:
    """The validator of a schema by its name, formats too as far as they can be checked offline."""
    schema = orjson.loads((SCHEMAS / "json" / f"{name}.schema.json").read_bytes())
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
