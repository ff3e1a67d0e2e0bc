"""The store port, in memory and in RocksDB; and what RocksDB does about damage."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.engine.errors import StoreDamagedError, StoreError
from newsdesk.engine.memory_store import MemoryStore, MemoryStores
from newsdesk.engine.overlay import Overlay
from newsdesk.engine.rocks_store import RocksStores
from newsdesk.engine.store import Changes, Position, Slice
from newsdesk.engine.validity import Span, why_discard

if TYPE_CHECKING:
    from pathlib import Path

HERE = Position(7, "id", 1_000)


def rocks(folder: Path) -> RocksStores:
    return RocksStores(folder / "state", cache_bytes=1 << 20, buffer_bytes=1 << 20)


@pytest.fixture(params=["memory", "rocks"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return MemoryStores() if request.param == "memory" else rocks(tmp_path)


def test_a_new_store_is_empty_and_knows_no_position(stores: Any) -> None:
    store, damage = stores.open(0)
    assert damage is None
    assert store.position() is None
    assert store.get(b"a") is None
    store.close()


def test_changes_and_position_survive_closing(stores: Any) -> None:
    store, _ = stores.open(0)
    store.apply({b"a": b"1", b"b": b"2"}, Position(3, "id", 500))
    store.apply({b"a": None, b"c": b""}, HERE)
    store.flush()
    store.close()
    store.close()
    store, _ = stores.open(0)
    assert store.position() == HERE
    assert store.items() == {b"b": b"2", b"c": b""}
    assert store.get(b"a") is None
    assert store.get(b"c") == b""
    store.close()


def test_tasks_do_not_see_each_other(stores: Any) -> None:
    one, _ = stores.open(1)
    two, _ = stores.open(2)
    one.apply({b"a": b"1"}, HERE)
    assert two.get(b"a") is None
    one.close()
    two.close()


def test_clear_forgets_everything_and_the_store_can_be_used_on(stores: Any) -> None:
    store, _ = stores.open(0)
    store.apply({b"a": b"1"}, HERE)
    store.clear()
    assert (store.position(), store.items()) == (None, {})
    store.apply({b"b": b"2"}, HERE)
    store.close()
    store, _ = stores.open(0)
    assert store.items() == {b"b": b"2"}
    store.close()


def test_discard_removes_what_is_kept(stores: Any) -> None:
    store, _ = stores.open(0)
    store.apply({b"a": b"1"}, HERE)
    store.close()
    stores.discard(0)
    store, _ = stores.open(0)
    assert store.position() is None
    store.close()


def test_size_is_given(stores: Any) -> None:
    store, _ = stores.open(0)
    store.apply({b"%d" % i: b"x" * 100 for i in range(100)}, HERE)
    assert store.size().keys >= 100
    store.close()


def test_a_scan_gives_keys_in_their_order_a_slice_at_a_time_and_not_the_position(stores: Any) -> None:
    store, _ = stores.open(0)
    store.apply({b"%02d" % i: b"v%d" % i for i in reversed(range(10))}, HERE)
    store.apply({b"03": None, b"05": b"new"}, HERE)
    first = store.scan(b"", 4)
    assert first.items == [(b"00", b"v0"), (b"01", b"v1"), (b"02", b"v2"), (b"04", b"v4")]
    second = store.scan(first.next, 4)
    assert second.items == [(b"05", b"new"), (b"06", b"v6"), (b"07", b"v7"), (b"08", b"v8")]
    assert store.scan(second.next, 4) == Slice([(b"09", b"v9")], None)
    assert store.scan(b"041", 1).items == [(b"05", b"new")]
    assert store.scan(b"1", 4) == Slice([], None)
    store.close()


def test_a_scan_of_an_empty_store_is_at_its_end(stores: Any) -> None:
    store, _ = stores.open(0)
    assert store.scan(b"", 10) == Slice([], None)
    store.apply({}, HERE)
    assert store.scan(b"", 10) == Slice([], None)
    store.close()


@given(
    st.dictionaries(st.binary(min_size=1, max_size=2).filter(lambda key: key[0] != 0), st.just(b""), max_size=30),
    st.integers(1, 7),
)
def test_slice_after_slice_a_scan_sees_every_key_once(content: dict[bytes, bytes], limit: int) -> None:
    store = MemoryStore()
    store.apply(dict(content), HERE)
    assert whole_scan(store, limit) == sorted(content.items())


def whole_scan(store: Any, limit: int) -> list[tuple[bytes, bytes]]:
    """All slices, one after the other."""
    seen: list[tuple[bytes, bytes]] = []
    place: bytes | None = b""
    until = time.monotonic() + 20
    while place is not None and time.monotonic() < until:
        found = store.scan(place, limit)
        assert len(found.items) <= limit
        seen += found.items
        place = found.next
    assert place is None, "the end is reached"
    return seen


def test_a_scan_never_steps_over_many_removed_keys_at_once_and_still_comes_to_the_end(tmp_path: Path) -> None:
    """RocksDB walks over what was removed and not compacted yet: hundreds of thousands of keys would be a pause."""
    store, _ = rocks(tmp_path).open(0)
    store.apply({b"%06d" % i: b"x" for i in range(20_000)}, HERE)
    store.apply({b"%06d" % i: None for i in range(1, 19_999)}, HERE)
    assert store.scan(b"", 10) == Slice([(b"000000", b"x")], b"000000\0"), "as far as it went"
    assert whole_scan(store, 10) == [(b"000000", b"x"), (b"019999", b"x")]
    store.close()


def test_a_block_that_rotted_is_noticed_by_a_scan(tmp_path: Path) -> None:
    store, _ = rocks(tmp_path).open(0)
    store.apply({b"%04d" % i: os.urandom(500) for i in range(2_000)}, HERE)
    store.close()
    (file,) = (tmp_path / "state" / "0").glob("*.sst")
    content = bytearray(file.read_bytes())
    content[500_000:500_500] = b"\0" * 500
    file.write_bytes(content)
    store, reason = rocks(tmp_path).open(0)
    assert reason is None
    with pytest.raises(StoreDamagedError):
        whole_scan(store, 100)
    store.close()


# ---- damage


def filled(folder: Path) -> Path:
    """A closed database with some content; the folder of task 0."""
    store, _ = rocks(folder).open(0)
    store.apply({b"%d" % i: b"x" * 500 for i in range(2000)}, HERE)
    store.close()
    return folder / "state" / "0"


def damage(pattern: str, folder: Path, how: str) -> None:
    """Cut each matching file in half, empty it, or remove it."""
    files = list(folder.glob(pattern))
    assert files, f"no {pattern} in {folder}"
    for file in files:
        content = file.read_bytes()
        if how == "remove":
            file.unlink()
        else:
            file.write_bytes(content[: len(content) // 2] if how == "halve" else b"")


@pytest.mark.parametrize(
    ("pattern", "how"),
    [
        ("*.sst", "halve"),
        ("*.sst", "empty"),
        ("*.sst", "remove"),
        ("MANIFEST-*", "halve"),
        ("MANIFEST-*", "remove"),
        ("CURRENT", "empty"),
        ("rocksdict-config.json", "halve"),
    ],
)
def test_a_damaged_store_is_discarded_with_a_reason_and_begun_anew(tmp_path: Path, pattern: str, how: str) -> None:
    damage(pattern, filled(tmp_path), how)
    store, reason = rocks(tmp_path).open(0)
    assert reason is None or "damaged" in reason
    whole = {b"%d" % i: b"x" * 500 for i in range(2000)}
    assert (store.position(), store.items()) in [(None, {}), (HERE, whole)], "a part must not pass for the whole"
    store.apply({b"a": b"1"}, HERE)
    assert store.get(b"a") == b"1"
    store.close()


def test_a_block_that_rotted_is_noticed_when_it_is_read(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    (file,) = folder.glob("*.sst")
    content = bytearray(file.read_bytes())
    content[100:600] = b"\0" * 500
    file.write_bytes(content)
    with pytest.raises(StoreDamagedError):  # noqa: PT012 where it is noticed is RocksDB's choice
        store, reason = rocks(tmp_path).open(0)
        if reason is not None:
            raise StoreDamagedError(reason)
        for i in range(2000):
            store.get(b"%d" % i)


def test_a_position_in_an_unknown_format_is_not_trusted(tmp_path: Path) -> None:
    stores = rocks(tmp_path)
    store, _ = stores.open(0)
    store._db.put(b"\x00position", b'{"format": 99}')
    store.close()
    store, reason = stores.open(0)
    assert "format 99" in (reason or "")
    assert store.position() is None
    store.close()


def test_a_crash_loses_the_unflushed_changes_together_with_their_position(tmp_path: Path) -> None:
    """Copying the folder of an open database is what a power cut leaves."""
    stores = rocks(tmp_path)
    store, _ = stores.open(0)
    store.apply({b"a": b"1"}, Position(1, "id", 0))
    store._db.flush()
    store.apply({b"a": b"2"}, Position(2, "id", 0))
    shutil.copytree(tmp_path / "state" / "0", tmp_path / "after" / "state" / "0")
    store.close()
    left, _ = rocks(tmp_path / "after").open(0)
    assert left.position() == Position(1, "id", 0)
    assert left.get(b"a") == b"1"
    left.close()


def test_a_folder_that_another_holds_is_passed_over(tmp_path: Path) -> None:
    one, other = rocks(tmp_path), rocks(tmp_path)
    held, _ = one.open(0)
    held.apply({b"a": b"1"}, HERE)
    second, reason = other.open(0)
    assert reason is None
    assert second.position() is None
    second.close()
    other.discard(0)
    assert held.get(b"a") == b"1"
    held.close()


def test_a_state_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreError, match="state"):
        rocks(tmp_path).open(0)


# ---- when a store is not used


@pytest.mark.parametrize(
    ("position", "span", "reason"),
    [
        pytest.param(Position(5, "a", 1_000), Span("a", 0, 5), None, id="at the end"),
        pytest.param(Position(5, "a", 1_000), Span("a", 5, 9), None, id="at the start"),
        pytest.param(Position(4, "a", 1_000), Span("a", 5, 9), "before", id="before the start"),
        pytest.param(Position(10, "a", 1_000), Span("a", 5, 9), "beyond", id="beyond the end"),
        pytest.param(Position(5, "a", 1_000), Span("b", 0, 9), "of another changelog", id="another topic"),
        pytest.param(Position(5, None, 1_000), Span(None, 0, 9), "no topic id", id="no ids at all"),
        pytest.param(Position(5, "a", 1_000), Span(None, 0, 9), "no topic id", id="no id any more"),
        pytest.param(Position(5, "a", 90), Span("a", 0, 9), "tombstones", id="older than the margin"),
        pytest.param(Position(5, "a", 100), Span("a", 0, 9), None, id="just young enough"),
    ],
)
def test_when_a_store_is_discarded(position: Position, span: Span, reason: str | None) -> None:
    found = why_discard(position, span, now_ms=1_000, delete_retention_ms=1_000)
    assert (found is None) if reason is None else (reason in (found or ""))


# ---- the overlay

KEYS = st.sampled_from([b"a", b"b", b"c"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.binary(max_size=2)),
        st.tuples(st.just("delete"), KEYS, st.just(b"")),
        st.tuples(st.sampled_from(["keep", "drop", "close"]), st.just(b""), st.just(b"")),
    )
)


@given(STEPS)
def test_the_overlay_reads_as_one_map_and_the_store_ends_as_that_map(steps: list[tuple[str, bytes, bytes]]) -> None:
    store = MemoryStore()
    overlay = Overlay(store)
    kept: Changes = {}
    now: Changes = {}
    closed: Changes | None = None
    for what, key, value in steps:
        if what == "put":
            overlay.put(key, value)
            now[key] = value
        elif what == "delete":
            overlay.delete(key)
            now[key] = None
        elif what == "keep":
            overlay.keep_record()
            kept = dict(now)
        elif what == "drop":
            overlay.drop_record()
            now = dict(kept)
        else:
            if closed is not None:
                store.apply(closed, HERE)
                overlay.batch_stored()
            closed = overlay.close_batch()
        for each in (b"a", b"b", b"c"):
            assert overlay.get(each) == now.get(each)
        there = [(key, value) for key in sorted(store.items()) if (value := now.get(key)) is not None]
        assert overlay.scan(b"", 10) == Slice(there, None), "of the store's keys those that are left, as they are now"
    overlay.drop_record()
    if closed is not None:
        store.apply(closed, HERE)
        overlay.batch_stored()
    store.apply(overlay.close_batch(), HERE)
    assert store.items() == {k: v for k, v in kept.items() if v is not None}


def test_a_scan_sees_every_layer_over_the_stores_keys_and_no_others() -> None:
    store = MemoryStore()
    store.apply({b"%d" % i: b"stored" for i in range(7)}, HERE)
    overlay = Overlay(store)
    overlay.put(b"1", b"committing")
    overlay.delete(b"2")
    overlay.keep_record()
    overlay.close_batch()
    overlay.put(b"3", b"in the batch")
    overlay.delete(b"4")
    overlay.put(b"41", b"not in the store yet")
    overlay.keep_record()
    overlay.put(b"5", b"of the record")
    overlay.delete(b"6")
    assert overlay.scan(b"", 6) == Slice(
        [(b"0", b"stored"), (b"1", b"committing"), (b"3", b"in the batch"), (b"5", b"of the record")], b"5\0"
    )
    assert overlay.scan(b"5\0", 6) == Slice([], None)


def test_the_overlay_remembers_that_the_store_failed_even_if_the_processor_looks_away() -> None:
    store = MemoryStore()
    overlay = Overlay(store)

    def fail(key: bytes) -> bytes | None:
        raise StoreDamagedError(repr(key))

    overlay._fetch = fail
    with pytest.raises(StoreDamagedError):
        overlay.get(b"a")
    with pytest.raises(StoreDamagedError):
        overlay.check()
