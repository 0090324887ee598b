"""What is to be live: a source, a run, a few labels. Shown while nothing is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import get_args

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio import icons, theme
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.flow import Flow
from harstudio.studio.live.choosing.catalogue import Catalogue
from harstudio.studio.live.choosing.choice import LiveChoice, PoseModel
from harstudio.studio.live.choosing.offer_list import OfferList

WIDEST_PX, LABELS_PX = 1080, 118
INTRO = (
    "Somebody stands before a camera and is recognised at once; everything can be recorded and "
    "labelled afterwards."
)
CHOOSE = "Choose what sees."
NO_SENSOR = "No sensor is here: plug one in and look again, or choose a recording or a video."
POSES = {
    "lite": "Lite: quickest",
    "full": "Full: usual",
    "heavy": "Heavy: most exact",
}


class Chooser(QWidget):
    """Writes into ``LiveChoice``. Enter in a list starts."""

    started = Signal()

    def __init__(
        self,
        choice: LiveChoice,
        catalogue: Catalogue,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._choice, self._catalogue = choice, catalogue
        self.sources = OfferList("Sources")
        self.runs = OfferList("Networks")
        self.again = ToolButton(" Look again")
        self.again.setToolTip("Ask every driver which sensors are there")
        self.again.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.again.clicked.connect(catalogue.look)
        self.video = Button("A video…")
        self.replay = Button("A recording…")
        self.start = Button("Start")
        self.start.setProperty("primary", True)
        self.start.clicked.connect(lambda: self.started.emit())
        self.remark = QLabel(wordWrap=True)
        self.remark.setProperty("quiet", True)
        self.label_buttons: dict[str, ToolButton] = {}
        self.pose_buttons: dict[str, ToolButton] = {}
        self._build()
        self.sources.chosen.connect(choice.set_source)
        self.runs.chosen.connect(choice.set_run)
        self.sources.opened.connect(lambda _key: self.started.emit())
        self.runs.opened.connect(lambda _key: self.started.emit())
        catalogue.sources_changed.connect(self._fill_sources)
        catalogue.runs_changed.connect(self._fill_runs)
        self._soon = QTimer(self, singleShot=True, interval=0)  # never while a list is clicked
        self._soon.timeout.connect(self.refresh)
        choice.changed.connect(self._soon.start)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()
        self._fill_sources()

    def _build(self) -> None:
        title = QLabel("Live")
        title.setFont(theme.ui_font(theme.EMPTY_PX, bold=True))
        intro = QLabel(INTRO, wordWrap=True)
        intro.setProperty("quiet", True)
        source_foot = QHBoxLayout()
        source_foot.setSpacing(8)
        source_foot.addWidget(self.video)
        source_foot.addWidget(self.replay)
        source_foot.addStretch(1)
        source_foot.addWidget(self.again)
        self._poses = QWidget()
        poses = QHBoxLayout(self._poses)
        poses.setContentsMargins(0, 0, 0, 0)
        poses.setSpacing(4)
        words = QLabel("Skeletons")
        words.setProperty("quiet", True)
        poses.addWidget(words)
        for name in get_args(PoseModel):
            button = self._chip(POSES[name], partial(self._choose_pose, name))
            self.pose_buttons[name] = button
            poses.addWidget(button)
        poses.addStretch(1)
        lists = QHBoxLayout()
        lists.setSpacing(16)
        lists.addLayout(self._card("What sees", self.sources, source_foot), 1)
        lists.addLayout(self._card("What recognises", self.runs, self._poses), 1)
        self._all = self._chip("All", self._choose_all)
        self._chips = QWidget()
        self._flow = Flow(self._chips)
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._flow.addWidget(self._all)
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._chips)
        area.setMaximumHeight(LABELS_PX)
        self._labels_area = area
        labels_title = QLabel("Which actions are told")
        labels_title.setFont(theme.ui_font(bold=True))
        self._labels_title = labels_title
        foot = QHBoxLayout()
        foot.addWidget(self.remark, 1)
        foot.addSpacing(16)
        foot.addWidget(self.start)
        inside = QWidget()
        inside.setMaximumWidth(WIDEST_PX)
        inside.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout(inside)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(10)
        column.addWidget(title)
        column.addWidget(intro)
        column.addSpacing(4)
        column.addLayout(lists, 1)
        column.addWidget(labels_title)
        column.addWidget(area)
        column.addLayout(foot)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(inside, 100)
        row.addStretch(1)

    def _card(self, title: str, inside: QWidget, foot: QHBoxLayout | QWidget) -> QVBoxLayout:
        head = QLabel(title)
        head.setFont(theme.ui_font(bold=True))
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addWidget(head)
        column.addWidget(inside, 1)
        if isinstance(foot, QWidget):
            column.addWidget(foot)
        else:
            column.addLayout(foot)
        return column

    def _chip(self, text: str, clicked: Callable[[], None]) -> ToolButton:
        button = ToolButton(text)
        button.setCheckable(True)
        button.setProperty("chip", True)
        button.clicked.connect(lambda _checked=False: clicked())
        return button

    # ---- showing

    def refresh(self) -> None:
        """As it is chosen now."""
        self._fill_sources()
        choice, catalogue = self._choice, self._catalogue
        kinds = catalogue.kinds_of(choice.source)
        offers = {one.key: one for one in catalogue.sources(choice.source)}
        given = offers[choice.source].kinds if choice.source in offers else ()
        posed = not given or ("color" in given and "skeleton" not in given)
        self._poses.setVisible(posed)
        for name, button in self.pose_buttons.items():
            button.setChecked(choice.pose == name)
        self._fill_labels()
        run = next((one for one in catalogue.runs(choice.source) if one.key == choice.run), None)
        words = ""
        if not choice.source:
            sensors = any(one.enabled for one in catalogue.found)
            words = CHOOSE if sensors or catalogue.looking else NO_SENSOR
        elif run is not None and not run.enabled and kinds is not None:
            words = f"{run.title}: {run.detail.rpartition(' · ')[2]}."
        elif catalogue.problem:
            words = catalogue.problem
        self.remark.setText(words)
        self.start.setEnabled(bool(choice.source))
        self.start.setText("Start  F9")

    def _fill_sources(self) -> None:
        offers = self._catalogue.sources(self._choice.source)
        if offers != tuple(self.sources.offers()):
            self.sources.show_offers(offers, self._choice.source)
        self.again.setText(" Looking…" if self._catalogue.looking else " Look again")
        self.again.setEnabled(not self._catalogue.looking)
        self._fill_runs()

    def _fill_runs(self) -> None:
        offers = self._catalogue.runs(self._choice.source)
        if offers != tuple(self.runs.offers()):
            self.runs.show_offers(offers, self._choice.run)
        self._fill_labels()

    def _fill_labels(self) -> None:
        classes = self._catalogue.classes(self._choice.run)
        if tuple(self.label_buttons) != classes:
            while (item := self._flow.takeAt(0)) is not None:
                widget = item.widget()
                if widget is not self._all:
                    widget.hide()
                    widget.deleteLater()
            self._flow.addWidget(self._all)
            self.label_buttons = {}
            for name in dict.fromkeys(classes):
                button = self._chip(name, partial(self._choose_label, name))
                self.label_buttons[name] = button
                self._flow.addWidget(button)
            self._chips.updateGeometry()
        chosen = set(self._choice.labels)
        self._all.setChecked(not chosen)
        for name, button in self.label_buttons.items():
            button.setChecked(name in chosen)
        for widget in (self._labels_title, self._labels_area):
            widget.setVisible(bool(classes))

    # ---- choosing

    def _choose_pose(self, name: PoseModel) -> None:
        self._choice.set_pose(name)
        self.refresh()

    def _choose_all(self) -> None:
        self._choice.set_labels(())
        self._fill_labels()

    def _choose_label(self, name: str) -> None:
        chosen = set(self._choice.labels) ^ {name}
        self._choice.set_labels(tuple(one for one in self.label_buttons if one in chosen))

    def _restyle(self) -> None:
        tokens = theme.current()
        self.again.setIcon(icons.icon("refresh", 16, tokens.quiet))
        sheet = (
            f"QListWidget {{ background: {tokens.canvas}; border: 1px solid {tokens.line};"
            f" border-radius: {theme.CORNER}px; padding: 4px; }}"
            f"QListWidget:focus {{ border-color: {tokens.accent}; }}"
        )
        for one in (self.sources, self.runs):
            theme.tint(one, sheet)
