"""The workspace Live: choose, then the pictures with what is said beside and below them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSettings, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from harstudio.recordings.streams import PictureStream
from harstudio.settings import config_dir
from harstudio.studio import theme
from harstudio.studio.live.choosing.chooser import Chooser
from harstudio.studio.live.commands import PAGE_KEYS
from harstudio.studio.live.live_panes import LivePaneArea
from harstudio.studio.live.notice import Notice
from harstudio.studio.live.preflight.guide import Guide
from harstudio.studio.live.preflight.preflight_view import PreflightView
from harstudio.studio.live.recording.record_bar import RecordBar
from harstudio.studio.live.saying.figures import Figures
from harstudio.studio.live.saying.ribbon import Ribbon
from harstudio.studio.live.saying.said_view import SaidView
from harstudio.studio.live.service import OFF, STARTING
from harstudio.studio.live.teaching.teach_view import TeachView
from harstudio.studio.live.watch.watch_panel import WatchPanel
from harstudio.studio.panes import PANES
from harstudio.studio.panes.picture import PicturePane

if TYPE_CHECKING:
    from harstudio.studio.commands import CommandTable
    from harstudio.studio.live.desk import LiveDesk

SIDE_PX, LEAST_SIDE_PX, MOST_SIDE_PX, SIDE_SHARE = 300, 230, 640, 0.2
REFRESH_MS = 80  # figures and words; faster cannot be read
SHOWN = ("color", "depth", "infrared", "skeleton3d")

OWN_KEYS = (  # of lists and fields, though they are commands of the window too
    Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Up, Qt.Key.Key_Down,
    Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
)  # fmt: skip


class LivePage(QWidget):
    """While it is shown and something is live, what is said is refreshed twelve times a second;
    pictures follow by themselves, once a frame."""

    def __init__(self, desk: LiveDesk, commands: CommandTable) -> None:
        super().__init__()
        self.setObjectName("live_page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._desk = desk
        self._service = service = desk.service
        self.chooser = Chooser(service.choice, desk.catalogue)
        self.bar = RecordBar(service, desk.recording, commands)
        self.panes = LivePaneArea(
            QSettings(str(config_dir() / "live.ini"), QSettings.Format.IniFormat)
        )
        self.said = SaidView(service, desk.labels)
        self.preflight = PreflightView(desk.inspecting, commands)
        self.figures = Figures(service)
        self.watch = WatchPanel(desk.watch, service)
        self.ribbon = Ribbon(lambda: service.told.segments, desk.labels.color_of)
        self.teach = TeachView(desk.teaching)
        self.guide = Guide(lambda: desk.inspecting.place, self._picture_size, self._guide_words)
        self._side_moved = False
        self._pictures = QStackedWidget()
        self._make_panes()
        self._build()
        self.notice = Notice(service, self._pictures)
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self.chooser.started.connect(service.start)
        service.state_changed.connect(self._turn)
        service.heard.connect(self._heard)
        service.said.connect(self._show_said)
        service.viewing.recording_changed.connect(self._arrange)
        desk.inspecting.place_changed.connect(self._repaint_guide)
        desk.teaching.changed.connect(self._repaint_guide)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()
        self._turn(service.state)

    def _make_panes(self) -> None:
        self.views = {name: PANES[name](self._service.viewing) for name in SHOWN}
        for name, pane in self.views.items():
            self.panes.add(name, pane)
            if isinstance(pane, PicturePane):
                pane.canvas.layers.append(self._guide_layer(name))

    def _guide_layer(self, name: str) -> Callable[[object, object], None]:
        def paint(painter: object, view: object) -> None:
            if name == self.main_pane():
                self.guide.paint(painter, view)

        return paint

    def _build(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(14)
        column.addWidget(self.said)
        column.addWidget(Rule())
        column.addWidget(self.preflight)
        column.addWidget(Rule())
        column.addWidget(self.figures)
        column.addWidget(Rule())
        column.addWidget(self.watch)
        column.addWidget(Rule())
        column.addWidget(self.teach)
        column.addStretch(1)
        side = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        side.setWidget(inside)
        side.setMinimumWidth(LEAST_SIDE_PX)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._blank = Blank()
        self._pictures.addWidget(self._blank)
        self._pictures.addWidget(self.panes)
        self._split.addWidget(self._pictures)
        self._split.addWidget(side)
        self._split.setStretchFactor(0, 1)
        self._split.splitterMoved.connect(lambda *_: setattr(self, "_side_moved", True))
        running = QWidget()
        rows = QVBoxLayout(running)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self._split, 1)
        rows.addWidget(self.ribbon)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.chooser)
        self.stack.addWidget(running)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.bar)
        whole.addWidget(self.stack, 1)

    # ---- what is shown

    def entered(self) -> None:
        """Somebody came to the workspace."""
        self._desk.catalogue.read_runs()
        if not self._desk.catalogue.looked and not self._desk.catalogue.looking:
            self._desk.catalogue.look()
        self.chooser.refresh()
        self.focus_keys()

    def focus_keys(self) -> None:
        """The keyboard is where it is of use: the lists while choosing, else labels."""
        if self._service.state == OFF:
            self.chooser.sources.setFocus()
        else:
            self.setFocus()

    def main_pane(self) -> str:
        """The picture that people see themselves in."""
        panes = (name for name in SHOWN[:3] if self.panes.is_shown(name))
        there = (n for n in panes if getattr(self.views[n], "stream", None) is not None)
        return next(there, "")

    def _picture_size(self) -> tuple[int, int]:
        pane = self.views.get(self.main_pane())
        stream = getattr(pane, "stream", None)
        return (stream.width, stream.height) if isinstance(stream, PictureStream) else (0, 0)

    def _arrange(self, recording: object) -> None:
        self._pictures.setCurrentWidget(self._blank if recording is None else self.panes)
        self.notice.refresh()
        if recording is None:
            return
        if self.panes.show_for(recording):
            QTimer.singleShot(
                0, self.panes, self.panes.size_panes
            )  # docks have sizes only after that

    def _turn(self, state: str) -> None:
        self.stack.setCurrentIndex(0 if state == OFF else 1)
        self.ribbon.running = state not in (OFF, "stopping")
        if state == STARTING:
            self.said.clear()
        if self.isVisible():
            self.focus_keys()
        self._run_timer()
        self.refresh()

    def _run_timer(self) -> None:
        if self.isVisible() and self._service.state != OFF:
            self._timer.start()
        else:
            self._timer.stop()

    def refresh(self) -> None:
        """Words and figures as they are now."""
        if not self.isVisible():
            return
        if not self._service.told.says_now:
            self.said.refresh()
        self.figures.refresh(self.said.label_ms)
        self.ribbon.update()
        self.notice.refresh()

    def _show_said(self, _said: object) -> None:
        if self.isVisible():
            self.said.refresh()

    def _heard(self, stage: str, kind: str, _payload: object) -> None:
        if kind in ("source", "opened", "failed", "died"):
            self.notice.refresh()
            self.bar.refresh()

    def _guide_words(self) -> tuple[str, bool]:
        """What stands over the picture instead of where to stand; whether nothing else may."""
        big = self._desk.teaching.big_words()
        return big, bool(big or "pose" in self._service.told.troubles or self._desk.install.words)

    def _repaint_guide(self) -> None:
        pane = self.views.get(self.main_pane())
        if isinstance(pane, PicturePane):
            pane.canvas.update()

    # ---- keys: letters and digits are labels while it records

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            key = label_key(event)
            labels = key and self._service.on and self._desk.labels.by_key(key) is not None
            inside = self.focusWidget() is not self and event.key() in OWN_KEYS
            if labels or inside or page_command(event):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        command_id = page_command(event)
        if command_id:
            self.bar.run(command_id)
            return
        key = label_key(event)
        if key and self._service.on and (event.isAutoRepeat() or self._desk.recording.press(key)):
            event.accept()
            return
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key = label_key(event, released=True)
        if key and not event.isAutoRepeat():
            self._desk.recording.release(key)
        event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self._desk.recording.release_all()
        super().focusOutEvent(event)

    def showEvent(self, event: object) -> None:  # noqa: N802
        super().showEvent(event)
        self._run_timer()
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """What is said grows with the window, until somebody moves its edge."""
        super().resizeEvent(event)
        if not self._side_moved:
            side = min(max(SIDE_PX, round(SIDE_SHARE * self.width())), MOST_SIDE_PX)
            self._split.setSizes([self.width() - side, side])

    def hideEvent(self, event: object) -> None:  # noqa: N802
        super().hideEvent(event)
        self._run_timer()

    def shut(self) -> None:
        self._timer.stop()
        self.panes.remember()

    def _restyle(self) -> None:
        tokens = theme.current()
        self.setStyleSheet(f"#live_page {{ background: {tokens.surface}; }}")
        self.panes.setStyleSheet(f"#pane_area {{ background: {tokens.canvas}; }}")


def label_key(event: QKeyEvent, *, released: bool = False) -> str:
    """ "A" or "7" where a letter or digit is pressed alone, else ""."""
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if held != Qt.KeyboardModifier.NoModifier and not released:
        return ""
    code = event.key()
    if Qt.Key.Key_A <= code <= Qt.Key.Key_Z or Qt.Key.Key_0 <= code <= Qt.Key.Key_9:
        return chr(code)
    return ""


def page_command(event: QKeyEvent) -> str:
    """The command of a key that means something else on this page, else ""."""
    pressed = QKeySequence(event.keyCombination()).toString()
    return "" if event.isAutoRepeat() else PAGE_KEYS.get(pressed, "")


class Blank(QWidget):
    """Where pictures will be."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        QPainter(self).fillRect(self.rect(), QColor(theme.current().canvas))


class Rule(QWidget):
    """A hairline."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        QPainter(self).fillRect(self.rect(), QColor(theme.current().line))
