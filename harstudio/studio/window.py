"""The window: what stands around the panes, and what the commands do with it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import ConflictError
from harstudio.settings import config_dir, save_settings
from harstudio.studio import theme
from harstudio.studio.actions import WORKSPACES, command_table
from harstudio.studio.arrangement import BESIDE, Arrangement
from harstudio.studio.asking import Asking
from harstudio.studio.beside.desk import BesideDesk
from harstudio.studio.commands import Command
from harstudio.studio.demo import Demo
from harstudio.studio.demo_mode.mode import DemoMode
from harstudio.studio.entries import palette_entries, recent_entries
from harstudio.studio.helping.helping import Helping
from harstudio.studio.jobs.desk import JobDesk
from harstudio.studio.keys import Keys
from harstudio.studio.label_set.desk import LabelDesk
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.live.commands import LIVE
from harstudio.studio.live.desk import LiveDesk
from harstudio.studio.live.service import LiveService
from harstudio.studio.live.watch.watch import Watch
from harstudio.studio.measures.service import Measuring
from harstudio.studio.menus import Actions
from harstudio.studio.palette import Palette
from harstudio.studio.pane_area import PaneArea
from harstudio.studio.panels.library import LibraryPanel
from harstudio.studio.problem_bar import ProblemBar, Trouble
from harstudio.studio.proposals.strip import ProposalStrip
from harstudio.studio.recognition.recognising import Recognising
from harstudio.studio.session import Session
from harstudio.studio.shortcut_sheet import ShortcutSheet
from harstudio.studio.status_line import StatusLine
from harstudio.studio.team.desk import TeamDesk
from harstudio.studio.top_bar import TopBar
from harstudio.studio.training.service import Training
from harstudio.studio.transport_bar import TransportBar
from harstudio.studio.welcome import Welcome

if TYPE_CHECKING:
    from harstudio.studio.training.page import TrainPage

logger = logging.getLogger(__name__)
SMALLEST = (960, 600)
USUAL = (1440, 900)
ANY_PX = (1 << 24) - 1  # what Qt takes for no limit


class MainWindow(QMainWindow):
    """Listens to one session. ``furnish`` brings panes, timeline and panels, which take longer
    to import than the window takes to appear."""

    furnished = Signal()

    def __init__(
        self, session: Session, parent: QWidget | None = None, *, furnish: bool = True
    ) -> None:
        super().__init__(parent)
        self.setObjectName("main_window")
        self.setWindowTitle("HARStudio")
        self.setMinimumSize(*SMALLEST)
        self.resize(*USUAL)
        self.setAcceptDrops(True)
        self.session = session
        self.store = QSettings(str(config_dir() / "window.ini"), QSettings.Format.IniFormat)
        self.arrangement = Arrangement(self, self.store)
        self.labelling = Labelling(session, self)
        self.proposals = self.labelling.proposals
        self.demo = Demo(session, self)
        self.is_furnished = False
        self._overlays = True
        self.asking = Asking(self)
        self.training = Training(session, self)
        self.recognising = Recognising(self, self.training.folders)
        self.helping = Helping(self)
        self.measuring = Measuring(session, self.labelling, self)
        self.live = LiveService(session, self.save_settings, self)
        self.live.message.connect(session.message)
        self.watch = Watch(self.live, session.settings, self.save_settings, self)
        self.demo_mode = DemoMode(self, self.live, self.watch)
        self.live_desk = LiveDesk(self)
        self.train_page: TrainPage | None = None  # built when somebody goes there
        self.pane_area = PaneArea(self.store)
        self.label_desk = LabelDesk(self)
        self.team_desk = TeamDesk(self)
        self.beside_desk = BesideDesk(self)
        self.commands = command_table(self)
        self.keys = Keys(self.commands, session.settings, self.save_settings)
        self.actions_by_id = Actions(self.commands, self, self._refused)
        self.keys.changed.connect(self.actions_by_id.set_keys)
        self._build()
        self._connect()
        self.arrangement.restore()
        if furnish:
            self.furnish()

    # ---- building

    def _build(self) -> None:
        self.top_bar = TopBar(self.commands, WORKSPACES)
        self.actions_by_id.fill(self.top_bar.menus)
        self.setMenuWidget(self.top_bar)
        self.problem_bar = ProblemBar()
        center = QWidget()
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.problem_bar)
        self.welcome = Welcome(self.session, self.commands, self.open_path)
        self._middle = QStackedWidget()
        self._middle.addWidget(self.welcome)
        self._middle.addWidget(self.pane_area)
        column.addWidget(self._middle, 1)
        self.setCentralWidget(center)
        self.library = LibraryPanel(self.session, self.commands, self.labelling.others)
        self.transport_bar = TransportBar(self.session, self.commands)
        self.status = StatusLine(self.session)
        self._inspector = QSplitter(Qt.Orientation.Vertical)
        self._inspector.setHandleWidth(1)
        self._bottom = QWidget()
        bottom = QVBoxLayout(self._bottom)
        bottom.setContentsMargins(0, 0, 0, 0)
        bottom.setSpacing(0)
        bottom.addWidget(self.team_desk.gold_strip)
        bottom.addWidget(self.transport_bar)
        bottom.addWidget(self.team_desk.feedback)
        self.proposal_strip = ProposalStrip(self.proposals, self.save_settings, self.back_to_keys)
        bottom.addWidget(self.proposal_strip)
        self.arrangement.add("library", self.library)
        self.arrangement.add("labels", self._inspector)
        self.arrangement.add("suggest", self.helping.holder)
        self.arrangement.add("recognition", self.recognising.holder)
        self.arrangement.add("team", self.team_desk.panel)
        self._measures = QWidget()
        self._measures.setLayout(QVBoxLayout())
        self._measures.layout().setContentsMargins(0, 0, 0, 0)
        self.arrangement.add("measures", self._measures)
        self.arrangement.add("timeline", self._bottom)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().setFixedHeight(self.status.height())
        self.statusBar().setContentsMargins(0, 0, 0, 0)
        self.statusBar().addWidget(self.status, 1)
        self.palette_box = Palette(partial(palette_entries, self), self)
        self.sheet = ShortcutSheet(self.keys, self)
        self.desk = JobDesk(self)

    def _connect(self) -> None:
        session = self.session
        session.recording_changed.connect(self._show_recording)
        session.failed.connect(self._show_failure)
        session.message.connect(self._log_message)
        session.opening.connect(self._opening)
        session.team.changed.connect(self._show_title)
        session.clip_shown.connect(self._show_pictures)
        self.status.annotator.clicked.connect(self.asking.annotator)
        self.demo.failed.connect(self._show_failure)
        self.keys.changed.connect(self.top_bar.tell_keys)
        self.keys.changed.connect(self.transport_bar.tell_keys)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()

    def furnish(self) -> None:
        """Build panes, timeline and panels; once."""
        if self.is_furnished:
            return
        self.is_furnished = True
        from harstudio.studio.measures.panel import MeasuresPanel
        from harstudio.studio.panels.clip import ClipPanel
        from harstudio.studio.panels.labels import LabelsPanel
        from harstudio.studio.panes import PANES
        from harstudio.studio.timeline.view import Timeline

        self.timeline = Timeline(self.session, self.labelling)
        self._bottom.layout().addWidget(self.timeline, 1)
        self.labels_panel = LabelsPanel(self.session, self.labelling)
        self.clip_panel = ClipPanel(self.session, self.labelling)
        self._inspector.addWidget(self.labels_panel)
        self._inspector.addWidget(self.clip_panel)
        self._inspector.setStretchFactor(0, 1)
        self.recognising.furnish()
        self._measures.layout().addWidget(MeasuresPanel(self.session, self.measuring))
        for pane_id, pane in PANES.items():
            self.pane_area.add(pane_id, pane(self.session))
        self.label_desk.furnish(self.labels_panel)
        self._show_middle()
        self.set_workspace(self.arrangement.workspace)
        self.helping.furnish()
        self.pane_area.setFocus()
        self.furnished.emit()

    # ---- arrangement

    def set_workspace(self, command_id: str) -> None:
        """Review, Label, Compare or Train; each remembers its own arrangement."""
        self.arrangement.enter(command_id)
        self.top_bar.show_workspace(command_id)
        self._show_middle()
        self.team_desk.entered(command_id)
        if self.shows_pictures():
            self.timeline.setFocus()  # keys go on labelling
        elif self.train_page is not None and command_id == "view.train":
            self.session.transport.pause()
            self.train_page.runs.list.setFocus()
        elif command_id == LIVE and self.is_furnished:
            self.session.transport.pause()
            self.live_desk.made().entered()

    def back_to_keys(self) -> None:
        """The keyboard goes back to labelling."""
        if self.is_furnished and self.shows_pictures():
            self.timeline.setFocus()

    def _show_pictures(self) -> None:
        """A clip plays now: it is to be seen."""
        if not self.shows_pictures():
            self.set_workspace(WORKSPACES[0][0])

    def shows_pictures(self) -> bool:
        """Whether the workspace is one of those around the panes."""
        return self.arrangement.workspace not in ("view.train", BESIDE, LIVE)

    def toggle_jobs(self) -> None:
        self.desk.panel.toggle()

    def reset_panes(self) -> None:
        """Panels and panes as they come."""
        self.arrangement.reset()
        self.pane_area.reset()

    def toggle_pane(self, pane: str) -> None:
        self.pane_area.set_shown(pane, not self.pane_area.is_shown(pane))

    def toggle_measures(self) -> None:
        if self.arrangement.is_seen("measures"):
            self.arrangement.toggle("measures")
        else:
            self.arrangement.reveal("measures")

    def measures_seen(self) -> bool:
        return self.arrangement.is_seen("measures")

    def toggle_full_screen(self) -> None:
        """Only the pictures and the clock; F or Esc comes back."""
        if self.arrangement.full_screen:
            self._bottom.setMaximumHeight(ANY_PX)
            self.arrangement.leave_full_screen()
        else:
            self.arrangement.enter_full_screen(self.timeline, self.top_bar, self.statusBar())
            strip = self.team_desk.gold_strip
            told = 0 if strip.isHidden() else strip.height()
            self._bottom.setMaximumHeight(self.transport_bar.height() + told)

    def is_full_screen(self) -> bool:
        return self.arrangement.full_screen

    # ---- what the commands ask

    def has_recording(self) -> bool:
        return self.session.recording is not None

    def has_library(self) -> bool:
        return self.library.model.rowCount() > 0

    def go_in_library(self, rows: int) -> None:
        self.library.open_next(rows)

    def search_library(self) -> None:
        self.arrangement.show("library")
        self.library.search.setFocus()
        self.library.search.selectAll()

    def show_palette(self) -> None:
        self.palette_box.open()

    def show_recent(self) -> None:
        self.palette_box.open(entries=partial(recent_entries, self))

    def show_sheet(self) -> None:
        self.sheet.toggle()

    def open_path(self, path: Path) -> None:
        """A project, a folder or a recording."""
        path = path.absolute()
        self.session.open(path)
        self.session.settings.remember(path)
        self.save_settings()

    def open_demo(self) -> None:
        self.demo.open()

    def save_screenshot(self, path: Path) -> bool:
        """The panes as they stand, as PNG."""
        if self.pane_area.grab().save(str(path), "PNG"):
            self.session.message.emit("info", f"Saved {path}")
            return True
        self.problem_bar.tell(
            Trouble("The picture could not be written.", path, "Choose another folder.")
        )
        return False

    def overlays_shown(self) -> bool:
        return self._overlays

    def toggle_overlays(self) -> None:
        self._overlays = not self._overlays
        for pane_id in ("color", "depth", "infrared"):
            dock = self.pane_area.docks.get(pane_id)
            if dock is not None:
                dock.widget().toggle("skeleton").setChecked(self._overlays)

    def set_theme(self, name: str) -> None:
        theme.apply(QApplication.instance(), name)
        self.session.settings.theme = name
        self.save_settings()

    def change_annotator(self, name: str) -> None:
        """Label as somebody else from now on; remembered."""
        self.session.change_annotator(name)
        self.save_settings()

    def save_settings(self) -> None:
        try:
            save_settings(self.session.settings)
        except OSError as error:
            self.session.message.emit("warn", f"The settings were not saved. {error}")

    def close_soon(self) -> None:
        """After the menu or key that asked for it is done."""
        QTimer.singleShot(0, self.close)

    # ---- what happens

    def _refused(self, command: Command) -> None:
        if command.id == "label.back_out":
            self.back_out()
        elif command.menu:
            self.session.message.emit("info", command.refusal())

    def back_out(self) -> None:
        """Esc, when labelling has nothing to back out of."""
        if self.recognising.what_if.back_out():
            return
        if self.is_full_screen():
            self.toggle_full_screen()
        elif self.problem_bar.dismiss():
            return
        elif self.beside_desk.is_shown():
            self.beside_desk.leave()
        elif self.train_page is not None:
            self.train_page.back_out()

    def _show_recording(self, recording: object) -> None:
        self._show_title()
        self._show_middle()

    def _show_title(self) -> None:
        recording, shown = self.session.recording, self.session.team.shown
        name = "" if recording is None else f"{shown(recording.name)} – "
        self.setWindowTitle(f"{name}HARStudio")

    def _show_middle(self) -> None:
        recording = self.session.recording
        training = self.arrangement.workspace == "view.train" and self.is_furnished
        if training and self.train_page is None:
            from harstudio.studio.training.page import TrainPage

            self.train_page = TrainPage(self.training, self.commands)
            self.train_page.evaluation.beside_wanted.connect(self.beside_desk.show_errors_of_view)
            self._middle.addWidget(self.train_page)
        self.training.set_shown(training)
        panes = self.welcome if recording is None else self.pane_area
        other = self.beside_desk.page if self.beside_desk.is_shown() else None
        if self.live_desk.is_shown() and self.is_furnished:
            other = self.live_desk.made()
        if other is not None and self._middle.indexOf(other) < 0:
            self._middle.addWidget(other)
        self._middle.setCurrentWidget(other or (self.train_page if training else panes))
        if recording is None:
            self.welcome.refresh()
        else:
            self.pane_area.show_for(recording)

    def _opening(self, _path: str) -> None:
        self.problem_bar.clear()

    def _show_failure(self, error: BaseException) -> None:
        held = isinstance(error, ConflictError) and self.session.history is None
        again = self.session.open_labels_again if held else None
        self.problem_bar.tell(Trouble.of(error, again))
        self.welcome.refresh()  # a recent path may be gone
        self.status.quiet()

    def _log_message(self, level: str, sentence: str) -> None:
        levels = {"warn": logging.WARNING, "bad": logging.ERROR}
        logger.log(levels.get(level, logging.INFO), "%s", sentence)
        if level == "bad":
            self.problem_bar.tell(Trouble(sentence))

    def _restyle(self) -> None:
        canvas = theme.current().canvas
        self.pane_area.setStyleSheet(f"#pane_area {{ background: {canvas}; }}")

    def open_paths(self, paths: Iterable[Path]) -> None:
        """The first is opened, the others are put among the recent ones."""
        first, *others = list(paths)
        for path in reversed(others):
            self.session.settings.remember(path.absolute())
        self.open_path(first)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.open_paths(paths)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        event.ignore()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if self.is_full_screen():
            self.toggle_full_screen()
        self.beside_desk.leave()
        if self.is_furnished:
            self.arrangement.remember()
            self.pane_area.remember()
            self.store.sync()
        self.library.shut()
        self.demo.shut()
        self.asking.shut()
        self.label_desk.shut()
        self.hide()  # what the workers still have to save takes its time without the window
        self.demo_mode.shut()
        self.watch.shut()
        self.live.shut()
        self.live_desk.shut()
        self.training.close()
        self.recognising.shut()
        self.helping.shut()
        self.measuring.shut()
        if self.train_page is not None:
            self.train_page.shut()
        self.desk.shut()
        self.team_desk.shut()
        self.beside_desk.shut()
        self.session.close()
        event.accept()
