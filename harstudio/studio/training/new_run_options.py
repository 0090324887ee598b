"""What can be chosen of a network: its paper's ablations, and what else its card offers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from harstudio.studio.fields import ChoiceBox, NumberBox
from harstudio.studio.session import Session
from harstudio.studio.training.new_run_draft import WORDS, Draft

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

JOB = "harstudio.learning.jobs:card"
LARGEST = 1_000_000
Field = ChoiceBox | NumberBox | QLineEdit


class OptionsForm(QScrollArea):
    """Writes ``[network]``; an option at its default is not written.

    told says what the option that has the focus is about, "" once none has it.
    """

    told = Signal(str)

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self._filling = False
        self._shape: tuple[str, str] = ("", "")
        self.fields: dict[str, Field] = {}
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)
        column.addStretch(1)
        self.setWidget(inside)

    def refresh(self, before: QWidget) -> None:
        """Show the chosen network's; they follow ``before`` when tabbing."""
        card = self._draft.card or {}
        options: Mapping[str, Any] = card.get("options") or {}
        shape = str(card.get("name")), json.dumps(options, default=str)
        self._filling = True
        if shape != self._shape:
            self._shape = shape
            self._make(options, before)
        chosen = self._draft.options
        for name, option in options.items():
            self._fill(self.fields[name], chosen.get(name, option["default"]))
        self._filling = False
        self.setVisible(bool(options))

    def _make(self, options: Mapping[str, Any], before: QWidget) -> None:
        while self._grid.count():
            old = self._grid.takeAt(0).widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self.fields = {}
        for row, (name, option) in enumerate(options.items()):
            title = str(option["title"])
            label, field = QLabel(title), self._field(name, title, option)
            said = f"{option['help']}\npaper: {word(option['default'])}"
            for widget in (label, field):
                widget.setToolTip(said)
            field.setAccessibleDescription(said)
            field.installEventFilter(self)
            label.setBuddy(field)
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(field, row, 1)
            self.fields[name] = field
        for one, other in pairwise([before, *self.fields.values()]):
            QWidget.setTabOrder(one, other)
        self.widget().adjustSize()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Who comes by keys reads what an option is about, too."""
        if isinstance(watched, QWidget) and event.type() == QEvent.Type.FocusIn:
            self.ensureWidgetVisible(watched, 0, 6)
            self.told.emit(watched.toolTip().replace("\n", " In the "))
        elif (
            isinstance(event, QFocusEvent)
            and event.lostFocus()
            and event.reason() != Qt.FocusReason.PopupFocusReason
        ):
            self.told.emit("")
        return False

    def _field(self, name: str, title: str, option: Mapping[str, Any]) -> Field:
        default, choices = option["default"], list(option.get("choices") or ())
        if isinstance(default, bool) and not choices:
            choices = [True, False]
        if choices:
            box = ChoiceBox(title)
            for choice in choices:
                box.addItem(word(choice), choice)
            box.activated.connect(lambda row: self._chosen(name, choices[row], default))
            return box
        if isinstance(default, int):
            number = NumberBox(title, 0, LARGEST)
            number.valueChanged.connect(lambda value: self._chosen(name, value, default))
            return number
        line = QLineEdit()
        line.setAccessibleName(title)
        line.editingFinished.connect(partial(self._typed, name, line, default))
        return line

    @staticmethod
    def _fill(field: Field, value: object) -> None:
        if isinstance(field, ChoiceBox):
            words = word(value)
            field.setCurrentIndex(field.findText(words))
        elif isinstance(field, NumberBox):
            field.setValue(value if isinstance(value, int) else 0)
        elif not field.hasFocus():
            field.setText(word(value))

    def _chosen(self, name: str, value: object, default: object) -> None:
        if not self._filling:
            same = type(value) is type(default) and value == default
            self._draft.set(f"network.{name}", None if same else value)

    def _typed(self, name: str, line: QLineEdit, default: object) -> None:
        text: str = line.text().strip()
        value: object = text
        if isinstance(default, float):
            try:
                value = float(text)
            except ValueError:
                line.setText(word(self._draft.options.get(name, default)))
                return
        self._chosen(name, value, default)


class AdaptedCards(QObject):
    """Asks what a network is with the options that were chosen: they may change what feeds it, how
    it is trained and what it tells. Answers are kept."""

    changed = Signal()  # it asks, knows, or knows why not

    def __init__(self, session: Session, draft: Draft, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._draft = session, draft
        self._job: int | None = None
        self._asked = ""
        self._problems: dict[str, str] = {}
        session.jobs.finished.connect(self._finished)

    @property
    def asking(self) -> bool:
        return self._job is not None

    @property
    def problem(self) -> str:
        """Why there is no such network, "" where nothing is wrong."""
        return self._problems.get(self._draft.card_key, "")

    def look(self) -> None:
        """Ask where it is not known."""
        draft = self._draft
        key = draft.card_key
        if draft.knows_card or key in self._problems:
            self.rest()
            return
        if self._job is not None and key == self._asked:
            return
        self.rest()
        self._asked = key
        payload = {"name": str(draft.get("network.name")), "options": draft.options}
        record = self._session.jobs.submit(JOB, payload, title="Look at the network", lane="quick")
        self._job = record.id
        self.changed.emit()

    def rest(self) -> None:
        """Nobody waits any more."""
        job, self._job = self._job, None
        if job is not None:
            self._session.jobs.remove(job)

    def _finished(self, record: JobRecord) -> None:
        if record.id != self._job:
            return
        self._job = None
        self._session.jobs.remove(record.id)  # what it told stands here
        if record.state == "done" and record.result is not None:
            self._draft.take_card(self._asked, record.result)
        elif record.state == "failed":
            self._problems[self._asked] = record.error or "There is no such network."
        self.changed.emit()


def word(value: object) -> str:
    """A value as people say it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "+".join(WORDS.get(part, part) for part in str(value).split("+"))
