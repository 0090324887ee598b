"""The page of the audit: which labels a network contradicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.helping.parts import Problems, WorkLine, primary, quiet
from harstudio.studio.helping.row_list import RowList
from harstudio.studio.helping.rows import Row
from harstudio.studio.helping.words import KNOWN, many

if TYPE_CHECKING:
    from harstudio.studio.helping.audit import Audit, Contradicted
    from harstudio.studio.labelling.labelling import Labelling

WHAT = (
    "Each label is checked by a network that did not learn from its person, or its "
    "recording where people are not known. Where it says something else, one of the two is wrong."
)
NOTHING = "nothing"  # is done there, a network says
HOW = "Enter goes there, a label key changes it, Delete keeps it."


class AuditPage(QWidget):
    """Shows what ``Audit`` found."""

    def __init__(self, labelling: Labelling, audit: Audit) -> None:
        super().__init__()
        self._labelling, self._session, self._audit = labelling, labelling.session, audit
        self.ask = primary("Check the labels", audit.ask)
        self.everybody = QCheckBox("Those of others, too")
        self.everybody.toggled.connect(audit.show_everybody)
        self.reason, self.told, self.what, self.how = quiet(), quiet(bold=True), quiet(), quiet(HOW)
        self.work = WorkLine(audit.job, self._session.team.shown)
        self.problems = Problems()
        self.list = RowList("Labels that a network contradicts", drops=True)
        self.list.chosen.connect(self._go)
        self.list.dropped.connect(self._keep)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        above = (self.ask, self.everybody, self.reason, self.work, self.problems)
        for widget in (*above, self.told, self.what, self.how):
            column.addWidget(widget)
        column.addWidget(self.list, 1)
        column.addStretch(0)
        audit.changed.connect(self.refresh)
        labelling.labels_changed.connect(self.refresh)
        theme.theme_events.changed.connect(self.refresh)
        self.refresh()

    # ---- showing

    def refresh(self, *_: object) -> None:
        """Show what is so now; a hidden page does that when it is shown."""
        if not self.isVisible():
            return
        audit, busy = self._audit, self._audit.job.busy
        reason = audit.why_not()
        self.ask.setVisible(not busy)
        self.ask.setEnabled(not reason)
        self.everybody.setVisible(not busy)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason) and not busy)
        self.problems.tell(audit.problems, self._session.team.shown)
        self.told.setVisible(audit.checked is not None and not busy)
        self.told.setText(self._told())
        self.what.setText(WHAT)
        self.what.setVisible(audit.checked is None and not busy)
        rows = [self._row(one) for one in audit.found]
        self.list.show_rows(rows)
        self.list.setVisible(bool(rows))
        self.how.setVisible(bool(rows))

    def showEvent(self, event: object) -> None:  # noqa: N802
        self.refresh()

    def _told(self) -> str:
        audit = self._audit
        if audit.checked is None:
            return ""
        if not audit.checked:
            return (
                "No label could be checked: two people or recordings with two labels each are the "
                "least that it takes."
            )
        left = sum(one.clip_id not in audit.settled | audit.kept for one in audit.found)
        said = f"{left or 'None'} of {many(audit.checked, 'label')} contradicted"
        if not audit.everybody:
            said = f"{many(left, 'label') if left else 'None'} of yours contradicted"
        if audit.accuracy is None:
            return f"{said}."
        known = f" {KNOWN}" if audit.known else ""
        return (
            f"{said}. The network names {100 * audit.accuracy:.0f} % of all as people did.{known}"
        )

    def _row(self, one: Contradicted) -> Row:
        session, shown = self._session, self._session.team.shown
        here = session.recording is not None and session.recording.name == one.recording
        who = "you" if one.annotator == session.annotator else one.annotator
        kept = one.clip_id in self._audit.kept
        more = " · kept" if kept else ""
        return Row(
            one.clip_id,
            f"{one.label} → {one.says or NOTHING}",
            f"{who} · {shown(one.recording)}{more}",
            f"{100 * one.confidence:.0f} %",
            self._labelling.color_of(one.label),
            ticked=kept or one.clip_id in self._audit.settled,
            here=here,
            tip=f"{who} said {one.label}; the network is {100 * one.confidence:.0f} % sure of "
            f"{one.says or NOTHING}\n{shown(str(one.path))}",
        )

    # ---- doing

    def _go(self, place: int) -> None:
        self._audit.go(self._audit.found[place])

    def _keep(self, place: int) -> None:
        self._audit.keep(self._audit.found[place])
        self.list.walk(1)
