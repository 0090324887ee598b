"""How a new run trains: the few settings that matter, the paper's values beside them, and the
whole config as text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import UsageError
from harstudio.labels.keeping.names import safe_name
from harstudio.studio.buttons import ToolButton
from harstudio.studio.fields import ChoiceBox, NumberBox
from harstudio.studio.training.new_run_choices import Choices
from harstudio.studio.training.new_run_data import section, small_label, tell
from harstudio.studio.training.new_run_draft import WORDS, Draft

LARGEST = 1_000_000
FIGURES = {  # by kind of input: what a person may want to change
    "skeleton": ("frames", "bodies"),
    "clip": ("frames", "size"),
    "picture": ("size",),
    "dynamic": ("size",),
    "inertial": ("frames",),
}
TITLES = {"frames": "Frames", "bodies": "Bodies", "size": "Pixels"}
OWN = ("training.patience", "training.seed", "training.threads")  # what papers do not say
NOTHING = {"training.patience": "no limit", "training.threads": "automatic"}  # 0 in words
TEXT_HELP = "What is not written here follows the paper."


class SettingsColumn(QWidget):
    """Writes ``[training]``, ``[preprocessing]`` and ``[run]``; shows all of it as text."""

    valid = Signal(bool)  # whether the text can be read

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self.runs_folder = Path()
        self._filling = False
        self._unreadable = ""  # why the text is no TOML
        self._wrong = ""  # why its config cannot be trained
        self.spins: dict[str, NumberBox] = {}
        self._hints: dict[str, QLabel] = {}
        self._shape: list[str] = []  # the keys that fields are made for
        self.choices = Choices(self)
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the run")
        self.place = small_label()
        self.name_problem = small_label(tone="bad")
        self.name_problem.hide()
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("The config as text")
        self.text.setTabChangesFocus(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        fixed.setPixelSize(12)
        self.text.setFont(fixed)
        self.text_problem = small_label(tone="bad")
        self.text_problem.hide()
        self.more = ToolButton("As text")
        self.more.setCheckable(True)
        self.more.setToolTip("Every setting as the text of config.toml, to be edited  (Alt+T)")
        self.more.setShortcut("Alt+T")
        self._patience = QTimer(self, singleShot=True, interval=350)
        self._patience.timeout.connect(self._read_text)
        self._build()
        self.more.toggled.connect(self._turn)
        self.text.textChanged.connect(self._text_changed)
        self.choices.chosen.connect(self._chosen)
        self.name.textEdited.connect(self._name_edited)
        draft.changed.connect(self.refresh)
        draft.surveyed.connect(self.refresh)

    def _build(self) -> None:
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 8, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        fields = QWidget()
        inside = QVBoxLayout(fields)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(self._grid)
        inside.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(fields)
        written = QWidget()
        below = QVBoxLayout(written)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(small_label(TEXT_HELP))
        below.addWidget(self.text, 1)
        below.addWidget(self.text_problem)
        self._pages = QStackedWidget()
        self._pages.addWidget(scroll)
        self._pages.addWidget(written)
        head = QGridLayout()
        head.addWidget(section("Training"), 0, 0)
        head.addWidget(self.more, 0, 1)
        head.setColumnStretch(0, 1)
        name = QLabel("Name")
        name.setBuddy(self.name)
        named = QGridLayout()
        named.setHorizontalSpacing(12)
        named.setVerticalSpacing(4)
        named.addWidget(name, 0, 0)
        named.addWidget(self.name, 0, 1)
        named.addWidget(self.name_problem, 1, 1)
        named.addWidget(self.place, 2, 1)
        named.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        column.addLayout(named)

    # ---- filling

    def refresh(self, _key: str = "") -> None:
        """Show what the draft says, and what the paper says."""
        self._filling = True
        wanted = self._wanted()
        if self._keys(wanted) != self._shape:
            self._make_fields(wanted)
        for key, _, paper, _ in wanted:
            value = self._draft.get(key)
            self.spins[key].setValue(value if isinstance(value, int) else self._without(key, paper))
            self._show_hint(key, paper)
        for key in self.choices.boxes:
            self.choices.show_value(key, self._draft.get(key))
        folder = Path(str(self._draft.get("run.folder", "")))
        typed = self.name.text().strip()
        if folder.name and name_of(typed) != folder.name and (typed or not self.name.hasFocus()):
            self.name.setText(folder.name)
        self._show_place(folder)
        if not self.text.hasFocus():
            self.text.setPlainText(self._draft.text())
            self._say_text("")
        self._filling = False

    def _show_place(self, folder: Path) -> None:
        """Where the run will lie, and what is wrong with its name."""
        typed = self.name.text().strip()
        named = "" if typed in ("", folder.name) else f"as {folder.name} "
        self.place.setText(f"{named}in {shortened(folder.parent)}")
        self.place.setToolTip(str(folder))
        there = bool(typed) and self._draft.is_taken(folder)
        problem = "There is a run of this name; choose another." if there else ""
        tell(self.name_problem, problem if typed else "Give it a name.")

    def _wanted(self) -> list[tuple[str, str, int, int]]:
        """(key, title, the paper's, least) of every figure that the chosen network has."""
        card = self._draft.card
        if card is None:
            return []
        stages = card.get("stages") or ()
        wanted = []
        for stage in stages:
            title = "Epochs" if len(stages) == 1 else f"Epochs, {stage['name']}"
            key = f"training.stage.{stage['name']}.epochs"
            wanted.append((key, title, int(stage["epochs"]), 0))
        wanted.append(("training.batch_size", "Batch size", int(card.get("batch_size") or 32), 1))
        wanted += input_figures(card.get("preprocessing") or {})
        wanted.append(("training.patience", "Patience, epochs", 0, 0))
        wanted.append(("training.seed", "Seed", 0, 0))
        wanted.append(("training.threads", "Threads", 0, 0))
        return wanted

    def _keys(self, wanted: list[tuple[str, str, int, int]]) -> list[str]:
        """Of all fields, in their order."""
        return [*(key for key, *_ in wanted), *self.choices.fitting(self._draft.card or {})]

    def _make_fields(self, wanted: list[tuple[str, str, int, int]]) -> None:
        while self._grid.count():
            old = self._grid.takeAt(0).widget()
            if isinstance(old, ChoiceBox):
                old.hide()
            elif old is not None:
                old.hide()
                old.deleteLater()
        self._shape = self._keys(wanted)
        self.spins, self._hints = {}, {}
        for row, (key, title, _, least) in enumerate(wanted):
            most = 2 if key.endswith(".bodies") else LARGEST
            label, spin, hint = QLabel(title), NumberBox(title, least, most), small_label()
            if key in NOTHING:
                spin.setSpecialValueText(NOTHING[key])
            label.setBuddy(spin)
            spin.valueChanged.connect(partial(self._figure_changed, key))
            for place, widget in enumerate((label, spin, hint)):
                self._grid.addWidget(widget, row, place)
            self.spins[key], self._hints[key] = spin, hint
        boxes = [self.choices.boxes[key] for key in self.choices.fitting(self._draft.card or {})]
        for row, box in enumerate(boxes, len(wanted)):
            label = QLabel(box.accessibleName())
            label.setBuddy(box)
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(box, row, 1, 1, 2)
            box.show()
        order = [self.more, self.text, *self.spins.values(), *boxes, self.name]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _without(self, key: str, paper: int) -> int:
        """What holds where this key is not written."""
        every = self._draft.get("training.epochs")
        return every if key.endswith(".epochs") and isinstance(every, int) else paper

    def _show_hint(self, key: str, paper: int) -> None:
        self._hints[key].setText("" if key in OWN else f"paper {paper}")

    # ---- what is changed

    def _figure_changed(self, key: str, value: int) -> None:
        if self._filling:
            return
        paper = next(paper for one, _, paper, _ in self._wanted() if one == key)
        self._draft.set(key, None if value == self._without(key, paper) else value)

    def _chosen(self, key: str, value: object) -> None:
        self._draft.set(key, value)

    def _name_edited(self, text: str) -> None:
        if text.strip():
            self._draft.name_run(self.runs_folder, name_of(text))
        self._show_place(Path(str(self._draft.get("run.folder", ""))))
        self.valid.emit(not self.text_problem.text())

    # ---- the text

    def _turn(self, as_text: bool) -> None:
        self._pages.setCurrentIndex(int(as_text))
        (self.text if as_text else self.more).setFocus()

    def _text_changed(self) -> None:
        if not self._filling:
            self._patience.start()

    def _read_text(self) -> None:
        try:
            self._draft.read(self.text.toPlainText())
        except UsageError as error:
            self._say_text(error.sentence)
        else:
            self._say_text("")

    def settle(self) -> bool:
        """Read what was just typed; False where it cannot be read."""
        if self._patience.isActive():
            self._patience.stop()
            self._read_text()
        return not self.text_problem.text()

    def _say_text(self, sentence: str) -> None:
        self._unreadable = sentence
        self.tell_config(self._wrong)
        self.valid.emit(not sentence)

    def tell_config(self, sentence: str) -> None:
        """Why the config as it stands cannot be trained; "" for nothing known."""
        self._wrong = sentence
        tell(self.text_problem, self._unreadable or sentence)


def input_figures(tables: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, int, int]]:
    """(key, title, the paper's, least) of the figures of all inputs; the input is named where
    several have such a figure."""
    found = [
        (name, key, table[key])
        for name, table in tables.items()
        for key in FIGURES.get(str(table.get("kind", name)), ())
        if isinstance(table.get(key), int)
    ]
    keys = [key for _, key, _ in found]
    return [
        (
            f"preprocessing.{name}.{key}",
            TITLES[key]
            if keys.count(key) == 1
            else f"{TITLES[key]}, {WORDS.get(name, name).replace('_', ' ')}",
            value,
            1,
        )
        for name, key, value in found
    ]


def name_of(text: str) -> str:
    """What was typed, as the name of a folder; "" for nothing."""
    return safe_name(text.strip()) if text.strip() else ""


def shortened(path: Path) -> str:
    """A path with the home folder as ~ and its middle left out where it is long."""
    text = str(path)
    home = str(Path.home())
    if text.startswith(home + "/"):
        text = "~" + text[len(home) :]
    return text if len(text) <= 52 else f"{text[:18]}…{text[-32:]}"
