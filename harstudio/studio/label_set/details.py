"""One label or group: every field of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.label_sets.label_set import HOTKEYS, Example, Label
from harstudio.studio.fields import ChoiceBox
from harstudio.studio.label_set.colors import ColorButton
from harstudio.studio.label_set.draft import Draft
from harstudio.studio.timecode import clock_text

NO_KEY, NO_PARENT = "no key", "nothing"
TEXT_ROWS_PX = 68


class TextBox(QPlainTextEdit):
    """A few lines; Tab leaves it, and leaving it writes them."""

    left = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setFixedHeight(TEXT_ROWS_PX)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.left.emit()


class LabelDetails(QWidget):
    """The fields follow the label that is marked; what is written there goes into the draft."""

    example_wanted = Signal(str)  # the selected clip becomes the example of this label

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self.shown: Callable[[str], str] = str  # names of recordings, with pseudonyms
        self._name = ""
        self._build()
        draft.changed.connect(self._refresh)

    def _build(self) -> None:
        self.name = QLineEdit()
        self.code = QLineEdit()
        self.color = ColorButton()
        self.hotkey = ChoiceBox("Key")
        self.parent_box = ChoiceBox("A kind of")
        self.synonyms = QLineEdit()
        self.synonyms.setPlaceholderText("parted by ;")
        self.definition, self.not_this = TextBox("Definition"), TextBox("What it is not")
        self.definition.setPlaceholderText("When it begins and ends")
        self.not_this.setPlaceholderText("What is often mistaken for it")
        self.key_said = QLabel(wordWrap=True)
        self.key_said.setProperty("tone", "warn")
        self.key_said.hide()
        self.example = QLabel()
        self.example.setWordWrap(True)
        self.take = QPushButton("Take the selected clip")
        self.drop = QPushButton("None")
        example = QHBoxLayout()
        example.addWidget(self.example, 1)
        example.addWidget(self.take)
        example.addWidget(self.drop)
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(8)
        rows = (
            ("Name", self.name), ("Code", self.code), ("Colour", self.color),
            ("Key", self.hotkey), ("", self.key_said), ("A kind of", self.parent_box),
            ("Synonyms", self.synonyms), ("Definition", self.definition),
            ("What it is not", self.not_this), ("Example", example),
        )  # fmt: skip
        for title, field in rows:
            caption = QLabel(title)
            caption.setProperty("quiet", True)
            self._form.addRow(caption, field)
        self._empty = QLabel("Mark a label at the left, or add one.")
        self._empty.setProperty("quiet", True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        fields = QWidget()
        column = QVBoxLayout(fields)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._form)
        column.addStretch(1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(fields)
        self._stack.addWidget(self._empty)
        self.name.editingFinished.connect(self._rename)
        self.code.editingFinished.connect(lambda: self._change(code=self.code.text().strip()))
        self.synonyms.editingFinished.connect(self._write_synonyms)
        self.color.chosen.connect(lambda color: self._change(color=color))
        self.hotkey.activated.connect(self._give_key)
        self.parent_box.activated.connect(self._put_under)
        self.definition.left.connect(partial(self._write, "definition", self.definition))
        self.not_this.left.connect(partial(self._write, "not_this", self.not_this))
        self.take.clicked.connect(lambda: self.example_wanted.emit(self._name))
        self.drop.clicked.connect(lambda: self._change(example=None))
        for button in (self.take, self.drop, self.color):
            button.setAutoDefault(False)

    # ---- showing

    def show_label(self, name: str) -> None:
        """Show a label or group; "" for none."""
        if name != self._name:
            self.key_said.hide()
        self._name = name
        self._refresh()

    def _refresh(self) -> None:
        label_set = self._draft.label_set
        label, group = label_set.find(self._name), self._name in label_set.groups
        self._stack.setCurrentIndex(0 if label is not None or group else 1)
        for row in range(1, self._form.rowCount()):
            self._form.setRowVisible(row, label is not None and not self._is_key_row(row))
        if label is None:
            _fill(self.name, self._name)
            return
        self._form.setRowVisible(self.key_said, bool(self.key_said.text()))
        _fill(self.name, label.name)
        _fill(self.code, label.code)
        _fill(self.synonyms, "; ".join(label.synonyms))
        for box, text in ((self.definition, label.definition), (self.not_this, label.not_this)):
            if box.toPlainText() != text:
                box.setPlainText(text)
        self.color.show_color(label.color)
        self._list_keys(label)
        self._list_parents(label)
        self._show_example(label.example)

    def _is_key_row(self, row: int) -> bool:
        item = self._form.itemAt(row, QFormLayout.ItemRole.FieldRole)
        return item is not None and item.widget() is self.key_said

    def _list_keys(self, label: Label) -> None:
        owners = {one.hotkey: one.name for one in self._draft.label_set.labels if one.hotkey}
        self.hotkey.clear()
        self.hotkey.addItem(NO_KEY, "")
        for key in HOTKEYS:
            owner = owners.get(key, "")
            taken = owner and owner != label.name
            self.hotkey.addItem(f"{key}   now “{owner}”" if taken else key, key)
        self.hotkey.setCurrentIndex(max(0, self.hotkey.findData(label.hotkey)))

    def _list_parents(self, label: Label) -> None:
        label_set = self._draft.label_set
        below = _all_below(label_set.labels, label.name)
        self.parent_box.clear()
        self.parent_box.addItem(NO_PARENT, "")
        names = (*label_set.groups, *(la.name for la in label_set.labels))
        for name in names:
            if name not in below:
                self.parent_box.addItem(name, name)
        self.parent_box.setCurrentIndex(max(0, self.parent_box.findData(label.parent)))

    def _show_example(self, example: Example | None) -> None:
        if example is None:
            self.example.setText("none")
        else:
            span = f"{clock_text(example.start_ns)} to {clock_text(example.end_ns)}"
            self.example.setText(f"{self.shown(example.recording)}, {span}")
        self.example.setProperty("quiet", example is None)
        self.drop.setVisible(example is not None)

    # ---- writing

    def edit_name(self) -> None:
        """Go to the name, all of it marked."""
        self.name.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.name.selectAll()

    def finish(self) -> None:
        """What is still being typed counts."""
        self._rename()
        self._change(code=self.code.text().strip())
        self._write_synonyms()
        self._write("definition", self.definition)
        self._write("not_this", self.not_this)

    def _rename(self) -> None:
        old, new = self._name, self.name.text().strip()
        if not old or new == old:
            return
        self._name = new  # before the draft tells of it
        if old in self._draft.label_set.groups:
            self._draft.rename_group(old, new)
        else:
            self._draft.change(old, name=new)
        label_set = self._draft.label_set
        if label_set.find(new) is None and new not in label_set.groups:
            self._name = old
            self._refresh()
        elif old in label_set.groups or label_set.find(old) is not None:
            self._name = old  # it was refused: the other one has that name
            self._refresh()

    def _change(self, **values: Any) -> None:
        label = self._draft.label_set.find(self._name)
        if label is not None and replace(label, **values) != label:
            self._draft.change(self._name, **values)

    def _write(self, field: str, box: TextBox) -> None:
        self._change(**{field: box.toPlainText().strip()})

    def _write_synonyms(self) -> None:
        said = (word.strip() for word in self.synonyms.text().split(";"))
        self._change(synonyms=tuple(dict.fromkeys(word for word in said if word)))

    def _give_key(self, at: int) -> None:
        key = str(self.hotkey.itemData(at))
        owner = next((la for la in self._draft.label_set.labels if key and la.hotkey == key), None)
        lost = owner is not None and owner.name != self._name
        self.key_said.setText(
            f"“{owner.name}” has no key now. Undo gives {key} back to it." if lost else ""
        )
        self._change(hotkey=key)

    def _put_under(self, at: int) -> None:
        parent = str(self.parent_box.itemData(at))
        label = self._draft.label_set.find(self._name)
        if label is not None and label.parent != parent:
            self._draft.change(self._name, parent=parent)


def _fill(field: QLineEdit, text: str) -> None:
    if field.text() != text:
        field.setText(text)
        field.setCursorPosition(0)


def _all_below(labels: tuple[Label, ...], name: str) -> set[str]:
    below, more = {name}, True
    while more:
        new = {la.name for la in labels if la.parent in below} - below
        below |= new
        more = bool(new)
    return below
