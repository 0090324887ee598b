"""The figures of agreement in the Team panel: name, value, what it means; what is confused."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from harstudio.labels.agreement import Agreement
from harstudio.studio import theme
from harstudio.studio.team.figure_rows import FigureRow, confused, figure_rows
from harstudio.studio.team.settling import said

ROW_PX = 20
BAR_PX = 44


class FiguresView(QWidget):
    """Follows what it is given."""

    def __init__(self, color_of: Callable[[str], str]) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(0, 1)
        self._rows: list[tuple[QLabel, QLabel, QLabel]] = []
        self._remarks = QLabel(wordWrap=True)
        self._remarks.setProperty("quiet", True)
        self._remarks.setFont(theme.ui_font(theme.TIME_PX))
        self._title = QLabel("Most often confused")
        self._title.setProperty("quiet", True)
        self._title.setFont(theme.ui_font(theme.TIME_PX, bold=True))
        self.confused = ConfusedView(color_of)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._grid)
        column.addWidget(self._remarks)
        column.addWidget(self._title)
        column.addWidget(self.confused)

    def show_agreement(self, agreement: Agreement | None) -> None:
        rows = [] if agreement is None else figure_rows(agreement)
        while len(self._rows) < len(rows):
            self._rows.append(self._new_row())
        for at, labels in enumerate(self._rows):
            for label in labels:
                label.setVisible(at < len(rows))
            if at < len(rows):
                self._fill(labels, rows[at])
        remarks = () if agreement is None else agreement.remarks
        self._remarks.setText("\n".join(remarks))
        self._remarks.setVisible(bool(remarks))
        found = [] if agreement is None else confused(agreement)
        self.confused.show_rows(found)
        self._title.setVisible(bool(found))
        self.confused.setVisible(bool(found))

    @staticmethod
    def _fill(labels: tuple[QLabel, QLabel, QLabel], row: FigureRow) -> None:
        for label, text in zip(labels, (row.name, row.value, row.words), strict=True):
            label.setText(text)
            label.setToolTip(row.tip)

    def _new_row(self) -> tuple[QLabel, QLabel, QLabel]:
        name, value, words = QLabel(), QLabel(), QLabel(wordWrap=True)
        value.setFont(theme.time_font(theme.TEXT_PX))
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        words.setProperty("quiet", True)
        words.setFont(theme.ui_font(theme.TIME_PX))
        words.setContentsMargins(0, 0, 0, 6)
        at = 2 * len(self._rows)
        self._grid.addWidget(name, at, 0)
        self._grid.addWidget(value, at, 1)
        self._grid.addWidget(words, at + 1, 0, 1, 2)
        return name, value, words


class ConfusedView(QWidget):
    """Two labels in a row and a bar for how many frames."""

    def __init__(self, color_of: Callable[[str], str]) -> None:
        super().__init__()
        self._color_of = color_of
        self._rows: list[tuple[str, str, int]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.theme_events.changed.connect(self.update)

    def show_rows(self, rows: list[tuple[str, str, int]]) -> None:
        """(one label, other label, frames)."""
        self._rows = rows
        told = (f"{said(one)} and {said(other)}: {count} frames" for one, other, count in rows)
        self.setToolTip("\n".join(told))
        self.setAccessibleName("Confused: " + "; ".join(self.toolTip().splitlines()))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, ROW_PX * len(self._rows))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        most = max((count for *_, count in self._rows), default=1)
        numbers = theme.time_font(theme.TIME_PX)
        told = max((QFontMetrics(numbers).horizontalAdvance(f"{n} f") for *_, n in self._rows),
                   default=0)  # fmt: skip
        wide = (self.width() - BAR_PX - told - 12) / 2
        for at, (one, other, count) in enumerate(self._rows):
            top = at * ROW_PX
            for place, label in enumerate((one, other)):
                box = QRectF(place * wide, top, wide - 6, ROW_PX)
                self._paint_label(painter, box, label)
            left = 2 * wide
            bar = QRectF(left, top + ROW_PX / 2 - 3, max(2.0, BAR_PX * count / most), 6)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.mixed(tokens.surface, tokens.warn, 0.8)))
            painter.drawRoundedRect(bar, 2, 2)
            painter.setFont(numbers)
            painter.setPen(QColor(tokens.quiet))
            where = QRectF(self.width() - told, top, told, ROW_PX)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(where, flags, f"{count} f")

    def _paint_label(self, painter: QPainter, box: QRectF, label: str) -> None:
        tokens = theme.current()
        swatch = QRectF(box.left(), box.center().y() - 4.5, 9, 9).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(QColor(tokens.quiet), 1) if not label else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._color_of(label)) if label else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(swatch, 2, 2)
        font = theme.ui_font(theme.QUIET_PX)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text if label else tokens.quiet))
        box = box.adjusted(15, 0, 0, 0)
        text = QFontMetrics(font).elidedText(
            said(label), Qt.TextElideMode.ElideRight, int(box.width())
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
