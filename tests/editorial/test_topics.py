from __future__ import annotations

import pytest

from newsdesk.contracts.rules import Matching, TopicRule
from newsdesk.editorial.topics import TopicTable

CLASSIC = Matching(word_boundaries=False, fold_hyphens=False, count_repeated_entries=True)
NEWSDESK = Matching()
TOPICS = [
    TopicRule(name="Computer Vision", keywords=("computer vision", "facial recognition", "rekognition"), parent="AI"),
    TopicRule(name="AI", keywords=("artificial intelligence", "ai", "a.i.")),
    TopicRule(name="Apps", keywords=("model-driven apps", "model-driven apps", "model driven apps"), parent="Tools"),
    TopicRule(name="Tools", parent="Work"),
    TopicRule(name="Work"),
    TopicRule(name="C++", keywords=("c++",)),
]
ALL = [topic.name for topic in TOPICS]


@pytest.mark.parametrize(
    ("title", "classic", "newsdesk"),
    [
        pytest.param("Facial recognition", ["facial recognition"], ["facial recognition"], id="whatever the case"),
        pytest.param("Against the rain", ["ai"], [], id="ai in against"),
        pytest.param("AI and A.I.", ["ai", "a.i."], ["ai", "a.i."], id="words of their own"),
        pytest.param("An AI's view", ["ai"], ["ai"], id="an apostrophe ends a word"),
        pytest.param("AI2 or é-ai-é", ["ai"], ["ai"], id="a digit belongs to the word, a hyphen does not"),
        pytest.param("AI2", ["ai"], [], id="a digit belongs to the word"),
        pytest.param("ÄÖÜ 日本 ai", ["ai"], ["ai"], id="after characters beyond ASCII"),
        pytest.param("İ ai", ["ai"], ["ai"], id="after a letter that grows in lower case"),
        pytest.param("Facial-Recognition Tech", [], ["facial recognition"], id="a hyphen for a space"),
        pytest.param("Facial\u2011recognition", [], ["facial recognition"], id="a hyphen that does not break"),
        pytest.param("Facial recog\u00adnition", [], ["facial recognition"], id="a soft hyphen within a word"),
        pytest.param("model-driven apps", ["model-driven apps"] * 2, ["model driven apps"], id="listed twice"),
        pytest.param("model driven apps", ["model driven apps"], ["model driven apps"], id="folded to one entry"),
        pytest.param("C++ anew", ["c++"], ["c++"], id="an entry that is no word"),
        pytest.param("", [], [], id="no title"),
    ],
)
def test_keyword_entries_in_a_title(title: str, classic: list[str], newsdesk: list[str]) -> None:
    assert TopicTable(TOPICS, CLASSIC).hits(title, ALL) == classic
    assert TopicTable(TOPICS, NEWSDESK).hits(title, ALL) == newsdesk


def test_only_the_entries_of_the_articles_own_topics_count() -> None:
    table = TopicTable(TOPICS, NEWSDESK)

    assert table.hits("AI and facial recognition", ["AI"]) == ["ai"]
    assert table.hits("AI and facial recognition", ["AI", "AI", "Unknown"]) == ["ai"]
    assert table.hits("AI and facial recognition", []) == []


def test_an_entry_of_two_topics_counts_for_each_where_repeated_entries_count() -> None:
    topics = [TopicRule(name="A", keywords=("ferry",)), TopicRule(name="B", keywords=("ferry",))]

    assert TopicTable(topics, CLASSIC).hits("Ferry ferry", ["A", "B"]) == ["ferry", "ferry"]
    assert TopicTable(topics, NEWSDESK).hits("Ferry ferry", ["A", "B"]) == ["ferry"]


@pytest.mark.parametrize(
    ("title", "excerpt", "assigned"),
    [
        pytest.param("Rekognition", "", ["Computer Vision", "AI"], id="a child implies its parent"),
        pytest.param("", "On AI.", ["AI"], id="by the excerpt"),
        pytest.param("", "model-driven apps", ["Apps", "Tools", "Work"], id="all its ancestors"),
        pytest.param("AI", "c++, computer vision", ["Computer Vision", "AI", "C++"], id="in the order of the file"),
        pytest.param("Facial", "recognition", [], id="not across title and excerpt"),
        pytest.param("Rain", "Against it", [], id="none"),
    ],
)
def test_topics_of_an_article_that_brings_none(title: str, excerpt: str, assigned: list[str]) -> None:
    assert TopicTable(TOPICS, NEWSDESK).assign(title, excerpt) == assigned


def test_a_newsroom_without_topics_has_no_hits() -> None:
    assert TopicTable([], NEWSDESK).hits("AI", ["AI"]) == []
    assert TopicTable([], NEWSDESK).assign("AI", "") == []
