"""Labels by hot key while a recording runs: clips in the annotator's document, at once.

Each goes through the document's journal when its key is pressed and twice a second while it lasts,
so a killed recorder loses nothing. They lie where the studio looks for them: in the project that
lists the folder of recordings, else in the private project of that folder.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.labels.editing.clip_edits import change, place
from harstudio.labels.keeping.history import History
from harstudio.labels.model import Clip, Origin
from harstudio.labels.project import Project, is_project
from harstudio.recordings.streams import SECOND_NS

SHORTEST_NS = SECOND_NS // 30


@dataclass(frozen=True, slots=True)
class Labelled:
    """What happened when, on the session's clock. confidence: of a network, None for a person."""

    name: str
    start_ns: int
    end_ns: int
    person: str = ""
    confidence: float | None = None


def labels_project(recordings: Path) -> Project:
    """Where the labels of recordings in a folder lie; made where it is missing.

    HarstudioError where it cannot be read.
    """
    around = next((p for p in (recordings, *recordings.absolute().parents) if is_project(p)), None)
    if around is not None:
        project = Project.open(around)
        folder = recordings.resolve()
        if any(folder.is_relative_to(place.resolve()) for place in project.recording_folders):
            return project
    return Project.private_for(recordings, "harrec")


def recordings_folder(folder: Path) -> Path:
    """Where recordings go: of a project its first folder of recordings, else the folder."""
    if not is_project(folder):
        return folder
    return next(iter(Project.open(folder).recording_folders), folder)


class TakeLabels:
    """The labels of one recording, opened when the first comes; used by one thread."""

    def __init__(self, recording: Path, name: str, annotator: str, zero_ns: int) -> None:
        self.count = 0
        self._recording, self._name, self._annotator = recording, name, annotator
        self._zero_ns = zero_ns
        self._project: Project | None = None
        self._history: History | None = None
        self._open: tuple[str, Clip] | None = None  # the label whose key is down

    @property
    def open_label(self) -> str:
        """The label whose clip is growing, "" for none."""
        return self._open[0] if self._open is not None else ""

    def down(self, label: str, time_ns: int, person: str = "") -> None:
        """A clip begins; one that is growing ends there. HarstudioError: it cannot be kept."""
        self.up("", time_ns)
        start_ns = max(0, time_ns - self._zero_ns)
        clip = Clip(start_ns, start_ns + SHORTEST_NS, label, person)
        self._place(clip)
        self._open = (label, clip)

    def up(self, label: str, time_ns: int) -> None:
        """The clip ends. label: only if it is that one's, "" for any. Errors as of ``down``."""
        if self._open is not None and label in ("", self._open[0]):
            self.grow(time_ns)
            self._open = None

    def grow(self, time_ns: int) -> None:
        """The clip that is growing lasts until now at least. Errors as of ``down``."""
        if self._open is None or self._history is None:
            return
        label, clip = self._open
        end_ns = max(clip.end_ns, time_ns - self._zero_ns)
        edit = change(self._history.document, clip.id, end_ns=end_ns)
        if edit is not None:
            self._history.do(edit, merge=True)
            self._open = (label, replace(clip, end_ns=end_ns))

    def add(self, found: Sequence[Labelled]) -> None:
        """Whole clips; those that a network said are marked so. Errors as of ``down``."""
        for one in found:
            start_ns = max(0, one.start_ns - self._zero_ns)
            end_ns = max(start_ns + SHORTEST_NS, one.end_ns - self._zero_ns)
            origin = Origin.HUMAN if one.confidence is None else Origin.MODEL
            clip = Clip(start_ns, end_ns, one.name, one.person, one.confidence, origin)
            self._place(clip)

    def keep_alive(self) -> None:
        if self._history is not None:
            self._history.keep_alive()

    def close(self, time_ns: int) -> None:
        """End what is growing, save, let go. Errors as of ``down``; the journal has it all."""
        if self._history is None:
            return
        try:
            self.up("", time_ns)
        finally:
            history, self._history = self._history, None
            history.close()

    def _place(self, clip: Clip) -> None:
        if self._project is None:
            self._project = labels_project(self._recording.parent)
        if self._history is None:
            self._history = self._project.history(self._name, self._annotator)
        _make_known(self._project, clip.label)
        self._history.do(place(self._history.document, self._annotator, clip, SHORTEST_NS))
        self.count += 1


def _make_known(project: Project, label: str) -> None:
    """A label that the project's set has not yet gets a colour and a key there."""
    if any(one.name == label for one in project.label_set.labels):
        return
    with contextlib.suppress(HarstudioError):  # without it the clip still says what it says
        project.set_label_set(project.read_label_set().with_label(label))
