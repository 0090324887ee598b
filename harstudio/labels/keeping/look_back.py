"""Looking at earlier versions of a document beside its editing, in any thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harstudio.errors import DataError
from harstudio.labels.editing.edits import Edit
from harstudio.labels.keeping import versions
from harstudio.labels.keeping.journal import Record
from harstudio.labels.keeping.versions import Version
from harstudio.labels.model import Document


@dataclass(frozen=True, slots=True)
class LookBack:
    """A document as it was at one moment, and the way back from there.

    log: path of the version log. records: what the journal held then, oldest first.
    """

    document: Document
    log: Path
    records: tuple[Record, ...]

    def versions(self) -> tuple[Version, ...]:
        """Every state that the document had, newest first; DataError for an unreadable log."""
        return versions.versions_of(self.newest_first(), self.document.annotator)

    def at(self, revision: int) -> Document:
        """The document as it was at a revision; DataError when the log does not lead there."""
        then = self.document.copy()
        edit = self.edit_to(revision)
        if edit is not None:
            edit.apply(then)
        return then

    def edit_to(self, revision: int) -> Edit | None:
        """The edit that brings it back, None when nothing differs; DataError as of ``at``."""
        return versions.edit_to_restore(self.document, self.newest_first(), revision)

    def newest_first(self) -> Iterator[Record]:
        """What was done, undone and done again, each once."""
        try:
            yield from versions.chain(versions.newest_first(self.log), self.records)
        except OSError as error:
            raise DataError(
                f"The version log cannot be read ({error.strerror}).", path=self.log
            ) from error
