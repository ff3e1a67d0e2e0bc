"""Topics: which topics an article has, and which keyword entries its title holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ahocorasick_rs import AhoCorasick

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from newsdesk.contracts.rules import Matching, TopicRule

_HYPHENS: Final = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_SOFT_HYPHEN: Final = "\u00ad"
"""Stands within a word, where a line may break."""


class TopicTable:
    """The newsroom's topics with their keywords, matched all at once."""

    def __init__(self, topics: Iterable[TopicRule], matching: Matching) -> None:
        self._matching = matching
        self._topics = tuple(topics)
        self._parents = {topic.name: topic.parent for topic in self._topics}
        patterns: dict[str, int] = {}
        self._entries: dict[str, list[int]] = {}
        for topic in self._topics:
            folded = [self._fold(keyword).strip() for keyword in topic.keywords]
            self._entries[topic.name] = [patterns.setdefault(entry, len(patterns)) for entry in folded if entry]
        self._keywords = tuple(patterns)
        self._automaton = AhoCorasick(self._keywords) if patterns else None

    def assign(self, title: str, excerpt: str) -> list[str]:
        """The topics whose keywords occur in title or excerpt, with their ancestors, in the order of the rules file."""
        found = self._found(f"{title}\n{excerpt}")
        if not found:
            return []
        names: set[str] = set()
        for topic in self._topics:
            if not found.isdisjoint(self._entries[topic.name]):
                name: str | None = topic.name
                while name is not None and name not in names:
                    names.add(name)
                    name = self._parents[name]
        return [topic.name for topic in self._topics if topic.name in names]

    def hits(self, title: str, topics: Sequence[str]) -> list[str]:
        """The keyword entries of *topics* that occur in *title*, in the order of the rules file.

        An entry that is listed twice is there twice only where the rules count repeated entries.
        """
        entries = [entry for topic in dict.fromkeys(topics) for entry in self._entries.get(topic, ())]
        if not entries:
            return []
        found = self._found(title)
        hits = [entry for entry in entries if entry in found]
        if not self._matching.count_repeated_entries:
            hits = list(dict.fromkeys(hits))
        return [self._keywords[entry] for entry in hits]

    def _found(self, text: str) -> set[int]:
        if self._automaton is None:
            return set()
        text = self._fold(text)
        matches = self._automaton.find_matches_as_indexes(text, overlapping=True)
        if not self._matching.word_boundaries:
            return {entry for entry, _, _ in matches}
        return {entry for entry, start, end in matches if _stands_alone(text, start, end)}

    def _fold(self, text: str) -> str:
        text = text.lower()
        if self._matching.fold_hyphens:
            for hyphen in _HYPHENS[:1] if text.isascii() else _HYPHENS:
                text = text.replace(hyphen, " ")
            text = text.replace(_SOFT_HYPHEN, "")
        return text


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the keyword at text[start:end] is not a part of a longer word."""
    before = start == 0 or not (text[start - 1].isalnum() and text[start].isalnum())
    return before and (end == len(text) or not (text[end].isalnum() and text[end - 1].isalnum()))
