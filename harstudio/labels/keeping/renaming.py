"""A label is renamed, or several become one, in every document of a project.

All documents are locked before the first is touched, so nobody edits one meanwhile; each gets one
journalled edit that its own undo takes back. A file in the project says what is under way: what a
kill interrupts is finished when the project is opened next. The label set is kept last.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harstudio.errors import ConflictError, DataError, HarstudioError, UsageError
from harstudio.files import free_name, sync_folder, write_atomically
from harstudio.labels.editing.edits import ChangeClip, Edit, Group
from harstudio.labels.keeping.heads import named_in
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.lock import Lock
from harstudio.labels.keeping.saving import not_written
from harstudio.labels.label_sets import label_set_edits
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Document, typed

if TYPE_CHECKING:
    from harstudio.labels.project import Project

INTENT = "renaming.json"  # what is under way
LABEL_SET = "renaming.toml"  # the set that it ends with; written before the intent
LOCK = "renaming.lock"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Rewritten:
    """How many clips in how many documents got another label."""

    clips: int
    documents: int


def rename_label(
    project: Project,
    old: str,
    new: str,
    progress: Callable[[int], None],
    cancelled: Callable[[], bool],
    *,
    by: str = "",
) -> Rewritten | None:
    """Give a label another name, in the label set and in every clip; see ``rewrite_labels``.

    UsageError when there is no such label or the new name is taken.
    """
    label = project.label_set.find(old)
    if label is None:
        raise UsageError(f"There is no label “{old}”.", path=project.label_set_path)
    try:
        label_set = label_set_edits.changed(project.label_set, old, replace(label, name=new))
    except ValueError as error:
        raise UsageError(
            f"“{old}” cannot be called “{new}”: {error}.",
            path=project.label_set_path,
            remedy="Merge the two labels, or choose another name.",
        ) from error
    return rewrite_labels(project, {old: new}, label_set, progress, cancelled, by=by)


def merge_labels(
    project: Project,
    sources: Collection[str],
    target: str,
    progress: Callable[[int], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    by: str = "",
) -> Rewritten | None:
    """Let one label stand for others too: their clips become its; see ``rewrite_labels``.

    UsageError when one of the labels does not exist.
    """
    for name in (*sources, target):
        if project.label_set.find(name) is None:
            raise UsageError(f"There is no label “{name}”.", path=project.label_set_path)
    label_set = label_set_edits.merged(project.label_set, sources, target)
    names = {name: target for name in sources if name != target}
    return rewrite_labels(project, names, label_set, progress, cancelled, by=by)


def rewrite_labels(
    project: Project,
    names: Mapping[str, str],
    label_set: LabelSet,
    progress: Callable[[int], None],
    cancelled: Callable[[], bool],
    *,
    by: str = "",
) -> Rewritten | None:
    """Relabel every clip of the project whose label is in ``names``, then keep the label set.

    names: new ones by old ones, all exchanged at once. progress: percent. None when it was
    cancelled; then, and whenever an error is raised, everything is as before. ConflictError when
    a document or the label set is in use elsewhere (with who holds it), DataError when a document
    is damaged, HarstudioError when one cannot be written. Documents must not be open here.
    """
    try:
        lock = Lock(project.folder / LOCK)
    except OSError as error:
        raise not_written(project.folder, error) from error
    histories: list[History] = []
    try:
        if project.label_set_is_stale():
            raise ConflictError(
                "Somebody else changed the label set; nothing was renamed.",
                path=project.label_set_path,
                remedy="Read it again and make the change once more.",
            )
        paths = list(document_paths(project.folder))
        for number, path in enumerate(paths):
            if cancelled():
                return None
            histories.append(_opened(path, by))
            progress(50 * (number + 1) // len(paths))
        label_set.save(project.folder / LABEL_SET)
        intent = _Intent.of(project, names, histories)
        return _rewrite(project, intent, histories, progress, cancelled)
    except OSError as error:
        raise not_written(project.folder, error) from error
    finally:
        _close(histories)
        lock.release()


def finish_renaming(project: Project) -> str:
    """Finish what a kill interrupted; a sentence for the user, "" when there is nothing to tell."""
    path = project.folder / INTENT
    if not path.exists():
        return ""
    histories: list[History] = []
    try:
        lock = Lock(project.folder / LOCK)
    except ConflictError:
        return ""  # it is under way in another window
    except OSError as error:
        return f"{path}: A renaming of labels waits to be finished ({error.strerror})."
    try:
        intent = _Intent.read(path)
        for document in document_paths(project.folder):
            histories.append(_opened(document, ""))
        for history in histories:
            if not intent.is_done_in(history):
                _relabel(history, intent)
        _keep_label_set(project, intent)
        _forget(path)
    except DataError as error:
        if error.path == path:
            aside = free_name(path, "damaged")
            path.replace(aside)
            return f"{error} It is kept as {aside.name}."
        return f"A renaming of labels waits to be finished. {error}"
    except (HarstudioError, OSError) as error:
        return f"A renaming of labels waits to be finished. {error}"
    finally:
        _close(histories)
        lock.release()
    return f"{intent.title}: it was interrupted, and is finished now."


def document_paths(folder: Path) -> Iterator[Path]:
    """The documents of a project folder, saved or only in a journal."""
    ends = (".journal.jsonl", ".json")
    for place in sorted((folder / "labels").glob("*/")):
        names = {file.name.removesuffix(end) for end in ends for file in place.glob(f"*{end}")}
        yield from (place / f"{name}.json" for name in sorted(names))


@dataclass(frozen=True, slots=True)
class _Intent:
    """What is under way. before: digest of the label set that it begins with; revisions: of the
    documents, by their paths in the project."""

    names: Mapping[str, str]
    before: str
    revisions: Mapping[str, int]

    @classmethod
    def of(
        cls, project: Project, names: Mapping[str, str], histories: Collection[History]
    ) -> _Intent:
        before = _digest(project.label_set_path)
        revisions = {_key(history): history.document.revision for history in histories}
        return cls(dict(names), before, revisions)

    @classmethod
    def read(cls, path: Path) -> _Intent:
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


def _rewrite(
    project: Project,
    intent: _Intent,
    histories: list[History],
    progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Rewritten | None:
    path = project.folder / INTENT
    clips, changed = 0, list[History]()
    try:
        intent.write(path)
        for number, history in enumerate(histories):
            if cancelled():
                _take_back(changed, path)
                return None
            count = _relabel(history, intent)
            if count:
                clips += count
                changed.append(history)
            progress(50 + 50 * (number + 1) // len(histories))
        _keep_label_set(project, intent)
    except (HarstudioError, OSError):
        _take_back(changed, path)
        raise
    with contextlib.suppress(OSError):
        _forget(path)  # what stays is found to be done when the project is opened next
    return Rewritten(clips, len(changed))


def _take_back(changed: list[History], path: Path) -> None:
    """Undo it where it was done; where even that fails, it is finished at the next opening."""
    with contextlib.suppress(HarstudioError, OSError):
        for history in reversed(changed):
            history.undo()
        _forget(path)


def _relabel(history: History, intent: _Intent) -> int:
    edit, count = _edit(history.document, intent)
    if edit is not None:
        history.do(edit)
    return count


def _edit(document: Document, intent: _Intent) -> tuple[Edit | None, int]:
    names = intent.names
    edits = tuple(
        ChangeClip(tier.name, clip, replace(clip, label=names[clip.label]))
        for tier in document.tiers
        for clip in tier.clips
        if clip.label in names
    )
    return (Group(intent.title, edits) if edits else None), len(edits)


def _keep_label_set(project: Project, intent: _Intent) -> None:
    if _digest(project.label_set_path) == intent.before:
        with contextlib.suppress(DataError):
            project.set_label_set(LabelSet.load(project.folder / LABEL_SET), over=True)
            return
    label_set = project.read_label_set()  # somebody changed it since: theirs, with the names
    for old, new in intent.names.items():
        label = label_set.find(old)
        if label is not None and label_set.find(new) is not None:
            label_set = label_set_edits.merged(label_set, [old], new)
        elif label is not None:
            label_set = label_set_edits.changed(label_set, old, replace(label, name=new))
    project.set_label_set(label_set, over=True)


def _opened(path: Path, by: str) -> History:
    recording, annotator = named_in(path)
    history = History(path, recording, annotator, by=by)
    if history.read_only:
        raise HarstudioError(
            "The labels cannot be written; nothing was renamed.",
            path=path,
            remedy="See whether the drive is there and may be written to.",
        )
    return history


def _close(histories: list[History]) -> None:
    for history in histories:
        with contextlib.suppress(HarstudioError, OSError):
            history.close()  # where that fails, the journal holds the edit


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)
    sync_folder(path.parent)
    path.with_name(LABEL_SET).unlink(missing_ok=True)


def _key(history: History) -> str:
    return f"{history.path.parent.name}/{history.path.name}"


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
