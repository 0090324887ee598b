"""One save of a document: taken in a moment, written in any thread."""

from __future__ import annotations

import threading
from pathlib import Path

from harstudio.errors import ConflictError, HarstudioError
from harstudio.files import write_atomically
from harstudio.labels.keeping.document_file import dump_document
from harstudio.labels.keeping.journal import Record
from harstudio.labels.keeping.lock import Lock
from harstudio.labels.keeping.recovery import digest
from harstudio.labels.keeping.versions import append_to_log, log_path
from harstudio.labels.model import Document


def not_written(path: Path, error: OSError) -> HarstudioError:
    """What to say when the file system refused."""
    return HarstudioError(
        f"The labels cannot be written ({error.strerror or error}).",
        path=path,
        remedy="Make room or see whether the drive is there, then do it again.",
    )


def see_unchanged(path: Path, after: str) -> None:
    """ConflictError when the document file is there and not the one with the digest ``after``."""
    on_disk = path.read_bytes() if path.exists() else None
    if on_disk is not None and digest(on_disk) != after:
        raise ConflictError(
            "Something else changed the labels; nothing was overwritten.",
            path=path,
            remedy="Open the recording again: your edits are in the journal and are put on top.",
        )


class PendingSave:
    """The document of one moment on its way to its file; made by ``History.begin_save``.

    document: a copy that nobody changes. journal: the id of the journal whose edits are in it.
    after: the digest that the file must have. records: those of the journal that are in the
    document and not in the version log yet.
    """

    def __init__(
        self,
        path: Path,
        document: Document,
        *,
        journal: str,
        after: str,
        records: tuple[Record, ...],
        lock: Lock,
    ) -> None:
        self.document = document
        self.records = records
        self.digest = ""  # of the file that was written
        self.logged = False  # whether the version log has the records
        self.error: HarstudioError | None = None
        self._path, self._journal, self._after, self._held = path, journal, after, lock
        self._writing = threading.Lock()
        self._done = False

    def write(self) -> None:
        """Write document and version log, once; what went wrong is told by ``end_save``.

        Whoever calls this while another thread writes waits for it.
        """
        with self._writing:
            if self._done:
                return
            self._done = True
            try:
                self._write()
            except HarstudioError as error:
                self.error = error
            except OSError as error:
                self.error = not_written(self._path, error)
            except BaseException as error:  # whatever it was, nothing was saved
                self.error = HarstudioError(
                    f"The labels cannot be written ({str(error) or type(error).__name__}).",
                    path=self._path,
                    remedy="Undo the last steps and save again.",
                )
                if not isinstance(error, Exception):
                    raise

    def _write(self) -> None:
        self._held.confirm()  # before a folder is made where the drive is gone
        data = dump_document(self.document, self._journal)
        write_atomically(self._path, data, self._see_that_it_is_ours)
        self.digest = digest(data)
        try:
            self._held.confirm()
            append_to_log(log_path(self._path), self.records)
        except (OSError, ConflictError):
            return  # the journal stays then, and holds them
        self.logged = True

    def _see_that_it_is_ours(self) -> None:
        """The last look, however long the writing took; the lock comes last, for it is quick."""
        see_unchanged(self._path, self._after)
        self._held.confirm()
        if self._held.retaken:
            see_unchanged(self._path, self._after)
