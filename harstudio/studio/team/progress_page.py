"""How far everybody is: a row for each recording and annotator, to CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.team.assignments import Assignments
from harstudio.labels.team.progress import (
    Progress,
    ProjectProgress,
    Total,
    durations_of,
    measure_progress,
)
from harstudio.labels.team.tables import progress_rows, write_csv
from harstudio.studio.background import NewestTask
from harstudio.studio.buttons import Button
from harstudio.studio.session import Session

Index = QModelIndex | QPersistentModelIndex
SORT = Qt.ItemDataRole.UserRole
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
COLUMNS = (
    ("Recording", ""),
    ("Annotator", ""),
    ("Clips", "Clips and point events"),
    ("Share", "The part of the recording that lies in a clip"),
    ("Done", "The annotator says that it is finished"),
    ("Doubts", "Clips flagged as unsure"),
    ("Time", "Time spent: from edit to edit, pauses above two minutes left out"),
)


class ProgressModel(QAbstractTableModel):
    """Rows of ``measure_progress``."""

    def __init__(self, shown: Callable[[str], str], parent: QObject) -> None:
        super().__init__(parent)
        self._shown = shown
        self.rows: tuple[Progress, ...] = ()
        self.hidden: frozenset[tuple[str, str]] = frozenset()

    def show_rows(
        self, rows: tuple[Progress, ...], hidden: frozenset[tuple[str, str]] = frozenset()
    ) -> None:
        """hidden: recording and annotator of rows of which only "done" may be seen."""
        self.beginResetModel()
        self.rows, self.hidden = rows, hidden
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return COLUMNS[section][1]
        if role == Qt.ItemDataRole.TextAlignmentRole and section > 1:
            return RIGHT
        return COLUMNS[section][0] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole and column > 1:
            return RIGHT
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.problem or None
        if role not in (Qt.ItemDataRole.DisplayRole, SORT):
            return None
        name, clips, share = self._shown(row.recording), row.clips + row.points, row.share
        values = (name, row.annotator, clips, -1.0 if share is None else share, row.done,
                  row.doubts, row.active_ns)  # fmt: skip
        if role == SORT:
            return values[column]
        if (row.recording, row.annotator) in self.hidden:
            return (name, row.annotator, "", "", "✓" if row.done else "", "", "")[column]
        told = (name, row.annotator, str(clips), "" if share is None else f"{share:.0%}",
                "✓" if row.done else "", str(row.doubts or ""), spent(row.active_ns))  # fmt: skip
        return told[column]


def spent(time_ns: int) -> str:
    """``1 h 05 min``, ``12 min``, ``40 s``; "" for nothing."""
    seconds = round(time_ns / 1e9)
    if seconds < 60:
        return f"{seconds} s" if seconds else ""
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def total_text(name: str, total: Total) -> str:
    """One annotator's rows in a line."""
    clips = total.clips + total.points
    time = spent(total.active_ns)
    doubts = f", {total.doubts} doubts" if total.doubts else ""
    taken = f", {time}" if time else ""
    return f"{name}: {total.done} of {total.documents} done, {clips} clips{doubts}{taken}"


class ProgressPage(QWidget):
    """Read again whenever it is shown."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._newest = NewestTask(self)
        self._found: ProjectProgress | None = None
        self._durations: dict[str, int] = {}
        self.model = ProgressModel(session.team.shown, self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.model)
        self._sorted.setSortRole(SORT)
        self.table = QTableView()
        self.table.setModel(self._sorted)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(26)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.activated.connect(self._open)
        self.summary = QLabel(wordWrap=True)
        self.summary.setProperty("quiet", True)
        again, self.csv_button = Button("Read again"), Button("Save as CSV…")
        again.clicked.connect(self.refresh)
        self.csv_button.clicked.connect(self._ask_csv)
        row = QHBoxLayout()
        row.addWidget(again)
        row.addStretch(1)
        row.addWidget(self.csv_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 12, 20, 12)
        column.setSpacing(8)
        column.addWidget(self.summary)
        column.addWidget(self.table, 1)
        column.addLayout(row)

    # ---- reading

    def refresh(self, _checked: bool = False) -> None:
        """Read every document of the project, in a thread."""
        project = self._session.project
        self._newest.stop()
        if project is None:
            return
        self.csv_button.setEnabled(False)
        if self._found is None:
            self.summary.setText("Reading the labels of everybody")
        known = dict(self._durations)

        def work(
            progress: Callable[[int], None], cancelled: Callable[[], bool]
        ) -> tuple[ProjectProgress, dict[str, int]]:
            def tell(count: int, _total: int) -> None:
                progress(count)

            assignments = Assignments.load(project.folder)
            names = {*project.labelled_recordings(), *assignments.by_recording} - known.keys()
            durations = known | durations_of(project, names, tell, cancelled)
            found = measure_progress(project, durations, assignments, tell, cancelled)
            return found, durations

        self._newest.start(work, self._take, self._fail, self._tell)

    def _tell(self, count: int) -> None:
        if self._found is None:
            self.summary.setText(f"Reading the labels of everybody, {count} recordings")

    def _take(self, read: tuple[ProjectProgress, dict[str, int]]) -> None:
        found, self._durations = read
        hidden = self._hidden(found.rows)
        rows = tuple(
            Progress(row.recording, row.annotator, done=row.done)
            if (row.recording, row.annotator) in hidden
            else row
            for row in found.rows
        )
        self._found = replace(found, rows=rows)
        self.model.show_rows(rows, hidden)
        self.csv_button.setEnabled(True)
        partly = {annotator for _, annotator in hidden}
        lines = [
            f"{name}: {one.done} of {one.documents} done"
            if name in partly
            else total_text(name, one)
            for name, one in self._found.by_annotator().items()
        ]
        if hidden:
            lines.append("How much others have of a recording is shown when you are done with it.")
        lines += self._found.problems[:3]
        self.summary.setText("\n".join(lines) or "Nobody has labelled anything yet.")

    def _hidden(self, rows: tuple[Progress, ...]) -> frozenset[tuple[str, str]]:
        """Recording and annotator of what the annotator here is not to see."""
        me, team = self._session.annotator, self._session.team
        done = {row.recording for row in rows if row.annotator == me and row.done}
        return frozenset(
            (row.recording, row.annotator)
            for row in rows
            if row.annotator != me and team.why_hidden(row.recording, row.recording in done)
        )

    def _fail(self, error: Exception) -> None:
        self.summary.setText(str(error))

    # ---- using it

    def _open(self, index: QModelIndex) -> None:
        row = self.model.rows[self._sorted.mapToSource(index).row()]
        project = self._session.project
        path = None if project is None else project.recording_paths().get(row.recording)
        if path is not None:
            self._session.open_recording(path)

    def _ask_csv(self, _checked: bool = False) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save progress", "progress.csv", "CSV (*.csv)")
        if name:
            self.save_csv(Path(name))

    def save_csv(self, path: Path) -> None:
        """Write the table without what is hidden; subjects by their pseudonyms where the rules
        say so."""
        if self._found is None:
            return
        shown = self._session.team.shown
        rows = tuple(
            replace(row, recording=shown(row.recording))
            for row in self._found.rows
            if (row.recording, row.annotator) not in self.model.hidden
        )
        try:
            write_csv(progress_rows(replace(self._found, rows=rows)), path)
        except OSError as error:
            reason = error.strerror or str(error)
            self._session.message.emit("bad", f"{path} cannot be written ({reason}).")
        else:
            self._session.message.emit("info", f"Saved {path}")

    def shut(self) -> None:
        """End the threads."""
        self._newest.shut()
