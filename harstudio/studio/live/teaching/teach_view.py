"""The form for a new action, beside the pictures; no dialog."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from harstudio.studio import icons, theme
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.live.teaching.teaching import WAITING, Teaching


class TeachView(QWidget):
    """One line until it is opened."""

    def __init__(self, teaching: Teaching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._teaching = teaching
        self._form = QWidget()
        self.opener = ToolButton(" Teach a new action")
        self.opener.setToolTip("Show it five times; it is recognised from then on")
        self.opener.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.opener.setIconSize(QSize(16, 16))
        self.opener.clicked.connect(lambda: self.open(self._form.isHidden()))
        self.field = QLineEdit(placeholderText="What it is called")
        self.field.setAccessibleName("Name of the new action")
        self.field.setMaxLength(80)
        self.field.returnPressed.connect(self._press)
        self.button = Button("Show it")
        self.button.setProperty("primary", True)
        self.button.clicked.connect(self._press)
        self.forget = ToolButton("Forget it")
        self.forget.clicked.connect(lambda: teaching.forget(teaching.name))
        self.bar = QProgressBar(textVisible=False)
        self.words = QLabel(wordWrap=True)
        self.words.setFont(theme.ui_font(theme.QUIET_PX))
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.button)
        row.addWidget(self.forget)
        row.addStretch(1)
        form = QVBoxLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(6)
        form.addWidget(self.field)
        form.addLayout(row)
        form.addWidget(self.bar)
        form.addWidget(self.words)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.opener, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._form)
        self._form.hide()
        teaching.changed.connect(self.refresh)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()
        self.refresh()

    def open(self, shown: bool = True) -> None:
        """Show or hide the form."""
        self._form.setVisible(shown)
        if shown:
            self.field.setFocus()
            self.refresh()
        else:
            self._teaching.stop()

    @property
    def is_open(self) -> bool:
        return not self._form.isHidden()

    def _press(self) -> None:
        self._teaching.press(self.field.text())

    def refresh(self) -> None:
        """As far as it is."""
        teaching = self._teaching
        waits = teaching.step == WAITING
        self.button.setText("Once more" if teaching.count else "Show it")
        self.button.setEnabled(waits)
        self.field.setReadOnly(not waits)  # disabled, it would lose the keyboard
        self.forget.setVisible(bool(teaching.count) and waits)
        self.bar.setRange(0, teaching.least)
        self.bar.setValue(min(teaching.count, teaching.least))
        words = teaching.words() or (
            f"Press, wait for the countdown, and do it before the camera; {teaching.least} times."
        )
        if self.words.text() != words:
            self.words.setText(words)

    def _restyle(self) -> None:
        self.opener.setIcon(icons.icon("plus", 16, theme.current().quiet))
