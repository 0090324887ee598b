"""The Team panel: how far annotators agree, where they do not, and settling it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.agreement import Disagreement
from harstudio.labels.team.policy import GOLD
from harstudio.studio import theme
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.flow import Flow
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.session import Session
from harstudio.studio.team.comparing import Comparing
from harstudio.studio.team.disagreement_list import DisagreementList, DisagreementModel
from harstudio.studio.team.figures_view import FiguresView
from harstudio.studio.team.settling import Settling, said

TAKE_KEYS = 9  # with the list in hand, digits take opinions
NOBODY = (
    "Agreement is told where two annotators labelled the same recording. Press Ctrl+2 to label, "
    "or choose “Annotator…” in the Label menu to label as somebody else."
)


class TeamPanel(QWidget):
    """Follows comparing and settling; measures only while it is seen."""

    def __init__(
        self, session: Session, labelling: Labelling, comparing: Comparing, settling: Settling
    ) -> None:
        super().__init__()
        self.setObjectName("team")
        self._session, self._labelling = session, labelling
        self._comparing, self._settling = comparing, settling
        self._chips: dict[str, ToolButton] = {}
        self._build()
        comparing.changed.connect(self.refresh)
        settling.changed.connect(self.refresh)
        labelling.labels_changed.connect(self.refresh)

    # ---- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._build_head())
        self._who = QWidget()
        self._chip_row = Flow(self._who)
        self._chip_row.setContentsMargins(10, 0, 10, 0)
        column.addWidget(self._who)
        self._state = QLabel(wordWrap=True)
        self._state.setProperty("quiet", True)
        self._state.setContentsMargins(12, 0, 12, 0)
        column.addWidget(self._state)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setHandleWidth(1)
        self.figures = FiguresView(self._labelling.color_of)
        self.figures.setContentsMargins(12, 0, 12, 8)
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.figures)
        self._splitter.addWidget(self._scroll)
        self._splitter.addWidget(self._build_list())
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([300, 260])
        column.addWidget(self._splitter, 1)
        self._filler = QWidget()  # keeps what is said at the top where there are no figures
        column.addWidget(self._filler, 1)
        column.addWidget(self._build_foot())

    def _build_head(self) -> QHBoxLayout:
        self._title = QLabel("Agreement")
        self._title.setProperty("quiet", True)
        self._title.setFont(theme.ui_font(12, bold=True))
        self._here = self._choice("Recording", False, "Over the open recording")
        self._everywhere = self._choice("Project", True, "Over every recording of the project")
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 8, 0)
        row.setSpacing(4)
        row.addWidget(self._title)
        row.addStretch(1)
        row.addWidget(self._here)
        row.addWidget(self._everywhere)
        return row

    def _choice(self, text: str, whole: bool, tip: str) -> ToolButton:
        button = ToolButton(text)
        button.setCheckable(True)
        button.setToolTip(tip)
        button.clicked.connect(partial(self._choose_scope, whole))
        return button

    def _choose_scope(self, whole: bool, _checked: bool = False) -> None:
        self._comparing.choose_project(whole)
        self.refresh()

    def _build_list(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(4, 8, 4, 0)
        column.setSpacing(4)
        self._count = QLabel()
        self._count.setProperty("quiet", True)
        self._count.setFont(theme.ui_font(12, bold=True))
        self._count.setContentsMargins(8, 0, 8, 0)
        self.model = DisagreementModel(self._settling.is_settled, self._color_of, self._where, self)
        self.list = DisagreementList(self.model)
        self.list.chosen.connect(self._comparing.go)
        self.list.digit.connect(self._take_digit)
        self.longest = ToolButton("Longest first")
        self.longest.setCheckable(True)
        self.longest.setToolTip("The longest disagreements first; else by time")
        self.longest.toggled.connect(self._comparing.order)
        head = QHBoxLayout()
        head.addWidget(self._count, 1)
        head.addWidget(self.longest)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        return holder

    def _build_foot(self) -> QWidget:
        foot = QWidget()
        column = QVBoxLayout(foot)
        column.setContentsMargins(12, 0, 12, 10)
        column.setSpacing(6)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self._how_far = QLabel()
        self._how_far.setProperty("quiet", True)
        self._opinions = QWidget()
        self._opinion_column = QVBoxLayout(self._opinions)
        self._opinion_column.setContentsMargins(0, 0, 0, 0)
        self._opinion_column.setSpacing(4)
        self._opinion_buttons: list[Button] = []
        self.settle_button = Button("Settle for the gold labels")
        self.settle_button.setToolTip(
            "Open the gold labels of this recording and decide disagreement by disagreement"
        )
        self.settle_button.clicked.connect(self._settle)
        self.keep_button = Button("0   Settled as gold stands")
        self.keep_button.setToolTip(
            "The disagreement in hand is settled with what gold says: press a label key first to "
            "give it another label"
        )
        self.keep_button.clicked.connect(self._keep)
        parts = (self._how_far, self.bar, self._opinions, self.keep_button, self.settle_button)
        for widget in parts:
            column.addWidget(widget)
        return foot

    def _settle(self, _checked: bool = False) -> None:
        self._settling.start()
        if self._settling.active:
            self.list.setFocus()

    def _keep(self, _checked: bool = False) -> None:
        self._settling.keep()

    # ---- showing

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._comparing.watch(True)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        super().hideEvent(event)
        self._comparing.watch(False)

    def refresh(self) -> None:
        """Show what is so now; a hidden panel does that when it is shown."""
        if not self.isVisible():
            return
        comparing, active = self._comparing, self._settling.active
        self._here.setChecked(not comparing.whole_project)
        self._everywhere.setChecked(comparing.whole_project)
        self._everywhere.setEnabled(not active)
        self._show_chips()
        sentence = self._sentence()
        self._state.setText(sentence)
        self._state.setVisible(bool(sentence))
        enough = comparing.agreement is not None and len(comparing.gathered.annotators) > 1
        self.figures.show_agreement(comparing.agreement if enough else None)
        self._scroll.setVisible(enough and not active)
        self.model.set_rows(comparing.disagreements)
        self.list.select(comparing.current)
        self.list.takes_digits = active
        self._splitter.setVisible(enough)
        self._filler.setVisible(not enough)
        self._count.setText(self._counted())
        self.longest.setVisible(len(comparing.disagreements) > 1)
        self._show_foot(active)

    def _sentence(self) -> str:
        comparing, gathered = self._comparing, self._comparing.gathered
        if self._session.recording is None:
            return "Open a recording to see how far its annotators agree."
        if comparing.busy and comparing.agreement is None:
            return f"Reading, {comparing.read} recordings" if comparing.read else "Reading"
        parts = []
        if gathered.hidden:
            many = f" ({gathered.hidden_count} recordings)" if comparing.whole_project else ""
            parts.append(gathered.hidden + many)
        elif len(gathered.annotators) < 2 and not comparing.busy:
            parts.append(NOBODY)
        parts += gathered.problems[:3]
        return "\n".join(parts)

    def _show_chips(self) -> None:
        there = self._comparing.gathered.annotators
        if tuple(self._chips) != there:
            for chip in self._chips.values():
                self._chip_row.removeWidget(chip)
                chip.deleteLater()
            self._chips = {name: self._new_chip(name) for name in there}
        for name, chip in self._chips.items():
            chip.setChecked(name in self._comparing.chosen)
        self._who.setVisible(len(there) > 1)

    def _new_chip(self, name: str) -> ToolButton:
        chip = ToolButton(name)
        chip.setCheckable(True)
        tip = "The agreed labels" if name == GOLD else f"Compare what {name} says"
        chip.setToolTip(tip)
        chip.clicked.connect(self._choose)
        self._chip_row.addWidget(chip)
        return chip

    def _choose(self, _checked: bool = False) -> None:
        self._comparing.choose(tuple(n for n, chip in self._chips.items() if chip.isChecked()))

    def _counted(self) -> str:
        rows = self._comparing.disagreements
        seconds = sum(one.end_ns - one.start_ns for one in rows) / 1e9
        if not rows:
            return "No disagreement"
        return f"Disagreements · {len(rows)} · {seconds:.1f} s in all"

    def _show_foot(self, active: bool) -> None:
        settled, total = self._settling.progress()
        for widget in (self._how_far, self.bar, self._opinions, self.keep_button):
            widget.setVisible(active)
        ready = len(self._comparing.gathered.annotators) > 1
        self.settle_button.setVisible(ready and not active and not self._comparing.whole_project)
        if active:
            self._how_far.setText(f"{settled} of {total} settled")
            self.bar.setRange(0, max(1, total))
            self.bar.setValue(settled)
            self._show_opinions()

    def _show_opinions(self) -> None:
        opinions = self._settling.opinions()
        while len(self._opinion_buttons) < len(opinions):
            self._opinion_buttons.append(self._new_opinion(len(self._opinion_buttons)))
        for at, button in enumerate(self._opinion_buttons):
            button.setVisible(at < len(opinions))
            if at < len(opinions):
                name, what = opinions[at]
                key = f"{at + 1}   " if at < TAKE_KEYS else ""
                button.setText(f"{key}{name}: {said(what)}".replace("&", "&&"))
        self.keep_button.setEnabled(bool(opinions))

    def _new_opinion(self, place: int) -> Button:
        button = Button("")
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.clicked.connect(partial(self._take, place))
        self._opinion_column.addWidget(button)
        return button

    def _take_digit(self, digit: int) -> None:
        if digit:
            self._settling.take(digit - 1)
        else:
            self._settling.keep()

    def _take(self, place: int, _checked: bool = False) -> None:
        self._settling.take(place)

    def _color_of(self, label: str) -> str:
        return self._labelling.color_of(label)

    def _where(self, one: Disagreement) -> tuple[str, int]:
        recording, shown = self._session.recording, self._session.team.shown
        here = recording is not None and recording.name == one.recording
        name = shown(one.recording) if self._comparing.whole_project else ""
        return name, self._session.transport.start_ns if here else 0
