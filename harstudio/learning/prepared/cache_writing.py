"""Writes prepared data, clip by clip, so that whatever ends it keeps what is whole.

Bytes of records are safe on the disk before the lines of the index that name them are written. A
preparation that goes on drops what no line names, and writes on from there.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from harstudio.errors import ConflictError, DataError
from harstudio.files import remove_leftovers, sync_folder, write_atomically
from harstudio.labels.keeping.lock import Lock
from harstudio.learning.prepared.cache_match import differences
from harstudio.learning.prepared.caches import (
    ABOUT,
    DATA,
    INDEX,
    Clip,
    Entry,
    damaged,
    is_cache,
    read_about,
    read_index,
)
from harstudio.learning.prepared.packing import aligned
from harstudio.learning.preprocessing import Preprocessing

LOCK = "prepare.lock"
SAFE_EVERY_S = 1.0
SAFE_EVERY_BYTES = 64 << 20


class CacheWriter:
    """Adds records to a folder; use it with ``with``, and ``finish`` it.

    about: what cache.json shall hold but for "finished". entries: what was there already, and what
    is added. ConflictError where the folder holds something else, or data that were read otherwise,
    or another process is at work; DataError where nothing can be written, with what was safe kept.
    """

    def __init__(self, path: Path, about: dict[str, Any], read_by: Preprocessing) -> None:
        self.path = path
        self._about = about
        self._data: BinaryIO | None = None
        self._index: BinaryIO | None = None
        self._waiting: list[tuple[Clip, Entry]] = []
        self._bytes = 0
        self._safe_at = time.monotonic()
        with self._told_disk():
            self._lock = self._alone()
        try:
            with self._told_disk():
                self.entries = self._begin(read_by)
        except BaseException:
            self._close()
            raise

    def _alone(self) -> Lock:
        if self.path.exists() and not self.path.is_dir():
            raise ConflictError("This is a file.", path=self.path, remedy="Name a folder.")
        inside = {one.name for one in self.path.iterdir()} if self.path.is_dir() else set()
        if not is_cache(self.path) and any(not name.startswith((".", LOCK)) for name in inside):
            raise ConflictError(
                "There is something else in this folder.",
                path=self.path,
                remedy="Name a new one (--out).",
            )
        try:
            return Lock(self.path / LOCK)
        except ConflictError:
            raise ConflictError(
                "Another process is preparing data here.",
                path=self.path,
                remedy=f"Wait for it; if it is gone, delete {LOCK}.",
            ) from None

    def _begin(self, read_by: Preprocessing) -> dict[Clip, Entry]:
        """What is kept of an earlier preparation; the files are open behind it."""
        for name in (ABOUT, INDEX):
            remove_leftovers(self.path / name)
        entries: dict[Clip, Entry] = {}
        whole = end = 0
        if is_cache(self.path):
            self._require_same(read_about(self.path), read_by)
            entries, whole = read_index(self.path)
            there = (self.path / DATA).stat().st_size if (self.path / DATA).is_file() else 0
            end = max((one.at + one.size for one in entries.values()), default=0)
            if end > there:
                raise damaged(self.path / DATA, "it is cut off")
        self._write_about(None)
        self._index = self._opened(INDEX, whole)
        self._data = self._opened(DATA, end)
        sync_folder(self.path)
        return entries

    def _opened(self, name: str, size: int) -> BinaryIO:
        """A file to write on behind its first ``size`` bytes; what is behind them is dropped."""
        file = (self.path / name).open("r+b" if (self.path / name).exists() else "w+b")
        file.truncate(size)
        file.seek(size)
        return file

    def _require_same(self, there: dict[str, Any], read_by: Preprocessing) -> None:
        if Path(there["source"]) != Path(self._about["source"]):
            what = f"They were made of {there['source']}"
        else:
            known = Preprocessing.from_dict(there["preprocessing"])
            found = [*differences(known, read_by), *differences(read_by, known)]
            if not found:
                return
            what = found[0].sentence[0].upper() + found[0].sentence[1:]
        raise ConflictError(
            f"There are other prepared data in this folder. {what}.",
            path=self.path,
            remedy="Name another folder (--out), or delete this one.",
        )

    def add(self, clip: Clip, record: bytes, entry: Entry) -> None:
        """Add a record; of the entry only what tells about the record is filled in."""
        with self._told_disk():
            if self._data is None:
                raise ValueError("the writer is closed")
            at = aligned(self._data.tell()) if record else 0
            if record:
                self._data.write(bytes(at - self._data.tell()))
                self._data.write(record)
            placed = Entry(
                at, len(record), zlib.crc32(record), entry.parts, entry.boxes, entry.files,
                entry.error,
            )  # fmt: skip
            self._waiting.append((clip, placed))
            self._bytes += len(record)
            late = time.monotonic() - self._safe_at > SAFE_EVERY_S
            if late or self._bytes > SAFE_EVERY_BYTES:
                self.save()

    @property
    def size(self) -> int:
        """Bytes of all records, those that nothing needs any longer among them."""
        return 0 if self._data is None else self._data.tell()

    def save(self) -> None:
        """Make safe what was added: first the records, then the lines that name them."""
        with self._told_disk():
            if self._data is None or self._index is None:
                raise ValueError("the writer is closed")
            self._data.flush()
            os.fsync(self._data.fileno())
            self._index.write(b"".join(entry.line(clip) for clip, entry in self._waiting))
            self._index.flush()
            os.fsync(self._index.fileno())
            self.entries.update(self._waiting)
            self._waiting, self._bytes, self._safe_at = [], 0, time.monotonic()

    def finish(self) -> None:
        """All clips are there: from now on the data can be used."""
        self.save()
        with self._told_disk():
            self._write_about(len(self.entries))

    def _write_about(self, finished: int | None) -> None:
        document = {**self._about, "finished": finished}
        write_atomically(self.path / ABOUT, json.dumps(document, ensure_ascii=False).encode())

    def __enter__(self) -> CacheWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._waiting and not isinstance(error, DataError):
                self.save()
        finally:
            self._close()

    def _close(self) -> None:
        for file in (self._data, self._index):
            if file is not None:
                with contextlib.suppress(OSError):  # what is not safe by now is not named
                    file.close()
        self._data = self._index = None
        self._lock.release()

    @contextlib.contextmanager
    def _told_disk(self) -> Any:
        """What the system refuses becomes a DataError with what to do about it."""
        try:
            yield
        except OSError as error:
            reason = (error.strerror or str(error)).rstrip(".")
            raise DataError(
                f"The prepared data cannot be written: {reason}.",
                path=self.path,
                remedy="Make room or name another folder, then give the same command; what is "
                "whole is kept.",
            ) from error
