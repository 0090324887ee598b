"""The rules of the project: who sees what, and who is trained."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.team.faces_rule import remember
from harstudio.labels.team.policy import GOLD, Policy
from harstudio.labels.team.pseudonyms import Pseudonyms, add_subject
from harstudio.studio import theme
from harstudio.studio.buttons import Button
from harstudio.studio.session import Session
from harstudio.studio.team.rules import TeamFacts
from harstudio.studio.team.writing import Writer

RULES = (
    ("blind", "Blind annotation",
     "Annotators see neither the labels of others nor what networks say about a recording, and "
     "no agreement, until they have marked their own labels of it as done."),
    ("blur_faces", "Hide faces",
     "Heads are made coarse wherever a picture is shown, and in videos that are exported. Where "
     "a head is known from the skeleton alone; without one the whole picture is made coarse. The "
     "recordings themselves stay as they are."),
    ("pseudonyms", "Subjects by pseudonym",
     "Names that you list below are shown and exported as P01, P02, …"),
)  # fmt: skip


class RulesPage(QWidget):
    """Every change is written to the project at once."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._writer = Writer(session, self)
        self._writer.failed = self.refresh
        self.boxes: dict[str, QCheckBox] = {}
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(20, 12, 20, 12)
        self._column.setSpacing(4)
        for key, title, words in RULES:
            self._add_rule(key, title, words)
            if key == "blind":
                self.reviewers = self._add_names(
                    "Reviewers, with commas between: they see everybody's labels all the same, and "
                    "settle disagreements",
                    "reviewers",
                )
        self._build_subjects()
        self._column.addSpacing(12)
        self._add_title("Training recordings")
        self._add_words(
            "Whoever labels one of these is told after each clip how it compares with the gold "
            "labels. Names of recordings, with commas between."
        )
        self.training = self._add_line("training", "")
        self.add_open = Button("Add the open recording")
        self.add_open.clicked.connect(self._add_open_recording)
        self._column.addWidget(self.add_open, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(scroll)
        session.team.changed.connect(self.refresh)
        self.refresh()

    # ---- building

    def _add_rule(self, key: str, title: str, words: str) -> None:
        box = QCheckBox(title)
        box.setObjectName(f"rule_{key}")
        box.setFont(theme.ui_font(theme.TEXT_PX, bold=True))
        box.clicked.connect(partial(self._flip, key))
        self.boxes[key] = box
        if self._column.count():
            self._column.addSpacing(12)
        self._column.addWidget(box)
        self._add_words(words)

    def _add_title(self, title: str) -> None:
        label = QLabel(title)
        label.setFont(theme.ui_font(theme.TEXT_PX, bold=True))
        self._column.addWidget(label)

    def _add_words(self, words: str) -> None:
        label = QLabel(words, wordWrap=True)
        label.setProperty("quiet", True)
        self._column.addWidget(label)

    def _add_names(self, words: str, key: str) -> QLineEdit:
        self._add_words(words)
        return self._add_line(key, "nobody")

    def _add_line(self, key: str, placeholder: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(key)
        line.setAccessibleName(key)
        line.setPlaceholderText(placeholder)
        line.editingFinished.connect(partial(self._write_names, key, line))
        self._column.addWidget(line)
        return line

    def _build_subjects(self) -> None:
        self.subjects = QLabel(wordWrap=True)
        self.subjects.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._column.addWidget(self.subjects)
        self.subject = QLineEdit()
        self.subject.setObjectName("subject")
        self.subject.setAccessibleName("Name of a subject")
        self.subject.setPlaceholderText("Name of a subject, as it stands in names of recordings")
        self.subject.returnPressed.connect(self._add_subject)
        add = Button("Give a pseudonym")
        add.clicked.connect(self._add_subject)
        self._subject_row = QWidget()
        row = QHBoxLayout(self._subject_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.subject, 1)
        row.addWidget(add)
        self._column.addWidget(self._subject_row)

    # ---- showing

    def refresh(self) -> None:
        """Show what holds now."""
        policy = self._session.team.policy
        for key, box in self.boxes.items():
            box.setChecked(bool(getattr(policy, key)))
        for line, names in ((self.reviewers, policy.reviewers), (self.training, policy.training)):
            if not line.hasFocus():
                line.setText(", ".join(names))
        named = self._session.team.facts.pseudonyms.by_name
        told = ", ".join(f"{name} is {pseudonym}" for name, pseudonym in named.items())
        self.subjects.setText(told or "Nobody has a pseudonym yet.")
        self.subjects.setVisible(policy.pseudonyms)
        self._subject_row.setVisible(policy.pseudonyms)
        self.add_open.setEnabled(self._session.recording is not None)

    # ---- changing

    def _flip(self, key: str, _checked: bool = False) -> None:
        wanted: dict[str, Any] = {key: self.boxes[key].isChecked()}
        self.set_policy(replace(self._session.team.policy, **wanted))

    def _write_names(self, key: str, line: QLineEdit) -> None:
        names = tuple(dict.fromkeys(n.strip() for n in line.text().split(",") if n.strip()))
        policy = self._session.team.policy
        if names == getattr(policy, key):
            return
        if key == "reviewers" and GOLD in names:
            self._session.message.emit(
                "warn", f"“{GOLD}” is the name of the agreed labels, not of a reviewer."
            )
            names = tuple(name for name in names if name != GOLD)
        changed: dict[str, Any] = {key: names}
        self.set_policy(replace(policy, **changed))

    def _add_open_recording(self, _checked: bool = False) -> None:
        recording, policy = self._session.recording, self._session.team.policy
        if recording is not None and recording.name not in policy.training:
            self.set_policy(replace(policy, training=(*policy.training, recording.name)))

    def set_policy(self, policy: Policy) -> None:
        """Keep other rules; they hold from now on."""
        project = self._session.project
        if project is None:
            return

        def write() -> Pseudonyms:
            project.set_policy(policy)
            remember(project)
            return Pseudonyms.load(project.folder) if policy.pseudonyms else Pseudonyms()

        self._writer.do(write, self._take)

    def _add_subject(self, _checked: bool = False) -> None:
        project, name = self._session.project, self.subject.text().strip()
        if project is None or not name:
            return

        def write() -> Pseudonyms:
            add_subject(project.folder, name)
            return Pseudonyms.load(project.folder)

        self.subject.clear()
        self._writer.do(write, self._take)

    def _take(self, pseudonyms: Pseudonyms) -> None:
        team = self._session.team
        team.take(TeamFacts(team.facts.assignments, pseudonyms))

    def shut(self) -> None:
        """Wait for what is being written."""
        self._writer.shut()
