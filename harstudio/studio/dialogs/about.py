"""What this program is, and on what it runs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from harstudio import __version__
from harstudio.settings import config_dir, data_dir
from harstudio.studio import icons, theme


class AboutBox(QDialog):
    """Not modal; the diagnosis can be copied from it."""

    def __init__(self, copy_diagnosis: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("about")
        self.setWindowTitle("About HARStudio")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        mark = QLabel()
        mark.setPixmap(icons.icon("logo", 48, theme.current().accent).pixmap(QSize(48, 48)))
        name = QLabel(f"HARStudio {__version__}")
        name.setFont(theme.ui_font(theme.EMPTY_PX, bold=True))
        words = QLabel(
            "The desktop studio for human action recognition from RGB-D cameras.\n"
            "Free software under the BSD 3-Clause licence. It sends nothing to anybody.",
            wordWrap=True,
        )
        places = QLabel(f"Settings: {config_dir()}\nLabels of single recordings: {data_dir()}")
        places.setProperty("quiet", True)
        places.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        copy = QPushButton("Copy a diagnosis")
        copy.clicked.connect(copy_diagnosis)
        close = QPushButton("Close", default=True)
        close.setProperty("primary", True)
        close.clicked.connect(self.accept)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(mark)
        head.addWidget(name, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(copy)
        buttons.addStretch(1)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(words)
        column.addWidget(places)
        column.addLayout(buttons)
