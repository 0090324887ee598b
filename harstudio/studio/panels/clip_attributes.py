"""What else the label set asks about the selected clips: one field for each attribute."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from harstudio.labels.label_sets.attributes import Attribute, missing
from harstudio.labels.model import AttributeValue, Clip
from harstudio.studio.panels.clip_fields import ChoiceField, TextField


class AttributeFields(QWidget):
    """The fields of the attributes that concern the label of every selected clip."""

    written = Signal(str, object)  # attribute, value or None
    refused = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked: tuple[Attribute, ...] = ()
        self.fields: dict[str, ChoiceField | TextField] = {}
        self._names: dict[str, QLabel] = {}
        self._waiting: list[str] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._missing = QLabel(self, wordWrap=True)
        self._missing.setObjectName("clip_missing")
        self._missing.setProperty("tone", "warn")
        self._missing.hide()

    def show_clips(self, clips: Sequence[Clip], attributes: Sequence[Attribute]) -> None:
        """Show what the clips answer; fields are made anew only when other questions are asked."""
        labels = {clip.label for clip in clips}
        asked = tuple(a for a in attributes if labels and all(a.concerns(la) for la in labels))
        if asked != self._asked:
            self._ask(asked)
        for one in asked:
            values = [clip.attributes.get(one.name) for clip in clips]
            field = self.fields[one.name]
            if isinstance(field, ChoiceField):
                field.show_values(values)
            else:
                field.show_values([_said(value) for value in values])
        self._show_missing(clips, asked)
        self.setVisible(bool(asked))

    def first_missing(self) -> QWidget | None:
        """The field of the first required one that a clip does not answer."""
        return self.fields.get(next(iter(self._waiting), ""))

    def _show_missing(self, clips: Sequence[Clip], asked: Sequence[Attribute]) -> None:
        names = dict.fromkeys(one.name for clip in clips for one in missing(clip, asked))
        self._waiting = list(names)
        self._missing.setText(f"Still to answer: {', '.join(names)}" if names else "")
        self._missing.setVisible(bool(names))

    def _ask(self, asked: tuple[Attribute, ...]) -> None:
        for widget in (*self.fields.values(), *self._names.values()):
            self._grid.removeWidget(widget)
            widget.setParent(None)
            widget.deleteLater()
        self._grid.removeWidget(self._missing)
        self._asked, self.fields, self._names = asked, {}, {}
        for row, one in enumerate(asked):
            name = QLabel(f"{one.name} *" if one.required else one.name)
            name.setProperty("quiet", True)
            name.setToolTip("A clip is not complete without it" if one.required else one.name)
            field = self._field(one)
            field.written.connect(partial(self.written.emit, one.name))
            field.left.connect(self.left)
            self._grid.addWidget(name, row, 0)
            self._grid.addWidget(field, row, 1)
            field.show()  # now: it may be gone to at once
            self.fields[one.name], self._names[one.name] = field, name
        self._grid.addWidget(self._missing, len(asked), 0, 1, 2)

    def _field(self, one: Attribute) -> ChoiceField | TextField:
        if one.kind in ("choice", "scale"):
            return ChoiceField(one.name, one.choices)
        field = TextField(one.name, _reader(one))
        field.refused.connect(self.refused)
        if one.kind == "number":
            field.hint = _hint(one)
            field.setInputMethodHints(Qt.InputMethodHint.ImhFormattedNumbersOnly)
        return field


def _reader(one: Attribute) -> Callable[[str], AttributeValue | None]:
    def read(text: str) -> AttributeValue | None:
        value: AttributeValue = text
        if not text:
            return None
        if one.kind == "number":
            plain = text.removesuffix(one.unit).strip().replace(",", ".")
            try:
                value = float(plain)
                if not math.isfinite(value):
                    raise ValueError
            except ValueError:
                raise ValueError(f"“{one.name}” must be a number, not “{text}”.") from None
            value = int(value) if value.is_integer() else value
        problem = one.problem(value)
        if problem:
            raise ValueError(problem)
        return value

    return read


def _hint(one: Attribute) -> str:
    low, high = (None if limit is None else f"{limit:g}" for limit in (one.low, one.high))
    if low is not None and high is not None:
        said = f"{low} to {high}"
    else:
        said = f"from {low}" if low is not None else f"up to {high}" if high is not None else ""
    return f"{said} {one.unit}".strip()


def _said(value: AttributeValue | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:g}"
