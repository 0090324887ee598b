"""Asks who is labelling."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.team.policy import GOLD

RESERVED = (
    f"“{GOLD}” is the name of the agreed labels; “Settle disagreements” in the Team menu makes "
    "them."
)


class AnnotatorBox(QDialog):
    """A name to type or to choose; not modal. chosen is called with it, stripped, on Enter."""

    def __init__(
        self,
        now: str,
        known: Sequence[str],
        chosen: Callable[[str], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("annotator")
        self.setWindowTitle("Annotator")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._chosen = chosen
        words = QLabel(
            "Everybody who labels has a document of their own for each recording. Those of the "
            "others are shown below yours, to look at.",
            wordWrap=True,
        )
        words.setProperty("quiet", True)
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.name.setAccessibleName("Name of the annotator")
        self.name.addItems(sorted({now, *known}))
        self.name.setCurrentText(now)
        self.name.currentTextChanged.connect(self._check)
        self.label_button = QPushButton("Label as this person")
        self.label_button.setProperty("primary", True)
        self.label_button.clicked.connect(self.accept)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.label_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(words)
        column.addWidget(self.name)
        column.addLayout(buttons)
        self.setMinimumWidth(380)
        for button in (self.label_button, cancel):
            button.setAutoDefault(False)  # Enter in the field is enough
        self.name.setFocus()
        line = QLineEdit()
        self.name.setLineEdit(line)
        line.setText(now)
        line.returnPressed.connect(self.accept)
        line.selectAll()

    def _check(self, text: str) -> None:
        self.label_button.setEnabled(text.strip() not in ("", GOLD))
        self.label_button.setToolTip(RESERVED if text.strip() == GOLD else "")

    def accept(self) -> None:
        name = self.name.currentText().strip()
        if name not in ("", GOLD) and self.isVisible():  # an editable box tells of Enter twice
            super().accept()
            self._chosen(name)
