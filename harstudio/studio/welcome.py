"""What stands in the middle while nothing is open: what goes there, and how to get it there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from harstudio.studio import icons, theme
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.commands import CommandTable
from harstudio.studio.session import Session

COMMANDS = ("file.open_folder", "file.open", "file.demo")
RECENT_SHOWN = 6


class Welcome(QWidget):
    """Three ways in, and what was open lately."""

    def __init__(
        self,
        session: Session,
        commands: CommandTable,
        open_path: Callable[[Path], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session = session
        self._commands = commands
        self._open_path = open_path
        title = QLabel("Open a recording, or drop one here")
        title.setFont(theme.ui_font(theme.EMPTY_PX))
        words = QLabel(
            "Colour, depth, infrared, skeletons and signals play on one clock; clips are labelled "
            "by keys below them.",
            wordWrap=True,
        )
        words.setProperty("quiet", True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for command_id in COMMANDS:
            button = Button(commands[command_id].title)
            button.setProperty("primary", command_id == COMMANDS[0])
            button.clicked.connect(partial(self._run, command_id))
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._recent_title = QLabel("Recent")
        self._recent_title.setProperty("quiet", True)
        self._recent_title.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        inside = QWidget()
        inside.setMaximumWidth(520)
        column = QVBoxLayout(inside)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(words)
        column.addSpacing(8)
        column.addLayout(buttons)
        column.addSpacing(16)
        column.addWidget(self._recent_title)
        column.addLayout(self._recent)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(inside, 6)
        row.addStretch(1)
        outer.addLayout(row)
        outer.addStretch(3)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()

    def _run(self, command_id: str, _checked: bool = False) -> None:
        self._commands.run(command_id)

    def refresh(self) -> None:
        """Show what was opened lately and still exists."""
        while self._recent.count():
            old = self._recent.takeAt(0).widget()
            old.hide()
            old.deleteLater()
        paths = [path for path in map(Path, self._session.settings.recent) if path.exists()]
        for path in paths[:RECENT_SHOWN]:
            button = ToolButton(f"{path.name}   {path.parent}")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIcon(icons.icon("folder" if path.is_dir() else "file", 16))
            button.setIconSize(QSize(16, 16))
            button.clicked.connect(partial(self._open, path))
            self._recent.addWidget(button)
        self._recent_title.setVisible(bool(paths))

    def _open(self, path: Path, _checked: bool = False) -> None:
        self._open_path(path)

    def _restyle(self) -> None:
        self.setStyleSheet(f"#welcome {{ background: {theme.current().canvas}; }}")
        self.refresh()
