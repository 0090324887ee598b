"""The editor at work: opened, saved beside the window, told of what others did."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.errors import ConflictError
from harstudio.labels.keeping.renaming import OpenHere
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.project import Project
from harstudio.studio.background import NewestTask, OwnThread, Task
from harstudio.studio.label_set.editor import LabelSetEditor
from harstudio.studio.label_set.keeping import Use, keep, uses_of

if TYPE_CHECKING:
    from harstudio.studio.label_set.desk import LabelDesk
    from harstudio.studio.window import MainWindow

WAITING = "Changes of the label set are not saved; Ctrl+Alt+L comes back to them."
CHANGED = "Somebody else changed the label set meanwhile."


class Editing(QObject):
    """Says what saving would do to clips before it is done; the labels of the open recording wait
    while documents are rewritten."""

    def __init__(self, window: MainWindow, desk: LabelDesk) -> None:
        super().__init__(window)
        self._window, self._desk = window, desk
        self._session, self._labelling = window.session, window.labelling
        self.editor: LabelSetEditor | None = None
        self._project: Project | None = None
        self._counting = NewestTask(self)
        self._saving: Task | None = None
        self._stop = threading.Event()
        self._own_thread = OwnThread(self)
        self._counted: list[tuple[str, str]] = []
        self._session.project_changed.connect(self._project_changed)

    # ---- opening and closing

    def show(self, label: str) -> None:
        """Open it at a label."""
        self._project = self._session.project
        if self.editor is None and self._project is not None:
            self.editor = LabelSetEditor(self._project.label_set, self._window)
            self.editor.details.shown = self._session.team.shown
            self.editor.save_wanted.connect(self.save)
            self.editor.read_wanted.connect(self._take_theirs)
            self.editor.example_wanted.connect(self._take_example)
            self.editor.closed.connect(self._closed)
            self.editor.draft.changed.connect(self._look)
            self._labelling.labels_changed.connect(self._set_changed)
        if self.editor is not None:
            self.editor.show()
            self.editor.raise_()
            self.editor.activateWindow()
            self.editor.show_label(label)
            self._check_disk()

    def _closed(self) -> None:
        if self._saving is not None:
            self._stop.set()
            return  # what it did is taken back, or it is done: ``_saved`` tells
        if self.editor is not None and self.editor.draft.unsaved:
            self._session.message.emit("info", WAITING)
            return
        self._forget()

    def _forget(self) -> None:
        editor, self.editor = self.editor, None
        if editor is not None:
            self._labelling.labels_changed.disconnect(self._set_changed)
            editor.deleteLater()
        self._counting.stop()
        self._counted = []

    def _project_changed(self, project: Project | None) -> None:
        if self.editor is not None and project is not self._project and self._saving is None:
            if self.editor.draft.unsaved:
                self._session.message.emit(
                    "warn", "Another project was opened; changes of the label set were not saved."
                )
            self.editor.drop()
            self._forget()

    # ---- what others do

    def _check_disk(self) -> None:
        project, editor = self._project, self.editor
        if project is None or editor is None:
            return

        def stale(_progress: object, _cancelled: object) -> bool:
            return project.label_set_is_stale()

        looking = Task(stale, editor)
        looking.finished.connect(self._told_of_disk)
        looking.start()

    def _told_of_disk(self, stale: bool) -> None:
        if self.editor is None or not stale:
            return
        if self.editor.draft.unsaved:
            self.editor.tell(CHANGED, "warn", conflict=True)
        else:
            self._take_theirs()

    def _take_theirs(self) -> None:
        if self.editor is None or self._project is None:
            return
        reading = Task(lambda _progress, _cancelled: self._project.read_label_set(), self.editor)
        reading.finished.connect(self._take_read)
        reading.failed.connect(lambda error: self._say(str(error), "bad"))
        reading.start()

    def _take_read(self, label_set: LabelSet) -> None:
        if self.editor is not None:
            self.editor.draft.start_from(label_set)
            self._labelling.label_sets.take(label_set)
            self.editor.tell("This is the set as somebody else saved it.")

    def _set_changed(self) -> None:
        """A label was added, or an example taken, in this window."""
        editor, label_set = self.editor, self._labelling.label_set
        if editor is None or label_set == editor.draft.kept or self._saving is not None:
            return
        if editor.draft.unsaved:
            editor.tell("The label set was changed in the window meanwhile.", "warn", conflict=True)
        else:
            editor.draft.start_from(label_set)

    # ---- what saving would do

    def _look(self) -> None:
        """Count, beside the window, the clips that renamed and deleted labels have."""
        editor, project = self.editor, self._project
        if editor is None or project is None:
            return
        wanted = [*editor.draft.rewrites(), *((name, "") for name in editor.draft.removed())]
        if wanted == self._counted:
            return
        self._counted = wanted
        self._counting.stop()
        if not wanted:
            editor.tell("")
            return
        editor.tell("Counting the clips that have these labels")
        self._counting.start(
            lambda _progress, cancelled: uses_of(project, [old for old, _ in wanted], cancelled),
            finished=partial(self._tell_uses, wanted),
            failed=lambda error: self._say(str(error), "warn"),
        )

    def _tell_uses(self, wanted: list[tuple[str, str]], uses: Mapping[str, Use]) -> None:
        self._say(" ".join(_sentence(old, new, uses.get(old, Use())) for old, new in wanted[:4]))

    def _say(self, sentence: str, tone: str = "", *, conflict: bool = False) -> None:
        if self.editor is not None:
            self.editor.tell(sentence, tone, conflict=conflict)

    # ---- saving

    def save(self, over: bool = False) -> None:
        """Keep the set; clips whose labels have other names now are rewritten."""
        editor, project = self.editor, self._project
        if editor is None or project is None or self._saving is not None:
            return
        label_set, rewrites = editor.draft.label_set, editor.draft.rewrites()
        another = editor.draft.another
        stop, by = threading.Event(), self._session.annotator
        self._stop = stop
        self._counting.stop()  # its sentence would stand over what saving says
        editor.set_busy(True)
        here = None
        if rewrites:
            editor.tell("Rewriting clips")
            here = self._open_document(stop)
        self._saving = Task(
            lambda progress, _cancelled: keep(
                project,
                label_set,
                rewrites,
                by=by,
                over=over,
                progress=progress,
                cancelled=stop.is_set,
                here=here,
                another=another,
            ),
            self,
        )
        self._saving.progressed.connect(self._progressed)
        self._saving.finished.connect(self._saved)
        self._saving.failed.connect(self._not_saved)
        self._saving.start()

    def _open_document(self, stop: threading.Event) -> OpenHere | None:
        """The document of the window: rewritten by an edit of its own, that its undo takes back.

        Nothing else changes it meanwhile."""
        self._labelling.finish()
        self._session.held = "A label is being renamed; labels can be changed when that is done."
        history = self._session.history
        if history is None or history.read_only:
            return None
        return OpenHere(history, lambda function: self._own_thread.run(function, stop.is_set))

    def _progressed(self, percent: int) -> None:
        self._say(f"Rewriting clips, {percent} %")

    def _saved(self, said: str) -> None:
        self._saving = None
        self._session.held = ""
        if self._project is not None and self._project is self._session.project:
            self._labelling.label_sets.take(self._project.label_set)
            self._labelling.others.read()
        self._session.message.emit("info", said)
        if self.editor is not None and self._project is not None:
            self.editor.set_busy(False)
            self.editor.draft.start_from(self._project.label_set)
            self.editor.tell(said)
            if not self.editor.isVisible():
                self._closed()

    def _not_saved(self, error: BaseException) -> None:
        self._saving = None
        self._session.held = ""
        if self.editor is None:
            return
        self.editor.set_busy(False)
        stale = isinstance(error, ConflictError) and error.path == self._label_set_path()
        self.editor.tell(f"Not saved. {error}", "warn" if stale else "bad", conflict=stale)
        if not self.editor.isVisible():
            self._session.message.emit("bad", f"The label set was not saved. {error}")

    def _label_set_path(self) -> object:
        return None if self._project is None else self._project.label_set_path

    # ---- examples

    def _take_example(self, label: str) -> None:
        """The selected clip, whatever its label, shows the label that is edited."""
        example = self._desk.example_of_selection()
        if self.editor is None:
            return
        if example is None:
            self.editor.tell("Select a clip in the timeline first; this window may stay open.")
        else:
            self.editor.draft.change(label, example=example)

    def shut(self) -> None:
        """Wait for what is being written."""
        self._counting.shut()
        if self._saving is not None:
            self._stop.set()
            self._saving.wait(60)


def _sentence(old: str, new: str, use: Use) -> str:
    clips = f"{use.clips} clip{'' if use.clips == 1 else 's'}"
    clips += f" in {use.documents} document{'' if use.documents == 1 else 's'}"
    if new:
        return f"Saving makes “{old}” to “{new}” in {clips}."
    return f"“{old}” goes; {clips} keep it as their label." if use.clips else f"“{old}” goes."
