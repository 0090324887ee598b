"""Edits whose journal something else replaced: they get a file of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harstudio.errors import ConflictError
from harstudio.files import free_name, write_atomically
from harstudio.labels.keeping.journal import Header, Record, to_line
from harstudio.labels.model import Document


def rescued(
    error: ConflictError, path: Path, document: Document, records: Sequence[Record], after: str
) -> ConflictError:
    """Write the records beside the journal at ``path``; the error with the name of that file.

    after: digest of the document file that the first record continues.
    """
    aside = free_name(path, "conflict")
    about = document.recording, document.annotator
    header = Header("", after, records[0].revision - 1, *about)
    lines = [to_line(header.to_dict()), *(to_line(record.to_dict()) for record in records)]
    try:
        write_atomically(aside, b"".join(lines))
    except OSError:
        return error
    return ConflictError(f"{error} Your edits are kept as {aside.name}.")
