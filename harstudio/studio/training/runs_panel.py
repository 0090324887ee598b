"""The left of the Train workspace: the runs, and the trainings that wait."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio import icons, theme
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.commands import CommandTable
from harstudio.studio.panels.library_list import RecordingList
from harstudio.studio.training.run_list import RunDelegate, RunModel
from harstudio.studio.training.service import Training, run_of
from harstudio.studio.training.state_line import state_of

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

CONTEXT = (
    "train.compare",
    "train.resume",
    "train.pause",
    "train.stop",
    "train.evaluate",
    "train.recognise",
    "train.copy_command",
    "train.open_folder",
)


class RunsPanel(QWidget):
    """Choosing a row shows that run."""

    def __init__(self, training: Training, commands: CommandTable) -> None:
        super().__init__()
        self.setObjectName("runs_panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._training, self._commands = training, commands
        self.title = QLabel("Runs")
        self.title.setProperty("quiet", True)
        self.title.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        self.new = Button("New run…")
        self.new.setProperty("primary", True)
        self.new.clicked.connect(partial(self._run, "train.new"))
        self.open = Button("Open run…")
        self.open.setToolTip("A run or a folder of runs, also one that still grows elsewhere")
        self.open.clicked.connect(partial(self._run, "train.open"))
        self.search = QLineEdit(placeholderText="name, network or state", clearButtonEnabled=True)
        self.search.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.search.setAccessibleName("Search the runs")
        self.model = RunModel(self)
        self.search.textChanged.connect(self.model.set_filter)
        self.list = RecordingList()
        self.list.setObjectName("runs")
        self.list.setAccessibleName("Runs")
        self.list.setModel(self.model)
        self.list.setItemDelegate(RunDelegate(self.list))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.chosen.connect(self._compare)
        self.compare = Button()
        self.compare.setToolTip("Curves, figures and settings side by side  (Enter)")
        self.compare.clicked.connect(partial(self._run, "train.compare"))
        self.compare.hide()
        self.list.selectionModel().selectionChanged.connect(self._choose)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self._queue_title = QLabel("Waiting for their turn")
        self._queue_title.setProperty("quiet", True)
        self._queue_title.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        self._queue = QVBoxLayout()
        self._queue.setSpacing(0)
        self.queued: dict[int, ToolButton] = {}
        self._lay_out()
        self.model.modelReset.connect(self._select)
        training.runs_changed.connect(self._show_runs)
        training.chosen_changed.connect(self._select)
        training.jobs_changed.connect(self._show_queue)
        training.jobs_changed.connect(self._show_states)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()
        self._show_queue()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 8)
        column.setSpacing(8)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.new, 1)
        buttons.addWidget(self.open, 1)
        for inside in (self.title, buttons, self.search):
            row = QHBoxLayout()
            row.setContentsMargins(12, 0, 12, 0)
            if isinstance(inside, QWidget):
                row.addWidget(inside)
            else:
                row.addLayout(inside)
            column.addLayout(row)
        column.addWidget(self.list, 1)
        several = QHBoxLayout()
        several.setContentsMargins(12, 0, 12, 0)
        several.addWidget(self.compare)
        column.addLayout(several)
        below = QVBoxLayout()
        below.setContentsMargins(12, 0, 8, 0)
        below.setSpacing(2)
        below.addWidget(self._queue_title)
        below.addLayout(self._queue)
        column.addLayout(below)

    def _run(self, command_id: str, _checked: bool = False) -> None:
        self._commands.run(command_id)

    # ---- runs

    def _show_runs(self) -> None:
        looks = self._training.looks
        self.title.setText(f"Runs · {len(looks)}" if looks else "Runs")
        self._show_states()
        self._select()

    def _show_states(self) -> None:
        """The jobs of this window know sooner than the files do."""
        records = self._training.newest()
        self.model.show(
            [replace(x, state=state_of(x, records.get(x.path))) for x in self._training.looks]
        )

    def _select(self, *_: object) -> None:
        row = self.model.row_of(self._training.chosen)
        selection = self.list.selectionModel()
        picked = self._training.picked
        if row is not None and self._training.chosen in picked and not selection.hasSelection():
            add = QItemSelectionModel.SelectionFlag.Select  # the list was made anew
            for path in picked:
                one = self.model.row_of(path)
                if one is not None:
                    selection.select(self.model.index(one), add)
            selection.setCurrentIndex(self.model.index(row), add)
        if row is None:
            selection.clear()
        elif not selection.isSelected(self.model.index(row)):
            wish = QItemSelectionModel.SelectionFlag.ClearAndSelect
            selection.setCurrentIndex(self.model.index(row), wish)

    def _choose(self, selected: QItemSelection, _before: QItemSelection) -> None:
        """Not what is current: the list makes its first row current when it gets the focus."""
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        paths = [self.model.look(row).path for row in rows]
        newest = [self.model.look(index.row()).path for index in selected.indexes()]
        if paths:  # none while the list is made anew
            self._training.pick(paths)
        if newest or (paths and self._training.chosen not in paths):
            self._training.choose((newest or paths)[-1])
        self.compare.setVisible(len(paths) > 1)
        self.compare.setText(f"Compare {len(paths)} runs")

    def _compare(self, *_: object) -> None:
        """Enter: those that are chosen, where there are several."""
        if self._training.can_compare():
            self._run("train.compare")

    def _show_menu(self, where: QPoint) -> None:
        index = self.list.indexAt(where)
        if not index.isValid():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for command_id in CONTEXT:
            command = self._commands[command_id]
            if command.enabled():
                icon = icons.icon(command.icon, 16)
                menu.addAction(icon, command.title, partial(self._run, command_id))
        menu.popup(self.list.viewport().mapToGlobal(where))

    # ---- the queue

    def _show_queue(self) -> None:
        waiting = self._training.queue()
        if [record.id for record in waiting] != list(self.queued):
            while self._queue.count():
                old = self._queue.takeAt(0).widget()
                old.hide()
                old.deleteLater()
            self.queued = {}
            for place, record in enumerate(waiting, start=1):
                self._queue.addWidget(self._waiting_row(place, record))
        self._queue_title.setVisible(bool(waiting))

    def _waiting_row(self, place: int, record: JobRecord) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        folder = run_of(record)
        name = QLabel(f"{place}  {record.title if folder is None else folder.name}")
        name.setToolTip(record.title)
        name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        out = ToolButton()
        out.setIcon(icons.icon("close", 16))
        out.setToolTip("Take it out of the queue")
        out.setAccessibleName(f"Take {record.title} out of the queue")
        out.clicked.connect(partial(self._take_out, record.id))
        line.addWidget(name, 1)
        line.addWidget(out)
        self.queued[record.id] = out
        return row

    def _take_out(self, record_id: int, _checked: bool = False) -> None:
        self._training.session.jobs.remove(record_id)

    def _restyle(self) -> None:
        self.setStyleSheet(f"#runs_panel {{ background: {theme.current().surface}; }}")
        for button in self.queued.values():
            button.setIcon(icons.icon("close", 16))
        self.list.viewport().update()
