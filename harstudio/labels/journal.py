"""The journal: every do, undo and redo since the document was last saved, one line each.

The first line names the journal and the document file it continues (by SHA-256, "" when there
was none). Every line carries a checksum; a record carries the revision that it leads to, which
counts on without a gap. A record is on the disk before ``append`` returns.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import secrets
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harstudio.files import write_atomically
from harstudio.labels.document_file import compact_json, to_bytes
from harstudio.labels.edits import Edit
from harstudio.labels.model import typed

VERSION = 2  # 1: records without time and person

Action = Literal["do", "undo", "redo"]


@dataclass(frozen=True, slots=True)
class Record:
    """One line. edit: what was applied to the document (for an undo, the inverse).

    at: when, by this computer's clock, ISO 8601 in UTC, "" where it is not known; the order is
    the revision's business, for clocks are set back. by: who did it, "" for the annotator.
    """

    revision: int
    action: Action
    edit: Edit
    merge: bool = False
    at: str = ""
    by: str = ""

    def to_dict(self) -> dict[str, Any]:
        data = {"revision": self.revision, "action": self.action, "edit": self.edit.to_dict()}
        texts = {key: value for key, value in (("at", self.at), ("by", self.by)) if value}
        return data | texts | ({"merge": True} if self.merge else {})

    @classmethod
    def from_dict(cls, data: Any) -> Record:
        """ValueError when it is no record."""
        action = typed(data, "action", str)
        if action not in ("do", "undo", "redo"):
            raise ValueError(f"“{action}” is no action")
        merge = typed(data, "merge", bool, False)
        edit = Edit.from_dict(data.get("edit"))
        at, by = typed(data, "at", str, ""), typed(data, "by", str, "")
        return cls(typed(data, "revision", int), action, edit, merge, at, by)


@dataclass(frozen=True, slots=True)
class Header:
    """The first line. revision: of the document that the first record changes."""

    journal: str
    after: str
    revision: int
    recording: str
    annotator: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": "harstudio-journal",
            "version": VERSION,
            "journal": self.journal,
            "after": self.after,
            "revision": self.revision,
            "recording": self.recording,
            "annotator": self.annotator,
        }

    @classmethod
    def from_dict(cls, data: Any) -> Header:
        """ValueError when it is no header."""
        if typed(data, "version", int) > VERSION:
            raise ValueError("a newer HARStudio wrote it")
        return cls(
            typed(data, "journal", str),
            typed(data, "after", str),
            typed(data, "revision", int),
            typed(data, "recording", str),
            typed(data, "annotator", str),
        )


@dataclass(frozen=True, slots=True)
class Contents:
    """What a journal file holds. damaged: records that cannot be read; torn: half a last line."""

    header: Header | None
    records: tuple[Record, ...]
    damaged: int = 0
    torn: bool = False


def parse_journal(data: bytes) -> Contents:
    """Read what is whole; nothing is raised, damage is counted."""
    *lines, rest = data.split(b"\n")
    header: Header | None = None
    records: list[Record] = []
    damaged = 0
    for number, line in enumerate(lines):
        try:
            body = _checked(line)
            if number == 0:
                header = Header.from_dict(body)
            else:
                records.append(Record.from_dict(body))
        except (ValueError, RecursionError):
            damaged += number > 0
    return Contents(header, tuple(records), damaged, torn=bool(rest))


def _line(body: dict[str, Any]) -> bytes:
    return to_bytes(compact_json({"check": _check(body), "body": body})) + b"\n"


def _checked(line: bytes) -> Any:
    data = json.loads(line)
    body = typed(data, "body", dict)
    if _check(body) != typed(data, "check", str):
        raise ValueError("the checksum is wrong")
    return body


def _check(body: dict[str, Any]) -> str:
    return f"{zlib.crc32(to_bytes(compact_json(body))):08x}"


@dataclass(slots=True)
class Journal:
    """Appends records to the file, which is made by the first one.

    id: "" until there is a file. size: bytes of the file that are whole.
    """

    path: Path
    id: str = ""
    size: int = 0
    _file: io.FileIO | None = field(default=None, repr=False)

    def append(self, record: Record, *, after: str, recording: str, annotator: str) -> None:
        """Write and fsync. OSError when that failed: then the record is not in the file."""
        line = _line(record.to_dict())
        if not self.id:
            journal = secrets.token_hex(8)
            header = Header(journal, after, record.revision - 1, recording, annotator)
            data = _line(header.to_dict()) + line
            write_atomically(self.path, data)
            self.id, self.size = journal, len(data)
            return
        file = self._opened()
        try:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
            if os.fstat(file.fileno()).st_nlink == 0:
                raise FileNotFoundError(errno.ENOENT, "the journal was deleted meanwhile")
        except OSError:
            self.close()  # opening again cuts off what was half written
            raise
        self.size += len(line)

    def _opened(self) -> io.FileIO:
        if self._file is None:
            self._file = io.FileIO(self.path, "r+")  # unbuffered: nothing waits in the process
            self._file.truncate(self.size)
            self._file.seek(self.size)
        return self._file

    def drop(self) -> None:
        """Begin anew: all of it is in the saved document.

        If the system refuses to remove the file, no harm is done: the document names this
        journal, so its records are not applied again, and the next one replaces it.
        """
        self.close()
        if self.id:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self.id, self.size = "", 0

    def close(self) -> None:
        """Close the file; the next append opens it again."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
