"""What the state keeps: the same bytes from the record as it is made and as it is read back."""

from __future__ import annotations

import msgspec
import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from newsdesk.contracts import topics
from newsdesk.editorial.kept import Kept, kept_in, kept_of
from support.desk import Event, book, run
from support.streams import STREAMS


@given(STREAMS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_kept_of_a_record_is_what_is_read_back_of_it(stream: list[Event]) -> None:
    for write in run(book(), stream).on(topics.ENRICHED):
        if write.value is not None:
            live, read = write.change, kept_in(write.value)
            assert isinstance(live, Kept)
            assert (read.value, [*read.aliases]) == (live.value, [*live.aliases])


HOSTILE = {
    "articleId": "x",
    "desk": {"no": 1},
    "upstream": {"desk": {"aliases": ["theirs"]}, "score": 1, "revision": 9},
    "title": '","desk":{"aliases":["theirs"]},"x":"',
    "revision": 2,
    "quality": -3,
    "heat": 0,
    "score": {"terms": [{"because": 'a "quote", ümlaut \u2028 and \\'}]},
    "extra": [{"revision": 7}, 1e300, None],
}


def test_names_of_ours_deeper_down_and_in_texts_do_not_count() -> None:
    record = {**HOSTILE, "desk": {"aliases": ["ours/ü", "b"], "keys": [], "content": {}}, "later": {"heat": 5}}
    kept = kept_in(orjson.dumps(record))
    assert kept == kept_of(record)
    assert kept.aliases == ["ours/ü", "b"]


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"revision":1}', b'{"revision":1', orjson.dumps(HOSTILE)])
def test_what_is_no_enriched_record_is_refused(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        kept_in(value)
