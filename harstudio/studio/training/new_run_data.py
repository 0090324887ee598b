"""What a new run learns from: data, protocol, people, clips of each class."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.project import is_project
from harstudio.studio import theme
from harstudio.studio.fields import ChoiceBox, NumberBox
from harstudio.studio.session import Session
from harstudio.studio.training.new_run_counts import CountsHead, CountsList, thin_sentence
from harstudio.studio.training.new_run_draft import WORDS, Draft, data_choices, folder_title

OTHER = "Other folder…"
PROTOCOLS = (
    ("cross-subject", "Cross-subject: odd train, even test", ()),
    ("cross-view", "Cross-view: two views train, one tests", ()),
    ("cross-setup", "Cross-setup: even setups train, odd test", ()),
    ("leave-one-subject-out", "Leave one person out: that one tests", ("person",)),
    ("kfold", "Folds: one of them tests", ("folds", "fold that tests, from 0")),
    ("setting-1", "SYSU setting 1: half of each class tests", ("fold that tests, 0 to 29",)),
    ("setting-2", "SYSU setting 2: half of the people test", ("fold that tests, 0 to 29",)),
    ("test-subjects", "Chosen people test", ()),
    ("test-views", "Chosen views test", ()),
    ("test-recordings", "Chosen recordings test", ()),
    ("test-annotators", "Clips of chosen annotators test", ()),
    ("all", "All train, nothing tests", ()),
)
NUMBERS = {"leave-one-subject-out": (1, 0), "kfold": (5, 0), "setting-1": (0,), "setting-2": (0,)}
LISTS = {  # what the person writes; what stands there first
    "test-subjects": ("People", "2", "Their numbers, with commas between: 2,4,6"),
    "test-views": ("Views", "1", "Their numbers, with commas between: 1,2"),
    "test-recordings": (
        "Recordings",
        "",
        "Their names with commas between, or @list.txt: a file in the data's folder with one name "
        "on each line",
    ),
    "test-annotators": ("Annotators", "", "Their names, with commas between"),
}
PROBLEMS_SHOWN = 3


class DataColumn(QWidget):
    """Writes ``[data]``; shows the survey."""

    def __init__(self, session: Session, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._draft = session, draft
        self._filling = False
        self._annotators: tuple[object, list[str]] = (None, [])  # path; who labelled there
        self.data, self.protocol = ChoiceBox("Data"), ChoiceBox("Protocol")
        for name, title, _ in PROTOCOLS:
            self.protocol.addItem(title, name)
        self.numbers = [NumberBox("", 0, 999), NumberBox("", 0, 999)]
        self._number_names = [QLabel(), QLabel()]
        self.listed, self._listed_name = QLineEdit(), QLabel()
        self.validation = NumberBox("Validating people", -1, 99)
        self.validation.setSpecialValueText("automatic")
        self.validation.setToolTip(
            "So many of the people who would train validate instead: they choose the best epoch. "
            "Automatic is one where at least four train."
        )
        self.annotator = ChoiceBox("Labels of")
        self.annotator.setToolTip("Whose labels are learned where several people labelled")
        self.head, self.counts = CountsHead(), CountsList()
        self.about = small_label()
        self.thin = small_label(tone="warn")
        self.people = small_label()
        self.problems = small_label(tone="warn")
        self._build()
        self._patience = QTimer(self, singleShot=True, interval=250)
        self._patience.timeout.connect(self._write_protocol)
        self.data.activated.connect(self._data_chosen)
        self.protocol.activated.connect(self._protocol_chosen)
        self.annotator.activated.connect(self._annotator_chosen)
        for box in (*self.numbers, self.validation):
            box.valueChanged.connect(self._wait)
        self.listed.textEdited.connect(self._wait)
        draft.changed.connect(self.refresh)
        draft.surveyed.connect(self._show_survey)

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self._annotator_name = QLabel("Labels of")
        rows = (
            (QLabel("Learn from"), self.data),
            (QLabel("Protocol"), self.protocol),
            (self._number_names[0], self.numbers[0]),
            (self._number_names[1], self.numbers[1]),
            (self._listed_name, self.listed),
            (QLabel("Validating people"), self.validation),
            (self._annotator_name, self.annotator),
        )
        for row, (name, field) in enumerate(rows):
            name.setBuddy(field)
            grid.addWidget(name, row, 0)
            grid.addWidget(field, row, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(section("Data"))
        column.addLayout(grid)
        column.addWidget(self.about)
        column.addWidget(self.head)
        column.addWidget(self.counts, 1)
        for label in (self.thin, self.people, self.problems):
            label.setVisible(False)
            column.addWidget(label)

    # ---- filling

    def offer(self) -> None:
        """List what can be learned from; the first is taken where nothing was chosen yet."""
        choices = data_choices(self._session)
        self.data.clear()
        for choice in choices:
            self.data.addItem(choice.title, choice.path)
            self.data.setItemData(
                self.data.count() - 1, str(choice.path), Qt.ItemDataRole.ToolTipRole
            )
        self.data.addItem(OTHER, None)
        if self._draft.get("data.path") is None and choices:
            self._draft.set("data.path", str(choices[0].path))
        self.refresh()

    def refresh(self, _key: str = "") -> None:
        """Show what the draft says."""
        self._filling = True
        path = self._draft.get("data.path")
        if isinstance(path, str):
            row = next((k for k in range(self.data.count() - 1) if self._path(k) == path), -1)
            if row < 0:
                row = self.data.count() - 1
                self.data.insertItem(row, folder_title(Path(path)), Path(path))
            self.data.setCurrentIndex(row)
            self.data.setToolTip(path)
        name, *numbers = str(self._draft.get("data.protocol", "cross-subject")).split(":")
        row = self.protocol.findData(name)
        self.protocol.setCurrentIndex(row)
        titles = PROTOCOLS[row][2] if row >= 0 else ()
        for place, (label, box) in enumerate(zip(self._number_names, self.numbers, strict=True)):
            shown = place < len(titles)
            label.setVisible(shown)
            box.setVisible(shown)
            if shown:
                label.setText(titles[place].split(",")[0].capitalize())
                box.setToolTip(titles[place])
                box.setRange(0 if place or name != "kfold" else 2, 999)
                if place < len(numbers) and numbers[place].isdecimal():
                    box.setValue(int(numbers[place]))
        self._show_list(name)
        people = self._draft.get("data.validation_subjects")
        self.validation.setValue(people if isinstance(people, int) else -1)
        self._offer_annotators()
        self._filling = False

    def _show_list(self, name: str) -> None:
        """The field of a protocol that takes a list."""
        for part in (self.listed, self._listed_name):
            part.setVisible(name in LISTS)
        if name in LISTS:
            title, _, told = LISTS[name]
            self._listed_name.setText(title)
            self.listed.setAccessibleName(title)
            self.listed.setToolTip(told)
            self.listed.setPlaceholderText(told)
            text = str(self._draft.get("data.protocol", "")).partition(":")[2]
            if text != self.listed.text().strip():
                self.listed.setText(text)

    def _path(self, row: int) -> str:
        return str(self.data.itemData(row))

    def _offer_annotators(self) -> None:
        shown = is_project(Path(str(self._draft.get("data.path", ""))))
        self.annotator.setVisible(shown)
        self._annotator_name.setVisible(shown)
        chosen = str(self._draft.get("data.annotator", ""))
        path, people = self._annotators
        others = people if path == self._draft.get("data.path") else []
        names = dict.fromkeys(("", self._session.annotator, *others, chosen))
        self.annotator.clear()
        for name in names:
            self.annotator.addItem(name or "whoever labelled most", name)
        self.annotator.setCurrentIndex(max(0, self.annotator.findData(chosen)))

    # ---- what is chosen

    def _data_chosen(self, row: int) -> None:
        path = self.data.itemData(row)
        if path is None:
            start = str(self._draft.get("data.path") or Path.home())
            name = QFileDialog.getExistingDirectory(self, "Learn from a dataset or project", start)
            path = Path(name) if name else None
        if path is not None:
            self._draft.set("data.path", str(path))
        self.refresh()

    def _protocol_chosen(self, row: int) -> None:
        name = str(self.protocol.itemData(row))
        numbers = NUMBERS.get(name, ())[: len(PROTOCOLS[row][2])]
        values = [str(number) for number in numbers]
        if name in LISTS:
            values = [LISTS[name][1] or self._first_of(name)]
        self._draft.set("data.protocol", ":".join([name, *values]))

    def _first_of(self, name: str) -> str:
        """What a list that names no numbers begins with."""
        _, people = self._annotators
        return next(iter(people), self._session.annotator) if name == "test-annotators" else ""

    def _annotator_chosen(self, row: int) -> None:
        self._draft.set("data.annotator", self.annotator.itemData(row) or None)

    def _wait(self, _value: object) -> None:
        if not self._filling:
            self._patience.start()

    def _write_protocol(self) -> None:
        people = self.validation.value()
        values = [str(box.value()) for box in self.numbers if not box.isHidden()]
        name = str(self.protocol.currentData() or "cross-subject")
        if name in LISTS:
            values = [self.listed.text().strip()]
        self._draft.set("data.validation_subjects", people if people >= 0 else None)
        self._draft.set("data.protocol", ":".join([name, *values]))

    # ---- what the survey tells

    def looking(self, text: str = "Looking at the data") -> None:
        """The data is being looked at; text: how far."""
        set_tone(self.about, "")
        self.about.setText(f"{text}…")

    def failed(self, sentence: str) -> None:
        """It could not be looked at; why stands where the counts would."""
        set_tone(self.about, "bad")
        self.about.setText(sentence)
        self.counts.show_rows([])
        for label in (self.thin, self.people, self.problems):
            label.hide()

    def _show_survey(self) -> None:
        people = [str(name) for name in self._draft.survey.get("annotators") or ()]
        self._annotators = (self._draft.get("data.path"), people)
        self._offer_annotators()
        rows = self._draft.counts
        self.counts.show_rows(rows)
        set_tone(self.about, "")
        clips = [sum(getattr(r, p) for r in rows) for p in ("train", "validation", "test")]
        kinds = ", ".join(sorted(WORDS.get(kind, kind) for kind in self._draft.kinds))
        self.about.setText(
            f"{len(rows)} classes; {clips[0]} clips train, {clips[1]} validate, {clips[2]} test. "
            f"Recordings have {kinds}."
        )
        tell(self.thin, thin_sentence(rows))
        tell(self.people, people_sentence(self._draft.survey.get("subjects") or {}))
        problems = [str(problem) for problem in self._draft.survey.get("problems") or ()]
        shown = problems[:PROBLEMS_SHOWN]
        if len(problems) > len(shown):
            shown.append(f"… and {len(problems) - len(shown)} more")
        tell(self.problems, "\n".join(shown))
        self.problems.setToolTip("\n".join(problems[:40]))


def people_sentence(subjects: dict[str, list[object]]) -> str:
    """Who is in which part."""
    parts = []
    for part, verb in (("train", "train"), ("validation", "validate"), ("test", "test")):
        people = [str(subject) for subject in subjects.get(part, ())]
        if len(people) == 1:
            parts.append(f"person {people[0]} {verb}s")
        elif people:
            parts.append(f"people {', '.join(people)} {verb}")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}." if parts else ""


def section(title: str) -> QLabel:
    """The title of a column."""
    label = QLabel(title)
    label.setFont(theme.ui_font(bold=True))
    return label


def small_label(text: str = "", tone: str = "") -> QLabel:
    """Small words, quiet unless they have a tone."""
    label = QLabel(text, wordWrap=True)
    label.setFont(theme.ui_font(theme.QUIET_PX))
    label.setProperty("quiet", not tone)
    label.setProperty("tone", tone)
    return label


def set_tone(label: QLabel, tone: str) -> None:
    """ "bad", "warn", "good", or "" for quiet."""
    label.setProperty("quiet", not tone)
    label.setProperty("tone", tone)
    label.style().unpolish(label)
    label.style().polish(label)


def tell(label: QLabel, text: str) -> None:
    """Shown only while it says something."""
    label.setText(text)
    label.setVisible(bool(text))
