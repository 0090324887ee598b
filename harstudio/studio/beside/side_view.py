"""What one side shows: who says what about the clip, its panes, and what the run looked at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.comparing import same_label
from harstudio.studio import theme
from harstudio.studio.beside.side import Side
from harstudio.studio.buttons import ToolButton
from harstudio.studio.evaluation.headline import quiet_label
from harstudio.studio.pane_area import relevant_panes
from harstudio.studio.panes import PANES
from harstudio.studio.panes.pane import ElidedLabel
from harstudio.studio.recognition.looked_at import LookedAt
from harstudio.studio.recognition.ranking import percent
from harstudio.studio.timecode import clock_text

if TYPE_CHECKING:
    from harstudio.studio.panes.pane import Pane

SHOWN = ("color", "depth", "infrared", "skeleton3d")
LOOKED_AT_PX, LOOKED_AT_SHARE = 190, 0.3  # at most so much of the height
SWITCH_PX, NARROWEST_PX = 150, 260
GAIN = 1.15  # so much larger pictures must become before they change places
PICTURE = 4 / 3  # width to height that pictures are given room for


class Pictures(QWidget):
    """Panes in as many columns as make them largest, all of one size."""

    def __init__(self, panes: Sequence[QWidget]) -> None:
        super().__init__()
        self._panes = panes
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(1)
        self._placed: tuple[list[QWidget], int] = ([], 0)
        for pane in panes:
            pane.setParent(self)
            pane.hide()

    def share_out(self) -> None:
        """Place those that are shown."""
        shown = [pane for pane in self._panes if not pane.isHidden()]

        def tall(columns: int) -> float:
            return min(self.width() / columns / PICTURE, self.height() / -(-len(shown) // columns))

        columns = max(range(1, len(shown) + 1), key=tall, default=0)
        before, had = self._placed
        if before == shown and had and tall(columns) < GAIN * tall(had):
            return  # pictures that one compares stay where they are
        if (shown, columns) == self._placed:
            return
        for line in range(len(self._panes)):
            self._grid.setColumnStretch(line, int(line < columns))
            self._grid.setRowStretch(line, int(line * columns < len(shown)))
        for pane in self._panes:
            self._grid.removeWidget(pane)
        for k, pane in enumerate(shown):
            self._grid.addWidget(pane, k // columns, k % columns)
        self._placed = shown, columns

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.share_out()


class SideView(QWidget):
    """Follows one side."""

    def __init__(self, side: Side, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side = side
        self.panes: dict[str, Pane] = {name: PANES[name](side) for name in SHOWN}
        self._build()
        side.ready.connect(self.refresh)
        side.answered.connect(self.refresh)
        side.explaining.changed.connect(self._explain)
        side.transport.moved.connect(self._follow)
        self.looked_at.class_chosen.connect(side.explain)
        theme.theme_events.changed.connect(self.refresh)
        self._told: object = None
        self.setMinimumWidth(NARROWEST_PX)  # names of classes do not make one side the wider one
        self.refresh()

    def _build(self) -> None:
        self.caption = QLabel()
        self.caption.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        self.caption.setProperty("quiet", True)
        self.title, self.about = ElidedLabel(), ElidedLabel()
        self.title.setFont(theme.ui_font(theme.EMPTY_PX, bold=True))
        self.about.setFont(theme.time_font(theme.QUIET_PX))
        self.verdict = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        two_lines = 2 * self.verdict.fontMetrics().lineSpacing()
        self.verdict.setMinimumHeight(two_lines)  # words that come move no picture
        self.note = quiet_label(wrap=True)
        self.problem = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        self.problem.setFont(theme.ui_font(theme.EMPTY_PX))
        self.problem.setContentsMargins(24, 24, 24, 24)
        self.for_said, self.for_true = ToolButton(), ToolButton()
        self._switch = QWidget()
        row = QHBoxLayout(self._switch)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(quiet_label("what speaks for"))
        for button in (self.for_said, self.for_true):
            button.setCheckable(True)
            row.addWidget(button)
        row.addStretch(1)
        self.for_said.clicked.connect(partial(self._choose, "said"))
        self.for_true.clicked.connect(partial(self._choose, "true"))
        self.head = QWidget()
        column = QVBoxLayout(self.head)
        column.setContentsMargins(12, 8, 12, 6)
        column.setSpacing(2)
        for widget in (self.caption, self.title, self.verdict, self.about, self.note, self._switch):
            column.addWidget(widget)
        column.addStretch(1)
        self.pictures = Pictures(list(self.panes.values()))
        self.looked_at = LookedAt(self.side)
        self.trouble = QLabel(wordWrap=True)
        inside = QWidget()
        below = QVBoxLayout(inside)
        below.setContentsMargins(12, 6, 12, 8)
        below.addWidget(self.trouble)
        below.addWidget(self.looked_at)
        below.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(inside)
        self._body = QSplitter(Qt.Orientation.Vertical)
        self._body.setHandleWidth(1)
        self._body.setChildrenCollapsible(False)
        self._body.addWidget(self.pictures)
        self._body.addWidget(self._scroll)
        self._body.setStretchFactor(0, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.head)
        outer.addWidget(self._body, 1)
        outer.addWidget(self.problem, 1)

    # ---- panes

    def fitting(self) -> tuple[str, ...]:
        """The panes that this recording fills."""
        if self.side.recording is None:
            return ()
        return tuple(name for name in relevant_panes(self.side.recording) if name in SHOWN)

    def show_panes(self, names: set[str]) -> None:
        """These, of those that have something to show."""
        there = self.fitting()
        for name, pane in self.panes.items():
            pane.setVisible(name in names and name in there)
        self.pictures.share_out()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        below = min(LOOKED_AT_PX, round(LOOKED_AT_SHARE * self._body.height()))
        self._body.setSizes([max(1, self._body.height() - below), below])

    # ---- words

    def refresh(self, *_: object) -> None:
        """As the side is now."""
        side, compared = self.side, self.side.compared
        there = compared is not None and not side.problem
        self._body.setVisible(there)
        self.problem.setVisible(not there)
        self.problem.setText(side.problem if compared is not None else self.problem.text())
        for widget in (self.title, self.verdict, self.about, self.note):
            widget.setVisible(compared is not None)
        self.caption.setText("" if compared is None else compared.caption)
        self._meet()
        if compared is None:
            self._switch.hide()
            return
        self.title.setText(compared.title or compared.true or self._said()[0])
        begins = 0 if side.recording is None else side.recording.start_ns
        span = (clock_text(at - begins) for at in (compared.start_ns, compared.end_ns))
        about = [side.team.shown(compared.recording), " – ".join(span)]
        if compared.title and compared.true:
            about.append(f"shows “{compared.true}”")
        self.about.setText(" · ".join(about))
        self.about.setToolTip(side.team.shown(str(side.path or compared.path)))
        self.note.setText(compared.note)
        self.note.setVisible(bool(compared.note))
        self._show_verdict()
        self._show_switch()

    def say(self, sentence: str) -> None:
        """Why there is nothing at this side."""
        self.problem.setText(sentence)

    def _said(self) -> tuple[str, float | None]:
        """What the evaluation kept, else what the run answers now."""
        compared, told = self.side.compared, self.side.recognition
        if compared is not None and compared.said:
            return compared.said, compared.confidence
        if told is None:
            return "", None
        return told.classes[told.label], told.confidence

    def _show_verdict(self) -> None:
        tokens, side, compared = theme.current(), self.side, self.side.compared
        said, sure = self._said()
        self.verdict.setVisible(bool(said))
        if compared is None or not said:
            return
        words = f"said to be “{said}”" + ("" if sure is None else f", {_share(sure)} sure")
        color = tokens.quiet
        told = side.recognition
        if told is not None and compared.true and not _knows(told.classes, compared.true):
            words += f"; does not know “{compared.true}”"
        elif compared.true:
            right = same_label(said, compared.true)
            color = tokens.good if right else tokens.bad
            words = ("✓ " if right else "✗ ") + words
        if told is not None and compared.said and told.classes[told.label] != compared.said:
            now, share = told.classes[told.label], _share(told.confidence)
            words += f"; asked now, “{now}”, {share}"
        elif told is not None and side.label not in (None, told.label):
            share = _share(float(told.windows[0].probabilities[side.label]))
            words += f"; “{told.classes[side.label]}”\N{NO-BREAK SPACE}{share}"
        self.verdict.setText(words)
        self.verdict.setStyleSheet(f"color: {color};")

    def _labels(self) -> tuple[int | None, int | None]:
        """Indices of the classes that were said and are true, where both are known and differ."""
        compared, told = self.side.compared, self.side.recognition
        if compared is None or told is None or not compared.true:
            return None, None
        if compared.label is not None and not compared.said:
            return None, None  # this side is there for one class
        said = self._said()[0]
        found = [
            next((k for k, name in enumerate(told.classes) if same_label(name, one)), None)
            for one in (said, compared.true)
        ]
        return (None, None) if found[0] == found[1] else (found[0], found[1])

    def _show_switch(self) -> None:
        said, true = self._labels()
        self._switch.setVisible(said is not None and true is not None)
        told = self.side.recognition
        if said is None or true is None or told is None:
            return
        now = told.label if self.side.label is None else self.side.label
        for button, label in ((self.for_said, said), (self.for_true, true)):
            name = told.classes[label]
            button.setText(f"“{self._short(name)}”")
            button.setToolTip(f"What speaks for “{name}”")
            button.setChecked(label == now)

    def _short(self, name: str) -> str:
        return self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, SWITCH_PX)

    def _choose(self, which: str, _checked: bool = False) -> None:
        said, true = self._labels()
        self.side.explain(true if which == "true" else said)

    def switch_class(self) -> None:
        """From the class that was said to the true one, or back."""
        said, true = self._labels()
        if said is not None and true is not None:
            self.side.explain(said if self.side.label == true else true)

    # ---- what it looked at

    def _meet(self) -> None:
        told = self.side.recognition
        if told is not self._told:
            self._told = told
            self.looked_at.meet(() if told is None else told.classes)
        self.looked_at.show_target(self.side.label)
        waits = told is None and not self.side.trouble
        self.looked_at.setVisible(told is not None)
        words = (
            "asking the run what it looked at …"
            if waits
            else self.side.team.shown(self.side.trouble)
        )
        self.trouble.setText(words)
        self.trouble.setVisible(bool(words))
        self.trouble.setStyleSheet(
            f"color: {theme.current().quiet if waits else theme.current().bad};"
        )

    def _explain(self) -> None:
        if self.side.recognition is not self._told:
            self.refresh()

    def _follow(self, position_ns: int) -> None:
        if self.isVisible():
            self.looked_at.follow(position_ns)


def _share(value: float) -> str:
    """ "83 %", never torn apart at the end of a line."""
    return f"{percent(value)}\N{NO-BREAK SPACE}%"


def _knows(classes: Sequence[str], name: str) -> bool:
    return any(same_label(one, name) for one in classes)
