"""Documents of a project, read beside the window and kept for as long as their files stay."""

from __future__ import annotations

from pathlib import Path

from harstudio.files import Mark, mark
from harstudio.labels.keeping.heads import named_in
from harstudio.labels.keeping.recovery import journal_path, load
from harstudio.labels.model import Document


class DocumentReader:
    """Reads documents again only when their files changed; for one worker thread at a time."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[Mark, Document]] = {}

    def read(self, path: Path) -> Document:
        """The document of a file, edits that are only in its journal included; DataError when it
        is damaged. It is shared: not to be changed."""
        now = mark(path, journal_path(path))
        kept = self._read.get(path)
        if kept is None or kept[0] != now:
            kept = now, load(path, *named_in(path)).document
            self._read[path] = kept
        return kept[1]
