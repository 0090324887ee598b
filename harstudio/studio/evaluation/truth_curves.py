"""Deletion and insertion of one explanation, against random orders."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from harstudio.runs.truth import Checked, Removal
from harstudio.studio import theme

LEFT_PX, TOP_PX, BOTTOM_PX, GAP_PX = 46, 42, 22, 36
HIGH_PX = 210


class TruthCurves(QWidget):
    """Two panels: the probability while the input goes away, and while it comes back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Deletion and insertion")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HIGH_PX)
        self.shown: Checked | None = None
        theme.theme_events.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(520, HIGH_PX)

    def show_one(self, one: Checked | None) -> None:
        """The curves of an explanation; none where it has none."""
        self.shown = one
        panels = () if one is None else (("deletion", one.deletion), ("insertion", one.insertion))
        self.setAccessibleDescription(
            "; ".join(
                f"{name}: area {found.area:.2f}, of random orders {found.random_area:.2f}"
                for name, found in panels
                if found is not None
            )
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        one = self.shown
        if one is None or one.deletion is None or one.insertion is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide = (self.width() - GAP_PX) / 2
        for number, (title, removal, words) in enumerate(
            (
                ("Deletion", one.deletion, "taken away"),
                ("Insertion", one.insertion, "put back"),
            )
        ):
            self._panel(painter, QRectF(number * (wide + GAP_PX), 0, wide, HIGH_PX), title, words,
                        removal)  # fmt: skip

    def _panel(
        self, painter: QPainter, place: QRectF, title: str, words: str, removal: Removal
    ) -> None:
        tokens = theme.current()
        box = place.adjusted(LEFT_PX, TOP_PX, -4, -BOTTOM_PX)
        painter.setFont(theme.ui_font(bold=True))
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        _write(painter, QRectF(box.left(), 0, box.width(), 18), title, tokens.text, left)
        painter.setFont(theme.ui_font(theme.QUIET_PX))
        areas = f"area {removal.area:.2f}, random {removal.random_area:.2f}"
        _write(painter, QRectF(box.left(), 18, box.width(), 18), areas, tokens.quiet, left)
        painter.setFont(theme.time_font(theme.QUIET_PX))
        for share in (0.0, 0.5, 1.0):
            y = box.bottom() - share * box.height()
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            label = QRectF(place.left(), y - 8, LEFT_PX - 8, 16)
            _write(painter, label, f"{100 * share:.0f} %", tokens.quiet, right)
        painter.setFont(theme.ui_font(theme.QUIET_PX))
        below = QRectF(box.left(), box.bottom() + 4, box.width(), 16)
        _write(painter, below, f"all {words}", tokens.quiet, right)
        _write(painter, below, "none", tokens.quiet, left)
        dashed = QPen(QColor(tokens.quiet), 1.4, Qt.PenStyle.DashLine)
        _line(painter, box, removal.random_curve, dashed)
        _line(painter, box, removal.curve, QPen(QColor(tokens.accent), 2))


def _line(painter: QPainter, box: QRectF, curve: Sequence[float], pen: QPen) -> None:
    last = len(curve) - 1
    points = [
        QPointF(box.left() + box.width() * k / last, box.bottom() - box.height() * value)
        for k, value in enumerate(curve)
    ]
    painter.setPen(pen)
    painter.drawPolyline(QPolygonF(points))


def _write(painter: QPainter, place: QRectF, text: str, color: str, side: Qt.AlignmentFlag) -> None:
    painter.setPen(QColor(color))
    painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, text)
