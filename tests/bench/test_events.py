"""The events: the same for the same seed, of the promised sizes, and placed as every standard client would."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from bench.events import Mix, first_event, stream
from bench.expected import Placing, expect
from newsdesk.contracts.partitions import partition_of

COUNT = 1500


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again = (list(stream(Mix(), 200)) for _ in range(2))
    assert first == again
    assert first != list(stream(Mix(seed=2), 200))


@pytest.mark.parametrize(("mix", "size"), [(Mix(), 1520), (Mix(like_seed=True), 4550)])
def test_events_have_the_promised_size(mix: Mix, size: int) -> None:
    sizes = [len(event.value) for event in stream(mix, COUNT)]
    assert sum(sizes) / COUNT == pytest.approx(size, rel=0.04)


def test_events_like_the_seed_have_four_related_items_with_three_urls_each() -> None:
    made = orjson.loads(first_event(Mix(like_seed=True), 5).value)
    assert len(made["related"]) >= 4
    urls = ("webUrl", "ampWebUrl", "cdnAmpWebUrl")
    assert all(name in item for item in made["related"][:4] for name in urls)


def test_half_of_a_hot_stream_is_on_one_domain() -> None:
    keys = Counter(event.key for event in stream(Mix(hot=True), COUNT))
    assert keys.most_common(1)[0][1] / COUNT == pytest.approx(0.5, abs=0.06)


def test_placing_remembers_what_the_partitioner_says() -> None:
    placing = Placing(4)
    for key in (b"courier0.com", b"gazette1.com", b"courier0.com"):
        assert placing.of(key) == partition_of(key, 4)


def test_a_stream_on_known_articles_revises_them_and_the_judge_is_told_of_them_first() -> None:
    known = 5_000
    events = list(stream(Mix(), 300, known=known))
    assert any(-1 < event.number < known for event in events)
    answers = expect(Mix(), 300, 4, known=known)
    assert answers.events == 300
    kinds = Counter(answer[0] for answer in answers.decisions.values())
    assert kinds["duplicate"] > 20, "copies of known articles"
    assert max(answer[3] for answer in answers.decisions.values()) > 1, "revisions of known articles"


def test_the_answers_of_two_halves_are_the_answers() -> None:
    whole = expect(Mix(), 300, 4)
    halves = [expect(Mix(), 300, 4, only=only) for only in ((0, 2), (1, 3))]
    assert halves[0].decisions | halves[1].decisions == whole.decisions
    assert halves[0].dead + halves[1].dead == whole.dead
