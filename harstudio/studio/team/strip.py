"""A line above the timeline that says what mode one is in, or how a clip was."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy

from harstudio.studio import icons, theme
from harstudio.studio.buttons import ToolButton

TALL_PX = 32
ICON_PX = 16


class Strip(QFrame):
    """tone: "good", "warn", "accent" or "" for quiet; loud: filled, so that it is not missed."""

    def __init__(self, name: str, *, loud: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFixedHeight(TALL_PX)
        self._loud = loud
        self._tone, self._icon_name = "", "info"
        self._icon = QLabel()
        self.sentence = QLabel()
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(14, 0, 8, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self._icon)
        self._row.addWidget(self.sentence, 1)
        self._buttons: list[ToolButton] = []
        theme.theme_events.changed.connect(self._restyle)
        self.hide()

    def add_button(self, text: str, tip: str, pressed: Callable[[], None]) -> ToolButton:
        """A button at the right end."""

        def run(_checked: bool = False) -> None:
            pressed()

        button = ToolButton(text)
        button.setToolTip(tip)
        button.clicked.connect(run)
        self._buttons.append(button)
        self._row.addWidget(button)
        return button

    def tell(self, sentence: str, tone: str = "", icon: str = "info") -> None:
        """Show a sentence; "" hides the strip."""
        if (sentence, tone, icon) == (self.sentence.text(), self._tone, self._icon_name):
            self.setVisible(bool(sentence))
            return
        self._tone, self._icon_name = tone, icon
        self.sentence.setText(sentence)
        self.sentence.setToolTip(sentence)
        self.setVisible(bool(sentence))
        self._restyle()

    def _restyle(self) -> None:
        tokens = theme.current()
        color = getattr(tokens, self._tone) if self._tone else tokens.quiet
        share = 0.24 if self._loud else 0.1
        ground = theme.mixed(tokens.surface, color, share) if self._tone else tokens.surface
        edge = f"border-left: 4px solid {color};" if self._tone else ""
        name = self.objectName()
        self.setStyleSheet(
            f"#{name} {{ background: {ground}; border: none; {edge}"
            f" border-top: 1px solid {tokens.line}; }}"
        )
        self._icon.setPixmap(icons.icon(self._icon_name, ICON_PX, color).pixmap(
            QSize(ICON_PX, ICON_PX)))  # fmt: skip
        self.sentence.setFont(theme.ui_font(theme.QUIET_PX, bold=self._loud))
        self.sentence.setStyleSheet(f"color: {tokens.text};")
