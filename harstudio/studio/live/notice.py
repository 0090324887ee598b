"""What stands over the pictures while there is none to see: the reason, and what happens next."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.live.recording.record_bar import source_words
from harstudio.studio.live.service import STARTING, STOPPING, LiveService

TRIED = "It is tried again until it is back."
WIDE_PX = 460
AWAY = ("lost", "busy", "wrong mode", "ended")
TITLES = {
    "lost": "The camera is away",
    "busy": "Another program has the camera",
    "wrong mode": "The camera does not do this",
    "ended": "That was the end",
}


class Notice(QFrame):
    """A card in the middle of ``over``."""

    def __init__(self, service: LiveService, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("live_notice")
        self._service, self._over = service, over
        self.title, self.words = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.title.setFont(theme.ui_font(theme.EMPTY_PX))
        self.words.setProperty("quiet", True)
        for label in (self.title, self.words):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(6)
        column.addWidget(self.title)
        column.addWidget(self.words)
        over.installEventFilter(self)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    def told(self) -> tuple[str, str]:
        """Title and sentence; two empty ones where there is nothing to say."""
        service = self._service
        source, troubles = service.told.source, service.told.troubles
        state = str(source.get("state"))
        trouble = troubles.get("capture") or troubles.get("session", "")
        if service.state == STOPPING:
            return "Stopping", "A recording that runs is finished first."
        if trouble and service.on:
            return "There is no picture", trouble
        if service.on and state in AWAY:
            words = f"{source.get('sentence') or ''} {source.get('remedy') or ''}".strip()
            again = "F9 starts it again." if state == "ended" else TRIED
            return TITLES[state], f"{words} {again}".strip()
        if service.state == STARTING:
            return "Opening the camera", service.told.title or source_words(service.choice.source)
        return "", ""

    def refresh(self) -> None:
        """As it is now."""
        title, words = self.told()
        self.title.setText(title)
        self.words.setText(words)
        self.setVisible(bool(title))
        self._place()

    def _place(self) -> None:
        if self.isHidden():
            return
        wide = min(WIDE_PX, self._over.width() - 40)
        self.setFixedWidth(max(160, wide))
        self.adjustSize()
        middle = self._over.rect().center()
        self.move(middle.x() - self.width() // 2, middle.y() - self.height() // 2)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _restyle(self) -> None:
        tokens = theme.current()
        self.setStyleSheet(
            f"#live_notice {{ background: {tokens.raised}; border: 1px solid {tokens.line};"
            f" border-radius: {theme.CORNER}px; }}"
        )
