"""The page of two sides: errors with their list, or two networks or classes without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QWidget

from harstudio.studio import icons, theme
from harstudio.studio.beside.asked import ComparedClip
from harstudio.studio.beside.error_list import ErrorList
from harstudio.studio.beside.view import Beside
from harstudio.studio.buttons import ToolButton
from harstudio.studio.commands import CommandTable
from harstudio.studio.evaluation.findings import Verdict
from harstudio.studio.evaluation.misclassified import Errors, typical_of
from harstudio.studio.session import Session

LIST_PX = 270
SETTLES_MS = 60


class BesidePage(QWidget):
    """back: what its button does. roots: where recordings are looked for that have moved."""

    def __init__(
        self,
        session: Session,
        commands: CommandTable,
        back: Callable[[], None],
        roots: Callable[[], Sequence[Path]],
        device: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("beside_page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._roots = roots
        self.errors: Errors | None = None
        self._two: tuple[ComparedClip, ComparedClip] | None = None
        self.list = ErrorList(session.team.shown)
        self.beside = Beside(session, commands, device)
        self.back = ToolButton(" Back")
        self.back.setToolTip("Back to where you came from  (Esc)")
        self.back.setIconSize(QSize(16, 16))
        self.back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.back.clicked.connect(lambda: back())
        self.title = QLabel()
        self.title.setProperty("quiet", True)
        self.beside.head.insertWidget(0, self.back)
        self.beside.head.insertWidget(1, self.title)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(self.beside)
        split.setStretchFactor(1, 1)
        split.setSizes([LIST_PX, 1200])
        self.list.setMinimumWidth(200)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(split)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SETTLES_MS)
        self._soon.timeout.connect(self._show_picked)
        self.list.picked.connect(self._show_soon)
        session.project_changed.connect(self._look_again)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()

    # ---- errors

    def show_errors(self, errors: Errors, first: Verdict | None = None) -> None:
        """The errors of an evaluation, each beside what it was taken for."""
        self.errors, self._two = errors, None
        self.list.show()
        self.title.setText("Errors beside what they were taken for")
        self.list.show_errors(errors, first)
        self.list.clips.setFocus()

    def _show_soon(self, _verdict: Verdict) -> None:
        """Who holds Down goes past many errors: only the last one is opened."""
        self._soon.start()

    def _show_picked(self) -> None:
        current = self.list.current
        if current is not None and self.isVisible():
            self._show_error(current)

    def _show_error(self, verdict: Verdict) -> None:
        errors = self.errors
        if errors is None:
            return
        left, right = self._pair(errors, verdict)
        said = errors.classes[verdict.predicted]
        roots = self.error_roots()
        ahead, following, here = [], self.list.following(), self.beside.sides[0].path
        if following is not None and here is not None and following.path.parent == here.parent:
            compared = self._compared(errors, following)
            ahead = [compared.question(following.path, compared.label)]
        instead = f"No clip of “{said}” was recognised in this evaluation."
        self.beside.show_pair(left, right, instead=instead, roots=roots, ahead=ahead)

    def error_roots(self) -> list[Path]:
        """Where recordings of the errors are looked for that are not at their paths."""
        data = None if self.errors is None else self.errors.data
        return [*([] if data is None else [data]), *self._roots()]

    def _pair(self, errors: Errors, verdict: Verdict) -> tuple[ComparedClip, ComparedClip | None]:
        said = errors.classes[verdict.predicted]
        left = self._compared(errors, verdict, "Taken for another class")
        found = typical_of(errors, verdict.predicted)
        if found is None:
            return left, None
        typical, rule = found
        return left, self._compared(errors, typical, f"Typical of “{said}”", rule)

    @staticmethod
    def _compared(
        errors: Errors, verdict: Verdict, caption: str = "", note: str = ""
    ) -> ComparedClip:
        """What was said of a clip, explained."""
        return ComparedClip(
            errors.run,
            verdict.path,
            verdict.recording,
            verdict.start_ns,
            verdict.end_ns,
            label=verdict.predicted,
            true=errors.classes[verdict.label],
            said=errors.classes[verdict.predicted],
            confidence=verdict.confidence,
            caption=caption,
            note=note,
            person=verdict.person,
        )

    def step_error(self, by: int) -> None:
        if self.has_errors:
            self.list.step(by)

    @property
    def has_errors(self) -> bool:
        return self.errors is not None

    # ---- two networks, or two classes

    def show_two(self, title: str, left: ComparedClip, right: ComparedClip) -> None:
        """Two opinions of one clip."""
        self.errors, self._two = None, (left, right)
        self.list.hide()
        self.title.setText(title)
        self.beside.show_pair(left, right, roots=self._roots())
        self.setFocus()

    def _look_again(self, _project: object = None) -> None:
        """Another folder or project is open: what was not found may be there."""
        if not self.isVisible() or not any(side.problem for side in self.beside.sides):
            return
        if self._two is not None:
            self.beside.show_pair(*self._two, roots=self._roots())
        else:
            self._soon.start()

    def shut(self) -> None:
        self.beside.shut()

    def _restyle(self) -> None:
        tokens = theme.current()
        self.setStyleSheet(f"#beside_page {{ background: {tokens.surface}; }}")
        self.back.setIcon(icons.icon("chevron-left", 16))
