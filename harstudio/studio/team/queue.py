"""What is assigned to the annotator: a line above the library, and the next recording of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from harstudio.studio import theme
from harstudio.studio.buttons import ToolButton

if TYPE_CHECKING:
    from harstudio.studio.panels.library_model import LibraryModel
    from harstudio.studio.session import Session


class QueueButton(QWidget):
    """ "Assigned to me · 3 of 8": pressed, only these are listed. Hidden without any."""

    toggled = Signal(bool)

    def __init__(self, model: LibraryModel, session: Session) -> None:
        super().__init__()
        self._model = model
        self._session = session
        self.button = ToolButton("Assigned to me")
        self.button.setCheckable(True)
        self.button.setToolTip("List only the recordings that you are to label")
        self.button.toggled.connect(self.toggled)
        self.count = QLabel()
        self.count.setProperty("quiet", True)
        self.count.setFont(theme.time_font(theme.QUIET_PX))
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 12, 0)
        row.setSpacing(8)
        row.addWidget(self.button)
        row.addWidget(self.count, 1)
        self.refresh()

    def refresh(self) -> None:
        """Count again."""
        mine = self._session.team.assignments.of(self._session.annotator)
        self.setVisible(bool(mine))
        done = sum(self._model.state(name) == "done" for name in mine)
        self.count.setText(f"{done} of {len(mine)}")
        self.count.setToolTip(f"You are done with {done} of {len(mine)}")
        if not mine and self.button.isChecked():
            self.button.setChecked(False)


def next_assigned(session: Session, model: LibraryModel) -> str:
    """The name of the next recording to label: assigned, not done, after the open one; else ""."""
    mine = session.team.assignments.of(session.annotator)
    here = "" if session.recording is None else session.recording.name
    start = mine.index(here) + 1 if here in mine else 0
    ahead = (*mine[start:], *mine[:start])
    return next((name for name in ahead if name != here and model.state(name) != "done"), "")
