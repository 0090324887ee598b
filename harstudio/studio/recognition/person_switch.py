"""Of which person the recognition panel and the timeline tell."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from harstudio.studio.buttons import ToolButton
from harstudio.studio.flow import Flow
from harstudio.studio.recognition.persons import person_names
from harstudio.studio.session import Session


class PersonSwitch(QWidget):
    """A button for each person that the answer tells apart; hidden where it is about one."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("persons")
        self.setAccessibleName("Whose opinion is shown")
        self._session = session
        self.buttons: dict[str, ToolButton] = {}
        self._row = Flow(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        session.recognition_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        answer, now = self._session.answer, self._session.recognition
        persons = () if answer is None or len(answer.persons) < 2 else answer.persons
        if tuple(self.buttons) != persons:
            self._build(persons)
        self.setVisible(bool(persons))
        shown = () if now is None else now.persons
        for person, button in self.buttons.items():
            button.setChecked(shown == (person,))

    def _build(self, persons: tuple[str, ...]) -> None:
        for button in self.buttons.values():
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = {}
        for person, name in person_names(persons).items():
            button = ToolButton(name.capitalize())
            button.setToolTip(f"Show what is said about body {person}")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _, chosen=person: self._choose(chosen))
            self._row.addWidget(button)
            self.buttons[person] = button

    def _choose(self, person: str) -> None:
        self._session.choose_person(person)
        self.refresh()
