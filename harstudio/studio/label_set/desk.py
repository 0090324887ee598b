"""What can be done about the label set: its editor, and the examples that play beside."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.errors import HarstudioError
from harstudio.labels.label_sets import label_set_edits
from harstudio.labels.label_sets.label_set import Example
from harstudio.labels.model import Clip
from harstudio.studio.background import Task
from harstudio.studio.commands import Command
from harstudio.studio.doubts.desk import DoubtsDesk

if TYPE_CHECKING:
    from harstudio.labels.model import Clip
    from harstudio.studio.label_set.editing import Editing
    from harstudio.studio.label_set.example_pane import ExamplePane
    from harstudio.studio.label_set.example_reader import Film
    from harstudio.studio.panels.clip import ClipPanel
    from harstudio.studio.panels.labels import LabelsPanel
    from harstudio.studio.window import MainWindow

NO_EXAMPLE = (
    "“{}” has no example yet. Select a clip that shows it well and choose "
    "“Make this clip the example”."
)
NOTHING_MARKED = "Select a clip, or mark a label in the list, to see its example."


class LabelDesk(QObject):
    """One for each window. The example follows the selected clip's label while it is shown."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._session, self._labelling = window.session, window.labelling
        self.doubts = DoubtsDesk(window)
        self.editing: Editing | None = None  # built when somebody edits
        self.pane: ExamplePane | None = None
        self._panel: LabelsPanel | None = None
        self._clip_panel: ClipPanel | None = None
        self._label = ""
        self._reading: Task | None = None

    def commands(self) -> list[Command]:
        def has_project() -> bool:
            return self._session.project is not None

        def can_write() -> bool:
            panel = self._clip_panel
            return panel is not None and (panel.can_edit() or self._under_playhead() is not None)

        def own_clip() -> bool:
            return self._session.selected_clip() is not None

        return [
            Command("clip.edit", "Write what the clip says", self.edit_clip, "Label", "",
                    ("Ctrl+Return", "Ctrl+Enter"), can_write),
            Command("label.edit_set", "Edit labels…", self.edit, "Label", "settings",
                    ("Ctrl+Alt+L",), has_project),
            Command("label.example", "Example of the label beside", self.toggle_example, "Label",
                    "", ("Alt+E",), has_project, self.example_shown),
            Command("label.example_sync", "Example in sync with the playhead", self.toggle_sync,
                    "Label", "", ("Alt+Shift+E",), self.example_shown, self.in_sync),
            Command("label.take_example", "Make this clip the example of its label",
                    self.take_example, "Label", "", (), own_clip),
            *self.doubts.commands(),
        ]  # fmt: skip

    def furnish(self, panel: LabelsPanel) -> None:
        """The panels are there now."""
        from harstudio.studio.label_set.example_pane import ExamplePane

        self._panel, self._clip_panel = panel, self._window.clip_panel
        self._clip_panel.done.connect(self._window.timeline.setFocus)
        panel.edit_wanted.connect(self.edit)
        panel.example_wanted.connect(self.show_example)
        self.pane = ExamplePane(self._session)
        self._window.pane_area.add(self.pane.pane_id, self.pane)
        self._window.pane_area.docks["example"].visibilityChanged.connect(self._visibility)
        self._session.selection_changed.connect(self._follow)
        self._session.document_changed.connect(self._follow)
        self._session.recording_changed.connect(self._follow)
        self._labelling.labels_changed.connect(partial(self._follow, again=True))

    def edit_clip(self) -> None:
        """Go to the fields of the selected clip, else of the one under the playhead, which then
        rests; Esc comes back."""
        if self._clip_panel is None:
            return
        under = self._under_playhead()
        if not self._clip_panel.can_edit() and under is not None:
            self._session.transport.pause()
            self._session.select(under.id)
        self._window.arrangement.reveal("labels")
        self._clip_panel.edit()

    def _under_playhead(self) -> Clip | None:
        clips = self._labelling.clips
        return None if self._session.selection else clips.under_playhead(clips.tier())

    # ---- the editor

    def edit(self, label: str = "") -> None:
        """Open the editor, or come back to it; at a label, else at that of the selected clip."""
        from harstudio.studio.label_set.editing import Editing

        if self._session.project is None:
            return
        if self.editing is None:
            self.editing = Editing(self._window, self)
        self.editing.show(label or self.label_now())

    def label_now(self) -> str:
        """The label marked in the list, else that of the selected or the open clip; "" for none."""
        marked = "" if self._panel is None else self._panel.marked()
        clip = self._labelling.clips.selected_anywhere()
        growing = self._labelling.open_clip
        return marked or (clip.label if clip else "") or (growing.label if growing else "")

    # ---- examples

    def example_shown(self) -> bool:
        return self._window.pane_area.is_shown("example")

    def in_sync(self) -> bool:
        return self.pane is not None and self.pane.sync.isChecked()

    def toggle_sync(self) -> None:
        if self.pane is not None:
            self.pane.sync.toggle()

    def toggle_example(self) -> None:
        """Show the example of the label at hand, or put the pane away."""
        if self.example_shown():
            self._window.pane_area.set_shown("example", False)
        else:
            self.show_example(self.label_now())

    def show_example(self, label: str) -> None:
        """Play the example of a label beside the recording; nothing that plays is disturbed."""
        if self.pane is None:
            return
        area = self._window.pane_area
        if not self.example_shown():
            area.set_shown("example", True)
            area.give_width("example", round(area.width() * 0.24))
        self._compare_with(self._labelling.clips.selected_anywhere())
        self._play(label)

    def _follow(self, *_: object, again: bool = False) -> None:
        if not self.example_shown():
            return
        clip = self._labelling.clips.selected_anywhere()
        self._compare_with(clip)
        label = clip.label if clip is not None else self._label
        if again or label != self._label:
            self._play(label)

    def _compare_with(self, clip: Clip | None) -> None:
        """In sync the example begins where this clip does; a clip that was let go counts on."""
        pane, transport = self.pane, self._session.transport
        if pane is not None and clip is not None:
            pane.zero_ns = clip.start_ns
        elif pane is not None and not transport.start_ns <= pane.zero_ns <= transport.stop_ns:
            pane.zero_ns = transport.start_ns

    def _visibility(self, visible: bool) -> None:
        if visible and self.pane is not None and self.pane.film is None:
            self._play(self.label_now())

    def _play(self, label: str) -> None:
        assert self.pane is not None  # noqa: S101 - said by the callers
        self._stop_reading()
        self._label = label
        found, project = self._labelling.label_set.find(label), self._session.project
        if not label or project is None:
            self.pane.show_words("", NOTHING_MARKED)
            return
        example = None if found is None else found.example
        if example is None:
            self.pane.show_words(label, NO_EXAMPLE.format(label))
            return
        if self.pane.film is not None and self.pane.film.example == example:
            self.pane.show_film(label, self.pane.film)
            return
        self.pane.show_words(label, "Reading the example")
        known = {one.name: one.path for one in self._window.library.model.all_found()}

        def work(_progress: object, cancelled: object) -> Film:
            from harstudio.studio.label_set.example_reader import read_film

            return read_film(project, example, known, cancelled)

        self._reading = Task(work, self)
        self._reading.finished.connect(partial(self._read, label))
        self._reading.failed.connect(partial(self._not_read, label))
        self._reading.start()

    def _read(self, label: str, film: Film) -> None:
        if self.pane is not None:
            self.pane.show_film(label, film)

    def _not_read(self, label: str, error: BaseException) -> None:
        if self.pane is not None:
            self.pane.show_words(label, f"The example cannot be shown. {error}")

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def example_of_selection(self) -> Example | None:
        """The selected clip as an example, None without one."""
        clip, recording = self._labelling.clips.selected_anywhere(), self._session.recording
        if clip is None or recording is None or clip.is_point:
            return None
        return Example(recording.name, clip.start_ns, clip.end_ns)

    def take_example(self) -> None:
        """The selected clip becomes the example of its label, in the label set of the project."""
        clip, example = self._labelling.clips.selected_anywhere(), self.example_of_selection()
        project = self._session.project
        if clip is None or example is None or project is None:
            return
        try:
            label_set = project.label_set
            if project.label_set_is_stale():
                label_set = project.read_label_set()
        except HarstudioError as error:
            self._session.message.emit("warn", f"The label set was not changed. {error}")
            return
        if label_set.find(clip.label) is None:
            label_set = label_set.with_label(clip.label)
        self._labelling.label_sets.use(label_set_edits.with_example(label_set, clip.label, example))
        kept = project.label_set.find(clip.label)
        if kept is not None and kept.example == example:
            self._session.message.emit("info", f"This clip is the example of “{clip.label}” now.")

    def shut(self) -> None:
        """End what runs beside the window."""
        if self._reading is not None:
            self._reading.cancel(wait_s=20)
        if self.editing is not None:
            self.editing.shut()
        self.doubts.shut()
