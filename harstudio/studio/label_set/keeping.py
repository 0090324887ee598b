"""Keeping an edited label set, and the names in every document with it; for a worker thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from harstudio.errors import ConflictError, HarstudioError
from harstudio.labels.keeping.heads import named_in
from harstudio.labels.keeping.recovery import load
from harstudio.labels.keeping.renaming import OpenHere, document_paths, rewrite_labels
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.label_sets.put_away import put_away_sentence
from harstudio.labels.project import Project

STOPPED = "Stopped; nothing was changed."


@dataclass(frozen=True, slots=True)
class Use:
    """How many clips have a label, in how many documents."""

    clips: int = 0
    documents: int = 0


def uses_of(
    project: Project, names: Collection[str], cancelled: Callable[[], bool]
) -> dict[str, Use]:
    """Use of labels in the whole project; a document that cannot be read has none."""
    clips: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    for path in document_paths(project.folder):
        if cancelled():
            break
        try:
            document = load(path, *named_in(path)).document
        except HarstudioError:
            continue
        here = Counter(c.label for tier in document.said for c in tier.clips if c.label in names)
        clips.update(here)
        documents.update(here.keys())
    return {name: Use(clips[name], documents[name]) for name in names}


def keep(
    project: Project,
    label_set: LabelSet,
    rewrites: Sequence[tuple[str, str]],
    *,
    by: str,
    over: bool,
    progress: Callable[[int], None],
    cancelled: Callable[[], bool],
    here: OpenHere | None = None,
    another: bool = False,
) -> str:
    """Keep a set in the project; what was done, as a sentence.

    rewrites: (old name, new name). here: the document that is open in the window. another: the set
    that it replaces is put away. over: whatever somebody else kept meanwhile is replaced.
    ConflictError when that happened without ``over``, or when a document is held by somebody;
    then, and when it was cancelled, nothing is changed.
    """
    if over and project.label_set_is_stale():
        project.read_label_set()
    put = project.put_away.put(project.label_set, label_set) if another else None
    told = f"Saved: {len(label_set.labels)} labels"
    away = "" if put is None else f" {put_away_sentence(put)}"
    if not rewrites:
        project.set_label_set(label_set)
        return f"{told}.{away}"
    done = rewrite_labels(project, dict(rewrites), label_set, progress, cancelled, by=by, here=here)
    if done is None:
        raise ConflictError(STOPPED)
    clips = f"{done.clips} clip{'' if done.clips == 1 else 's'}"
    documents = f"{done.documents} document{'' if done.documents == 1 else 's'}"
    return f"{told}; {clips} in {documents} rewritten.{away}"
