"""The measures of what is selected: a curve, a table with left and right, and reports."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from harstudio.measures import angles
from harstudio.measures.clips import PAIRED_JOINTS, ClipMeasures, key
from harstudio.studio import theme
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.measures.curve import AngleCurve
from harstudio.studio.measures.service import Measuring
from harstudio.studio.session import Session

EMPTY = "Open a recording with a skeleton: what people do in it is measured here."
ABOUT = (
    "Joints of the skeleton, smoothed at 6 Hz. 0° is standing at attention. Smoothness (SPARC): "
    "nearer to 0 is smoother. R:L says by how much the right exceeds the left, of their mean."
)
Row = tuple[str, str, str, str]  # name, angle, pattern of the key with {} for the side, asymmetry
TABLES: tuple[tuple[str, int, tuple[Row, ...]], ...] = (  # heading, digits, rows
    (
        "Range, °",
        0,
        tuple(
            (
                name.split()[0],
                name,
                f"{{}}_{key(name)}_rom_deg",
                f"{key(name)}_asymmetry_pct",
            )
            for name in angles.PAIRED
        ),
    ),
    (
        "Speed, m/s",
        2,
        tuple((j, "", f"{{}}_{j}_peak_m_s", f"{j}_speed_asymmetry_pct") for j in PAIRED_JOINTS),
    ),
    ("Smoothness", 2, tuple((j, "", f"{{}}_{j}_sparc", "") for j in PAIRED_JOINTS)),
)


class MeasuresPanel(QWidget):
    """Measured while it can be seen. A row of the table with an angle shows its curve."""

    def __init__(self, session: Session, measuring: Measuring) -> None:
        super().__init__()
        self.setObjectName("measures")
        self._session, self._measuring = session, measuring
        self._angle = ""  # chosen by a click; "" for the one repetitions are counted on
        self._build()
        measuring.changed.connect(self._show)
        session.transport.moved.connect(self._follow)
        theme.theme_events.changed.connect(self._show)
        self._show()

    # ---- building

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        scroll.setWidget(inside)
        outer.addWidget(scroll)
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 8, 14, 12)
        column.setSpacing(8)
        self.title = _quiet("", bold=True)
        self.empty = _quiet(EMPTY)
        self.headline = QLabel()
        self.headline.setWordWrap(True)
        self.curve = AngleCurve()
        self._rows = QGridLayout()
        self._rows.setHorizontalSpacing(10)
        self._rows.setVerticalSpacing(4)
        self._rows.setColumnStretch(0, 1)
        self._table = QWidget()
        self._table.setLayout(self._rows)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self.about = _quiet(ABOUT)
        for widget in (self.title, self.empty, self.headline, self.curve, self._table, self.about):
            column.addWidget(widget)
        column.addLayout(self._build_buttons())
        column.addStretch(1)

    def _build_buttons(self) -> QHBoxLayout:
        line = QHBoxLayout()
        self.csv = Button("Table…")
        self.csv.setToolTip("Every clip of this label, a row each, as CSV")
        self.pdf = Button("Page…")
        self.pdf.setToolTip("One page about this label, as PDF")
        self.csv.clicked.connect(lambda: self._offer(self.csv, ".csv"))
        self.pdf.clicked.connect(lambda: self._offer(self.pdf, ".pdf"))
        line.addWidget(self.csv)
        line.addWidget(self.pdf)
        line.addStretch(1)
        return line

    # ---- showing

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._measuring.set_shown(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        super().hideEvent(event)
        self._measuring.set_shown(False)

    def _show(self, *_: object) -> None:
        stretch, measures = self._measuring.stretch, self._measuring.measures
        self.title.setText("Measures" if stretch is None else f"Measures · {stretch.name}")
        waiting = EMPTY if stretch is None else "Measuring…"
        self.empty.setText(self._measuring.problem or waiting)
        self.empty.setVisible(measures is None)
        for widget in (self.headline, self.curve, self._table, self.about, self.csv, self.pdf):
            widget.setVisible(measures is not None)
        if measures is not None and stretch is not None:
            self.headline.setText(_headline(measures, counted=stretch.is_one))
            self._show_curve(measures)
            self._show_rows(measures)

    def _show_curve(self, measures: ClipMeasures) -> None:
        name = self._angle or measures.repetitions.angle or angles.NAMES[-1]
        stretch = self._measuring.stretch
        self.curve.show_angle(measures, name, counted=stretch is not None and stretch.is_one)
        self.curve.set_now(self._session.transport.position_ns)

    def _show_rows(self, measures: ClipMeasures) -> None:
        while self._rows.count():
            gone = self._rows.takeAt(0).widget()
            if gone is not None:
                gone.deleteLater()
        row = 0
        for heading, digits, rows in TABLES:
            if row == 0:
                for column, text in enumerate((heading, "left", "right", "R:L")):
                    self._rows.addWidget(_cell(text, column, quiet=True), row, column)
            else:  # the same columns
                self._rows.addWidget(_cell(heading, 0, quiet=True), row, 0, 1, 4)
            row += 1
            for one in rows:
                self._add_row(row, measures, one, digits)
                row += 1

    def _add_row(self, row: int, measures: ClipMeasures, what: Row, digits: int) -> None:
        name, angle, pattern, uneven = what
        if angle:
            button = ToolButton(name)
            button.setProperty("quiet", True)
            button.setStyleSheet("padding: 0; border: none;")
            button.setToolTip(f"Show the curve of {angle}; again for the other side")
            button.clicked.connect(lambda: self._choose(angle))
            self._rows.addWidget(button, row, 0, Qt.AlignmentFlag.AlignLeft)
        else:
            self._rows.addWidget(_cell(name, 0, quiet=True), row, 0)
        for column, side in enumerate(angles.SIDES, start=1):
            text = _number(measures.values[pattern.format(side)], digits)
            self._rows.addWidget(_cell(text, column), row, column)
        share = measures.values[uneven] if uneven else None
        text = "" if share is None else f"{share:+.0f} %"
        self._rows.addWidget(_cell(text, 3, quiet=True), row, 3)

    def _choose(self, name: str) -> None:
        left, right = (f"{side} {name}" for side in angles.SIDES)
        self._angle = right if self._angle == left else left
        if self._measuring.measures is not None:
            self._show_curve(self._measuring.measures)

    def _follow(self, position_ns: int) -> None:
        if self.isVisible() and self._measuring.measures is not None:
            self.curve.set_now(position_ns)

    # ---- reports

    def _offer(self, button: Button, suffix: str) -> None:
        menu = QMenu(button)
        menu.addAction("Of this recording…", lambda: self._save(suffix))
        if self._measuring.in_project():
            menu.addAction("Of the project…", lambda: self._save(suffix, everywhere=True))
            menu.addAction("Against an earlier recording…", lambda: self._save_change(suffix))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _save(self, suffix: str, *, everywhere: bool = False, before: str = "") -> None:
        recording = self._session.recording
        if recording is None:
            return
        name = f"{self._session.team.shown(recording.name)}-measures{suffix}"
        kind = "CSV (*.csv)" if suffix == ".csv" else "PDF (*.pdf)"
        chosen, _ = QFileDialog.getSaveFileName(self, "Save measures", name, kind)
        if chosen:
            out = Path(chosen)
            out = out if out.suffix == suffix else out.with_name(out.name + suffix)
            self._measuring.report(out, everywhere=everywhere, before=before)

    def _save_change(self, suffix: str) -> None:
        project, recording = self._session.project, self._session.recording
        if project is None or recording is None:
            return
        shown = self._session.team.shown
        names = {shown(path.stem): path.stem for path in project.recordings()}
        names.pop(shown(recording.name), None)
        before, chosen = QInputDialog.getItem(
            self, "Against an earlier recording", "The earlier session", list(names), 0, False
        )
        if chosen and before:
            self._save(suffix, before=names[before])


def _headline(measures: ClipMeasures, *, counted: bool) -> str:
    """counted: it is one action, so that repetitions say something."""
    values, repetitions = measures.values, measures.repetitions
    parts = []
    if not counted:
        parts.append("select a clip to count repetitions")
    elif repetitions.angle:
        times = "1 repetition" if repetitions.count == 1 else f"{repetitions.count} repetitions"
        each = "" if repetitions.period_s is None else f", {repetitions.period_s:.2f} s each"
        parts.append(f"{times}{each}, counted on {repetitions.angle}")
    seen = values["seen"]
    if seen is not None and seen < 0.995:
        parts.append(f"the person is seen in {100 * seen:.0f} % of it")
    text = "; ".join(parts) or "Nothing moves enough to count repetitions"
    return f"{text[:1].upper()}{text[1:]}."


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _quiet(text: str, *, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setProperty("quiet", True)
    label.setFont(theme.ui_font(theme.QUIET_PX, bold=bold))
    label.setWordWrap(True)
    return label


def _cell(text: str, column: int, *, quiet: bool = False) -> QLabel:
    label = QLabel(text)
    label.setProperty("quiet", quiet)
    bold = column == 0 and text[:1].isupper()
    label.setFont(theme.ui_font(theme.QUIET_PX, bold=bold) if column == 0 else theme.time_font())
    side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
    label.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    return label
