"""The rulebook: a rules file made ready to judge with, its tables built once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from newsdesk.editorial.provider import ProviderTable
from newsdesk.editorial.quality import Rule, rules_of
from newsdesk.editorial.topics import TopicTable

if TYPE_CHECKING:
    from newsdesk.contracts.decision import RulesName
    from newsdesk.contracts.rules import Rules


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules with their hash and the tables for topics, providers and terms."""

    rules: Rules
    name: RulesName
    topics: TopicTable
    providers: ProviderTable
    terms: tuple[Rule, ...]


def canonical_bytes(rules: Rules) -> bytes:
    """The rules as JSON with sorted keys: what the hash is taken of and what the rules topic carries."""
    return orjson.dumps(rules.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)


def open_rulebook(rules: Rules) -> Rulebook:
    """The rulebook of *rules*; its hash is the first 32 hexadecimal digits of the SHA-256 of canonical_bytes."""
    digest = hashlib.sha256(canonical_bytes(rules)).hexdigest()[:32]
    return Rulebook(
        rules=rules,
        name={"name": rules.name, "version": rules.version, "hash": digest},
        topics=TopicTable(rules.topics, rules.matching),
        providers=ProviderTable(rules.providers),
        terms=rules_of(rules),
    )
