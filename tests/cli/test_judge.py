from __future__ import annotations

import base64
import gzip
import os
import subprocess
from pathlib import Path

import orjson
import pytest

from cli.command import call, start
from support.desk import article, item

SEED = Path(__file__).parents[1] / "data" / "seed.md"
FERRY = article()


def line(**fields: object) -> bytes:
    return orjson.dumps(article(**fields)) + b"\n"


def tail_line(value: object, **more: object) -> bytes:
    shown = {
        "topic": "newsdesk.articles.submitted",
        "partition": 3,
        "offset": 7,
        "key": "harbour.example",
        "value": value,
    }
    return orjson.dumps(shown | more) + b"\n"


def test_the_seed_is_suppressed_by_cnet_and_its_terms_add_up() -> None:
    called = call("judge", SEED)
    (answer,) = called.lines
    decision = answer["decision"]
    assert (called.code, answer["outcome"]) == (0, "decision")
    assert (decision["kind"], decision["heat"], decision["quality"]) == ("suppressed", -1, 81)
    assert sum(term["points"] for term in decision["score"]["terms"]) == 81
    assert "cnet.com" in decision["outrankedBy"]["url"]
    assert decision["source"] == {"topic": "-", "partition": 0, "offset": 0}


def test_every_event_is_answered_by_one_line_and_blank_lines_are_none() -> None:
    events = line() + b"\n   \n" + line() + b"{broken\n[1,2]\n" + line(title="Harbour ferry sinks") + line(removed=True)
    called = call("judge", "-", stdin=events)
    assert called.code == 0
    assert [answer.get("reason") or answer["decision"]["reason"] for answer in called.lines] == [
        "below_threshold", "same_content", "not_json", "not_an_object", "below_threshold", "removed",
    ]  # fmt: skip
    assert [a["decision"]["source"]["offset"] for a in called.lines if "decision" in a] == [0, 1, 4, 5]
    assert set(called.lines[2]) == {"outcome", "reason", "detail"}


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(line(), id="a line"),
        pytest.param(gzip.compress(line()), id="gzip"),
        pytest.param(tail_line(FERRY), id="a tail line"),
        pytest.param(tail_line({"base64": base64.b64encode(orjson.dumps(FERRY)).decode()}), id="a tail line of base64"),
        pytest.param(
            orjson.dumps({"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data": FERRY}),
            id="a CloudEvent",
        ),
        pytest.param(orjson.dumps(FERRY, option=orjson.OPT_INDENT_2), id="JSON over several lines"),
        pytest.param(orjson.dumps([FERRY]), id="an array"),
    ],
)
def test_one_event_in_any_form_is_the_same_decision(event: bytes) -> None:
    (answer,) = call("judge", "-", stdin=event).lines
    assert (answer["decision"]["reason"], answer["decision"]["time"]) == ("below_threshold", FERRY["publishedDateTime"])


def test_headers_and_timestamp_of_a_tail_line_count() -> None:
    headers = {"ce_id": "7", "ce_source": "/upstream"}
    events = tail_line(FERRY, headers=headers, timestamp=1_600_000_000_000) + tail_line(
        article(title="New"), headers=headers
    )
    first, second = call("judge", "-", stdin=events).lines
    assert first["decision"]["time"] == "2020-09-13T12:26:40Z"
    assert second["decision"]["reason"] == "resent"


def test_full_adds_the_records_and_leaves_out_what_is_not_written() -> None:
    leading = line(
        related=[item(1), item(2)], images=[{"url": "https://img.example/1.jpg"}], topics=["AI"] * 1, quality=1
    )
    called = call(
        "judge",
        "-",
        "--full",
        "--set",
        "publish.threshold=10",
        stdin=leading + leading + line(removed=True) + line(removed=True),
    )
    published, duplicate, retracted, again = called.lines
    assert published["published"]["articleId"] == published["enriched"]["articleId"]
    assert "desk" in published["enriched"]
    assert "desk" not in published["published"]
    assert set(duplicate) == {"outcome", "decision"}
    assert retracted["published"] is None
    assert retracted["enriched"]["removed"] is True
    assert set(again) == {"outcome", "decision"}


def test_rules_are_chosen_by_name_or_file_and_overridden(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nversion: 2\n", encoding="utf-8")
    by_name = call("judge", SEED, "--rules", "classic").lines[0]["decision"]["score"]["rules"]
    by_file = call("judge", SEED, "--rules", file).lines[0]["decision"]["score"]["rules"]
    by_setting = call("judge", SEED, env={"NEWSDESK_RULES": "classic"}).lines[0]["decision"]["score"]["rules"]
    assert (by_name["name"], by_file["name"], by_file["version"]) == ("classic", "mine", "2")
    assert by_setting == by_name
    overridden = call("judge", SEED, "--set", "quality.image=0", "--set", "quality.amp=0").lines[0]["decision"]
    assert overridden["quality"] == 41


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "heat.per_relatd=10"], "heat.per_relatd"),
        (["--set", "heat.per_related=hot"], "heat.per_related"),
        (["--set", "nonsense"], "KEY=VALUE"),
        (["--set", "heat.floor=["], "heat.floor"),
        (["--rules", "no-such-rules"], "no-such-rules"),
    ],
)
def test_wrong_rules_are_exit_code_2_and_named(options: list[str], said: str) -> None:
    called = call("judge", SEED, *options)
    assert (called.code, called.out) == (2, b"")
    assert said in called.err
    assert "Traceback" not in called.err


def test_an_unreadable_input_is_exit_code_1_and_what_was_read_before_is_answered(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.ndjson.gz"
    damaged.write_bytes(gzip.compress(line() + os.urandom(4096).hex().encode())[:-40])
    called = call("judge", damaged)
    assert called.code == 1
    assert len(called.lines) >= 1
    assert "damaged gzip" in called.err
    assert call("judge", tmp_path / "absent.ndjson").code == 1


def test_a_missing_path_is_told_before_anything_is_answered(tmp_path: Path) -> None:
    called = call("judge", SEED, tmp_path / "absent.md")
    assert (called.code, called.out) == (1, b"")


def test_text_for_people_shows_no_control_characters() -> None:
    called = call("judge", "-", "--output", "text", stdin=line(title="Ferry \x1b[31mred\x9b2J [bold]x[/bold]"))
    assert "held" in called.text
    assert "[bold]x[/bold]" in called.text
    assert "\x1b" not in called.text
    assert "\x9b" not in called.text


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    events = tmp_path / "events.ndjson"
    events.write_bytes(b"".join(line(webUrl=f"https://a.example/{n}") for n in range(3000)))
    with start("judge", events) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith(b'{"outcome"')
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == b""
        assert running.wait(30) == 0


def test_an_answer_comes_as_soon_as_its_event() -> None:
    with start("judge", "-", stdin=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for _ in range(2):
            running.stdin.write(line())
            running.stdin.flush()
            assert b"decision" in running.stdout.readline()
        running.stdin.close()
        assert running.wait(30) == 0


def test_a_markdown_file_that_is_none_says_what_submit_would_say(tmp_path: Path) -> None:
    file = tmp_path / "article.md"
    file.write_text("---\ntitle: Ferry\nwebUrl: https://harbour.example/f\n---\nOnce upon a time\n", encoding="utf-8")

    (answer,) = call("judge", file).lines

    assert (answer["outcome"], answer["reason"]) == ("dead_letter", "not_json")
    assert answer["detail"].startswith(f"{file}:")
    assert "after the front matter" in answer["detail"]
