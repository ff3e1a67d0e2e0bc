"""The processor's writes: where they go, under which key, with which headers; dead letters and forwarding."""

from __future__ import annotations

import gzip
import hashlib
import random
from typing import Any

import orjson
import pytest

from newsdesk.contracts import topics
from newsdesk.contracts.partitions import partition_of
from newsdesk.desk.judge import MemoryState
from newsdesk.desk.processor import DEAD_LETTER, DECISION, FORWARDED, DeskProcessor
from newsdesk.editorial.identity import article_id
from newsdesk.engine.folding import fold_writes
from newsdesk.engine.records import Outcome, Record, Write
from support.desk import Desk, Event, article, book, item

FERRY = article_id("harbour.example/ferry-sails")
TRUST = book("newsdesk", "quality.mode=trust")
HOME = partition_of(b"harbour.example", 4)
TRACE = (("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e0008-00f067aa0ba902b7-01"),)


class Task:
    """One task of the desk over a state that the test sees."""

    def __init__(self, partitions: int | None = 4, **options: Any) -> None:
        self.processor = DeskProcessor(TRUST, partitions, **options)
        self.state = MemoryState()
        self._offset = 100

    def read(
        self,
        value: bytes | dict[str, Any] | None,
        *,
        topic: str = topics.SUBMITTED.name,
        partition: int = HOME,
        headers: tuple[tuple[str, bytes], ...] = (),
        key: bytes | None = b"harbour.example",
    ) -> Outcome:
        self._offset += 1
        value = orjson.dumps(value) if isinstance(value, dict) else value
        outcome = self.processor.process(Record(topic, partition, self._offset, 0, key, value, headers), self.state)
        fold_writes(self.processor, partition, self.state, outcome.writes)
        return outcome


def headers(write: Write) -> dict[str, str]:
    return {name: value.decode() for name, value in write.headers}


def test_a_published_article_is_written_to_three_topics_under_its_id_in_the_tasks_partition() -> None:
    outcome = Task().read(article(quality=90), headers=TRACE)

    assert (outcome.label, outcome.tags, outcome.defect) == (DECISION, ("published", "threshold_met"), False)
    assert [write.topic for write in outcome.writes] == [
        topics.ENRICHED.name,
        topics.PUBLISHED.name,
        topics.DECISIONS.name,
    ]
    for write, kind, ce_type in zip(
        outcome.writes,
        ("enriched", "published", "decision"),
        ("newsdesk.article.enriched.v1", "newsdesk.article.published.v1", "newsdesk.decision.v1"),
        strict=True,
    ):
        assert (write.partition, write.key, write.timestamp) == (HOME, FERRY.encode(), None)
        assert headers(write) == {
            "ce_specversion": "1.0",
            "ce_id": f"newsdesk.articles.submitted/{HOME}/101/{kind}",
            "ce_source": "/newsdesk/desk",
            "ce_type": ce_type,
            "content-type": "application/json",
            "ce_subject": FERRY,
            "ce_time": "1970-01-01T00:00:00Z",
            "traceparent": TRACE[0][1].decode(),
        }


def test_a_retraction_and_a_merge_write_tombstones_that_say_why() -> None:
    task = Task()
    task.read(article(quality=90))
    task.read(article(quality=90, webUrl="https://harbour.example/2"))
    merge = task.read(article(quality=9, originalUrl="https://harbour.example/2"))
    told = [(write.topic, write.key, write.value is None, headers(write)["ce_type"]) for write in merge.writes]
    younger = article_id("harbour.example/2").encode()

    assert told == [
        (topics.ENRICHED.name, FERRY.encode(), False, "newsdesk.article.enriched.v1"),
        (topics.ENRICHED.name, younger, True, "newsdesk.article.merged.v1"),
        (topics.PUBLISHED.name, younger, True, "newsdesk.article.retracted.v1"),
        (topics.PUBLISHED.name, FERRY.encode(), True, "newsdesk.article.retracted.v1"),
        (topics.DECISIONS.name, FERRY.encode(), False, "newsdesk.decision.v1"),
    ]
    ids = [headers(write)["ce_id"] for write in merge.writes]
    assert len(set(ids)) == len(ids)


def test_processing_reads_the_state_and_does_not_write_it() -> None:
    task = Task()
    task.read(article())
    before = dict(task.state)
    task.processor.process(
        Record(topics.SUBMITTED.name, HOME, 7, 0, None, orjson.dumps(article(title="New"))), task.state
    )

    assert task.state == before


def test_a_dead_letter_keeps_the_bytes_the_key_and_the_headers_of_the_original() -> None:
    given = (*TRACE, ("mine", b"\xff\x00"), ("mine", b"again"))
    value = b'{"title":"Ferry\xff'
    outcome = Task().read(value, headers=given, key=b"\x00key", partition=3)
    (letter,) = outcome.writes

    assert (outcome.label, outcome.tags, outcome.defect) == (DEAD_LETTER, ("not_utf8",), False)
    assert (letter.topic, letter.partition, letter.key, letter.value) == (
        topics.DEAD_LETTERS.name,
        3,
        b"\x00key",
        value,
    )
    assert letter.headers[:3] == given
    assert {name: text.decode() for name, text in letter.headers[3:]} == {
        "__connect.errors.topic": topics.SUBMITTED.name,
        "__connect.errors.partition": "3",
        "__connect.errors.offset": "101",
        "__connect.errors.stage": "VALUE_CONVERTER",
        "__connect.errors.exception.class.name": "not_utf8",
        "__connect.errors.exception.message": "byte 0xff at offset 15",
        "newsdesk-reason": "not_utf8",
        "newsdesk-detail": "byte 0xff at offset 15",
        "newsdesk-version": "0.1.0",
    }


def test_a_letter_that_dies_again_says_only_why_it_died_last() -> None:
    task = Task()
    first = task.read(b"[").writes[0]
    (second,) = task.read(first.value, headers=first.headers).writes

    assert len(second.headers) == len(first.headers)
    assert headers(second)["__connect.errors.offset"] == "102"


def test_a_tombstone_is_a_dead_letter_without_a_value() -> None:
    (letter,) = Task().read(None).writes

    assert (letter.value, headers(letter)["newsdesk-reason"]) == (None, "empty")


def test_bad_input_changes_nothing() -> None:
    task = Task()
    task.read(article())
    before = dict(task.state)
    task.read(article(webUrl="ftp://harbour.example/ferry-sails"))
    task.read(b"\x00")

    assert task.state == before


def test_a_record_in_the_wrong_partition_is_forwarded_once() -> None:
    task = Task()
    sent = Record(topics.SUBMITTED.name, (HOME + 1) % 4, 7, 123, b"wrong", orjson.dumps(article()), TRACE)
    outcome = task.processor.process(sent, task.state)
    (forwarded,) = outcome.writes

    assert (outcome.label, outcome.tags) == (FORWARDED, ())
    assert (forwarded.topic, forwarded.partition, forwarded.key) == (
        topics.REPARTITIONED.name,
        HOME,
        b"harbour.example",
    )
    assert (forwarded.value, forwarded.timestamp) == (sent.value, 123)
    assert headers(forwarded) == {
        "traceparent": TRACE[0][1].decode(),
        "newsdesk-forwarded-topic": topics.SUBMITTED.name,
        "newsdesk-forwarded-partition": str((HOME + 1) % 4),
        "newsdesk-forwarded-offset": "7",
    }
    again = task.read(forwarded.value, topic=topics.REPARTITIONED.name, headers=forwarded.headers)
    assert again.label == DECISION


def test_a_forwarded_record_in_the_wrong_partition_is_misrouted_and_says_where_it_came_from() -> None:
    forwarded = (("newsdesk-forwarded-topic", b"t"), ("newsdesk-forwarded-partition", b"1"))
    outcome = Task().read(article(), topic=topics.REPARTITIONED.name, partition=(HOME + 1) % 4, headers=forwarded)
    (letter,) = outcome.writes

    assert outcome.tags == ("misrouted",)
    assert headers(letter)["newsdesk-detail"] == (
        f"in partition {(HOME + 1) % 4}, and its scope 'harbour.example' belongs to {HOME}"
    )
    assert headers(letter)["newsdesk-forwarded-topic"] == "t"


def test_a_key_may_be_wrong_where_the_partition_is_right() -> None:
    assert Task().read(article(), key=b"anything").label == DECISION
    assert Task().read(article(), key=None).label == DECISION


def test_all_forms_of_one_article_belong_to_one_partition() -> None:
    urls = [
        "https://www.harbour.example/1",
        "http://amp.harbour.example/2",
        "https://www-harbour-example.cdn.ampproject.org/c/s/www.harbour.example/amp/1",
        "https://www.google.com/amp/s/m.harbour.example/1",
    ]

    assert {Task().read(article(webUrl=url)).label for url in urls} == {DECISION}


def test_an_enriched_record_that_does_not_fit_is_a_dead_letter() -> None:
    task = Task(event_bytes=4 * topics.MIB)
    value = orjson.dumps(article(note="x" * (2 * topics.MIB)))
    outcome = task.read(value)

    assert outcome.tags == ("enriched_too_large",)
    assert outcome.writes[0].value == value
    assert task.state == {}


def test_the_largest_event_fits_when_it_is_enriched() -> None:
    """An event at the limit, of which every part goes to the record: titles, related items to keep and to drop."""
    value = orjson.dumps(article(quality=90, related=[item(n, title=f"{n} " + "x" * 12_000) for n in range(80)]))
    value = value[:-1] + b',"note":"' + b"x" * (topics.EVENT_BYTES - len(value) - 11) + b'"}'

    assert topics.EVENT_BYTES - 10 < len(value) <= topics.EVENT_BYTES
    assert Task().read(value).label == DECISION


def test_the_engine_may_find_a_write_too_large() -> None:
    task = Task()
    record = Record(topics.SUBMITTED.name, HOME, 7, 0, b"k", b"{}")
    outcome = task.processor.too_large(record, Outcome(), topics.ENRICHED.name, 3_000_000)

    assert outcome.tags == ("enriched_too_large",)
    assert headers(outcome.writes[0])["newsdesk-detail"] == f"3000000 bytes for {topics.ENRICHED.name}"


def test_a_crash_is_a_dead_letter_with_the_end_of_its_stack_trace() -> None:
    task = Task()
    record = Record(topics.SUBMITTED.name, HOME, 7, 0, b"k", b"{}")
    with pytest.raises(KeyError) as crash:
        dict[str, str]()["x" * 100_000]
    outcome = task.processor.crashed(record, crash.value)
    (letter,) = outcome.writes
    found = headers(letter)

    assert (outcome.label, outcome.tags, outcome.defect) == (DEAD_LETTER, ("internal_error",), True)
    assert found["__connect.errors.stage"] == "TASK_PUT"
    assert found["__connect.errors.exception.class.name"] == "KeyError"
    assert len(found["__connect.errors.exception.stacktrace"]) <= 8192
    assert len(found["newsdesk-detail"]) <= 300
    assert (letter.value, letter.key) == (b"{}", b"k")


@pytest.mark.parametrize("secret", ["letmein", "Y2lwaGVydGV4dA=="])
@pytest.mark.parametrize(
    "fields",
    [
        {"webUrl": "https://editor:letmein@harbour.example/"},
        {"webUrl": "https://letmein:letmein@harbour.example:99999/"},
        {"webUrl": "ftp://editor:letmein@harbour.example/"},
        {"originalUrl": "https://www.google.com/amp/s/editor:letmein@harbour.example/"},
        {"secured": "Y2lwaGVydGV4dA=="},
        {"secured": ["Y2lwaGVydGV4dA=="]},
        {"title": {"secured": "Y2lwaGVydGV4dA=="}},
    ],
)
def test_no_header_of_a_dead_letter_shows_what_is_secret(fields: dict[str, Any], secret: str) -> None:
    outcome = Task().read(article(**fields))

    assert outcome.label == DEAD_LETTER
    assert secret.encode() not in b"".join(text for _, text in outcome.writes[0].headers)


def test_credentials_in_a_related_item_or_an_image_are_not_written() -> None:
    bad = "https://editor:letmein@harbour.example/1.jpg"
    outcome = Task().read(
        article(
            images=[{"url": bad}],
            related=[item(1, webUrl=bad), item(2, images=[{"url": bad}])],
            provider={"images": [{"url": bad}]},
        )
    )

    assert outcome.label == DECISION
    assert not any(b"letmein" in (write.value or b"") for write in outcome.writes)


def test_the_trace_of_a_structured_event_is_passed_on_and_a_header_goes_before_it() -> None:
    desk = Desk(book())
    data = {"specversion": "1.0", "id": "1", "source": "x", "traceparent": "00-a", "data": article()}

    outcome = desk.submit(Event(orjson.dumps(data)))
    assert {dict(write.headers)["traceparent"] for write in outcome.writes} == {b"00-a"}

    outcome = desk.submit(Event(orjson.dumps(data | {"id": "2"}), (("traceparent", b"00-b"),)))
    assert {dict(write.headers)["traceparent"] for write in outcome.writes} == {b"00-b"}


def _pattern(size: int) -> bytes:
    return b'{"title":"' + b"x" * size


def test_a_value_too_large_for_a_letter_is_gzipped_in_it() -> None:
    value = _pattern(8 * 1024 * 1024)

    outcome = Desk(book()).submit(Event(value, (("kept", b"1"),)))

    (letter,) = outcome.writes
    headers = dict(letter.headers)
    assert (outcome.tags, headers["newsdesk-encoding"], headers["kept"]) == (("too_large",), b"gzip", b"1")
    assert headers["newsdesk-bytes"] == str(len(value)).encode()
    assert gzip.decompress(letter.value or b"") == value


def test_a_value_that_no_letter_can_hold_is_named_by_its_digest() -> None:
    value = random.Random(1).randbytes(5 * 1024 * 1024)  # noqa: S311

    (letter,) = Desk(book()).submit(Event(value)).writes

    headers = dict(letter.headers)
    assert letter.value is None
    assert headers["newsdesk-sha256"] == hashlib.sha256(value).hexdigest().encode()
    assert headers["newsdesk-reason"] == b"too_large"


def test_headers_that_no_letter_can_hold_are_left_out() -> None:
    (letter,) = Desk(book()).submit(Event(b"no json", (("huge", b"x" * 5 * 1024 * 1024),))).writes

    assert "huge" not in dict(letter.headers)
    assert letter.value == b"no json"
