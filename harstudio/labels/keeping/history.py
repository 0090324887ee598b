"""The history of a document: do, undo and redo, each on the disk before anybody hears of it."""

from __future__ import annotations

import contextlib
import datetime
import shutil
from pathlib import Path

from psygnal import Signal

from harstudio.errors import ConflictError, DataError, HarstudioError, UsageError
from harstudio.files import free_name, remove_leftovers
from harstudio.labels.editing.edits import Edit
from harstudio.labels.keeping import versions
from harstudio.labels.keeping.journal import (
    Action,
    Journal,
    JournalGoneError,
    JournalTakenError,
    Record,
)
from harstudio.labels.keeping.lock import Lock
from harstudio.labels.keeping.look_back import LookBack
from harstudio.labels.keeping.recovery import Loaded, UndoStack, journal_path, load, snapshot
from harstudio.labels.keeping.rescue import rescued
from harstudio.labels.keeping.saving import PendingSave, not_written, see_unchanged
from harstudio.labels.keeping.set_aside import set_aside
from harstudio.labels.keeping.versions import Version, log_path
from harstudio.labels.model import Document


class History:
    """One document, open for editing (or only to be looked at).

    Opening takes a lock; ConflictError when another window or process holds it, DataError when
    the document is damaged. Where nothing can be written the document opens read-only.
    by: who edits, where that is not the annotator (adjudication). problems: sentences about what
    the last session left that could not be used.

    Undo goes back to where the document was opened, across saves, and after a kill to where it
    was opened before the kill.
    """

    changed = Signal(object)  # the Edit as it was applied: for an undo, the inverse

    def __init__(
        self,
        path: Path,
        recording: str,
        annotator: str,
        *,
        read_only: bool = False,
        by: str = "",
    ) -> None:
        self.path = path
        self.by = by
        self.problems: tuple[str, ...] = ()
        self._refusal = "These labels are open read-only."  # of edits, where it is so
        self._pending: PendingSave | None = None
        self._lock = None if read_only else self._take_lock()
        try:
            loaded = load(path, recording, annotator)
            self.document: Document = loaded.document
            self.problems += loaded.problems
            self._stack, self._saved, self._digest = loaded.stack, loaded.saved, loaded.digest
            self._saved_revision = loaded.saved_revision
            self._unsaved: tuple[int, bool] | None = None  # at which revision, and whether
            self._records = list(loaded.records)  # of the journal
            self._journal = Journal(journal_path(path), loaded.journal, loaded.journal_size)
            if self._lock is not None:
                self._go_on(loaded, self._lock)
                self._tell_set_aside()
        except BaseException:
            self._release()
            raise

    def _take_lock(self) -> Lock | None:
        try:
            lock = Lock(self.path.with_suffix(".lock"))
        except OSError as error:
            self._refusal = (
                "The labels are open read-only, because nothing can be written there "
                f"({error.strerror})."
            )
            self.problems = (f"{self.path}: {self._refusal}",)
            return None
        for path in (self.path, journal_path(self.path), lock.path):
            remove_leftovers(path)
        return lock

    def _go_on(self, loaded: Loaded, lock: Lock) -> None:
        """Take up what a killed session left."""
        if loaded.problems:
            try:
                self._keep_damaged_journal(lock)
            except HarstudioError as error:
                self._release()
                self.problems += (f"{error} Until then the labels are open read-only.",)
        if not loaded.intact or self.read_only:
            return
        earlier = versions.open_session(log_path(self.path))
        below = loaded.records[0].revision if loaded.records else self.document.revision + 1
        records = [record for record in earlier if record.revision < below]
        records += loaded.records
        self._stack = UndoStack.of(versions.unbroken(records, self.document.revision))

    def _keep_damaged_journal(self, lock: Lock) -> None:
        """Copy the journal aside, then save what was recovered and begin a new one."""
        path = journal_path(self.path)
        aside = free_name(path, "damaged")
        try:
            shutil.copy2(path, aside)
        except OSError as error:
            raise not_written(self.path, error) from error
        self._save(lock)
        self._journal.drop()
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)  # also where its first line did not tell whose it is
        self.problems += (f"{path}: The journal is kept as {aside.name}.",)

    def _tell_set_aside(self) -> None:
        with contextlib.suppress(OSError, DataError):
            found = set_aside(self.path, self.document, self.look_back().newest_first())
            if found is not None:
                self.problems += (str(found),)

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
        if self.read_only:
            return False
        if self._unsaved is None or self._unsaved[0] != self.document.revision:
            differs = snapshot(self.document) != self._saved
            self._unsaved = self.document.revision, differs
        return self._unsaved[1]

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
        lock = self._lock
        if lock is None:
            raise UsageError(self._refusal, path=self.path)
        edit.apply(self.document)
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        record = Record(self.document.revision + 1, action, edit, merge, now, self.by)
        try:
            self._confirm(lock)
            try:
                self._append(record)
            except JournalGoneError:
                self._replace_journal(edit, lock)
                self._append(record)
        except BaseException as error:
            edit.inverse().apply(self.document)
            if isinstance(error, OSError):
                raise not_written(self.path, error) from error
            if isinstance(error, JournalTakenError):
                raise self._without_journal(error, lock) from error
            if isinstance(error, ValueError):  # a number that no file holds
                raise UsageError(f"This cannot be kept: {error}.", path=self.path) from error
            raise
        self._records.append(record)
        self.document.revision = record.revision
        self._confirm_again(lock)

    def _confirm(self, lock: Lock) -> None:
        """ConflictError when somebody else holds the document, or held it and changed it."""
        lock.confirm()
        if lock.retaken:
            self._finish_pending()
            see_unchanged(self.path, self._digest)
            lock.retaken = False

    def _confirm_again(self, lock: Lock) -> None:
        """Once the record is on the disk: somebody may have taken over while the drive hung."""
        try:
            with contextlib.suppress(OSError):  # what is written is written
                self._confirm(lock)
        except HarstudioError:
            record = self._records.pop()
            record.edit.inverse().apply(self.document)
            self.document.revision = record.revision - 1
            self._journal.disown()
            raise

    def _append(self, record: Record) -> None:
        document = self.document
        about = {"recording": document.recording, "annotator": document.annotator}
        self._journal.append(record, after=self._digest, **about)

    def _replace_journal(self, edit: Edit, lock: Lock) -> None:
        """Save what a journal held that somebody deleted: the document without the edit."""
        edit.inverse().apply(self.document)
        try:
            self._finish_pending()
            self._save(lock)
        finally:
            edit.apply(self.document)

    def _without_journal(self, error: JournalTakenError, lock: Lock) -> ConflictError:
        """Put the other journal aside and save what was done here; what to say of it."""
        path = journal_path(self.path)
        aside = free_name(path, "conflict")
        try:
            path.replace(aside)
            self._finish_pending()
            self._save(lock)
        except (HarstudioError, OSError) as second:
            return ConflictError(f"{error.message} {second}", path=path)
        return ConflictError(
            f"Something else wrote to the journal of these labels; it is kept as {aside.name}, and "
            "all that was done here is saved.",
            path=path,
            remedy="Do the last step again.",
        )

    # ---- versions

    def look_back(self) -> LookBack:
        """The way to earlier versions from here; it may be gone in any thread."""
        return LookBack(self.document.copy(), log_path(self.path), tuple(self._records))

    def versions(self) -> tuple[Version, ...]:
        """What was done to the document, newest first: this session, then what the log tells.

        Reads the log: for large ones not on the GUI thread. DataError when it cannot be read.
        """
        return self.look_back().versions()

    def restore(self, revision: int) -> Edit:
        """Make the document what it was at a revision, as one edit that can be undone.

        DataError when the log does not lead there or does not fit, UsageError when the document
        is like that already; nothing is changed then.
        """
        edit = self.look_back().edit_to(revision)
        if edit is None:
            raise UsageError(f"The labels are as in version {revision} already.", path=self.path)
        self.do(edit)
        return edit

    # ---- keeping it

    def save(self) -> None:
        """Write the document if it differs from its file; the journal starts anew.

        ConflictError when something else changed the file meanwhile: nothing is overwritten,
        and the journal still holds every edit. Undo goes on across saving.
        """
        self._finish_pending()
        if self.unsaved and self._lock is not None:
            self._save(self._lock)

    def begin_save(self) -> PendingSave | None:
        """Take what ``save`` would write; None when there is nothing, or a save is under way.

        Call its ``write`` in any thread and then ``end_save`` on this one. Edits that are made
        meanwhile stay in the journal.
        """
        if self._lock is None or self._pending is not None or not self.unsaved:
            return None
        self._pending = self._take(self._lock)
        return self._pending

    def end_save(self, pending: PendingSave) -> None:
        """Take note of what was written; errors as of ``save``. Once is enough."""
        if pending is self._pending:
            self._pending = None
            self._take_note(pending)

    def _finish_pending(self) -> None:
        if self._pending is not None:
            self._pending.write()  # or wait for the thread that does
            self.end_save(self._pending)

    def _save(self, lock: Lock) -> None:
        pending = self._take(lock)
        pending.write()
        self._take_note(pending)

    def _take(self, lock: Lock) -> PendingSave:
        return PendingSave(
            self.path,
            self.document.copy(),
            journal=self._journal.id,
            after=self._digest,
            records=tuple(self._records),
            lock=lock,
        )

    def _take_note(self, pending: PendingSave) -> None:
        if pending.error is not None:
            raise pending.error
        self._saved, self._digest = snapshot(pending.document), pending.digest
        self._saved_revision = pending.document.revision
        self._unsaved = None
        if pending.logged:
            del self._records[: len(pending.records)]
        if not self._records:  # nothing newer is in the journal
            self._journal.drop()

    def keep_alive(self) -> None:
        """Show other computers that somebody is here; in any thread, every minute or more often."""
        if self._lock is not None:
            self._lock.beat()

    def close(self) -> None:
        """Save and let go; afterwards the history is read-only. Edits are safe even if it fails."""
        lock = self._lock
        if lock is None:
            return
        try:
            self.save()
            if self._records:
                self._confirm(lock)
                self._drop_undone()
            with contextlib.suppress(OSError, ConflictError):
                self._confirm(lock)
                versions.close_session(log_path(self.path), self.document.revision)
        except OSError as error:
            raise not_written(self.path, error) from error
        except ConflictError as error:
            if not self._records or self._journal.is_ours():
                raise
            path = journal_path(self.path)
            raise rescued(error, path, self.document, self._records, self._digest) from error
        finally:
            self._journal.close()
            self._release()

    def _drop_undone(self) -> None:
        """Of edits that were all undone nothing need be kept; of saved ones, the versions."""
        saved = [one for one in self._records if one.revision <= self._saved_revision]
        with contextlib.suppress(OSError):
            versions.append_to_log(log_path(self.path), saved)
            self._journal.drop()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
            with contextlib.suppress(OSError):
                self.path.parent.rmdir()  # only if nothing was labelled
