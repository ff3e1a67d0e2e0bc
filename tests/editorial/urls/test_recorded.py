"""What the recorded logs say of AMP URLs; they lie beside the project, so these tests may be skipped."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from newsdesk.editorial.urls import amp_cache_url, read_url

RECORDED = Path(__file__).parents[4] / "shared" / "recorded"
FIELD = re.compile(r'^ *(webUrl|ampWebUrl|cdnAmpWebUrl): "([^"]+)"$')


@pytest.fixture(scope="module")
def articles() -> set[tuple[str, str, str]]:
    """(webUrl, ampWebUrl, cdnAmpWebUrl) of every recorded article that has all three."""
    logs = sorted(RECORDED.glob("*.changes.jsonl.gz"))
    if not logs:
        pytest.skip("the recorded logs (../shared/recorded) are not here")
    found: set[tuple[str, str, str]] = set()
    for log in logs:
        with gzip.open(log, "rt", encoding="utf-8") as lines:
            for line in lines:
                fields: dict[str, str] = {}
                for row in (json.loads(line)["text"] or "").split("\n"):
                    if match := FIELD.match(row):
                        fields[match[1]] = match[2]
                        if match[1] == "cdnAmpWebUrl" and len(fields) == 3:
                            found.add((fields["webUrl"], fields["ampWebUrl"], fields["cdnAmpWebUrl"]))
                    elif row.lstrip().startswith("- title:"):
                        fields.clear()
    return found


def test_every_recorded_cache_url_is_computed(articles: set[tuple[str, str, str]]) -> None:
    assert [(amp, cdn) for _, amp, cdn in articles if amp_cache_url(amp) != cdn] == []


def test_every_recorded_cache_url_has_the_key_of_its_page(articles: set[tuple[str, str, str]]) -> None:
    assert [(amp, cdn) for _, amp, cdn in articles if read_url(amp).key != read_url(cdn).key] == []
    assert {read_url(amp).scope == read_url(cdn).scope for _, amp, cdn in articles} == {True}


def test_most_recorded_amp_pages_have_the_key_of_their_article(articles: set[tuple[str, str, str]]) -> None:
    """The others differ by more than AMP marks (another section, an id); the event's aliases tie those."""
    folded = sum(read_url(web).key == read_url(amp).key for web, amp, _ in articles)
    assert folded / len(articles) > 0.85
