"""Help in the window: its commands and its panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from harstudio.studio.commands import Command, because
from harstudio.studio.helping.alike import Alike
from harstudio.studio.helping.audit import Audit
from harstudio.studio.helping.looping import Looping
from harstudio.studio.helping.run_in_use import RunInUse

if TYPE_CHECKING:
    from harstudio.studio.helping.panel import HelpPanel
    from harstudio.studio.window import MainWindow

PANEL = "suggest"
MENU = "Label/Suggestions"
AROUND_NS = 3_000_000_000  # shown before and after a stretch that one went to


class Helping(QObject):
    """What ties the loop, what is alike and the audit to a window."""

    turned = Signal(str)  # the page that is shown, of panel.PAGES

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.session, self.labelling = window.session, window.labelling
        self.page = "suggest"
        self.run_in_use: RunInUse = RunInUse(
            self.session, window.recognising.recogniser, window.store
        )
        self.looping: Looping = Looping(
            self.session, self.run_in_use, self.labelling.proposals, self
        )
        self.alike: Alike = Alike(self.labelling, self.run_in_use, self)
        self.audit: Audit = Audit(self.session, self.run_in_use, self)
        self.panel: HelpPanel | None = None
        self.holder = QWidget()  # takes the place of the panel until somebody wants to see it
        column = QVBoxLayout(self.holder)
        column.setContentsMargins(0, 0, 0, 0)
        self.looping.arrived.connect(self._go_on_labelling)
        self.session.selection_changed.connect(self._meet_selection)
        self.alike.proposed.connect(self.looping.read)
        self.alike.arrived.connect(self._show_around)
        self.audit.arrived.connect(self._show_around)

    def furnish(self) -> None:
        """Be ready to be seen; once."""
        dock = self._window.arrangement.docks[PANEL]
        dock.visibilityChanged.connect(self._meet_visibility)
        self._meet_visibility(True)

    def _meet_visibility(self, visible: bool) -> None:
        if visible:  # tabs are in order, and what is behind another is known, only after that
            QTimer.singleShot(0, self, self._look)
        else:
            self.looping.watch(False)

    def _look(self) -> None:
        """Read the project while the panel is seen."""
        seen = self.is_panel_seen()
        if seen:
            self._build()
        if seen is not self.looping.watched:
            self.looping.watch(seen)

    def _build(self) -> None:
        if self.panel is None and self._window.is_furnished:
            from harstudio.studio.helping.panel import HelpPanel

            self.panel = HelpPanel(self, self._window.library.thumbnails)
            self.holder.layout().addWidget(self.panel)

    def commands(self) -> list[Command]:
        """In the order of the menu."""
        looping, alike, audit = self.looping, self.alike, self.audit

        def can_step() -> bool:
            return not looping.why_not() and not looping.job.busy

        def why_no_step() -> str:
            return looping.why_not() or "It is suggesting already."

        return [
            Command("suggest.step", "Learn and suggest", self.step, MENU, "recognise", ("Alt+S",),
                    can_step, why=why_no_step),
            Command("suggest.next_recording", "Next recording with suggestions", looping.go_next,
                    MENU, "next", ("Alt+N",), looping.can_go_next,
                    why=lambda: "No recording waits with suggestions; Alt+S makes some."),
            Command("suggest.alike", "More like this", self.look_alike, MENU, "search",
                    ("Alt+M",), alike.can_look, why=alike.why_not),
            Command("suggest.audit", "Labels that a network contradicts", self.check_labels, MENU,
                    "warning", ("Alt+A",), audit.can_ask, why=audit.why_not),
            Command("suggest.train", "Train a network on these labels…", self.train, MENU, "plus",
                    (), self.in_project, why=because("Open a project first.")),
            Command("view.suggest", "Suggest", self.toggle_panel, "View", "recognise",
                    ("Shift+F5",), checked=self.is_panel_seen),
        ]  # fmt: skip

    # ---- doing

    def step(self) -> None:
        """Learn and suggest, seen in the panel."""
        self.show("suggest")
        self.looping.step()

    def look_alike(self) -> None:
        """Look for more like the selected clip, seen in the panel."""
        self.show("alike")
        self.alike.look()

    def check_labels(self) -> None:
        """Check the labels, seen in the panel."""
        self.show("audit")
        self.audit.ask()

    def in_project(self) -> bool:
        return self.session.project is not None

    def train(self) -> None:
        """A new run on the labels of the open project."""
        self._window.commands.run("train.new")

    # ---- the panel

    def turn(self, page: str) -> None:
        """Show a page of the panel."""
        self.page = page
        self.turned.emit(page)

    def show(self, page: str) -> None:
        """Show the panel, with a page; keys walk through its list."""
        self._window.arrangement.reveal(PANEL)
        self._build()
        self.turn(page)
        if self.panel is not None:
            self.panel.focus_list()

    def toggle_panel(self) -> None:
        if self.is_panel_seen():
            self._window.arrangement.docks[PANEL].hide()
        else:
            self.show(self.page)

    def is_panel_seen(self) -> bool:
        return self._window.arrangement.is_seen(PANEL)

    def _meet_selection(self, clip_id: str | None) -> None:
        """Enter is for the proposal that is selected now, not for the queue."""
        queue = None if self.panel is None else self.panel.pages["suggest"].list
        if queue is not None and queue.hasFocus() and self.labelling.proposals.is_open(clip_id):
            self._window.timeline.setFocus()

    def _go_on_labelling(self) -> None:
        if not self._window.shows_pictures():
            self._window.set_workspace("view.label")
        self._window.timeline.setFocus()

    def _show_around(self, start_ns: int, end_ns: int) -> None:
        around = max(AROUND_NS, end_ns - start_ns)
        self._window.timeline.show_span(start_ns - around, end_ns + around)
        if self.panel is not None and self.is_panel_seen():
            self.panel.focus_list()  # where one walks on to the next

    def shut(self) -> None:
        """Wait for the threads."""
        for part in (self.looping, self.alike, self.audit):
            part.shut()
