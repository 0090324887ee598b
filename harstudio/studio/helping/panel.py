"""The panel of help: which run looks, and a page each for the loop, for what is alike, and for
doubtful labels."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio.buttons import ToolButton
from harstudio.studio.fields import ChoiceBox
from harstudio.studio.helping.alike_page import AlikePage
from harstudio.studio.helping.audit_page import AuditPage
from harstudio.studio.helping.parts import quiet
from harstudio.studio.helping.suggest_page import SuggestPage
from harstudio.studio.recognition.run_choice import in_words

if TYPE_CHECKING:
    from harstudio.studio.helping.helping import Helping
    from harstudio.studio.panels.thumbnails import Thumbnails

PAGES = {
    "suggest": ("Suggest", "Suggest clips, and learn from what is said about them"),
    "alike": ("Similar", "More like this: find what is like the selected clip"),
    "audit": ("Audit", "Labels that a network contradicts"),
}
ROOMY_PX = 460  # less is little room
TRAIN = "Train a network on these labels…"


class HelpPanel(QWidget):
    """Three pages, one of them in front; each shows what is so while it is visible."""

    def __init__(self, helping: Helping, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.setObjectName("suggest")
        self._helping, self._in_use = helping, helping.run_in_use
        self.runs = ChoiceBox("The run that looks at the recordings")
        self.runs.activated.connect(self._choose)
        self.lacks = quiet()
        self.tabs = {name: ToolButton(title) for name, (title, _) in PAGES.items()}
        session, labelling = helping.session, helping.labelling
        self._suggest = SuggestPage(session, helping.looping, labelling.proposals)
        self.pages: dict[str, SuggestPage | AlikePage | AuditPage] = {
            "suggest": self._suggest,
            "alike": AlikePage(labelling, helping.alike, thumbnails.get),
            "audit": AuditPage(labelling, helping.audit),
        }
        thumbnails.ready.connect(self.pages["alike"].list.rows.redraw)
        self._build()
        self._in_use.changed.connect(self._show_runs)
        helping.turned.connect(self.turn)
        self.turn(helping.page)
        self._show_runs()

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setMinimumWidth(0)
        inside.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        scroll.setWidget(inside)
        outer.addWidget(scroll)
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 8, 12, 10)
        column.setSpacing(8)
        tabs = QHBoxLayout()
        tabs.setSpacing(2)
        for name, button in self.tabs.items():
            button.setCheckable(True)
            button.setToolTip(PAGES[name][1])
            button.clicked.connect(partial(self._turn, name))
            tabs.addWidget(button)
        tabs.addStretch(1)
        column.addLayout(tabs)
        column.addWidget(self.runs)
        column.addWidget(self.lacks)
        for page in self.pages.values():  # in a stack the tallest would make the others tall
            column.addWidget(page, 1)

    # ---- pages

    def _turn(self, name: str, _checked: bool = False) -> None:
        self._helping.turn(name)

    def turn(self, name: str) -> None:
        """Show a page."""
        for other, button in self.tabs.items():
            button.setChecked(other == name)
            if other != name:
                self.pages[other].hide()
        self.pages[name].show()

    def focus_list(self) -> None:
        """Keys walk through the list of the shown page."""
        self.pages[self._helping.page].list.setFocus()

    # ---- runs

    def _show_runs(self) -> None:
        in_use = self._in_use
        if not self.isVisible():
            return
        paths = [str(one.path) for one in in_use.choices]
        recording = self._helping.session.recording
        if paths != [self.runs.itemData(k) for k in range(len(paths))]:
            self.runs.clear()
            for one in in_use.choices:
                self.runs.addItem(f"{one.name} · {in_words(one.needs, '+')}", str(one.path))
            self.runs.insertSeparator(self.runs.count())
            self.runs.addItem(TRAIN)
        for place, one in enumerate(in_use.choices):
            tip = f"{one.facts(recording)}\n{one.path}"
            self.runs.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
        chosen = in_use.chosen
        self.runs.setCurrentIndex(-1 if chosen is None else paths.index(str(chosen.path)))
        self.runs.setVisible(bool(paths))
        self.runs.setToolTip(in_use.facts())
        self.lacks.setText(in_use.lacks())
        self.lacks.setVisible(bool(in_use.lacks()))

    def _choose(self, place: int) -> None:
        if self.runs.itemData(place) is None:
            self._show_runs()
            self._helping.train()
            return
        self._in_use.choose(Path(str(self.runs.itemData(place))))
        self.focus_list()

    # ---- size

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._show_runs()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._suggest.set_compact(self.height() < ROOMY_PX)
