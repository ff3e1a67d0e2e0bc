from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from cli.command import call
from support.desk import article, item

SEED = Path(__file__).parents[1] / "data" / "seed.md"
NBC = "https://www.nbcnews.com/tech/security/tech-worker-group-calls-facial-recognition-ban-citing-technical-ethical-n1232591"


def events(*articles: dict[str, object]) -> bytes:
    return b"\n".join(map(orjson.dumps, articles))


@pytest.mark.parametrize(
    "asked",
    [
        NBC,
        NBC.upper().replace("HTTPS", "https").replace("/TECH/SECURITY", "/tech/security").lower(),
        NBC.removeprefix("https://www.") + "?utm_source=x",
        "https://www.nbcnews.com/news/amp/ncna1232591",
        "LS5RD73VOF6J3CFIUBUKKEBZY2",
    ],
)
def test_the_seed_is_explained_under_every_name_of_it(asked: str) -> None:
    (found,) = call("explain", asked, "--from", SEED, "-o", "json").lines
    assert found["articleId"] == "ls5rd73vof6j3cfiubukkebzy2"
    assert (found["kind"], found["quality"], found["heat"], found["isPublished"]) == ("suppressed", 81, -1, False)
    assert found["droppedCounts"] == {"self": 1}
    assert [related["quality"] for related in found["related"]] == [89, 59, 54]
    assert len(found["decisions"]) == 1


def test_people_read_why_it_is_suppressed() -> None:
    text = call("explain", NBC, "--from", SEED).text
    assert "outranks it with 89 to 81" in text.replace("\n", " ").replace("│", "").replace("  ", " ")
    for part in ("Score", "provider", "Dropped from related: 1 self", "Known as"):
        assert part in text


def test_revisions_tell_what_changed_and_duplicates_are_counted() -> None:
    told = events(article(), article(), article(title="Ferry sinks"), article(removed=True))
    (found,) = call("explain", article()["webUrl"], "--from", "-", "-o", "json", stdin=told).lines
    decisions = found["decisions"]
    assert [(d["kind"], d["revision"]) for d in decisions] == [
        ("held", 1),
        ("duplicate", 1),
        ("held", 2),
        ("retracted", 3),
    ]
    assert [d.get("changes", [])[:1] for d in decisions[:3]] == [[], [], ["title"]]
    assert "removed" in decisions[3]["changes"]
    assert found["decisionKinds"] == {"held": 2, "duplicate": 1, "retracted": 1}


def test_a_merged_article_is_explained_by_the_one_it_was_merged_into() -> None:
    one, two = "https://a.example/one", "https://a.example/two"
    told = events(
        article(webUrl=one),
        article(webUrl=two, title="Other"),
        article(webUrl=one, originalUrl=two),
        article(webUrl=one, originalUrl=two, title="Later"),
    )
    decisions = [line["decision"] for line in call("judge", "-", stdin=told).lines]
    gone = decisions[1]["articleId"]
    (found,) = call("explain", gone, "--from", "-", "-o", "json", stdin=told).lines
    assert (found["articleId"], found["foundBy"]) == (decisions[0]["articleId"], "merged")
    assert (found["merged"], found["title"]) == ([gone], "Later")
    assert "which was merged into it" in call("explain", gone, "--from", "-", stdin=told).text
    (by_url,) = call("explain", two, "--from", "-", "-o", "json", stdin=told).lines
    assert (by_url["articleId"], by_url["foundBy"]) == (decisions[0]["articleId"], "alias")


def test_an_unknown_article_is_exit_code_1_with_what_is_known_of_its_site() -> None:
    told = events(*(article(webUrl=f"https://a.example/story-{n}") for n in range(9)))
    called = call("explain", "https://a.example/story-10", "--from", "-", stdin=told)
    assert (called.code, called.out) == (1, b"")
    assert "a.example/story-1" in called.err


@pytest.mark.parametrize("asked", ["ftp://a.example/x", "", "not a url"])
def test_what_is_neither_url_nor_id_is_wrong_usage(asked: str) -> None:
    assert call("explain", asked, "--from", SEED).code == 2


def test_rules_are_for_files_only() -> None:
    assert call("explain", NBC, "--rules", "classic").code == 2


def test_nothing_that_others_wrote_is_markup_or_steers_the_terminal() -> None:
    told = events(
        article(
            title="[red]Ferry[/red] \x1b[2J", related=[item(1, title="[/] \x9b31m", quality=500)], topics=["[b]x[/b]"]
        )
    )
    text = call("explain", article()["webUrl"], "--from", "-", stdin=told).text
    assert "[red]Ferry[/red]" in text
    assert "\x1b" not in text
    assert "\x9b" not in text
