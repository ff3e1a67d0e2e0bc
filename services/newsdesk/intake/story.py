"""The story: five events about one debate of the summer of 2020, all of them taken from one recorded article.

The article is the seed (seed.md, as it was found): NBC's, with four related articles, one of which is itself under
its earlier title. Each of them becomes an event as it may have come in when it was published, the seed last.
"""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

import orjson

from newsdesk.editorial.frontmatter import parse

TOPICS: Final = ("Computer Vision", "AI")
"""What every event of the story carries, as the seed does; its related items do not say."""


def seed_file() -> bytes:
    """The seed as it was found, byte for byte."""
    return (resources.files("newsdesk.intake") / "seed.md").read_bytes()


def story() -> list[bytes]:
    """The five events as JSON, in the order in which the articles were published: the seed's is the last.

    The first four know no related articles: the story had not been put together when they came in.
    """
    seed = parse(seed_file().decode())
    events = [_event(seed, item) for item in seed["related"]]
    events.append(seed)
    events.sort(key=lambda event: str(event["publishedDateTime"]))
    return [orjson.dumps(event) for event in events]


def _event(seed: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """The related *item* of the *seed* as an event of its own, its fields in the seed's order."""
    fields: dict[str, Any] = {"category": seed["category"], **item, "topics": list(TOPICS)}
    order = list(seed)
    return dict(sorted(fields.items(), key=lambda field: order.index(field[0])))
