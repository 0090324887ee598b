"""Recognising in the window: its commands, its panel, and the list of runs to choose from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from harstudio.runs.folder import is_run
from harstudio.studio.commands import Command
from harstudio.studio.palette import Entry
from harstudio.studio.pane_area import PICTURES
from harstudio.studio.panels.library_model import DONE
from harstudio.studio.recognition.batch import Batch
from harstudio.studio.recognition.commands import recognise_commands
from harstudio.studio.recognition.recogniser import Recogniser
from harstudio.studio.recognition.run_choice import RunChoice
from harstudio.studio.what_if.commands import what_if_commands
from harstudio.studio.what_if.what_if import WhatIf

if TYPE_CHECKING:
    from harstudio.studio.window import MainWindow

PANEL = "recognition"


class Recognising(QObject):
    """What ties the recogniser to a window. folders: where runs are looked for."""

    def __init__(self, window: MainWindow, folders: Callable[[], list[Path]]) -> None:
        super().__init__(window)
        self._window = window
        self.session = window.session
        self.recogniser = Recogniser(self.session, folders, window.store, self)
        self.what_if = WhatIf(self.session, self.recogniser.ways.device, self)
        self.batch = Batch(self.session, self.recogniser, self._some_hidden)
        self._wanted: Callable[[], list[Entry]] | None = None  # what the list of runs is for
        self._revealed = False
        self.holder = QWidget()
        column = QVBoxLayout(self.holder)
        column.setContentsMargins(0, 0, 0, 0)
        self.recogniser.listed.connect(self._offer)
        self.session.recognition_changed.connect(self._reveal)

    def commands(self) -> list[Command]:
        return [*recognise_commands(self), *what_if_commands(self.what_if, self._show_panel)]

    def furnish(self) -> None:
        """Make the panel; once."""
        from harstudio.studio.recognition.panel import RecognitionPanel
        from harstudio.studio.recognition.ways_section import WaysSection
        from harstudio.studio.what_if.section import WhatIfSection

        self.panel = RecognitionPanel(
            self.session, self._window.labelling, self.recogniser, self.choose
        )
        self.panel.add_section(WaysSection(self.session, self.recogniser))
        self.panel.add_section(WhatIfSection(self.what_if, self._window.labelling))
        self.holder.layout().addWidget(self.panel)
        self._window.furnished.connect(self._meet_panes)
        self.batch.changed.connect(self._show_answers)
        self._window.library.model.states_changed.connect(self._show_answers)
        self.session.team.changed.connect(self._show_answers)
        self._show_answers()

    def _meet_panes(self) -> None:
        """Regions and joints can be taken away in the panes."""
        from harstudio.studio.what_if.in_3d import InScene
        from harstudio.studio.what_if.on_pictures import OnPicture

        docks = self._window.pane_area.docks
        for pane_id in PICTURES:
            OnPicture(docks[pane_id].widget(), self.what_if)
        InScene(docks["skeleton3d"].widget(), self.what_if)

    # ---- choosing a run

    def choose(self) -> None:
        """Let a run be chosen in the palette; the one asked last comes first."""
        self._wanted = self.entries
        self.recogniser.list_runs()

    def choose_for_all(self) -> None:
        """Let a run be chosen for the recordings that the library lists now."""
        self._wanted = self.entries_for_all
        self.recogniser.list_runs()

    def _offer(self, _choices: object) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            listed = len(self._window.library.model.listed())
            hint = "Ask which run" if wanted == self.entries else f"Ask which run about {listed}"
            self._window.palette_box.open(entries=wanted, hint=hint)

    def entries(self) -> list[Entry]:
        """Every run, then a way to one that is not listed."""
        recording = self.session.recording

        def fits(one: RunChoice) -> int:
            """0 where all is there that it learned from, 1 where some is, 2 where too little."""
            if recording is None or one.lacks(recording):
                return 2
            return int(bool(one.missing(recording)))

        def place(one: RunChoice) -> tuple[int, bool, bool]:
            """What fits, the one asked last, one's own runs, then those in the box."""
            return fits(one), one.path != self.recogniser.last_run, one.bundled

        made = [self._entry(one) for one in sorted(self.recogniser.choices, key=place)]
        new = partial(self._window.commands.run, "train.new")
        ways = [Entry("Another run…", "", self._ask_for_run, "a folder", icon="folder")]
        if all(one.bundled for one in self.recogniser.choices):
            ways.append(
                Entry("New run…", "", new, "nothing has been trained here yet", icon="plus")
            )
        return [*made, *ways]

    def _entry(self, one: RunChoice) -> Entry:
        recording = self.session.recording
        lacks = one.lacks(recording)
        last = one.path == self.recogniser.last_run
        return Entry(
            one.name,
            "Not for this" if lacks else "Last" if last else "In the box" if one.bundled else "Run",
            partial(self.recognise, one.path),
            detail=one.facts(recording),
            icon="recognise",
            enabled=not lacks,
        )

    def entries_for_all(self) -> list[Entry]:
        """Every run, with how many of the listed recordings have what it needs."""
        streams = [found.streams for found in self._window.library.model.listed()]

        def sees(one: RunChoice) -> int:
            return sum(map(one.can_see, streams))

        def place(one: RunChoice) -> tuple[int, int, bool, bool]:
            whole = sum(map(one.has_all, streams))
            return -whole, -sees(one), one.path != self.recogniser.last_run, one.bundled

        def entry(one: RunChoice) -> Entry:
            last = one.path == self.recogniser.last_run
            return Entry(
                one.name,
                "Not for these" if not sees(one) else "Last" if last else
                "In the box" if one.bundled else "Run",
                partial(self.recognise_all, one.path),
                detail=one.facts_for(streams),
                icon="recognise",
                enabled=bool(sees(one)),
            )  # fmt: skip

        return [entry(one) for one in sorted(self.recogniser.choices, key=place)]

    def recognise_all(self, run: Path) -> None:
        """Ask this run about those recordings of the library's list that have what it needs."""
        choice, listed = self.recogniser.choice(run), self._window.library.model.listed()
        some = [found.path for found in listed if choice is None or choice.can_see(found.streams)]
        self.batch.recognise(run, some)

    def can_recognise_all(self) -> bool:
        return self._window.has_library() and not self.batch.busy

    def how_many(self) -> str:
        """Which recordings "all" means."""
        count, total = self._window.library.model.rowCount(), self._window.library.model.total
        return f"the {count} of {total} that are listed" if count < total else f"all {total}"

    def stop(self) -> None:
        """Give up what is being asked, about the open recording and about all."""
        self.recogniser.stop()
        self.batch.stop()

    def is_asking(self) -> bool:
        return self.recogniser.busy or self.batch.busy

    def _show_answers(self) -> None:
        """In the library, but for recordings whose answers the annotator may not see yet."""
        hidden, model = self._hidden(), self._window.library.model
        said = {path: one for path, one in self.batch.said.items() if path not in hidden}
        if said != model.said:
            model.set_said(said)

    def _hidden(self) -> set[str]:
        """Paths of the listed recordings about which nothing may be told to the annotator."""
        model, why_hidden = self._window.library.model, self.session.team.why_hidden
        return {
            str(found.path)
            for found in model.all_found()
            if why_hidden(found.name, model.state(found.name) == DONE)
        }

    def _some_hidden(self) -> str:
        some = self._hidden().intersection(self.batch.said)
        return " They are shown for recordings that you have marked as done." if some else ""

    def recognise(self, run: Path) -> None:
        """Ask this run, unless it cannot say anything about what is open."""
        choice = self.recogniser.choice(run)
        lacks = "" if choice is None else choice.lacks(self.session.recording)
        if lacks:
            self.session.message.emit("warn", f"{run.name}: {lacks}.")
            return
        self._show_panel()
        self.recogniser.recognise(run)

    def _ask_for_run(self) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Open the folder of a run")
        if not name:
            return
        if is_run(Path(name)):
            self.recognise(Path(name))
        else:
            self.session.message.emit("warn", f"{name} is no run: it has no config.toml.")

    # ---- the panel

    def _show_panel(self) -> None:
        self._window.arrangement.reveal(PANEL)

    def _reveal(self, recognition: object) -> None:
        """The first result shows where it stands; later ones leave the panels as they are."""
        if recognition is None or not self._window.shows_pictures():
            return
        if not self._revealed:
            self._revealed = True
            self._show_panel()
            QTimer.singleShot(0, self, self._make_room)  # when the timeline knows of it too

    def _make_room(self) -> None:
        self._window.arrangement.grow_timeline(self._window.timeline.lacking_px)

    def toggle_panel(self) -> None:
        if self.is_panel_shown():
            self._window.arrangement.docks[PANEL].hide()
        else:
            self._show_panel()

    def is_panel_shown(self) -> bool:
        return self._window.arrangement.is_seen(PANEL)

    def go_to_frame(self) -> None:
        """The playhead to the frame that the map over the picture belongs to."""
        transport = self.session.transport
        patch = self.session.explaining.patch(transport.position_ns)
        if patch is not None:
            transport.pause()
            transport.seek(patch.time_ns)

    def save_explanation(self) -> None:
        """As a picture, a video or arrays."""
        from harstudio.studio.recognition.saving import SaveExplanationBox

        SaveExplanationBox(self._window).show()

    def shut(self) -> None:
        self.batch.shut()
        self.recogniser.shut()
        self.what_if.shut()
