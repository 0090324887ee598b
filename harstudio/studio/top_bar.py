"""The top of the window: the name, workspaces, menus and the search field."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenuBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from harstudio.studio import icons, theme
from harstudio.studio.commands import CommandTable

HEIGHT = 38
SEARCH = "Search commands, recordings, labels"
SEARCH_PX = (130, 330)  # in a narrow window the search field makes room for the menus


class TopBar(QWidget):
    """Everything in it runs commands of the table."""

    def __init__(
        self,
        commands: CommandTable,
        workspaces: Sequence[tuple[str, str]],
        parent: QWidget | None = None,
    ) -> None:
        """workspaces: (command id, title)."""
        super().__init__(parent)
        self.setObjectName("top_bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._commands = commands
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(4)
        self._mark = QLabel()
        name = QLabel("HARStudio")
        name.setFont(theme.ui_font(bold=True))
        row.addWidget(self._mark)
        row.addWidget(name)
        row.addSpacing(12)
        self.tabs: dict[str, QToolButton] = {}
        for command_id, title in workspaces:
            tab = QToolButton(text=title, checkable=True)
            tab.setObjectName(f"tab-{title.lower()}")
            tab.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            tab.clicked.connect(partial(self._run, command_id))
            self.tabs[command_id] = tab
            row.addWidget(tab)
        row.addSpacing(8)
        self.menus = QMenuBar()
        self.menus.setNativeMenuBar(sys.platform == "darwin")
        self.menus.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        row.addWidget(self.menus, 0, Qt.AlignmentFlag.AlignVCenter)
        # In a narrow window Qt puts the last menus behind this button.
        self._more = self.menus.findChild(QToolButton, "qt_menubar_ext_button")
        self._more.setAccessibleName("More menus")
        self._more.setToolTip("More menus")
        row.addStretch(1)
        self.search = QPushButton()
        self.search.setObjectName("search")
        self.search.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.search.setCursor(Qt.CursorShape.IBeamCursor)
        self.search.setMinimumWidth(SEARCH_PX[0])
        self.search.setMaximumWidth(SEARCH_PX[1])
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.search.setAccessibleName(SEARCH)
        self.search.clicked.connect(partial(self._run, "view.palette"))
        inside = QHBoxLayout(self.search)
        inside.setContentsMargins(10, 0, 10, 0)
        self._glass = QLabel()
        self._words, self._key = QLabel(SEARCH), QLabel()
        for label in (self._glass, self._words, self._key):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.setProperty("quiet", True)
        inside.addWidget(self._glass)
        inside.addWidget(self._words)
        inside.addStretch(1)
        inside.addWidget(self._key)
        self.search.setFixedHeight(28)
        row.addWidget(self.search, 1000)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()
        self.tell_keys()

    def tell_keys(self) -> None:
        """Tool tips name the keys that the table says now."""
        for command_id, tab in self.tabs.items():
            keys = self._commands[command_id].shortcuts
            tab.setToolTip(self._commands[command_id].title + (f"  ({keys[0]})" if keys else ""))
        palette = self._commands["view.palette"].shortcuts
        self._key.setText(palette[0].replace("+", " ") if palette else "")

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.layout().activate()
        wide = self.search.width() >= SEARCH_PX[1]
        self._words.setText(SEARCH if wide else SEARCH.split()[0])

    def _run(self, command_id: str, _checked: bool = False) -> None:
        self._commands.run(command_id)

    def show_workspace(self, command_id: str) -> None:
        for which, tab in self.tabs.items():
            tab.setChecked(which == command_id)

    def _restyle(self) -> None:
        tokens = theme.current()
        self.setStyleSheet(
            f"#top_bar {{ background: {tokens.surface}; border-bottom: 1px solid {tokens.line}; }}"
            f"QToolButton {{ color: {tokens.quiet}; padding: 4px 10px; }}"
            f"QToolButton:hover {{ color: {tokens.text}; }}"
            f"QToolButton:checked {{ color: {tokens.text}; background: {tokens.raised}; }}"
            "#qt_menubar_ext_button { padding: 0; }"
            f"QMenuBar {{ background: transparent; color: {tokens.quiet}; }}"
            f"QMenuBar::item:selected {{ color: {tokens.text}; background: {tokens.raised}; }}"
            f"#search {{ background: {tokens.canvas}; border: 1px solid {tokens.line};"
            f" border-radius: {theme.CORNER}px; padding: 0; }}"
            f"#search:hover {{ border-color: {tokens.quiet}; }}"
        )
        self._mark.setPixmap(icons.icon("logo", 20, tokens.accent).pixmap(QSize(20, 20)))
        self._more.setIcon(icons.icon("chevron-down", 16, tokens.text))
        self._glass.setPixmap(icons.icon("search", 16, tokens.quiet).pixmap(QSize(16, 16)))
