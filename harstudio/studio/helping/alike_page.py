"""The page of what is alike: what was looked for, what was found, and a label for what fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from harstudio.studio.fields import ChoiceBox
from harstudio.studio.helping.parts import Problems, WorkLine, primary, quiet
from harstudio.studio.helping.row_list import RowList
from harstudio.studio.helping.rows import Picture, Row
from harstudio.studio.timecode import clock_text

if TYPE_CHECKING:
    from harstudio.studio.helping.alike import Alike, Found
    from harstudio.studio.labelling.labelling import Labelling

HOW = "Enter goes there: a label key labels it. Space checks it for the proposal below."
NOTHING = "Nothing else was found in this project."


class AlikePage(QWidget):
    """Shows what ``Alike`` found. picture: gives the picture of a recording."""

    def __init__(self, labelling: Labelling, alike: Alike, picture: Picture) -> None:
        super().__init__()
        self._labelling, self._session, self._alike = labelling, labelling.session, alike
        self.look = primary("Find more like this", alike.look)
        self.reason, self.title = quiet(), quiet(bold=True)
        self.work = WorkLine(alike.job, self._session.team.shown)
        self.problems, self.how = Problems(), quiet(HOW)
        self.list = RowList("More like this", picture)
        self.list.chosen.connect(self._go)
        self.list.checked.connect(self._show_foot)
        self.label = ChoiceBox("Label to propose")
        self.propose = primary("", self._propose)
        self._asked: object = None  # for which the label was chosen
        self._foot = QWidget()
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(6)
        foot.addWidget(self.label, 1)
        foot.addWidget(self.propose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        above = (self.look, self.reason, self.work, self.problems)
        for widget in (*above, self.title, self.how):
            column.addWidget(widget)
        column.addWidget(self.list, 1)
        column.addWidget(self._foot)
        column.addStretch(0)
        alike.changed.connect(self.refresh)
        labelling.labels_changed.connect(self.refresh)
        self._session.selection_changed.connect(self.refresh)
        labelling.changed.connect(self._show_look)
        self.refresh()

    # ---- showing

    def refresh(self, *_: object) -> None:
        """Show what is so now; a hidden page does that when it is shown."""
        if not self.isVisible():
            return
        alike, found = self._alike, self._alike.found
        self._show_look()
        self.title.setText(self._title())
        self.title.setVisible(alike.asked is not None)
        self.problems.tell(alike.problems, self._session.team.shown)
        rows = self._rows(found or ())
        self.list.show_rows(rows)
        self.list.setVisible(bool(rows))
        self.how.setText(HOW if rows else NOTHING)
        self.how.setVisible(found is not None)
        self._foot.setVisible(bool(rows))
        self._show_labels()
        self._show_foot()

    def _show_look(self) -> None:
        if not self.isVisible():
            return
        can, busy = self._alike.can_look(), self._alike.job.busy
        self.look.setVisible(not busy)
        self.look.setEnabled(can)
        self.reason.setText("" if can or busy else self._alike.why_not())
        self.reason.setVisible(bool(self.reason.text()))

    def showEvent(self, event: object) -> None:  # noqa: N802
        self.refresh()

    def _title(self) -> str:
        asked = self._alike.asked
        if asked is None:
            return ""
        what = f"“{asked.label}”" if asked.label else "the stretch"
        return f"Like {what} of {self._session.team.shown(asked.recording)}"

    def _rows(self, found: tuple[Found, ...]) -> list[Row]:
        checked = {row.key for row in self.list.checked_rows()}
        return [self._row(one, one.key in checked) for one in found]

    def _row(self, one: Found, checked: bool) -> Row:
        shown, open_here = self._session.team.shown, self._session.recording
        here = open_here is not None and open_here.name == one.recording
        start_ns = self._session.transport.start_ns if here else 0
        long = f"{(one.end_ns - one.start_ns) / 1e9:.1f} s"
        when = clock_text(one.start_ns - start_ns) if here or one.start_ns < DAY_NS else ""
        where = " · ".join(part for part in (when, long) if part)
        at = f"at {(one.start_ns - start_ns) / 1e9:.1f} s" if when else long
        return Row(
            one.key,
            one.label or shown(one.recording),
            f"{shown(one.recording)} · {at}" if one.label else at,
            f"{one.distance:.2f}",
            self._labelling.color_of(one.label) if one.label else "",
            picture=one.path,
            checked=checked,
            here=here,
            tip=f"{shown(str(one.path))}\n{where}, distance {one.distance:.3f}",
        )

    def _show_labels(self) -> None:
        names = [label.name for label in self._labelling.labels()]
        if names != [self.label.itemText(k) for k in range(self.label.count())]:
            now = self.label.currentText()
            self.label.clear()
            self.label.addItems(names)
            self.label.setCurrentText(now)
        asked = self._alike.asked
        if asked is not None and asked is not self._asked:
            self._asked = asked
            self.label.setCurrentText(asked.label)

    def _show_foot(self) -> None:
        count = len(self.list.checked_rows())
        self.propose.setText(f"Propose for {count}" if count else "Propose")
        self.propose.setEnabled(count > 0)
        self.propose.setToolTip("This label becomes a proposal there: you accept or reject each")

    # ---- doing

    def _go(self, place: int) -> None:
        if self._alike.found:
            self._alike.go(self._alike.found[place])

    def _propose(self) -> None:
        keys = {row.key for row in self.list.checked_rows()}
        chosen = [one for one in self._alike.found or () if one.key in keys]
        self._alike.propose(chosen, self.label.currentText())
        self.list.rows.uncheck()
        self._show_foot()


DAY_NS = 86_400 * 1_000_000_000  # later times count from another clock than the recording's start
