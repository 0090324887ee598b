"""A label is renamed, or several become one, in every document of a project.

All documents are locked before the first is touched, so nobody edits one meanwhile; each gets one
journalled edit that its own undo takes back; a document that is open for editing in this process
gets it as its next edit. A file in the project says what is under way: what a
kill interrupts is finished when the project is opened next. The label set is kept last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harstudio.errors import ConflictError, DataError, HarstudioError, UsageError
from harstudio.files import free_name, sync_folder
from harstudio.labels.editing.edits import ChangeClip, Edit, Group
from harstudio.labels.editing.proposed import relabelled
from harstudio.labels.keeping.heads import named_in
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.lock import Lock
from harstudio.labels.keeping.renaming_intent import Intent, digest
from harstudio.labels.keeping.saving import not_written
from harstudio.labels.label_sets import label_set_edits
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Document

if TYPE_CHECKING:
    from harstudio.labels.project import Project

INTENT = "renaming.json"  # what is under way
LABEL_SET = "renaming.toml"  # the set that it ends with; written before the intent
LOCK = "renaming.lock"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """How many clips in how many documents got another label."""

    clips: int
    documents: int


@dataclass(frozen=True, slots=True)
class OpenHere:
    """A document that is open for editing in this process.

    run: runs a function in the thread that edits it and waits for what it returns; None when it
    was cancelled and the function was not called.
    """

    history: History
    run: Callable[[Callable[[], int]], int | None]


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
    here: OpenHere | None = None,
) -> Rewritten | None:
    """Relabel every clip of the project whose label is in ``names``, then keep the label set.

    names: new ones by old ones, all exchanged at once. progress: percent. None when it was
    cancelled; then, and whenever an error is raised, everything is as before. ConflictError when
    a document or the label set is in use elsewhere (with who holds it), DataError when a document
    is damaged, HarstudioError when one cannot be written. here: the only document that may be
    open in this process; it comes last.
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
        own = None if here is None else here.history.path
        paths = [path for path in document_paths(project.folder) if path != own]
        for number, path in enumerate(paths):
            if cancelled():
                return None
            histories.append(_opened(path, by))
            progress(50 * (number + 1) // len(paths))
        label_set.save(project.folder / LABEL_SET)
        every = [*histories, here.history] if here is not None else histories
        intent = Intent.of(project, names, every)
        return _rewrite(project, intent, histories, here, progress, cancelled)
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
        intent = Intent.read(path)
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


def _rewrite(
    project: Project,
    intent: Intent,
    histories: list[History],
    here: OpenHere | None,
    progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Rewritten | None:
    path = project.folder / INTENT
    counts = list[int]()
    undo = list[Callable[[], object]]()
    try:
        intent.write(path)
        for number, history in enumerate(histories):
            if cancelled():
                _take_back(undo, path)
                return None
            counts.append(_relabel(history, intent))
            if counts[-1]:
                undo.append(history.undo)
            progress(50 + 50 * (number + 1) // len(histories))
        if here is not None:
            count = here.run(partial(_relabel, here.history, intent))
            if count is None:
                _take_back(undo, path)
                return None
            counts.append(count)
            if count:
                undo.append(partial(_undo_here, here))
        _keep_label_set(project, intent)
    except (HarstudioError, OSError):
        _take_back(undo, path)
        raise
    with contextlib.suppress(OSError):
        _forget(path)  # what stays is found to be done when the project is opened next
    return Rewritten(sum(counts), sum(count > 0 for count in counts))


def _take_back(undo: list[Callable[[], object]], path: Path) -> None:
    """Undo it where it was done; where even that fails, it is finished at the next opening."""
    with contextlib.suppress(HarstudioError, OSError):
        for one in reversed(undo):
            one()
        _forget(path)


def _undo_here(here: OpenHere) -> None:
    if here.run(lambda: 0 if here.history.undo() is None else 1) is None:
        raise ConflictError("It was stopped before it was undone.", path=here.history.path)


def _relabel(history: History, intent: Intent) -> int:
    edit, count = _edit(history.document, intent)
    if edit is not None:
        history.do(edit)
    return count


def _edit(document: Document, intent: Intent) -> tuple[Edit | None, int]:
    """The edit of a document, proposals too, and how many clips that people made it changes."""
    names = dict(intent.names)
    edits = tuple(
        ChangeClip(tier.name, clip, changed)
        for tier in document.tiers
        for clip in tier.clips
        if (changed := relabelled(clip, names)) is not clip
    )
    count = sum(clip.label in names for tier in document.said for clip in tier.clips)
    return (Group(intent.title, edits) if edits else None), count


def _keep_label_set(project: Project, intent: Intent) -> None:
    if digest(project.label_set_path) == intent.before:
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
