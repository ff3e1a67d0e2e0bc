from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from cli.command import call, start
from newsdesk.contracts.topics import MIB
from support.desk import article

if TYPE_CHECKING:
    from pathlib import Path

    from newsdesk.ops.brokers import LocalBroker

SECONDS = 30


@pytest.fixture
def broker(embedded_broker: LocalBroker) -> str:
    """An embedded broker with the topics of the registry, in 3 partitions."""
    assert call("topics", "apply", "-p", "3", "-b", embedded_broker.bootstrap).code == 0
    return embedded_broker.bootstrap


def events(count: int, **fields: Any) -> list[bytes]:
    return [orjson.dumps(article(webUrl=f"https://site{n % 7}.example/{n}", **fields)) for n in range(count)]


def submitted(broker: str) -> dict[tuple[int, int], dict[str, Any]]:
    called = call("tail", "submitted", "--until-end", "-b", broker)
    assert called.code == 0
    return {(line["partition"], line["offset"]): line for line in called.lines}


def test_every_item_is_answered_in_order_and_is_where_the_answer_says(broker: str, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    sent = events(1000)
    file.write_bytes(b"\n".join(sent))
    called = call("submit", file, "-b", broker)
    assert (called.code, called.err) == (0, "1000 sent, 0 refused\n")
    there = submitted(broker)
    assert [answer["line"] for answer in called.lines] == list(range(1, 1001))
    assert [there[answer["partition"], answer["offset"]]["value"] for answer in called.lines] == [
        *map(orjson.loads, sent)
    ]
    assert all(list(answer) == ["file", "line", "partition", "offset"] for answer in called.lines)
    assert {line["key"] for line in there.values()} == {f"site{n}.example" for n in range(7)}


def test_what_cannot_be_sent_is_refused_with_its_reason_and_the_rest_is_sent(broker: str) -> None:
    good = events(2)
    huge = orjson.dumps(article(excerpt="x" * (5 * MIB)))
    stream = b"\n".join([good[0], b"{broken", b"", b'{"title":"no url"}', huge, good[1]])
    called = call("submit", "-", "-b", broker, stdin=stream)
    assert called.code == 3
    assert called.err == "2 sent, 3 refused\n"
    refused = {answer["line"]: answer["reason"] for answer in called.lines if "reason" in answer}
    assert set(refused) == {2, 4, 5}
    assert "no JSON" in refused[2]
    assert "webUrl" in refused[4]
    assert "bytes" in refused[5]
    assert sorted(line["value"]["webUrl"] for line in submitted(broker).values()) == [
        orjson.loads(event)["webUrl"] for event in good
    ]


def test_raw_sends_every_line_as_it_is(broker: str) -> None:
    lines = [b"{broken", b"", b"\xff\xfe", events(1)[0], b"   "]
    called = call("submit", "--raw", "-", "-b", broker, stdin=b"\n".join(lines) + b"\n")
    assert (called.code, len(called.lines)) == (0, 5)
    there = submitted(broker)
    values = [there[answer["partition"], answer["offset"]] for answer in called.lines]
    assert values[3]["key"] == "site0.example"
    assert [line["key"] for line in values if line["key"] is None] == [None] * 4
    assert values[1]["value"] == {"base64": ""}


def test_an_article_file_and_tail_lines_are_sent_as_events(broker: str, tmp_path: Path) -> None:
    article_file = tmp_path / "article.md"
    article_file.write_text('---\ntitle: "Ferry"\nwebUrl: "https://a.example/1"\n---\n', encoding="utf-8")
    assert call("submit", article_file, "-b", broker).code == 0
    first = call("tail", "submitted", "--until-end", "-b", broker)
    assert call("submit", "-", "-b", broker, stdin=first.out).code == 0
    one, again = submitted(broker).values()
    assert one["value"] == {"title": "Ferry", "webUrl": "https://a.example/1"}
    assert (again["value"], again["headers"]) == (one["value"], one["headers"])


def test_each_event_of_a_slow_stream_is_delivered_at_once(broker: str) -> None:
    with start("submit", "-", "-b", broker, stdin=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for event in events(3):
            running.stdin.write(event + b"\n")
            running.stdin.flush()
            assert "offset" in orjson.loads(running.stdout.readline())
        running.stdin.close()
        assert running.wait(SECONDS) == 0


def test_it_ends_when_interrupted_while_it_waits_for_input(broker: str) -> None:
    with start("submit", "-", "-b", broker, stdin=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(events(1)[0] + b"\n")
        running.stdin.flush()
        assert running.stdout.readline()
        running.send_signal(2)
        assert running.wait(SECONDS) == 130
        assert running.stderr is not None
        assert running.stderr.read() == b"1 sent, 0 refused\n"


@pytest.mark.parametrize("kind", ["embedded_broker", pytest.param("kafka_broker", marks=pytest.mark.kafka)])
def test_a_broker_that_dies_ends_it_with_exit_code_1_and_a_remedy(kind: str, request: pytest.FixtureRequest) -> None:
    broker: LocalBroker = request.getfixturevalue(kind)
    assert call("topics", "apply", "-b", broker.bootstrap).code == 0
    with start("submit", "-", "-b", broker.bootstrap, "--timeout", 2, stdin=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        one, two = events(2)
        running.stdin.write(one + b"\n")
        running.stdin.flush()
        assert running.stdout.readline()
        broker.kill()
        running.stdin.write(two + b"\n")
        running.stdin.flush()
        assert running.wait(SECONDS) == 1
        said = running.stderr.read().decode()
        assert "-:2: not delivered" in said
        assert "Submit the same again" in said


def test_when_nobody_reads_the_answers_it_says_so_and_ends(broker: str, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(events(20_000)))
    with start("submit", file, "-b", broker) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline()
        running.stdout.close()
        said = running.stderr.read().decode()
        assert running.wait(SECONDS) == 1
    assert "the answers cannot be written any more" in said
    assert "Exception ignored" not in said


def test_no_broker_or_no_topic_is_exit_code_1(embedded_broker: LocalBroker, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(events(1)[0])
    called = call("submit", file, "-b", embedded_broker.bootstrap)
    assert called.code == 1
    assert "newsdesk topics apply" in called.err
    absent = call("submit", file, "-b", "127.0.0.1:1")
    assert absent.code == 1
    assert "newsdesk broker" in absent.err
