"""The version log: every do, undo and redo of a document that is saved, who did it and when.

``ANNOTATOR.history.jsonl`` lies beside the document and is only ever appended to. Its lines are
those of the journal, moved here when the document that holds them is on the disk; a line
``{"closed": revision}`` ends a session. A line may be there twice, where a kill came between the
log and the journal: of two with one revision the later one counts, and all between them of equal
or higher revisions were undone by something else (an older file that was put back). Nothing that
is damaged or missing here harms the document; what lies before it cannot be restored.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from harstudio.errors import DataError
from harstudio.files import sync_folder
from harstudio.labels.editing.edits import Edit, EditError
from harstudio.labels.keeping.journal import Action, Record, from_line, to_line
from harstudio.labels.model import Document, typed
from harstudio.labels.team.differences import edit_between

READ_AT_MOST = 32 << 20  # bytes from the end: about 80,000 edits; older ones stay in the file
MARK_AT_MOST = 256  # bytes of the line that ends a session


@dataclass(frozen=True, slots=True)
class Version:
    """A state that the document had.

    revision: of the document then. at: when, ISO 8601 in UTC by the clock of that computer, ""
    where it is not known. by: who. title: what was done last ("Label “wave”"); action: whether it
    was done, undone or done again.
    """

    revision: int
    at: str
    by: str
    title: str
    action: Action


def log_path(path: Path) -> Path:
    """The version log beside a document file."""
    return path.with_suffix(".history.jsonl")


def append_to_log(path: Path, records: Iterable[Record]) -> None:
    """Put records at the end and fsync. OSError when that failed; what is there stays."""
    _append(path, b"".join(to_line(record.to_dict()) for record in records))


def close_session(path: Path, revision: int) -> None:
    """Say that the document was put away in order: undo does not go back beyond here."""
    if path.exists() and not _closed(path):
        _append(path, to_line({"closed": revision}), sync=False)


def _append(path: Path, lines: bytes, *, sync: bool = True) -> None:
    if not lines:
        return
    new = not path.exists()
    with path.open("ab+") as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":  # a kill left half a line
                lines = b"\n" + lines
        file.write(lines)
        file.flush()
        if sync:
            os.fsync(file.fileno())
    if new:
        sync_folder(path.parent)


def newest_first(path: Path) -> Iterator[Record]:
    """What the log tells, each revision once; damaged lines are passed over.

    OSError when it cannot be read; nothing when there is none.
    """
    lowest: int | None = None
    for line in reversed(_lines(path)):
        try:
            body = from_line(line)
            if "closed" in body:
                continue
            revision = typed(body, "revision", int)
            if lowest is None or revision < lowest:
                yield Record.from_dict(body)
                lowest = revision
        except (ValueError, RecursionError):
            continue


def open_session(path: Path) -> tuple[Record, ...]:
    """What was saved of a session that a kill ended, oldest first; () when it was closed."""
    try:
        if not path.exists() or _closed(path):
            return ()
        lines = _lines(path)
    except OSError:
        return ()
    records: list[Record] = []
    lowest: int | None = None
    for line in reversed(lines):
        try:
            body = from_line(line)
            if "closed" in body:
                break
            record = Record.from_dict(body)
        except (ValueError, RecursionError):
            break  # undo ends where a line is damaged
        if lowest is None or record.revision < lowest:
            records.append(record)
            lowest = record.revision
    return tuple(reversed(records))


def _lines(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(size - READ_AT_MOST, 0)
            file.seek(start)
            lines = file.read(READ_AT_MOST).split(b"\n")
    except FileNotFoundError:
        return []
    return [line for line in (lines[1:] if start else lines) if line]


def _closed(path: Path) -> bool:
    """Whether the last line ends a session."""
    with path.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - MARK_AT_MOST, 0))
        last = file.read(MARK_AT_MOST).rstrip(b"\n").rpartition(b"\n")[2]
    try:
        return "closed" in from_line(last)
    except (ValueError, RecursionError):
        return False


def chain(logged: Iterable[Record], later: Sequence[Record]) -> Iterator[Record]:
    """Newest first: ``later`` (oldest first, of the journal), then what is logged below it."""
    yield from reversed(later)
    first = later[0].revision if later else None
    yield from (record for record in logged if first is None or record.revision < first)


def unbroken(records: Sequence[Record], revision: int) -> Sequence[Record]:
    """The last of the records (oldest first) that lead without a gap to a revision."""
    start = len(records)
    while start and records[start - 1].revision == revision - (len(records) - start):
        start -= 1
    return records[start:]


def versions_of(records: Iterable[Record], annotator: str) -> tuple[Version, ...]:
    """The states that records (newest first) led to; of a dragged clip only the last."""
    versions: list[Version] = []
    in_gesture = False
    for record in records:
        if not in_gesture:
            edit = record.edit if record.action != "undo" else record.edit.inverse()
            by = record.by or annotator
            version = Version(record.revision, record.at, by, edit.title, record.action)
            versions.append(version)
        in_gesture = record.merge
    return tuple(versions)


def edit_to_restore(document: Document, records: Iterable[Record], revision: int) -> Edit | None:
    """The edit that makes the document what it was at a revision; None when nothing differs.

    records: newest first, as ``chain`` gives them. DataError when they do not lead there.
    """
    then, reached = document.copy(), document.revision
    if revision <= reached:
        for record in records:
            if record.revision > reached:
                continue  # of a later file than this one, which was put back
            if reached == revision or record.revision < reached:
                break
            _step(then, record.edit.inverse(), record.revision)
            reached -= 1
    else:
        later = takewhile(lambda record: record.revision > document.revision, records)
        for record in reversed([one for one in later if one.revision <= revision]):
            if record.revision != reached + 1:
                break
            _step(then, record.edit, record.revision)
            reached += 1
    if reached != revision:
        raise DataError(
            f"The version log does not tell what happened between the versions {revision} and "
            f"{reached}.",
            remedy="Nothing was changed; the versions on this side of the gap can be restored.",
        )
    return edit_between(document, then, f"Restore version {revision}")


def _step(document: Document, edit: Edit, revision: int) -> None:
    try:
        edit.apply(document)
    except EditError as error:
        raise DataError(
            f"The version log does not fit the labels at version {revision}: something else "
            f"changed them. {error.message}",
            remedy="Nothing was changed; a newer version can still be restored.",
        ) from error
