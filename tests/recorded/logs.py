"""Change logs of news sites, and the recovered rules computed from their rows without the code under test."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from newsdesk.editorial.frontmatter import FrontMatterError, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
RECORDED = ROOT.parent / "shared" / "recorded"
SYNTHETIC = ROOT / "tests" / "data" / "synthetic.changes.jsonl"

THRESHOLD, PER_RELATED, FLOOR, SUPPRESSED = 70, 20, 50, -1
NO_DATE = "9"

_PREFIX = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One state of one article file; *article* is None where the file is no article."""

    seq: int
    path: str
    article: dict[str, Any] | None


def log_path(site: str) -> Path:
    """The log of *site*; the test is skipped where it is not here."""
    if site == "synthetic":
        return SYNTHETIC
    path = RECORDED / f"{site}.changes.jsonl.gz"
    if not path.exists():
        pytest.skip(f"the recorded log {path.name} (../shared/recorded) is not here")
    return path


def rows(site: str) -> Iterator[Row]:
    """The states in the log of *site*, in order; deleted files say nothing about an article and are left out."""
    path = log_path(site)
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for line in lines:
            change = json.loads(line)
            if (text := change["text"]) is None:
                continue
            try:
                article = parse(text)
            except FrontMatterError:
                article = None
            yield Row(change["seq"], change["path"], article)


def urls(article: dict[str, Any]) -> set[str]:
    """The article's URLs as plain texts without scheme, www. and a slash at the end: all that copies are told by."""
    given = (article.get(name) for name in ("webUrl", "originalUrl", "ampWebUrl"))
    return {_PREFIX.sub("", url).rstrip("/") for url in given if url}


def without_copies(article: dict[str, Any]) -> list[dict[str, Any]]:
    """The related items that share no URL with the article, and of those that share one the one with the best quality."""
    own, seen = urls(article), set[str]()
    kept = []
    for item in sorted(article.get("related") or (), key=lambda item: -item["quality"]):
        if (mine := urls(item)).isdisjoint(own):
            if mine.isdisjoint(seen):
                kept.append(item)
            seen |= mine
    return kept


def has_copies(article: dict[str, Any]) -> bool:
    """Whether an item repeats a URL of another or of the article itself."""
    return len(without_copies(article)) < len(article.get("related") or ())


def heat_by_the_rule(article: dict[str, Any]) -> tuple[int, bool]:
    """Heat after de-duplication, as if the article led every tie, and whether there is a tie to settle."""
    quality, related = article["quality"], without_copies(article)
    best = max((item["quality"] for item in related), default=None)
    if best is not None and best > quality:
        return SUPPRESSED, False
    return quality + (PER_RELATED * len(related) if quality >= FLOOR else 0), best == quality


def tied_dates(article: dict[str, Any]) -> tuple[str, str]:
    """The article's date and the earliest of the related items with its quality; a missing one is the latest."""
    tied = [item for item in without_copies(article) if item["quality"] == article["quality"]]
    return article.get("publishedDateTime") or NO_DATE, min(item.get("publishedDateTime") or NO_DATE for item in tied)
