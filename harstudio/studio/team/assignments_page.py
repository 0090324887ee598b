"""Who labels what: recordings and their annotators, dealt out or written by hand."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.team.assignments import Assignments, assign, deal
from harstudio.labels.team.policy import GOLD
from harstudio.studio.buttons import Button
from harstudio.studio.fields import NumberBox
from harstudio.studio.session import Session
from harstudio.studio.team.rules import TeamFacts
from harstudio.studio.team.writing import Writer

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Recording", "Annotators")


class AssignmentsModel(QAbstractTableModel):
    """A row for each recording; the annotators can be typed."""

    def __init__(self, page: AssignmentsPage) -> None:
        super().__init__(page)
        self._page = page
        self._names: list[str] = []
        self.assignments = Assignments()

    def show_rows(self, names: list[str], assignments: Assignments) -> None:
        self.beginResetModel()
        self._names, self.assignments = names, assignments
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self._names)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        across = orientation == Qt.Orientation.Horizontal
        return COLUMNS[section] if across and role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return None
        name = self._names[index.row()]
        if index.column() == 0:
            return self._page.shown(name)
        who = ", ".join(self.assignments.annotators(name))
        return who or ("anybody" if role == Qt.ItemDataRole.DisplayRole else "")

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == 1 else flags

    def setData(  # noqa: N802
        self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        if role != Qt.ItemDataRole.EditRole:
            return False
        who = tuple(part.strip() for part in str(value).split(",") if part.strip())
        self._page.assign({self._names[index.row()]: who})
        return True


class AssignmentsPage(QWidget):
    """Every change is written to the project at once."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._names: list[str] = []
        self._writer = Writer(session, self)
        self.model = AssignmentsModel(self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setShowGrid(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(26)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        words = QLabel(
            "A recording without a name is anybody's. Double click a row to write the annotators, "
            "with commas between; or deal out those that nobody has.",
            wordWrap=True,
        )
        words.setProperty("quiet", True)
        self.count = QLabel()
        self.count.setProperty("quiet", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 12, 20, 12)
        column.setSpacing(8)
        column.addWidget(words)
        column.addWidget(self.table, 1)
        column.addWidget(self.count)
        column.addLayout(self._build_deal())
        session.team.changed.connect(self._show)

    def _build_deal(self) -> QHBoxLayout:
        self.people = QLineEdit()
        self.people.setObjectName("people")
        self.people.setAccessibleName("Annotators to deal to")
        self.people.setPlaceholderText("alice, bob, carol")
        self.double = NumberBox("Share that two label", 0, 100)
        self.double.setSuffix(" %")
        self.double.setValue(20)
        self.double.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.double.setFixedWidth(90)
        self.deal_button = Button("Deal out")
        self.deal_button.setToolTip("Recordings that nobody has, evenly, without an order")
        self.deal_button.clicked.connect(self.deal)
        twice = QLabel("labelled by two")
        twice.setProperty("quiet", True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.people, 1)
        row.addWidget(self.double)
        row.addWidget(twice)
        row.addWidget(self.deal_button)
        return row

    # ---- showing

    def shown(self, name: str) -> str:
        """A recording's name as it may be seen."""
        return self._session.team.shown(name)

    def refresh(self) -> None:
        """Look for the recordings and the assignments of the project."""
        project = self._session.project
        if project is None:
            return

        def read() -> tuple[list[str], Assignments]:
            return sorted(project.recording_paths()), Assignments.load(project.folder)

        self._writer.do(read, self._take_all)

    def _take_all(self, found: tuple[list[str], Assignments]) -> None:
        self._names = found[0]
        self._take(found[1])

    def _take(self, assignments: Assignments) -> None:
        team = self._session.team
        team.take(TeamFacts(assignments, team.facts.pseudonyms))

    def _show(self) -> None:
        names, assignments = self._names, self._session.team.assignments
        self.model.show_rows(names, assignments)
        twice = sum(len(assignments.annotators(name)) > 1 for name in names)
        free = sum(not assignments.annotators(name) for name in names)
        loads = [f"{who} {len(assignments.of(who))}" for who in assignments.everybody()]
        told = [f"{len(names)} recordings", f"{free} anybody's", f"{twice} by two or more", *loads]
        self.count.setText(" · ".join(told))
        if not self.people.text():
            self.people.setText(", ".join(assignments.everybody()))

    # ---- changing

    def assign(self, changes: dict[str, tuple[str, ...]]) -> None:
        """Give recordings to annotators."""
        project = self._session.project
        if project is not None and self._are_annotators(*changes.values()):
            folder, before = project.folder, self.model.assignments
            self._writer.do(lambda: assign(folder, changes, before), self._take)

    def deal(self, _checked: bool = False) -> None:
        """Deal out what nobody has when it is written."""
        project = self._session.project
        who = tuple(part.strip() for part in self.people.text().split(",") if part.strip())
        if project is not None and self._are_annotators(who):
            folder, names, share = project.folder, self._names, self.double.value() / 100
            self._writer.do(lambda: deal(folder, names, who, share), self._take_dealt)

    def _take_dealt(self, dealt: tuple[Assignments, int]) -> None:
        self._take(dealt[0])
        if not dealt[1]:
            self._session.message.emit("info", "Every recording has its annotators already.")

    def _are_annotators(self, *names: tuple[str, ...]) -> bool:
        """False, and said why, where gold is among them."""
        gold = any(GOLD in who for who in names)
        if gold:
            self._session.message.emit(
                "warn", f"“{GOLD}” is the name of the agreed labels, not of an annotator."
            )
        return not gold

    def shut(self) -> None:
        """Wait for what is being written."""
        self._writer.shut()
