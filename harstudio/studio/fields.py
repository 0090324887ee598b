"""Fields of forms: a choice that shows that it opens, a number that is typed or stepped by keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QSpinBox, QWidget

from harstudio.studio import icons, theme

CHEVRON_PX, STEP_PX, EDGE_PX, TEXT_PX = 14, 10, 8, 6


class ChoiceBox(QComboBox):
    """As wide as its place, however long its entries; the wheel does not change it."""

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(80)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        ratio = self.devicePixelRatioF()
        chevron = icons.pixmap("chevron-down", round(CHEVRON_PX * ratio), theme.current().quiet)
        chevron.setDevicePixelRatio(ratio)
        place = self.rect().right() - EDGE_PX - CHEVRON_PX, (self.height() - CHEVRON_PX) // 2
        QPainter(self).drawPixmap(*place, chevron)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        event.ignore()


# Of the two buttons only the places stay; what is seen of them is painted.
STEPPING = """
QSpinBox { padding-right: 22px; }
QSpinBox > QLineEdit { background: transparent; border: none; padding: 0; }
QSpinBox::up-button, QSpinBox::down-button { subcontrol-origin: border; width: 20px; border: none;
  background: transparent; }
QSpinBox::up-button { subcontrol-position: top right; }
QSpinBox::down-button { subcontrol-position: bottom right; }
QSpinBox::up-arrow, QSpinBox::down-arrow { image: none; width: 0; height: 0; }
"""


class NumberBox(QSpinBox):
    """Typed, or stepped by arrows, keys, and the wheel while it has the focus."""

    def __init__(self, name: str, low: int, high: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setRange(low, high)
        self.setStyleSheet(STEPPING)
        self.lineEdit().setTextMargins(TEXT_PX, 0, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(80)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def setValue(self, value: int) -> None:  # noqa: N802
        """The nearest that is allowed; Qt fails at what is longer than its own numbers."""
        super().setValue(min(max(value, self.minimum()), self.maximum()))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        ratio, middle = self.devicePixelRatioF(), self.height() // 2
        painter = QPainter(self)
        for name, top in (("chevron-up", middle - STEP_PX), ("chevron-down", middle)):
            chevron = icons.pixmap(name, round(STEP_PX * ratio), theme.current().quiet)
            chevron.setDevicePixelRatio(ratio)
            painter.drawPixmap(self.rect().right() - EDGE_PX - STEP_PX, top, chevron)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
