"""What a renaming of labels wrote down before it began, so that a kill does not stop it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harstudio.errors import DataError
from harstudio.files import write_atomically
from harstudio.labels.keeping.history import History
from harstudio.labels.model import typed

if TYPE_CHECKING:
    from harstudio.labels.project import Project

VERSION = 1


@dataclass(frozen=True, slots=True)
class Intent:
    """What is under way. before: digest of the label set that it begins with; revisions: of the
    documents, by their paths in the project."""

    names: Mapping[str, str]
    before: str
    revisions: Mapping[str, int]

    @classmethod
    def of(
        cls, project: Project, names: Mapping[str, str], histories: Collection[History]
    ) -> Intent:
        before = digest(project.label_set_path)
        revisions = {_key(history): history.document.revision for history in histories}
        return cls(dict(names), before, revisions)

    @classmethod
    def read(cls, path: Path) -> Intent:
        """DataError when the file is damaged."""
        try:
            data = json.loads(path.read_bytes())
            if typed(data, "version", int) > VERSION:
                raise ValueError("a newer HARStudio wrote it")
            names, revisions = typed(data, "names", dict), typed(data, "revisions", dict)
            return cls(
                {old: typed(names, old, str) for old in names},
                typed(data, "before", str),
                {key: typed(revisions, key, int) for key in revisions},
            )
        except (OSError, ValueError, RecursionError) as error:
            raise DataError(
                f"What was being renamed cannot be read: {error}.", path=path
            ) from error

    def write(self, path: Path) -> None:
        data: dict[str, Any] = {
            "version": VERSION,
            "names": self.names,
            "before": self.before,
            "revisions": self.revisions,
        }
        write_atomically(path, json.dumps(data, indent=1).encode())

    @property
    def title(self) -> str:
        olds, news = list(self.names), list(dict.fromkeys(self.names.values()))
        if len(olds) == 1:
            return f"Rename “{olds[0]}” to “{news[0]}”"
        if len(news) == 1:
            return f"Merge {len(olds)} labels into “{news[0]}”"
        return f"Rename {len(olds)} labels"

    def is_done_in(self, history: History) -> bool:
        """Whether a document has it already; to do it twice matters only where names swap."""
        if not set(self.names) & set(self.names.values()):
            return False
        revision = self.revisions.get(_key(history), history.document.revision) + 1
        made = {version.revision: version.title for version in history.versions()}
        return made.get(revision) == self.title


def digest(path: Path) -> str:
    """SHA-256 of a file, "" when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _key(history: History) -> str:
    return f"{history.path.parent.name}/{history.path.name}"
