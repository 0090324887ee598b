"""The history of a document: do, undo and redo, each on the disk before anybody hears of it."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from psygnal import Signal

from harstudio.errors import ConflictError, HarstudioError, UsageError
from harstudio.files import free_name, remove_leftovers, write_atomically
from harstudio.labels.document_file import dump_document
from harstudio.labels.edits import Edit
from harstudio.labels.journal import Action, Journal, Record
from harstudio.labels.lock import Lock
from harstudio.labels.model import Document
from harstudio.labels.recovery import digest, journal_path, load, snapshot


class History:
    """One document, open for editing (or only to be looked at).

    Opening takes a lock; ConflictError when another window or process holds it, DataError when
    the document is damaged. Where nothing can be written the document opens read-only.
    problems: sentences about what the last session left that could not be used.
    """

    changed = Signal(object)  # the Edit as it was applied: for an undo, the inverse

    def __init__(
        self, path: Path, recording: str, annotator: str, *, read_only: bool = False
    ) -> None:
        self.path = path
        self.problems: tuple[str, ...] = ()
        self._lock = None if read_only else self._take_lock()
        try:
            loaded = load(path, recording, annotator)
            self.document: Document = loaded.document
            self.problems += loaded.problems
            self._stack, self._saved, self._digest = loaded.stack, loaded.saved, loaded.digest
            self._journal = Journal(journal_path(path), loaded.journal, loaded.journal_size)
            if loaded.problems and not self.read_only:
                self._keep_damaged_journal()
        except BaseException:
            self._release()
            raise

    def _take_lock(self) -> Lock | None:
        try:
            lock = Lock(self.path.with_suffix(".lock"))
        except OSError as error:
            self.problems = (
                f"{self.path}: The labels are open read-only, because nothing can be written "
                f"there ({error.strerror}).",
            )
            return None
        for path in (self.path, journal_path(self.path), lock.path):
            remove_leftovers(path)
        return lock

    def _keep_damaged_journal(self) -> None:
        """Copy the journal aside, then save what was recovered and begin a new one."""
        path = journal_path(self.path)
        aside = free_name(path, "damaged")
        try:
            shutil.copy2(path, aside)
            self._write()
        except OSError as error:
            raise self._not_written(error) from error
        self._journal.drop()
        self.problems += (f"{path}: The journal is kept as {aside.name}.",)

    # ---- what there is

    @property
    def read_only(self) -> bool:
        """Whether edits are refused."""
        return self._lock is None

    @property
    def can_undo(self) -> bool:
        return bool(self._stack.done) and not self.read_only

    @property
    def can_redo(self) -> bool:
        return bool(self._stack.undone) and not self.read_only

    @property
    def undo_title(self) -> str:
        """What undo would take back, "" when there is nothing."""
        return self._stack.done[-1].title if self._stack.done else ""

    @property
    def redo_title(self) -> str:
        """What redo would do again, "" when there is nothing."""
        return self._stack.undone[-1].title if self._stack.undone else ""

    @property
    def unsaved(self) -> bool:
        """Whether the document differs from its file, undone edits taken into account."""
        return not self.read_only and snapshot(self.document) != self._saved

    # ---- changing it

    def do(self, edit: Edit, *, merge: bool = False) -> None:
        """Apply an edit. merge: it goes on with the gesture of the last one, as one undo step.

        EditError when it does not fit, HarstudioError when the journal cannot be written; then
        the document is as before.
        """
        self._apply("do", edit, merge=merge)
        self._stack.do(edit, merge=merge)
        self.changed.emit(edit)

    def undo(self) -> Edit | None:
        """Take back the last edit; returns it, None when there is none."""
        if not self.can_undo:
            return None
        edit = self._stack.done[-1]
        inverse = edit.inverse()
        self._apply("undo", inverse)
        self._stack.undo(edit)
        self.changed.emit(inverse)
        return edit

    def redo(self) -> Edit | None:
        """Do again what was undone last; returns it, None when there is none."""
        if not self.can_redo:
            return None
        edit = self._stack.undone[-1]
        self._apply("redo", edit)
        self._stack.redo(edit)
        self.changed.emit(edit)
        return edit

    def _apply(self, action: Action, edit: Edit, *, merge: bool = False) -> None:
        if self.read_only:
            raise UsageError("These labels are open read-only.", path=self.path)
        document = self.document
        edit.apply(document)
        record = Record(document.revision + 1, action, edit, merge)
        try:
            self._journal.append(
                record,
                after=self._digest,
                recording=document.recording,
                annotator=document.annotator,
            )
        except OSError as error:
            edit.inverse().apply(document)
            raise self._not_written(error) from error
        document.revision = record.revision

    # ---- keeping it

    def save(self) -> None:
        """Write the document if it differs from its file; the journal starts anew.

        ConflictError when something else changed the file meanwhile: nothing is overwritten,
        and the journal still holds every edit. Undo goes on across saving.
        """
        if not self.unsaved:
            return
        try:
            self._write()
        except OSError as error:
            raise self._not_written(error) from error
        self._journal.drop()

    def _write(self) -> None:
        on_disk = self.path.read_bytes() if self.path.exists() else None
        if on_disk is not None and digest(on_disk) != self._digest:
            raise ConflictError(
                "Something else changed the labels; nothing was overwritten.",
                path=self.path,
                remedy="Open the recording again: your edits are in the journal and are put on "
                "top.",
            )
        data = dump_document(self.document, self._journal.id)
        write_atomically(self.path, data)
        self._saved, self._digest = snapshot(self.document), digest(data)

    def _not_written(self, error: OSError) -> HarstudioError:
        return HarstudioError(
            f"The labels cannot be written ({error.strerror or error}).",
            path=self.path,
            remedy="Make room or see whether the drive is there, then do it again.",
        )

    def close(self) -> None:
        """Save and let go; afterwards the history is read-only. Edits are safe even if it fails."""
        if self.read_only:
            return
        try:
            self.save()
            self._journal.drop()  # of edits that were all undone, nothing need be kept
        finally:
            self._journal.close()
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
            with contextlib.suppress(OSError):
                self.path.parent.rmdir()  # only if nothing was labelled
