from __future__ import annotations

from typing import Any

import orjson
import pytest

from newsdesk.desk import processor
from newsdesk.desk.judge import Judge, brief
from support.desk import article, book, decided, told


def test_the_source_counts_all_that_was_asked() -> None:
    judge = Judge(book())
    judge.answer(b"not json")
    decision = decided(judge, article())

    assert decision["source"] == {"topic": "-", "partition": 0, "offset": 1}


def test_a_dead_letter_is_a_reason_and_a_detail() -> None:
    answer = Judge(book()).answer(b"[1]")

    assert answer == {
        "outcome": "dead_letter",
        "reason": "not_an_object",
        "detail": "an object is needed, this is an array",
    }
    assert brief(answer) == answer


def test_a_brief_answer_has_no_records() -> None:
    answer = told(Judge(book("newsdesk", "publish.threshold=0")), article())

    assert set(answer) == {"outcome", "decision", "enriched", "published"}
    assert brief(answer) == {"outcome": "decision", "decision": answer["decision"]}


@pytest.mark.parametrize(
    ("fields", "timestamp", "headers", "time"),
    [
        pytest.param(article(), -1, (), "2020-07-01T03:38:00Z", id="offline: when it was published"),
        pytest.param(article(publishedDateTime=None), -1, (), None, id="offline and undated"),
        pytest.param(article(), 0, (), "1970-01-01T00:00:00Z", id="the record's timestamp"),
        pytest.param(article(), 0, (("ce_time", b"2021-01-01T01:00:00+01:00"),), "2021-01-01T00:00:00Z", id="ce_time"),
        pytest.param(article(), 0, (("ce_time", b"noon"),), "1970-01-01T00:00:00Z", id="ce_time that is no time"),
        pytest.param(article(), 0, (("ce_time", b"\xff"),), "1970-01-01T00:00:00Z", id="ce_time that is no text"),
        pytest.param(article(), 10**16, (), "2020-07-01T03:38:00Z", id="a timestamp in microseconds"),
        pytest.param(
            {"specversion": "1.0", "time": "2021-01-01T00:00:00Z", "data": article()},
            0,
            (("ce_time", b"2022-01-01T00:00:00Z"),),
            "2021-01-01T00:00:00Z",
            id="a structured event's time",
        ),
    ],
)
def test_the_time_of_a_decision_is_the_events(
    fields: dict[str, Any], timestamp: int, headers: tuple[tuple[str, bytes], ...], time: str | None
) -> None:
    answer = Judge(book()).answer(orjson.dumps(fields), headers=headers, timestamp=timestamp)

    assert answer["decision"].get("time") == time


def test_a_structured_event_is_known_by_its_id_too() -> None:
    judge = Judge(book())
    wrapped = {"specversion": "1.0", "id": "7", "source": "/up", "type": "t"}
    decided(judge, {**wrapped, "data": article()})

    assert decided(judge, {**wrapped, "data": article(title="New")})["reason"] == "resent"
    headers = (("ce_id", b"7"), ("ce_source", b"/up"))
    assert judge.answer(orjson.dumps(article(title="Newer")), headers=headers)["decision"]["reason"] == "resent"


def test_a_defect_is_a_dead_letter_and_the_next_event_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(book())
    with monkeypatch.context() as broken:
        broken.setattr(processor, "judge", lambda *_: 1 // 0)
        answer = told(judge, article())

    assert (answer["outcome"], answer["reason"]) == ("dead_letter", "internal_error")
    assert answer["detail"].startswith("ZeroDivisionError")
    assert decided(judge, article())["revision"] == 1


def test_an_event_over_the_limit_is_refused() -> None:
    judge = Judge(book(), event_bytes=100)

    assert told(judge, article(excerpt="x" * 100))["reason"] == "too_large"


def test_memory_grows_with_the_articles_not_with_the_events() -> None:
    judge = Judge(book())
    for number in range(50):
        told(judge, article(title=f"Ferry {number}"), event_id=str(number))
        judge.answer(b"not json")

    assert len(judge.state) == 2
    assert sum(map(len, judge.state.values())) < 2000
