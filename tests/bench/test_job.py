"""The peers do the desk's job: on the benchmark's events they decide as newsdesk's judge does."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from bench.events import Mix, stream
from bench.expected import answer_of, new_judge
from bench.newsroom import rules
from bench.peers import job

EVENTS = 1500


@pytest.mark.parametrize("mix", [Mix(), Mix(seed=7, revisions=0.5, stale=0.1, retractions=0.1), Mix(like_seed=True)])
def test_the_job_of_the_peers_decides_as_the_judge_does(mix: Mix) -> None:
    judge, book = new_judge(), job.Rules(rules())
    state: dict[str, bytes] = {}
    kinds: Counter[str] = Counter()
    for offset, event in enumerate(stream(mix, EVENTS)):
        answer = judge.answer(event.value, key=event.key, timestamp=0)
        try:
            article = job.read(event.value)
        except job.UnreadableError:
            assert answer["outcome"] == "dead_letter", event.value
            kinds["dead"] += 1
            continue
        said = job.decide(article, state.get(article.key), ("in", 0, offset), book)
        decision = orjson.loads(said.decision)
        assert answer["outcome"] == "decision", event.value
        right = answer["decision"]
        assert answer_of(decision) == answer_of(right), event.value
        assert decision["articleId"] == right["articleId"]
        assert points(decision) == points(right)
        assert (said.published is not None, said.tombstone) == written(answer)
        assert (said.enriched is None) == (right["kind"] == "duplicate")
        if said.state is not None:
            state[article.key] = said.state
        kinds[right["kind"]] += 1
    assert set(kinds) >= {"published", "held", "suppressed", "retracted", "duplicate", "dead"}, kinds


def points(decision: dict[str, dict[str, list[dict[str, int]]]]) -> list[tuple[int, int]]:
    return [(term["name"], term["points"]) for term in decision["score"]["terms"]]


def written(answer: dict[str, object]) -> tuple[bool, bool]:
    """Whether a published record was written, and whether a tombstone."""
    return answer.get("published") is not None, "published" in answer and answer["published"] is None
