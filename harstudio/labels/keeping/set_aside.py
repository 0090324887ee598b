"""Edits that were set aside beside a document, and the way to put them on top of it.

``ANNOTATOR.journal.conflict-N.jsonl`` is a journal that something else replaced, or what was done
where something else replaced the document; ``ANNOTATOR.journal.damaged-N.jsonl`` a journal of which
not all could be used. Edits of theirs that are in the version log or in the journal of today are in
the document already, or were undone there.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harstudio.files import free_name
from harstudio.labels.editing.edits import Edit, EditError, Group
from harstudio.labels.keeping.document_file import compact_json
from harstudio.labels.keeping.journal import Record, parse_journal
from harstudio.labels.keeping.recovery import journal_path
from harstudio.labels.model import Document

if TYPE_CHECKING:
    from harstudio.labels.keeping.history import History

TITLES_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class SetAside:
    """files: where the edits lie. fitting: those that fit the document now, oldest first;
    misfits: those that do not."""

    files: tuple[Path, ...]
    fitting: tuple[Edit, ...]
    misfits: tuple[Edit, ...]

    def __str__(self) -> str:
        names = " and ".join(path.name for path in self.files)
        return (
            f"{names}: {len(self.fitting) + len(self.misfits)} edits were set aside there and are "
            f"not in the labels; {len(self.fitting)} of them fit. “Put set-aside edits on top” in "
            "the File menu brings those back."
        )


def set_aside(path: Path, document: Document, known: Iterable[Record]) -> SetAside | None:
    """What is beside the document at ``path`` and not among the known records; None: nothing.

    OSError when the folder cannot be listed; files that cannot be read are left out.
    """
    files = tuple(_files(path))
    if not files:
        return None
    seen = {_key(record) for record in known}
    then = document.copy()
    used: list[Path] = []
    fitting: list[Edit] = []
    misfits: list[Edit] = []
    for file in files:
        try:
            records = parse_journal(file.read_bytes()).records
        except OSError:
            continue
        new = [record for record in records if _key(record) not in seen]
        seen.update(map(_key, new))
        if new:
            used.append(file)
        for record in new:
            try:
                record.edit.apply(then)
            except EditError:
                misfits.append(record.edit)
            else:
                fitting.append(record.edit)
    return SetAside(tuple(used), tuple(fitting), tuple(misfits)) if used else None


def put_on_top(history: History, found: SetAside) -> str:
    """Do again, as one edit that can be undone, what was set aside and fits; what to say of it.

    The files are kept under the name ``ANNOTATOR.journal.used-N.jsonl`` and not asked again.
    Errors as of ``History.do``; then the files stay as they are.
    """
    count = len(found.fitting)
    edits = f"{count} edit{'' if count == 1 else 's'}"
    if found.fitting:
        history.do(Group(f"Put {edits} on top", found.fitting))
    names = [_used(path, journal_path(history.path)) for path in found.files]
    told = f"{edits} put on top; Ctrl+Z takes away what was put there."
    if found.misfits:
        titles = [edit.title for edit in found.misfits]
        more = f" and {len(titles) - TITLES_AT_MOST} more" if len(titles) > TITLES_AT_MOST else ""
        told += (
            f" {len(titles)} did not fit what is there now: {', '.join(titles[:TITLES_AT_MOST])}"
            f"{more}; kept as {' and '.join(names)}."
        )
    return told


def _files(path: Path) -> Iterator[Path]:
    """Of both kinds, in the order of their numbers."""
    stem = re.escape(journal_path(path).stem)
    pattern = re.compile(rf"{stem}\.(?:conflict|damaged)-(\d+)\.jsonl")
    found = [
        (int(match[1]), one.name, one)
        for one in path.parent.iterdir()
        if (match := pattern.fullmatch(one.name))
    ]
    yield from (one for _, _, one in sorted(found))


def _key(record: Record) -> tuple[str, str, str]:
    return record.at, record.action, compact_json(record.edit.to_dict())


def _used(path: Path, journal: Path) -> str:
    """Give the file a name that is not asked again; its name now."""
    target = free_name(journal, "used")
    with contextlib.suppress(OSError):
        path.rename(target)
        return target.name
    return path.name
