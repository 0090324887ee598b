"""The thin head of a docked panel: what it is dragged by."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QToolButton, QWidget

from harstudio.studio import icons, theme


class DockTitle(QWidget):
    """Empty and flat while the panel is docked and still; a title with buttons when it floats."""

    def __init__(self, dock: QDockWidget, *, movable: bool) -> None:
        super().__init__(dock)
        self._dock = dock
        self._movable = movable
        self._label = QLabel(dock.windowTitle())
        self._label.setProperty("quiet", True)
        self._float = QToolButton(toolTip="Float or dock")
        self._close = QToolButton(toolTip="Close; the View menu brings it back")
        self._float.clicked.connect(self._toggle)
        self._close.clicked.connect(dock.close)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 4, 2)
        row.setSpacing(2)
        row.addWidget(self._label, 1)
        for button in (self._float, self._close):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setIconSize(QSize(14, 14))
            button.setFixedSize(22, 22)
            row.addWidget(button)
        dock.topLevelChanged.connect(self._show_parts)
        theme.theme_events.changed.connect(self._retint)
        self._retint()
        self._show_parts()

    def _toggle(self, _checked: bool = False) -> None:
        self._dock.setFloating(not self._dock.isFloating())

    def _show_parts(self, *_: object) -> None:
        floating = self._dock.isFloating()
        for part in (self._label, self._float, self._close):
            part.setVisible(floating)
        self.setFixedHeight(28 if floating else 8 if self._movable else 0)
        self.setCursor(
            Qt.CursorShape.SizeAllCursor if self._movable else Qt.CursorShape.ArrowCursor
        )
        self.setToolTip(
            "Drag to move this panel, double click to float it" if self._movable else ""
        )

    def _retint(self) -> None:
        quiet = theme.current().quiet
        self._float.setIcon(icons.icon("float", 16, quiet))
        self._close.setIcon(icons.icon("close", 16, quiet))
