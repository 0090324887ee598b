"""The button under the library that tells what a scan could not read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QToolButton

from harstudio.studio import icons, theme

LISTED = 40
LONGEST = 160


class ProblemsButton(QToolButton):
    """Hidden without problems; its menu lists them, a click on one copies it."""

    def __init__(self, copy: Callable[[str], None]) -> None:
        super().__init__()
        self._copy = copy
        self._problems: tuple[str, ...] = ()
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.hide()
        theme.theme_events.changed.connect(self._retint)

    def show_problems(self, problems: Sequence[str]) -> None:
        """problems: sentences that name the file."""
        self._problems = tuple(problems)
        count = len(self._problems)
        self.setVisible(count > 0)
        self.setText(f"{count} problem" + ("s" if count > 1 else ""))
        self._retint()
        menu = QMenu(self)
        for sentence in self._problems[:LISTED]:
            short = sentence if len(sentence) < LONGEST else f"{sentence[: LONGEST - 3]}..."
            menu.addAction(short, partial(self._copy, sentence)).setToolTip("Copy")
        if count > LISTED:
            everything = "\n".join(self._problems)
            menu.addAction(f"and {count - LISTED} more: copy all", partial(self._copy, everything))
        old = self.menu()
        self.setMenu(menu)
        if old is not None:
            old.deleteLater()

    def _retint(self) -> None:
        self.setIcon(icons.icon("warning", 16, theme.current().warn))
