"""The whole screen for visitors: the mirror, the words, the idle screen, the alarm, the way out."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QScreen,
)
from PySide6.QtWidgets import QWidget

from harstudio.studio.demo_mode.acted import Acted
from harstudio.studio.demo_mode.alarm import AlarmColumn
from harstudio.studio.demo_mode.doing import LEAVE, Doing
from harstudio.studio.demo_mode.hold import HeldKey, HoldRing
from harstudio.studio.demo_mode.idle import Idle
from harstudio.studio.demo_mode.mirror import MirrorCanvas
from harstudio.studio.demo_mode.shown import Mirror, Scene, Shown
from harstudio.studio.demo_mode.sizes import PANEL, Sizes

CURSOR_MS = 3000
FRAME_PX = 22.0  # of the red frame around an alarm


class Stage(QWidget):
    """A window of its own without menus and dialogs. It only shows what it is given."""

    left = Signal()  # the key was held, or the window was closed
    seen = Signal()  # somebody saw the alarm

    def __init__(self, *, still: bool = False) -> None:
        super().__init__(None, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("demo_stage")
        self.setWindowTitle("HARStudio demo mode")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.shown = Shown()
        self.mirror = MirrorCanvas(self)
        self.doing = Doing(self)
        self.alarm = AlarmColumn(self)
        self.idle = Idle(self)
        self.alarm.still = self.idle.still = still
        self.held = HeldKey(self)
        self.ring = HoldRing(self.held, self)
        self.held.done.connect(self.left)
        self._cursor = QTimer(self)
        self._cursor.setSingleShot(True)
        self._cursor.setInterval(CURSOR_MS)
        self._cursor.timeout.connect(self._hide_cursor)
        self.alarm.hide()
        self.idle.hide()

    # ---- what is shown

    def show_words(self, shown: Shown) -> None:
        """Everything but the picture."""
        self.shown = shown
        alarmed = shown.alarm is not None
        if alarmed != (not self.alarm.isHidden()):
            self.alarm.setVisible(alarmed)
            self._place()
        idle = shown.scene is Scene.IDLE and not alarmed
        for part in (self.mirror, self.doing, self.alarm, self.idle):
            part.show_words(shown)
        self.idle.setVisible(idle)
        self.mirror.setVisible(not idle)
        self.doing.setVisible(not idle and not alarmed)
        self.ring.raise_()

    def show_mirror(self, mirror: Mirror | None) -> None:
        """Another picture."""
        if self.mirror.isVisible():
            self.mirror.show_mirror(mirror)
        else:
            self.idle.show_mirror(mirror)

    def show_acted(self, acted: tuple[Acted, ...]) -> None:
        self.idle.show_acted(acted)

    # ---- the window

    def fill(self, screen: QScreen, *, active: bool) -> None:
        """Cover a display. active: the keyboard comes here, too."""
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, not active)
        self.setScreen(screen)  # Wayland knows no places
        self.setGeometry(screen.geometry())
        self.showFullScreen()
        if active:
            self.raise_()
            self.activateWindow()
            self.setFocus()
        self._show_cursor()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self._place()

    def _place(self) -> None:
        sizes = Sizes(self.width(), self.height())
        for part in (self.mirror, self.doing, self.alarm, self.idle, self.ring):
            part.sizes = sizes
        frame = 0 if self.alarm.isHidden() else round(sizes.px(FRAME_PX))
        inner = QRect(frame, frame, -2 * frame, -2 * frame)
        mirror, column = sizes.mirror(), sizes.column()
        self.mirror.setGeometry(mirror.adjusted(inner.x(), inner.y(), 0, inner.height() + frame))
        self.doing.setGeometry(column)
        self.alarm.setGeometry(column)
        self.idle.setGeometry(self.rect())
        self.ring.place()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        ground = PANEL if self.alarm.isHidden() else QColor("#C62828")
        QPainter(self).fillRect(event.rect(), ground)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        super().closeEvent(event)
        self.left.emit()

    # ---- keys and mouse

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """The way out is told only while the keyboard is here."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            for part in (self.doing, self.idle):
                part.way_out = LEAVE if self.isActiveWindow() else ""
                part.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_Escape:
            self.held.press()
        elif self.shown.alarm is not None and event.key() in (
            Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space,
        ):  # fmt: skip
            self.seen.emit()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape and not event.isAutoRepeat():
            self.held.release()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.held.forget()
        super().focusOutEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._show_cursor()

    def _show_cursor(self) -> None:
        self.unsetCursor()
        self._cursor.start()

    def _hide_cursor(self) -> None:
        self.setCursor(Qt.CursorShape.BlankCursor)
