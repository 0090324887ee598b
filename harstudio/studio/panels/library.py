"""The library: the recordings of a folder or project, to search and to open."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio import theme
from harstudio.studio.background import Task
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.commands import CommandTable
from harstudio.studio.labelling.other_labels import OtherLabels
from harstudio.studio.panels.library_filter import KEYS, parse_filter
from harstudio.studio.panels.library_list import RecordingList
from harstudio.studio.panels.library_model import LibraryDelegate, LibraryModel
from harstudio.studio.panels.library_problems import ProblemsButton
from harstudio.studio.panels.library_scan import (
    Contents,
    States,
    label_states,
    list_contents,
    state_of,
)
from harstudio.studio.panels.thumbnails import Thumbnails
from harstudio.studio.session import Session
from harstudio.studio.team.queue import QueueButton


class LibraryPanel(QWidget):
    """Search field, list, problems and the progress of a scan."""

    def __init__(
        self,
        session: Session,
        commands: CommandTable,
        others: OtherLabels,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("library")
        self._session = session
        self._others = others
        self._commands = commands
        self._folder: Path | None = None
        self._problems: tuple[str, ...] = ()
        self._contents = Contents(())
        self._states_of = "", False  # for whom, and whether of the own labels alone
        self._task: Task | None = None  # looks for recordings
        self._states_task: Task | None = None
        self._retired: list[Task] = []
        self.thumbnails = Thumbnails(self)
        self.model = LibraryModel(self.thumbnails, self)
        self._build()
        session.project_changed.connect(self._show_session)
        session.recording_changed.connect(self._show_open)
        session.document_changed.connect(self._refresh_state_soon)
        session.history_changed.connect(self._refresh_state_soon)
        others.changed.connect(self._refresh_state_soon)
        self._state_timer = QTimer(self, singleShot=True, interval=200)
        self._state_timer.timeout.connect(self._refresh_state)
        session.team.changed.connect(self._meet_rules)
        theme.theme_events.changed.connect(self._retint)
        self._show_session()

    # ---- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        self.title = QLabel("Library")
        self.title.setProperty("quiet", True)
        self.title.setFont(theme.ui_font(12, bold=True))
        self.title.setContentsMargins(12, 2, 12, 0)
        self.search = QLineEdit()
        self.search.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # else letters stray into it
        self.search.setObjectName("library_search")
        self.search.setPlaceholderText("wave subject:1")
        self.search.setClearButtonEnabled(True)
        self.search.setToolTip(
            "Words and pairs: " + "  ".join(f"{key}:" for key in KEYS) + "  -word leaves out"
        )
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        field = QHBoxLayout()
        field.setContentsMargins(10, 0, 10, 0)
        field.addWidget(self.search)
        self.list = RecordingList()
        self.list.setModel(self.model)
        self.list.setItemDelegate(LibraryDelegate(self.list))
        self.list.chosen.connect(self._open_index)
        self.list.clicked.connect(self._open_clicked)
        self.list.customContextMenuRequested.connect(self._context_menu)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._empty = self._build_empty()
        self._stack.addWidget(self._empty)
        self._nothing = QLabel("", wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        self._nothing.setProperty("quiet", True)
        self._nothing.setContentsMargins(16, 16, 16, 16)
        self._stack.addWidget(self._nothing)
        column.addWidget(self.title)
        column.addLayout(field)
        self.queue = QueueButton(self.model, self._session)
        self.queue.toggled.connect(self._show_queue)
        column.addWidget(self.queue)
        column.addWidget(self._build_progress())
        column.addWidget(self._stack, 1)
        self.problems_button = ProblemsButton(self._copy)
        column.addWidget(self.problems_button)

    def _build_progress(self) -> QWidget:
        self._progress = QWidget(visible=False)
        self._count = QLabel()
        self._count.setProperty("quiet", True)
        self._count.setFont(theme.time_font(12))
        self._count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        stop = ToolButton("Stop")
        stop.setToolTip("Stop looking for recordings; what was found stays")
        stop.clicked.connect(self._cancel_scan)
        grid = QGridLayout(self._progress)
        grid.setContentsMargins(12, 0, 8, 0)
        grid.setVerticalSpacing(2)
        grid.addWidget(self._count, 0, 0)
        grid.addWidget(stop, 0, 1)
        grid.addWidget(bar, 1, 0, 1, 2)
        return self._progress

    def _build_empty(self) -> QWidget:
        empty = QWidget()
        column = QVBoxLayout(empty)
        column.setContentsMargins(16, 24, 16, 24)
        column.setSpacing(8)
        text = QLabel("No recordings yet", wordWrap=True)
        text.setFont(theme.ui_font(theme.EMPTY_PX))
        more = QLabel(
            "What the opened folder or project holds is listed here: UTD-MHAD, NTU RGB+D, harrec, "
            "videos, folders of pictures.",
            wordWrap=True,
        )
        more.setProperty("quiet", True)
        button = Button(self._commands["file.open_folder"].title)
        button.clicked.connect(partial(self._run, "file.open_folder"))
        column.addStretch(1)
        column.addWidget(text)
        column.addWidget(more)
        column.addSpacing(8)
        column.addWidget(button)
        column.addStretch(2)
        return empty

    def _run(self, command_id: str, _checked: bool = False) -> None:
        self._commands.run(command_id)

    # ---- contents

    @property
    def folder(self) -> Path | None:
        """What is listed."""
        return self._folder

    def show_folder(self, folder: Path) -> None:
        """List a folder or project; looks for recordings in a thread."""
        self._retire_task()
        self._folder = folder
        self._problems = ()
        self.problems_button.show_problems(())
        self.model.set_found(())
        self._count.setText("Looking for recordings")
        self._progress.show()
        self._show_title()
        self._task = Task(partial(list_contents, folder), self)
        self._task.progressed.connect(self._scan_progressed)
        self._task.finished.connect(self._scan_finished)
        self._task.failed.connect(self._scan_failed)
        self._task.start()
        self._show_stack()

    def _show_session(self, *_: object) -> None:
        folder = self._session.folder
        if folder is None:
            if self._session.recording is None and self._folder is not None:
                self._retire_task()
                self._folder = None
                self.model.set_found(())
            self._progress.setVisible(self._task is not None)
            self._show_title()
            self._show_stack()
        elif self._folder is None or not _within(folder, self._folder):
            self.show_folder(folder)

    def refresh(self) -> None:
        """Look again at what is on disk."""
        if self._folder is not None:
            self.show_folder(self._folder)

    def _scan_progressed(self, count: int) -> None:
        self._count.setText(f"{count} files seen")

    def _scan_finished(self, contents: Contents) -> None:
        self._retire_task()
        self._contents = contents
        self.model.set_found(contents.recordings)
        self._problems = contents.problems
        self.problems_button.show_problems(self._problems)
        self._show_open()
        self._show_title()
        self._show_stack()
        self._read_states()

    def _read_states(self) -> None:
        if self._states_task is not None:
            self._states_task.cancel()
            self._retired.append(self._states_task)
        me, policy = self._session.annotator, self._session.team.policy
        self._states_of = me, not policy.sees_others(me)
        read = partial(label_states, self._contents.by_project, *self._states_of)
        self._states_task = Task(read, self)
        self._states_task.finished.connect(self._states_read)
        self._states_task.start()

    def _states_read(self, read: States) -> None:
        task, self._states_task = self._states_task, None
        if task is not None:
            self._retired.append(task)
        self.model.set_states(read.states)
        self._problems += read.problems
        self.problems_button.show_problems(self._problems)
        self._refresh_state()  # what is being labelled is further than its file

    def _meet_rules(self) -> None:
        """Names, faces, assignments: other rules hold."""
        team = self._session.team
        self.thumbnails.hide_faces(team.policy.blur_faces)
        self.model.set_shown(team.shown)
        self._check_states()
        self.queue.refresh()
        self._show_title()
        self._show_open()
        self.list.viewport().update()

    def _show_queue(self, wanted: bool) -> None:
        mine = self._session.team.assignments.of(self._session.annotator)
        self.model.set_only(mine if wanted else None)
        self._show_title()
        self._show_stack()
        self._show_open()

    def _scan_failed(self, error: Exception) -> None:
        self._retire_task()
        self._problems = (str(error),)
        self.problems_button.show_problems(self._problems)
        self._show_stack()

    def _cancel_scan(self) -> None:
        if self._task is not None:
            self._retire_task()
            self._session.message.emit("info", "Stopped looking for recordings.")
            self._show_stack()

    def _retire_task(self) -> None:
        self._retired = [task for task in self._retired if task.running]
        for task in (self._task, self._states_task):
            if task is not None:
                task.cancel()
                self._retired.append(task)
        self._task = self._states_task = None
        self._progress.hide()

    def shut(self) -> None:
        """End the threads; the panel is not used afterwards."""
        self._retire_task()
        for task in self._retired:
            task.cancel(wait_s=10)
        self.thumbnails.close()

    # ---- showing

    def _show_title(self) -> None:
        name = "" if self._folder is None else self.model.shown(self._folder.name)
        where = f" · {name}" if name else ""
        shown, total = self.model.rowCount(), self.model.total
        count = f" · {total}" if shown == total else f" · {shown} of {total}"
        self.title.setText(f"Library{where}{count if total else ''}")

    def _show_stack(self) -> None:
        scanning = self._task is not None
        if self.model.rowCount() or scanning:
            self._stack.setCurrentWidget(self.list)
        elif self.model.total:
            self._nothing.setText(self._why_nothing())
            self._stack.setCurrentWidget(self._nothing)
        elif self._folder is not None:
            self._nothing.setText(f"No recordings were found in {self._folder}.")
            self._stack.setCurrentWidget(self._nothing)
        else:
            self._stack.setCurrentWidget(self._empty)

    def _why_nothing(self) -> str:
        unknown = parse_filter(self.search.text()).unknown
        if unknown:
            return f"“{unknown[0]}:” is none of {', '.join(KEYS)}."
        return "No recording is like that. Esc clears the search."

    def _copy(self, text: str) -> None:
        QApplication.clipboard().setText(text)
        self._session.message.emit("info", "Copied.")

    def _show_open(self, *_: object) -> None:
        recording = self._session.recording
        path, name = (None, "") if recording is None else (recording.path, recording.name)
        self.model.set_open(path, name)
        row = None if path is None else self.model.row_of(path, name)
        if row is not None:
            index = self.model.index(row)
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.list.selectionModel().setCurrentIndex(index, flag)
            self.list.scrollTo(index)
        self._refresh_state_soon()

    def _refresh_state_soon(self, *_: object) -> None:
        self._state_timer.start()

    def _refresh_state(self) -> None:
        recording, document = self._session.recording, self._session.document
        if recording is not None:
            own = () if document is None else (document,)
            documents = (*self._others.documents, *own)
            me = self._session.annotator
            state = state_of(documents, lambda: recording.duration_ns, me)
            self.model.set_states({recording.name: state})
        self._check_states()
        self.queue.refresh()

    def _check_states(self) -> None:
        """Read the states again when somebody else looks, or with other rules."""
        me, team = self._session.annotator, self._session.team
        wanted = me, not team.policy.sees_others(me)
        if self._states_of[0] and self._states_of != wanted and self._task is None:
            self.model.clear_states()
            self._read_states()

    def _retint(self) -> None:
        self.list.viewport().update()

    # ---- searching and opening

    def _filter(self, text: str) -> None:
        self.model.set_filter(parse_filter(text))
        self._show_title()
        self._show_stack()
        if self._session.recording is not None:
            self._show_open()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """From the search field: up and down move in the list, Enter opens, Esc clears."""
        if watched is self.search and isinstance(event, QKeyEvent):
            key = event.key()
            moving = key in (Qt.Key.Key_Up, Qt.Key.Key_Down)
            entering = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if event.type() == QEvent.Type.ShortcutOverride and (
                moving or entering or key == Qt.Key.Key_Escape
            ):
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                if moving:
                    self.move(1 if key == Qt.Key.Key_Down else -1)
                    return True
                if entering:
                    current = self.list.currentIndex()
                    self._open_index(current if current.isValid() else self.model.index(0))
                    return True
                if key == Qt.Key.Key_Escape:
                    self.search.clear()
                    self.list.setFocus()
                    return True
        return super().eventFilter(watched, event)

    def move(self, rows: int) -> None:
        """Select another row, without opening it."""
        count = self.model.rowCount()
        if count:
            now = self.list.currentIndex().row()
            row = min(max(now + rows, 0), count - 1)
            self.list.setCurrentIndex(self.model.index(row))

    def open_next(self, rows: int) -> None:
        """Open the recording that many rows further."""
        before = self.list.currentIndex().row()
        self.move(rows)
        if self.list.currentIndex().isValid() and self.list.currentIndex().row() != before:
            self._open_index(self.list.currentIndex())

    def _open_index(self, index: QModelIndex) -> None:
        if index.isValid():
            self.list.setFocus()  # letters label from now on, they are not searched for
            self._session.open_recording(self.model.found(index.row()).path)

    def _open_clicked(self, index: QModelIndex) -> None:
        self._open_index(index)
        self.list.clearFocus()  # arrow keys go to clips and frames again

    def _context_menu(self, place: QPoint) -> None:
        index = self.list.indexAt(place)
        if not index.isValid():
            return
        found = self.model.found(index.row())
        menu = QMenu(self)
        menu.addAction("Open", partial(self._open_index, index))
        menu.addAction("Copy path", partial(self._copy, str(found.path)))
        if found.action is not None:
            text = f'action:"{found.action.name}"'
            menu.addAction("Only this action", partial(self.search.setText, text))
        if found.subject is not None:
            text = f"subject:{found.subject}"
            menu.addAction(f"Only subject {found.subject}", partial(self.search.setText, text))
        if self.model.said:
            self._add_sorting(menu)
        menu.addAction("Look again at the folder", self.refresh)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _add_sorting(self, menu: QMenu) -> None:
        sort = menu.addAction("Least sure first")
        sort.setCheckable(True)
        sort.setChecked(self.model.least_sure_first)
        sort.toggled.connect(self._sort)
        menu.addAction("Only what the run has wrong", partial(self.search.setText, "said:wrong"))

    def _sort(self, wanted: bool) -> None:
        self.model.sort_by_said(wanted)
        self._show_open()


def _within(folder: Path, parent: Path) -> bool:
    return folder == parent or folder.is_relative_to(parent)
