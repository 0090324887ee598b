"""What else is asked about clips: the attributes of a set, one after the other."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.label_sets.attributes import Attribute, AttributeKind
from harstudio.studio import theme
from harstudio.studio.fields import ChoiceBox
from harstudio.studio.label_set.details import TextBox
from harstudio.studio.label_set.draft import Draft
from harstudio.studio.label_set.tree import list_sheet

KINDS: dict[AttributeKind, str] = {
    "number": "a number",
    "choice": "a choice",
    "scale": "a step of a scale",
    "text": "a text",
}
EMPTY = (
    "What else is asked about clips, such as the hand that moves, how well it is done from 1 to 5, "
    "or a heart rate. Add the first one at the left."
)


class AttributesEditor(QWidget):
    """The list at the left, the fields of the marked one at the right."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self._filling = False
        self._build()
        draft.changed.connect(self.refresh)
        self.refresh()

    def _build(self) -> None:
        self.list = QListWidget()
        self.list.setAccessibleName("Attributes")
        self.list.currentRowChanged.connect(self._show)
        self.add_button, self.delete = QPushButton("Add"), QPushButton("Delete")
        self.up, self.down = QPushButton("Up"), QPushButton("Down")
        buttons = QHBoxLayout()
        for button in (self.add_button, self.delete, self.up, self.down):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        self.add_button.clicked.connect(self.add)
        self.delete.clicked.connect(self.remove)
        self.up.clicked.connect(lambda: self._step(-1))
        self.down.clicked.connect(lambda: self._step(1))
        left = QVBoxLayout()
        left.addWidget(self.list, 1)
        left.addLayout(buttons)
        self.name, self.unit = QLineEdit(), QLineEdit()
        self.low, self.high = QLineEdit(), QLineEdit()
        self.kind = ChoiceBox("What is answered")
        for kind, title in KINDS.items():
            self.kind.addItem(title, kind)
        self.choices = TextBox("Choices")
        self.choices.setPlaceholderText("One a line")
        self.choices.setFixedHeight(110)
        self.required = QCheckBox("A clip is not complete without it")
        self.labels = QListWidget()
        self.labels.setAccessibleName("Asked of these labels")
        self._recolor()
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(16)
        self.form.setVerticalSpacing(8)
        rows = (
            ("Name", self.name), ("Answer", self.kind), ("Choices", self.choices),
            ("At least", self.low), ("At most", self.high), ("Unit", self.unit),
            ("Required", self.required), ("Asked of", self.labels),
        )  # fmt: skip
        for title, field in rows:
            caption = QLabel(title)
            caption.setProperty("quiet", True)
            self.form.addRow(caption, field)
        fields = QWidget()
        fields.setLayout(self.form)
        empty = QLabel(EMPTY, wordWrap=True)
        empty.setProperty("quiet", True)
        empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedLayout()
        self._stack.addWidget(fields)
        self._stack.addWidget(empty)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(20)
        row.addLayout(left, 2)
        row.addLayout(self._stack, 3)
        for field in (self.name, self.unit, self.low, self.high):
            field.editingFinished.connect(self.write)
        self.choices.left.connect(self.write)
        self.kind.activated.connect(self.write)
        self.required.clicked.connect(self.write)
        self.labels.itemChanged.connect(self._labels_changed)
        theme.theme_events.changed.connect(self._recolor)

    def _recolor(self) -> None:
        self.list.setStyleSheet(list_sheet())
        tokens = theme.current()
        self.labels.setStyleSheet(
            list_sheet()
            + f"QListWidget {{ border: 1px solid {tokens.line}; border-radius: 6px; }}"
            + "QListWidget::indicator { width: 12px; height: 12px; border-radius: 3px;"
            + f" border: 1px solid {tokens.quiet}; }}"
            + f"QListWidget::indicator:checked {{ background: {tokens.accent};"
            + f" border-color: {tokens.accent}; }}"
        )

    # ---- showing

    def refresh(self) -> None:
        """Show the draft's attributes; the marked place stays."""
        at, attributes = self.list.currentRow(), self._draft.label_set.attributes
        self.list.blockSignals(True)
        self.list.clear()
        for one in attributes:
            mark = ", required" if one.required else ""
            self.list.addItem(f"{one.name}   {KINDS[one.kind]}{mark}")
        self.list.setCurrentRow(min(max(at, 0), len(attributes) - 1))
        self.list.blockSignals(False)
        self._show()

    def _now(self) -> Attribute | None:
        attributes, at = self._draft.label_set.attributes, self.list.currentRow()
        return attributes[at] if 0 <= at < len(attributes) else None

    def _show(self, _row: int = 0) -> None:
        one = self._now()
        self._stack.setCurrentIndex(1 if one is None else 0)
        for button in (self.delete, self.up, self.down):
            button.setEnabled(one is not None)
        if one is None:
            return
        self._filling = True
        self.name.setText(one.name)
        self.kind.setCurrentIndex(self.kind.findData(one.kind))
        text = "\n".join(one.choices)
        if self.choices.toPlainText() != text:
            self.choices.setPlainText(text)
        self.low.setText("" if one.low is None else f"{one.low:g}")
        self.high.setText("" if one.high is None else f"{one.high:g}")
        self.unit.setText(one.unit)
        self.required.setChecked(one.required)
        self._show_kind(one.kind)
        self.labels.clear()
        self._label_item("all labels", not one.labels)
        for label in self._draft.label_set.labels:
            self._label_item(label.name, label.name in one.labels)
        self._filling = False

    def _label_item(self, text: str, checked: bool) -> None:
        item = QListWidgetItem(text)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
        self.labels.addItem(item)

    def _show_kind(self, kind: str) -> None:
        self.form.setRowVisible(self.choices, kind in ("choice", "scale"))
        caption = self.form.labelForField(self.choices)
        if isinstance(caption, QLabel):
            caption.setText("Steps, least first" if kind == "scale" else "Choices")
        for field in (self.low, self.high, self.unit):
            self.form.setRowVisible(field, kind == "number")

    # ---- writing

    def add(self) -> None:
        """A new one at the end, to be named."""
        attributes = self._draft.label_set.attributes
        names = {one.name for one in attributes}
        name = next(n for k in range(1, 1000) if (n := f"attribute {k}") not in names)
        self._draft.set_attributes("add an attribute", (*attributes, Attribute(name)))
        self.list.setCurrentRow(len(attributes))
        self.name.setFocus()
        self.name.selectAll()

    def remove(self) -> None:
        one = self._now()
        if one is not None:
            rest = [other for other in self._draft.label_set.attributes if other is not one]
            self._draft.set_attributes(f"delete “{one.name}”", rest)

    def _step(self, by: int) -> None:
        attributes, at = list(self._draft.label_set.attributes), self.list.currentRow()
        to = at + by
        if 0 <= to < len(attributes):
            attributes.insert(to, attributes.pop(at))
            self._draft.set_attributes(f"move “{attributes[to].name}”", attributes)
            self.list.setCurrentRow(to)

    def write(self, *_: object) -> None:
        """What the fields say goes into the draft; refused in words when it contradicts itself."""
        one = self._now()
        if one is None or self._filling:
            return
        try:
            now = self._said(one)
        except ValueError as error:
            self._draft.refused.emit(f"{error}")
            return
        if now != one:
            at = self.list.currentRow()
            attributes = list(self._draft.label_set.attributes)
            attributes[at] = now
            self._draft.set_attributes(f"change “{one.name}”", attributes)

    def _said(self, one: Attribute) -> Attribute:
        kind: AttributeKind = self.kind.currentData()
        lines = (line.strip() for line in self.choices.toPlainText().splitlines())
        choices = tuple(dict.fromkeys(line for line in lines if line))
        self._show_kind(kind)
        ordered = kind in ("choice", "scale")
        if ordered and len(choices) < 2:
            self.choices.setFocus()
            raise ValueError("Write at least two choices, one a line.")
        if kind != "number":
            return replace(
                one, name=self.name.text().strip() or one.name, kind=kind,
                choices=choices if ordered else (), low=None, high=None, unit="",
                required=self.required.isChecked(), labels=self._labels(),
            )  # fmt: skip
        low, high = _limit(self.low.text()), _limit(self.high.text())
        if low is not None and high is not None and low >= high:
            raise ValueError("“At least” must be less than “at most”.")
        return replace(
            one, name=self.name.text().strip() or one.name, kind=kind, choices=(), low=low,
            high=high, unit=self.unit.text().strip(), required=self.required.isChecked(),
            labels=self._labels(),
        )  # fmt: skip

    def _labels(self) -> tuple[str, ...]:
        items = [self.labels.item(k) for k in range(1, self.labels.count())]
        return tuple(i.text() for i in items if i.checkState() == Qt.CheckState.Checked)

    def _labels_changed(self, item: QListWidgetItem) -> None:
        if self._filling:
            return
        if self.labels.row(item) == 0:  # all of them: no single one is named
            self._filling = True
            for k in range(1, self.labels.count()):
                self.labels.item(k).setCheckState(Qt.CheckState.Unchecked)
            self._filling = False
        top = self.labels.verticalScrollBar().value()
        at = self.labels.currentRow()
        self.write()
        self._show()
        self.labels.setCurrentRow(at)
        self.labels.verticalScrollBar().setValue(top)


def _limit(text: str) -> float | None:
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"“{text}” is no number.") from None
