"""Many labels at once: names or a table, pasted or read from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import DataError, HarstudioError
from harstudio.labels.label_sets.label_list import LabelList, parse_label_list

LARGEST = 4_000_000  # bytes


class PasteBox(QDialog):
    """A text to paste into; says at once what it would become. added is called with it."""

    def __init__(self, added: Callable[[LabelList], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("paste_labels")
        self.setWindowTitle("Add many labels")
        self._added = added
        self._read: LabelList | None = None
        words = QLabel(
            "One name a line; or a table from a spreadsheet whose first line names its columns: "
            "name, code, parent, key, color, synonyms, definition, not this.",
            wordWrap=True,
        )
        words.setProperty("quiet", True)
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("Names or a table")
        self.text.setTabChangesFocus(False)
        self.text.textChanged.connect(self._check)
        self.said = QLabel(wordWrap=True)
        self.add_button = QPushButton("Add")
        self.add_button.setProperty("primary", True)
        self.add_button.clicked.connect(self.accept)
        cancel, file = QPushButton("Cancel"), QPushButton("From a file…")
        cancel.clicked.connect(self.reject)
        file.clicked.connect(self._ask_file)
        for button in (self.add_button, cancel, file):
            button.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.addWidget(file)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.add_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(words)
        column.addWidget(self.text, 1)
        column.addWidget(self.said)
        column.addLayout(buttons)
        self.resize(520, 420)
        self._check()

    def _check(self) -> None:
        self._read, text = None, self.text.toPlainText()
        if not text.strip():
            self._say("")
        else:
            try:
                self._read = parse_label_list(text)
            except HarstudioError as error:
                self._say(str(error), "warn")
            else:
                count = len(self._read.labels)
                said = [f"{count} label{'' if count == 1 else 's'}."]
                if self._read.groups:
                    said.append(f"Groups: {', '.join(self._read.groups)}.")
                self._say(" ".join([*said, *self._read.problems[:3]]))
        self.add_button.setEnabled(self._read is not None and bool(self._read.labels))

    def _say(self, text: str, tone: str = "") -> None:
        self.said.setText(text)
        self.said.setProperty("tone", tone)
        self.said.style().polish(self.said)

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Names or a table", "", "Text (*.csv *.tsv *.txt);;Everything (*)"
        )
        if name:
            self.read_file(Path(name))

    def read_file(self, path: Path) -> None:
        """Put a file's text there."""
        try:
            self.text.setPlainText(read_list_file(path))
        except HarstudioError as error:
            self._say(str(error), "bad")

    def accept(self) -> None:
        if self._read is not None:
            super().accept()
            self._added(self._read)


def read_list_file(path: Path) -> str:
    """The text of a file of names; DataError when it cannot be read or is none."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise DataError(f"It cannot be read ({error.strerror or error}).", path=path) from error
    if len(data) > LARGEST:
        raise DataError("It is too large for a list of labels.", path=path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("It is not in UTF-8.", path=path, remedy="Save it as UTF-8.") from error
