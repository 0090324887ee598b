"""Reading a document with its journal: what the last session left, whole or not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harstudio.errors import DataError
from harstudio.labels.editing.edits import Edit, EditError, merged
from harstudio.labels.keeping.document_file import parse_document
from harstudio.labels.keeping.journal import Contents, Record, parse_journal
from harstudio.labels.model import Document

Snapshot = tuple[object, ...]

READ_ATTEMPTS = 10


def journal_path(path: Path) -> Path:
    """The journal beside a document file."""
    return path.with_suffix(".journal.jsonl")


def digest(data: bytes | None) -> str:
    """SHA-256 of a document file, "" when there is none."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def snapshot(document: Document) -> Snapshot:
    """Everything that a person can change, to compare with later."""
    tiers = tuple((tier.name, tier.rules, tuple(tier.clips)) for tier in document.tiers)
    return tiers, document.done, dict(document.kept)


@dataclass(slots=True)
class UndoStack:
    """What can be undone and redone. The newest edit is last in either list."""

    done: list[Edit] = field(default_factory=list)
    undone: list[Edit] = field(default_factory=list)
    _in_gesture: bool = False  # whether the newest edit may still grow

    def do(self, edit: Edit, *, merge: bool) -> None:
        both = merged(self.done[-1], edit) if merge and self._in_gesture else None
        self.undone.clear()
        if both is not None:
            self.done.pop()
        entry = edit if both is None else both
        self._in_gesture = bool(entry.steps())  # a clip dragged away and back leaves no step
        if self._in_gesture:
            self.done.append(entry)

    def undo(self, edit: Edit) -> None:
        if self.done:
            self.done.pop()
        self.undone.append(edit)
        self._in_gesture = False

    def redo(self, edit: Edit) -> None:
        if self.undone:
            self.undone.pop()
        self.done.append(edit)
        self._in_gesture = False

    @classmethod
    def of(cls, records: Iterable[Record]) -> UndoStack:
        """What lines of the journal did, oldest first."""
        stack = cls()
        for record in records:
            stack.take(record)
        return stack

    def take(self, record: Record) -> None:
        """What a line of the journal did."""
        if record.action == "do":
            self.do(record.edit, merge=record.merge)
        elif record.action == "undo":
            self.undo(record.edit.inverse())
        else:
            self.redo(record.edit)


@dataclass(slots=True)
class Loaded:
    """A document as it was last acknowledged.

    saved: what the document file holds, at saved_revision; digest: of that file. journal,
    journal_size: id and bytes of the journal that was read. records: what the journal tells,
    oldest first, also what the file holds already; intact: whether they lead to the document
    without a gap. problems: sentences about what could not be used; only when there are none can
    the journal be continued.
    """

    document: Document
    saved: Snapshot
    digest: str
    stack: UndoStack
    saved_revision: int
    records: tuple[Record, ...] = ()
    journal: str = ""
    journal_size: int = 0
    problems: tuple[str, ...] = ()
    intact: bool = True


def load(path: Path, recording: str, annotator: str) -> Loaded:
    """Read a document and put its journal on top; DataError when the document is damaged."""
    data, journal_data = _read_both(path)
    if data is None:
        document, included = Document(recording, annotator), ""
    else:
        document, included = parse_document(data, path)
        document.recording, document.annotator = recording, annotator
    loaded = Loaded(document, snapshot(document), digest(data), UndoStack(), document.revision)
    if journal_data is None:
        return loaded
    contents = parse_journal(journal_data)
    header = contents.header
    if data is None and (header is None or header.after):
        raise DataError(
            "The labels that this journal continues are gone.",
            path=journal_path(path),
            remedy=f"Put {path.name} back beside it, or move the journal away to start anew.",
        )
    continues = header is not None and (header.after == loaded.digest or header.journal == included)
    loaded.problems = _replay(loaded, contents, continues, journal_path(path))
    if header is not None:
        loaded.journal, loaded.journal_size = header.journal, len(journal_data)
    return loaded


def _read_both(path: Path) -> tuple[bytes | None, bytes | None]:
    """Document and journal of one moment, though another process may be saving."""
    data = _read(path)
    for _ in range(READ_ATTEMPTS):
        journal_data, again = _read(journal_path(path)), _read(path)
        if again == data:
            break
        data = again
    return data, journal_data


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(
            f"The labels cannot be read ({error.strerror}).",
            path=path,
            remedy="See whether the drive is there and may be read.",
        ) from error


def _replay(loaded: Loaded, contents: Contents, continues: bool, path: Path) -> tuple[str, ...]:
    """Apply every record that is whole, fits and is not in the document yet.

    On a document that something else changed, the records count on from its revision.
    """
    document, header = loaded.document, contents.header
    included = document.revision if continues else 0
    last = header.revision if header is not None else 0
    missing = misfits = applied = 0
    records: list[Record] = []
    for record in contents.records:
        if record.revision <= last:
            continue  # a line that is there twice
        missing += record.revision - last - 1 if last or header is not None else 0
        last = record.revision
        if record.revision <= included:
            records.append(record)
            continue
        try:
            record.edit.apply(document)
        except EditError:
            misfits += 1
            continue
        applied += 1
        loaded.stack.take(record)
        document.revision = record.revision if continues else document.revision + 1
        records.append(replace(record, revision=document.revision))
    if continues:
        document.revision = max(document.revision, last)
    loaded.records = tuple(records)
    lost = max(missing, contents.damaged) + misfits
    loaded.intact = continues and not lost
    return tuple(_sentences(path, contents, continues, applied, lost))


def _sentences(
    path: Path, contents: Contents, continues: bool, applied: int, lost: int
) -> Iterator[str]:
    if contents.torn:
        yield f"{path}: The last edit was only half written when the program ended; it is left out."
    if contents.header is None:
        yield f"{path}: The first line is damaged; {applied} unsaved edits were put on top."
    elif not continues:
        yield (
            f"{path}: The labels were changed by something else since these edits were made; "
            f"{applied} of them were put on top."
        )
    if lost:
        yield (
            f"{path}: {lost} of the unsaved edits cannot be read or do not fit; "
            f"{applied} were recovered."
        )
