"""The box about the project: its rules, who labels what, how far everybody is."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from harstudio.studio.buttons import Button
from harstudio.studio.session import Session
from harstudio.studio.team.assignments_page import AssignmentsPage
from harstudio.studio.team.progress_page import ProgressPage
from harstudio.studio.team.rules_page import RulesPage

SIZE = (760, 580)
Page = RulesPage | AssignmentsPage | ProgressPage


class ProjectBox(QDialog):
    """Not modal; what is changed in it is written at once."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("project_box")
        self._session = session
        self.rules = RulesPage(session)
        self.assignments = AssignmentsPage(session)
        self.progress = ProgressPage(session)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self._names: dict[str, tuple[Page, str]] = {
            "rules": (self.rules, "Rules"),
            "assignments": (self.assignments, "Who labels what"),
            "progress": (self.progress, "Progress"),
        }
        for page, title in self._names.values():
            self.pages.addTab(page, title)
        close = Button("Close")
        close.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        foot.setContentsMargins(16, 0, 16, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 14)
        column.setSpacing(8)
        column.addWidget(self.pages, 1)
        column.addLayout(foot)
        self.resize(*SIZE)
        self.pages.currentChanged.connect(self._show_page)
        session.project_changed.connect(self._meet_project)
        session.team.changed.connect(self._show_title)
        self._show_title()

    def present(self, page: str) -> None:
        """Show a page: "rules", "assignments" or "progress"."""
        self.pages.setCurrentWidget(self._names[page][0])
        self.show()
        self.raise_()
        self.activateWindow()
        self._show_page()

    def _show_page(self, *_: object) -> None:
        if self.isVisible():
            self._names[list(self._names)[self.pages.currentIndex()]][0].refresh()

    def _show_title(self, *_: object) -> None:
        project = self._session.project
        name = "" if project is None else f" · {self._session.team.shown(project.name)}"
        self.setWindowTitle(f"Project{name}")

    def _meet_project(self, project: object) -> None:
        self._show_title()
        if project is None:
            self.close()
        else:
            self._show_page()

    def shut(self) -> None:
        """End the threads."""
        for page, _ in self._names.values():
            page.shut()
        self.close()
