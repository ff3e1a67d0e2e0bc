"""Stores in RocksDB: one database a task, bounded memory for all of them, no write-ahead log.

Without the log a crash loses what was not yet flushed, position and data alike, and the changelog has it all.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from typing import TYPE_CHECKING, Final

from rocksdict import (
    BlockBasedIndexType,
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

from newsdesk.engine.errors import StoreDamagedError, StoreError
from newsdesk.engine.store import Position, Slice, StoreSize

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_META: Final = b"\x00position"
_FORMAT: Final = 1
_SLOTS: Final = 8
_SKIPPED: Final = 2_000
"""Removed keys that one step of a scan passes over, about a millisecond; more should be compacted away first."""
_MANY_REMOVED: Final = (4_096, 2_048, 0.5)
"""A file with so many removals among so many neighbours, or with this share of them, is compacted soon."""
_PORTION: Final = 10_000
_INCOMPLETE: Final = "Result incomplete"
_TRANSIENT: Final = (
    "No space left",
    "Disk quota",
    "Too many open files",
    "Read-only file system",
    "Permission denied",
    "File too large",
)
"""Errors of the disk, not of the data: to be waited for, not to be cured by deleting the store."""


def _failure(error: Exception, path: Path) -> StoreError:
    """What *error* means: rocksdict raises bare Exceptions, only their text tells a full disk from a damaged file."""
    text = str(error)
    if any(sign in text for sign in _TRANSIENT):
        return StoreError(
            f"The store in {path} cannot be used: {text}. Free the disk or the folder; it is tried again."
        )
    return StoreDamagedError(f"The store in {path} is damaged: {text}")


class RocksStore:
    """One task's database. Everything is one atomic write a batch; reads go to write buffer, cache, files."""

    def __init__(self, path: Path, options: Options) -> None:
        self._path = path
        self._options = options
        try:
            self._db = Rdict(str(path), options)
        except Exception as error:
            raise _failure(error, path) from error
        self._write = WriteOptions()
        self._write.disable_wal = True  # type: ignore[assignment,method-assign]
        self._skipped = _SKIPPED
        self._closed = False
        try:
            self._position = self._read_position()
        except Exception:
            self.close()
            raise

    def _read_position(self) -> Position | None:
        try:
            raw = self._db.get(_META)
        except Exception as error:
            raise _failure(error, self._path) from error
        if raw is None:
            return None
        try:
            found = json.loads(raw)
            if found["format"] != _FORMAT:
                raise StoreDamagedError(f"The store in {self._path} has format {found['format']}, not {_FORMAT}")
            return Position(int(found["offset"]), found["topic_id"], int(found["written_ms"]))
        except (ValueError, KeyError, TypeError) as error:
            raise StoreDamagedError(f"The store in {self._path} has an unreadable position: {error}") from error

    def get(self, key: bytes) -> bytes | None:
        """The value under *key*, or None."""
        try:
            return self._db.get(key)
        except Exception as error:
            raise _failure(error, self._path) from error

    def scan(self, start: bytes, limit: int) -> Slice:
        """At most *limit* keys from *start* on, past the cache.

        Where very many keys in a row were removed, the answer ends there, and RocksDB is asked to clear them away;
        should it not have done so by the next time, that goes twice as far.
        """
        items: list[tuple[bytes, bytes]] = []
        begin = start
        try:
            found = self._db.iter(self._scanning())
            found.seek(start)
            while found.valid():
                key = found.key()
                if len(items) == limit:
                    self._skipped = _SKIPPED
                    return Slice(items, key)
                if key != _META:
                    items.append((key, found.value()))
                begin = key + b"\0"
                found.next()
            found.status()
        except Exception as error:
            if _INCOMPLETE not in str(error):
                raise _failure(error, self._path) from error
            self._skipped *= 2
            self.flush()
            return Slice(items, begin)
        self._skipped = _SKIPPED
        return Slice(items, None)

    def _scanning(self) -> ReadOptions:
        options = ReadOptions()
        options.fill_cache(False)  # type: ignore[call-arg]
        options.set_max_skippable_internal_keys(self._skipped)
        return options

    def apply(self, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        """Write *changes* and *position* as one."""
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        meta = {
            "format": _FORMAT,
            "offset": position.offset,
            "topic_id": position.topic_id,
            "written_ms": position.written_ms,
        }
        batch.put(_META, json.dumps(meta).encode())
        try:
            self._db.write(batch, self._write)
        except Exception as error:
            raise _failure(error, self._path) from error
        self._position = position

    def position(self) -> Position | None:
        """The position of the last apply that survived."""
        return self._position

    def clear(self) -> None:
        """Begin anew with an empty database."""
        try:
            self._db.close()
            shutil.rmtree(self._path)
            self._db = Rdict(str(self._path), self._options)
        except Exception as error:
            raise _failure(error, self._path) from error
        self._position = None

    def flush(self) -> None:
        """Have the write buffer written out in the background."""
        try:
            self._db.flush(wait=False)
        except Exception as error:
            raise _failure(error, self._path) from error

    def close(self) -> None:
        """Flush and let go of the folder. What could not be flushed is read back from the changelog next time."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(Exception):
            self._db.flush()
        with contextlib.suppress(Exception):
            self._db.close()

    def size(self) -> StoreSize:
        """RocksDB's own estimates."""

        def value(name: str) -> int:
            return self._db.property_int_value(name) or 0

        return StoreSize(
            keys=value("rocksdb.estimate-num-keys"),
            disk_bytes=value("rocksdb.total-sst-files-size"),
            memory_bytes=value("rocksdb.cur-size-all-mem-tables"),
        )

    def items(self) -> dict[bytes, bytes]:
        """All content; for tests and small stores."""
        found: dict[bytes, bytes] = {}
        begin: bytes | None = b""
        while begin is not None:
            part = self.scan(begin, _PORTION)
            found.update(part.items)
            begin = part.next
        return found


class RocksStores:
    """Databases under one folder, task by task; all of them share one block cache and one budget of write buffers.

    A folder that another process still holds (a frozen one, say) is passed over for the next of a few slots:
    each is only a cache, and one that fell behind reads the rest of the changelog.
    """

    def __init__(self, folder: Path, *, cache_bytes: int, buffer_bytes: int) -> None:
        self._folder = folder
        self._cache = Cache(cache_bytes)
        self._buffers = WriteBufferManager(buffer_bytes, allow_stall=False)
        self._options = self._new_options(buffer_bytes)
        self._damaged: dict[int, str] = {}

    def _new_options(self, buffer_bytes: int) -> Options:
        table = BlockBasedOptions()
        table.set_block_cache(self._cache)
        table.set_bloom_filter(10, block_based=False)
        # In parts of 4 KiB: a whole filter of a large file would push everything else out of the cache, at each look-up
        # (5 million articles: 80 us for a key that is not there, 2 us in parts).
        table.set_cache_index_and_filter_blocks(True)
        table.set_index_type(BlockBasedIndexType.two_level_index_search())
        table.set_partition_filters(True)
        table.set_metadata_block_size(4 * 1024)
        table.set_pin_top_level_index_and_filter(True)
        table.set_pin_l0_filter_and_index_blocks_in_cache(True)
        table.set_block_size(8 * 1024)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_block_based_table_factory(table)
        options.set_write_buffer_manager(self._buffers)
        options.set_write_buffer_size(min(buffer_bytes, 16 * 1024 * 1024))
        options.set_max_write_buffer_number(2)
        options.set_level_zero_file_num_compaction_trigger(8)  # 4 by default: an eighth more work for a restore
        options.set_max_open_files(128)
        options.set_max_background_jobs(2)
        options.add_compact_on_deletion_collector_factory(*_MANY_REMOVED)
        options.set_compression_type(DBCompressionType.lz4())
        options.set_keep_log_file_num(2)
        options.set_max_log_file_size(1024 * 1024)
        options.set_max_manifest_file_size(4 * 1024 * 1024)
        return options

    def _slots(self, task: int) -> list[Path]:
        return [self._folder / (f"{task}" if slot == 0 else f"{task}.{slot}") for slot in range(_SLOTS)]

    def open(self, task: int) -> tuple[RocksStore, str | None]:
        """The first slot of *task* that nobody holds; a damaged one is removed and begun anew."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The state folder {self._folder} cannot be made: {error}") from error
        held = ""
        for path in self._slots(task):
            try:
                return RocksStore(path, self._options), None
            except StoreDamagedError as error:
                held = str(error)
                if _is_held(held):
                    continue
                shutil.rmtree(path, ignore_errors=True)
                return RocksStore(path, self._options), held
        raise StoreError(f"All {_SLOTS} folders of task {task} in {self._folder} are in use: {held}")

    def discard(self, task: int) -> None:
        """Remove every slot of *task* that nobody holds."""
        for path in self._slots(task):
            if not path.exists():
                continue
            try:
                RocksStore(path, self._options).close()
            except StoreError as error:
                if _is_held(str(error)):
                    continue
            shutil.rmtree(path, ignore_errors=True)


def _is_held(text: str) -> bool:
    """RocksDB's words for a LOCK file that this or another process has."""
    return "lock hold by current process" in text or "LOCK: Resource temporarily unavailable" in text
