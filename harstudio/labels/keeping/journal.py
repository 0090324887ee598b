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
from typing import IO, Any, Literal

from harstudio.errors import ConflictError
from harstudio.files import write_atomically
from harstudio.labels.editing.edits import Edit
from harstudio.labels.keeping.document_file import compact_json, to_bytes
from harstudio.labels.model import typed

VERSION = 2  # 1: records without time and person
HEADER_AT_MOST = 1 << 16  # bytes
BODY_AT = 27  # where the body begins in a line: behind {"check":"00000000","body":

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
            body = from_line(line)
            if number == 0:
                header = Header.from_dict(body)
            else:
                records.append(Record.from_dict(body))
        except (ValueError, RecursionError):
            damaged += number > 0
    return Contents(header, tuple(records), damaged, torn=bool(rest))


def to_line(body: dict[str, Any]) -> bytes:
    """One line of a journal or a version log, with its checksum."""
    data = to_bytes(compact_json(body))
    return b'{"check":"%08x","body":%b}\n' % (zlib.crc32(data), data)


def from_line(line: bytes) -> dict[str, Any]:
    """The reverse of ``to_line``; ValueError when the line is not whole."""
    head, body, end = line[:10], line[BODY_AT:-1], line[-1:]
    if head != b'{"check":"' or line[18:BODY_AT] != b'","body":' or end != b"}":
        raise ValueError("this is no line of a journal")
    if line[10:18] != b"%08x" % zlib.crc32(body):
        raise ValueError("the checksum is wrong")
    data = json.loads(body)
    if not isinstance(data, dict):
        raise ValueError("this is no line of a journal")
    return data


class JournalGoneError(FileNotFoundError):
    """Somebody deleted the journal, and nothing else: saving the document makes up for it."""


class JournalTakenError(ConflictError):
    """Something else wrote to the journal or put another in its place."""


@dataclass(slots=True)
class Journal:
    """Appends records to the file, which is made by the first one.

    id: "" until there is a file. size: bytes of the file that are whole.
    """

    path: Path
    id: str = ""
    size: int = 0
    _file: io.FileIO | None = field(default=None, repr=False)
    _half: bytes = field(default=b"", repr=False)  # may stand behind ``size``, wholly or in part
    _dropped: str = ""  # the last one, which the system may have refused to remove

    def append(self, record: Record, *, after: str, recording: str, annotator: str) -> None:
        """Write and fsync. OSError when that failed: then the record is not in the file.

        JournalGoneError when the file was deleted, JournalTakenError when something else wrote to
        it or put another in its place; nothing is overwritten then.
        """
        line = to_line(record.to_dict())
        if not self.id:
            self._see_that_none_is_there()
            journal = secrets.token_hex(8)
            header = Header(journal, after, record.revision - 1, recording, annotator)
            data = to_line(header.to_dict()) + line
            write_atomically(self.path, data)
            self.id, self.size = journal, len(data)
            return
        try:
            file = self._opened()
            self._half = line
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            self._cut_off()
            raise
        self._half = b""
        self.size += len(line)

    def _cut_off(self) -> None:
        """Take back half a line; where that fails too, opening the file again does it."""
        if self._file is not None and self._half:
            with contextlib.suppress(OSError):
                self._file.truncate(self.size)
        self.close()

    def is_ours(self) -> bool:
        """Whether the file is the one that was written here, or one that was dropped."""
        try:
            with self.path.open("rb") as file:
                found = _journal_in(file)
            return bool(found) and found in (self.id, self._dropped)
        except OSError:
            return False

    def _see_that_none_is_there(self) -> None:
        if self.path.exists() and not self.is_ours():
            raise self._taken()

    def _opened(self) -> io.FileIO:
        """The file, still the one that was written here."""
        if self._file is None:
            self._file = self._open_again()
        here = os.fstat(self._file.fileno())
        try:
            there = self.path.stat()
        except FileNotFoundError as error:
            if self.path.parent.exists():
                raise JournalGoneError(errno.ENOENT, "the journal was deleted") from error
            raise
        if (here.st_ino, here.st_dev) != (there.st_ino, there.st_dev):
            self.close()  # an equal copy may have been put there
            self._file = self._open_again()
            here = os.fstat(self._file.fileno())
        if here.st_size != self.size:
            self.close()
            raise self._taken()
        return self._file

    def _open_again(self) -> io.FileIO:
        """Open the file and cut off what a failed write left; JournalTakenError: it is another."""
        try:
            file = io.FileIO(self.path, "r+")  # unbuffered: nothing waits in the process
        except FileNotFoundError as error:
            if self.path.parent.exists():
                raise JournalGoneError(errno.ENOENT, "the journal was deleted") from error
            raise
        try:
            ours = _journal_in(file) == self.id
            size = file.seek(0, os.SEEK_END)
            file.seek(min(self.size, size))
            tail = file.read()
            if not ours or size < self.size or not self._half.startswith(tail):
                raise self._taken()
            if tail:
                file.truncate(self.size)
            file.seek(self.size)
        except BaseException:
            file.close()
            raise
        return file

    def _taken(self) -> JournalTakenError:
        return JournalTakenError(
            "Something else wrote to the journal of these labels; nothing was overwritten.",
            path=self.path,
            remedy="Open the recording again.",
        )

    def drop(self) -> None:
        """Begin anew: all of it is in the saved document.

        If the system refuses to remove the file, no harm is done: the document names this
        journal, so its records are not applied again, and the next one replaces it.
        """
        self.close()
        if self.id and self.is_ours():
            with contextlib.suppress(OSError):
                self.path.unlink()
        if self.id:
            self._dropped = self.id
        self.id, self.size, self._half = "", 0, b""

    def disown(self) -> None:
        """Its last record was refused after it was written: never go on behind that."""
        self.close()
        self.id, self.size, self._half, self._dropped = "", 0, b"", ""

    def close(self) -> None:
        """Close the file; the next append opens it again."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


def _journal_in(file: IO[bytes] | io.RawIOBase) -> str:
    """The id in the first line, "" when it tells none."""
    file.seek(0)
    first = (file.read(HEADER_AT_MOST) or b"").partition(b"\n")[0]
    try:
        return Header.from_dict(from_line(first)).journal
    except (ValueError, RecursionError):
        return ""
