from __future__ import annotations

from newsdesk.editorial.identity import article_id, event_id, short_digest


def test_an_article_id_is_forever() -> None:
    """It names the article on every topic: if this fails, all of them have moved."""
    assert article_id("nbcnews.com/tech/security/x-n1232591") == "xx4wa6myxkhyoqhmpii4rxgz7f"


def test_an_id_is_26_characters_of_lower_case_base32() -> None:
    ids = {article_id(f"harbour.example/{number}") for number in range(1000)}

    assert len(ids) == 1000
    assert {len(name) for name in ids} == {26}
    assert set("".join(ids)) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_an_event_is_named_by_source_and_id_together() -> None:
    assert event_id("/a", "1") == event_id("/a", "1")
    assert len({event_id("/a", "1"), event_id("/b", "1"), event_id("/a", "2"), event_id("/a1", "")}) == 4


def test_a_digest_is_64_bits() -> None:
    assert short_digest(b"") == "e4a6a0577479b2b4"
