from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.intake.generate import BREAKABLE, Tag, generate
from newsdesk.intake.generate.tags import KINDS, URL_FORMS
from support.generated import judged, with_tag

if TYPE_CHECKING:
    from newsdesk.intake.generate import GeneratedEvent

COUNT = 3000
VARIANTS = [
    pytest.param(("newsdesk",), id="newsdesk"),
    pytest.param(("classic",), id="classic"),
    pytest.param(("newsdesk", "quality.mode=trust"), id="trust"),
]
FINGERPRINT = """
import hashlib
from newsdesk.intake.generate import generate
digest = hashlib.sha256()
for event in generate(11, 800):
    digest.update(event.value + b"|" + (event.key or b"") + b"|" + ",".join(sorted(event.tags)).encode())
print(digest.hexdigest())
"""


def decisions(answers: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    return Counter((answer["decision"]["kind"], answer["decision"]["reason"]) for answer in answers)


def test_the_same_seed_gives_the_same_stream_in_every_process() -> None:
    prints = {
        subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("0", "1")
    }
    assert len(prints) == 1


def test_a_longer_stream_begins_like_a_shorter_one() -> None:
    assert list(generate(5, 300)) == list(islice(generate(5, 100_000), 300))


def test_other_seeds_give_other_streams() -> None:
    digests = {hashlib.sha256(b"".join(event.value for event in generate(seed, 50))).digest() for seed in range(20)}
    assert len(digests) == 20


def test_every_event_is_one_line() -> None:
    assert not [event for event in generate(1, COUNT) if b"\n" in event.value or not event.value.strip()]


def test_every_event_has_one_kind() -> None:
    assert {len(event.tags & KINDS) for event in generate(1, COUNT)} == {1}


@pytest.mark.parametrize("tag", [*Tag, *BREAKABLE])
def test_every_tag_occurs(tag: str) -> None:
    assert any(tag in event.tags for event, _ in judged(1, COUNT))


def test_every_reason_of_a_dead_letter_can_be_brought_about_but_for_these() -> None:
    assert set(DeadLetterReason) - set(BREAKABLE) == {
        DeadLetterReason.EMPTY,
        DeadLetterReason.TOO_LARGE,
        DeadLetterReason.MISROUTED,
        DeadLetterReason.ENRICHED_TOO_LARGE,
        DeadLetterReason.INTERNAL_ERROR,
    }


@pytest.mark.parametrize("rules", VARIANTS)
class TestTheDeskSays:
    """What a tag promises, under any rules."""

    def events(self, rules: tuple[str, ...]) -> tuple[tuple[GeneratedEvent, dict[str, Any]], ...]:
        return judged(1, COUNT, *rules)

    def test_a_decision_but_for_bad_input(self, rules: tuple[str, ...]) -> None:
        for event, answer in self.events(rules):
            assert answer["outcome"] == ("dead_letter" if Tag.BAD in event.tags else "decision"), event

    def test_the_reason_of_bad_input(self, rules: tuple[str, ...]) -> None:
        for event, answer in self.events(rules):
            if Tag.BAD in event.tags:
                assert {answer["reason"]} == event.tags - {Tag.BAD}

    @pytest.mark.parametrize(
        ("tag", "kind", "reason"),
        [
            (Tag.RESENT, "duplicate", "resent"),
            (Tag.REPEATED, "duplicate", "same_content"),
            (Tag.STALE, "duplicate", "stale"),
            (Tag.RETRACTION, "retracted", "removed"),
            (Tag.RETRACTED_AGAIN, "duplicate", "same_content"),
            (Tag.UNKNOWN_RETRACTION, "retracted", "unknown_article"),
            (Tag.OUTRANKED, "suppressed", "outranked"),
            (Tag.TIE, "suppressed", "tie"),
        ],
    )
    def test_this(self, rules: tuple[str, ...], tag: Tag, kind: str, reason: str) -> None:
        assert set(decisions(with_tag(self.events(rules), tag))) == {(kind, reason)}

    def test_one_revision_more_for_what_is_new_and_none_for_the_rest(self, rules: tuple[str, ...]) -> None:
        revisions: dict[str, int] = {}
        more = {Tag.NEW, Tag.REVISION, Tag.RETRACTION, Tag.RETURN, Tag.MERGE}
        for event, answer in self.events(rules):
            if Tag.BAD in event.tags:
                continue
            decision = answer["decision"]
            before = revisions.get(decision["articleId"], 0)
            assert decision["revision"] == before + bool(event.tags & more), event
            assert (before == 0) == bool(event.tags & {Tag.NEW, Tag.UNKNOWN_RETRACTION})
            revisions[decision["articleId"]] = decision["revision"]

    def test_that_the_younger_was_merged_into_the_older(self, rules: tuple[str, ...]) -> None:
        first: dict[str, int] = {}
        for number, (event, answer) in enumerate(self.events(rules)):
            if Tag.BAD in event.tags:
                continue
            decision = answer["decision"]
            first.setdefault(decision["articleId"], number)
            merged = decision.get("merged", [])
            assert len(merged) == (Tag.MERGE in event.tags)
            assert all(first[decision["articleId"]] < first[younger] for younger in merged)

    def test_what_was_dropped_from_related(self, rules: tuple[str, ...]) -> None:
        bad = {"not_an_object", "wrong_type", "missing_title", "bad_url", "bad_date"}
        for event, answer in self.events(rules):
            if not event.tags & {Tag.NEW, Tag.REVISION}:
                continue
            counts = answer["enriched"].get("droppedCounts", {})
            assert (Tag.SELF_RELATED not in event.tags) or "self" in counts
            assert (Tag.COPIES not in event.tags) or counts.keys() & {"copy", "self"}
            assert (Tag.BAD_RELATED not in event.tags) or counts.keys() & bad

    def test_that_texts_are_whole_again(self, rules: tuple[str, ...]) -> None:
        for event, answer in self.events(rules):
            if event.tags & {Tag.MOJIBAKE, Tag.ENTITIES} and "enriched" in answer:
                text = answer["enriched"]["title"] + answer["enriched"]["excerpt"]
                assert not {"â€", "Ã", "&amp;", "&#", "&rsquo;"} & {
                    part for part in text.split() if "&" in part or "Ã" in part
                }
                assert "â€" not in text
                assert "Ã" not in text

    def test_that_what_it_does_not_know_is_passed_on(self, rules: tuple[str, ...]) -> None:
        for event, answer in self.events(rules):
            if event.tags & {Tag.SECURED, Tag.UNKNOWN_FIELDS} and Tag.NEW in event.tags:
                data = orjson.loads(event.value)
                data = data.get("data", data)
                for name in {"secured", "section", "wordCount"} & data.keys():
                    assert answer["enriched"][name] == data[name]

    def test_that_terms_add_up(self, rules: tuple[str, ...]) -> None:
        for _, answer in self.events(rules):
            if answer["outcome"] == "decision":
                decision = answer["decision"]
                assert sum(term["points"] for term in decision["score"]["terms"]) == decision["quality"]


def test_an_article_is_sent_again_from_far_back() -> None:
    """The desk remembers eight ids of an article: the oldest of them is asked for too."""
    sent: dict[str, list[bytes]] = {}
    ages = set()
    for event, answer in judged(1, COUNT):
        if Tag.CLOUDEVENT not in event.tags:
            continue
        ids = sent.setdefault(answer["decision"]["articleId"], [])
        if Tag.RESENT in event.tags and event.value in ids:
            ages.add(ids[::-1].index(event.value))
        elif answer["decision"]["kind"] != "duplicate":
            ids.append(event.value)
    assert ages == set(range(8))


def test_every_form_of_a_url_leads_to_its_article() -> None:
    known: set[str] = set()
    seen: Counter[str] = Counter()
    for event, answer in judged(1, COUNT):
        if Tag.BAD in event.tags:
            continue
        if forms := event.tags & URL_FORMS:
            seen.update(forms)
            assert answer["decision"]["articleId"] in known
        known.add(answer["decision"]["articleId"])
    assert set(seen) == URL_FORMS
