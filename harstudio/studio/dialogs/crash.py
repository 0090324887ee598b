"""When the program itself fails: say so once, say that the labels are safe, go on."""

from __future__ import annotations

import logging
import platform
import sys
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6 import __version__ as qt_version
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harstudio import __version__
from harstudio.studio import icons, theme

logger = logging.getLogger(__name__)
SAFE = "Your labels are safe: every edit was written to the journal before it was shown."


class CrashDialog(QDialog):
    """Not modal; another failure is added to the one that is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("crash_dialog")
        self.setWindowTitle("Something failed")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(620, 220)
        self._reports: list[str] = []
        picture = QLabel()
        picture.setPixmap(icons.pixmap("warning", 32, theme.current().warn))
        self.sentence = QLabel(wordWrap=True)
        self.sentence.setFont(theme.ui_font(15, bold=True))
        words = QLabel(
            f"{SAFE} You can go on; if the window behaves strangely, close it and open it again. "
            "The copied details help whoever mends this.",
            wordWrap=True,
        )
        self.details = QPlainTextEdit(readOnly=True, visible=False)
        self.details.setMinimumHeight(240)
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.sentence, 1)
        buttons = QHBoxLayout()
        self.show_button = QPushButton("Details")
        self.copy_button = QPushButton("Copy")
        quit_button = QPushButton("Close HARStudio")
        self.go_on = QPushButton("Go on", default=True)
        self.go_on.setProperty("primary", True)
        for button in (self.show_button, self.copy_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(quit_button)
        buttons.addWidget(self.go_on)
        self.show_button.clicked.connect(self._toggle_details)
        self.copy_button.clicked.connect(self._copy)
        self.go_on.clicked.connect(self.accept)
        quit_button.clicked.connect(self._quit)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(words)
        column.addWidget(self.details, 1)
        column.addStretch(0)
        column.addLayout(buttons)

    @property
    def text(self) -> str:
        """Everything to copy."""
        about = (
            f"HARStudio {__version__}, Python {platform.python_version()}, "
            f"PySide6 {qt_version}, {platform.platform()}"
        )
        return "\n\n".join([about, *self._reports])

    def add(self, what: str, report: str) -> None:
        """what: one line. report: the traceback."""
        if report not in self._reports:
            self._reports.append(report)
        more = len(self._reports) - 1
        self.sentence.setText(f"{what}" + (f" (and {more} more)" if more else ""))
        self.details.setPlainText(self.text)

    def _toggle_details(self) -> None:
        shown = self.details.isHidden()
        self.details.setVisible(shown)
        self.show_button.setText("Hide details" if shown else "Details")
        self.adjustSize()

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.text)
        self.copy_button.setText("Copied")

    def _quit(self) -> None:
        self.accept()
        for window in QApplication.topLevelWidgets():
            if window.objectName() == "main_window":
                window.close()


class CrashReporter(QObject):
    """Catches what nobody caught, from any thread, and shows it on the GUI thread.

    waits: while it says so (visitors look at the screen) nothing is shown; see ``show_now``.
    """

    _caught = Signal(str, str)

    def __init__(self, window: QWidget | None = None) -> None:
        super().__init__(window)
        self._window = window
        self.dialog: CrashDialog | None = None
        self.waits: Callable[[], bool] = lambda: False
        self._caught.connect(self._show)

    def hook(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        """What stands in for ``sys.excepthook``."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        logger.critical("not caught", exc_info=(kind, error, trace))
        report = "".join(traceback.format_exception(kind, error, trace))
        try:
            self._caught.emit(f"Something failed: {error or kind.__name__}", report)
        except RuntimeError:  # the window is gone; the log has it
            sys.__excepthook__(kind, error, trace)

    def _show(self, what: str, report: str) -> None:
        if self.dialog is None:
            self.dialog = CrashDialog(self._window)
            self.dialog.destroyed.connect(self._forget)
        self.dialog.add(what, report)
        self.show_now()

    def show_now(self) -> None:
        """What was caught, unless it is to wait."""
        if self.dialog is not None and not self.waits():
            self.dialog.show()
            self.dialog.raise_()

    def _forget(self, *_: object) -> None:
        self.dialog = None
