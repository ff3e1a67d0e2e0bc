from __future__ import annotations

import pytest

from newsdesk.contracts.rules import Rules
from newsdesk.editorial.rulebook import open_rulebook
from newsdesk.editorial.rulesfile import RulesError, read_rules
from support.desk import rules_text

SMALL = "name: small\nversion: 1\n"


def faults(text: str, *overrides: str) -> list[tuple[int | None, str]]:
    with pytest.raises(RulesError) as caught:
        read_rules(text, "r.yaml", overrides)
    assert str(caught.value).startswith("r.yaml: ")
    return [(fault.line, f"{fault.where}: {fault.what}") for fault in caught.value.faults]


def test_an_almost_empty_file_has_the_default_points() -> None:
    rules = read_rules(SMALL, "r.yaml")

    assert rules == Rules(name="small", version="1")
    assert (rules.heat.per_related, rules.heat.floor, rules.publish.threshold, rules.related.keep) == (20, 50, 70, 50)


@pytest.mark.parametrize("name", ["classic", "newsdesk"])
def test_the_shipped_rules_spell_the_defaults_out(name: str) -> None:
    rules = read_rules(rules_text(name), name)
    plain = Rules(name=name, version="1", topics=rules.topics, providers=rules.providers, matching=rules.matching)

    assert rules == plain


def test_the_shipped_rules_differ_in_matching_only() -> None:
    classic, newsdesk = (read_rules(rules_text(name), name) for name in ("classic", "newsdesk"))

    assert classic.matching != newsdesk.matching
    assert classic.model_copy(update={"name": "newsdesk", "matching": newsdesk.matching}) == newsdesk


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        pytest.param("", 1, "a mapping is needed", id="empty"),
        pytest.param("- a\n", 1, "a mapping is needed", id="a list"),
        pytest.param("name: a\nx: [\n", 3, "is no YAML", id="no YAML"),
        pytest.param("name: !!python/name:os.system a\nversion: 1\n", 1, "is no YAML", id="a tag"),
        pytest.param(SMALL + "heat:\n  per_relatd: 5\n", 4, "heat.per_relatd: is not a key", id="an unknown key"),
        pytest.param(SMALL + "\nqualitee:\n  mode: score\n", 4, "qualitee: is not a key", id="an unknown part"),
        pytest.param(SMALL + "heat:\n  floor: high\n", 4, "heat.floor: Input should be a valid integer", id="a type"),
        pytest.param(SMALL + "heat:\n  floor: 50.5\n", 4, "heat.floor: ", id="half a point"),
        pytest.param(SMALL + "quality:\n  mode: guess\n", 4, "quality.mode: ", id="no such mode"),
        pytest.param(SMALL + "matching:\n  fold_hyphens: 1\n", 4, "matching.fold_hyphens: ", id="1 is no switch"),
        pytest.param(SMALL + "topics:\n  - name: A\n  - keywords: [a]\n", 5, "topics.1.name: ", id="in a list"),
        pytest.param("version: 1\n", 1, "name: Field required", id="no name"),
        pytest.param(SMALL + "name: b\n", 3, "name: is there twice", id="a key twice"),
        pytest.param(SMALL + "heat: {floor: 1, floor: 2}\n", 3, "floor: is there twice", id="a key twice within"),
        pytest.param(
            SMALL + "topics:\n- name: A\n- name: A\n", 5, "topics.1.name: the topic 'A' is listed", id="twice"
        ),
        pytest.param(SMALL + "topics:\n- name: A\n  parent: B\n", 5, "there is no topic 'B'", id="unknown parent"),
        pytest.param(SMALL + "topics:\n- name: A\n  parent: A\n", 5, "its own ancestor", id="a circle"),
        pytest.param(
            SMALL + "providers:\n- domain: x.com\n- domain: www.X.com\n", 5, "'x.com' is listed twice", id="one site"
        ),
    ],
)
def test_a_fault_names_its_line(text: str, line: int, says: str) -> None:
    ((found, what),) = faults(text)

    assert (found, says in what) == (line, True), what


def test_all_faults_are_named_at_once() -> None:
    assert [line for line, _ in faults(SMALL + "heat: 5\npublish: 6\nnonsense: 7\n")] == [3, 4, 5]


def test_a_file_that_holds_itself_is_refused() -> None:
    faults(SMALL + "topics: &a [*a]\n")


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("heat.per_related=10", ("heat", "per_related"), 10),
        ("quality.mode=trust", ("quality", "mode"), "trust"),
        ("quality.title_length.limit=80", ("quality", "title_length", "limit"), 80),
        ("matching.fold_hyphens=false", ("matching", "fold_hyphens"), False),
        ("name=my=rules", ("name",), "my=rules"),
        ("version=2", ("version",), "2"),
        ("related.keep=3", ("related", "keep"), 3),
    ],
)
def test_an_override_is_typed(override: str, path: tuple[str, ...], value: object) -> None:
    found: object = read_rules(SMALL, "r.yaml", [override])
    for part in path:
        found = getattr(found, part)

    assert found == value
    assert type(found) is type(value)


def test_overrides_reach_into_lists_and_the_last_wins() -> None:
    rules = read_rules(
        rules_text("classic"), "classic", ["providers.0.weight=5", "topics.1.keywords=[ki]", "providers.0.weight=6"]
    )

    assert rules.providers[0].weight == 6
    assert rules.topics[1].keywords == ("ki",)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("heat.per_relatd=5", "heat.per_relatd: is not a key"),
        ("heet.per_related=5", "heet: is not a key"),
        ("name.first=5", "name.first: is not a key"),
        ("topics.99.name=A", "topics.99.name: is not a key"),
        ("topics.².name=A", "topics.².name: is not a key"),
        ("topics.99=A", "topics.99: is not a key"),
        ("heat.floor", "KEY=VALUE"),
        ("=5", "KEY=VALUE"),
        ("heat.floor=high", "heat.floor: Input should be a valid integer"),
        ("heat.floor=[", "heat.floor: '[' is no YAML value"),
        ("heat.floor=", "heat.floor: "),
    ],
)
def test_a_wrong_override_is_refused(override: str, says: str) -> None:
    ((_, what),) = faults(rules_text("classic"), override)

    assert says in what


def test_the_hash_is_of_the_meaning_not_of_the_spelling() -> None:
    def name(text: str, *overrides: str) -> str:
        return open_rulebook(read_rules(text, "r", overrides)).name["hash"]

    assert name(SMALL) == name("# a comment\nversion: '1'\nname: small\nheat: {floor: 50}\n")
    assert len({name(SMALL), name(SMALL, "heat.floor=51"), name(SMALL, "version=2"), name(SMALL, "name=b")}) == 4
