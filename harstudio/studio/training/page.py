"""The Train workspace: runs at the left, curves of the chosen one in the middle, facts beside."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio import icons, theme
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.commands import CommandTable
from harstudio.studio.comparison.view import CompareView
from harstudio.studio.evaluation.view import EvaluationView
from harstudio.studio.jobs.latest import LINES
from harstudio.studio.training.curves import RunCurves
from harstudio.studio.training.facts import FactsPanel, run_facts
from harstudio.studio.training.growth import line_of
from harstudio.studio.training.log import LogTail
from harstudio.studio.training.looks import RunDetail
from harstudio.studio.training.runs_panel import RunsPanel
from harstudio.studio.training.service import Training
from harstudio.studio.training.state_line import StateLine

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

RUNS_PX, FACTS_PX, LOG_PX = 240, 264, 110
BUTTONS = (
    "train.resume",
    "train.pause",
    "train.stop",
    "train.evaluate",
    "train.recognise",
    "train.copy_command",
    "train.open_folder",
)
WORDS = {
    "train.resume": "Resume run",
    "train.stop": "Stop",
    "train.open_folder": "Open folder",
    "train.recognise": "Recognise",
}
NARROW = ("train.copy_command", "train.open_folder")  # only their icons


class TrainPage(QWidget):
    """Shown in the middle of the window; ``add_view`` puts more beside the curves."""

    def __init__(self, training: Training, commands: CommandTable) -> None:
        super().__init__()
        self.setObjectName("train_page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._training, self._commands = training, commands
        self._compares = False  # several runs are shown side by side
        self.runs = RunsPanel(training, commands)
        self.curves, self.facts, self.log = RunCurves(), FactsPanel(), LogTail()
        self.state = StateLine(training)
        self.name = QLabel()
        self.name.setFont(theme.ui_font(theme.EMPTY_PX))
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.buttons = {command_id: self._button(command_id) for command_id in BUTTONS}
        self.tabs = QTabBar(drawBase=False)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._views = QStackedWidget()
        self.tabs.currentChanged.connect(self._turn)
        self.evaluation = EvaluationView(training.session)
        self.comparison = CompareView(training.session)
        self.comparison.closed.connect(self._end_comparison)
        self.add_view("Curves", self.curves)
        self.add_view("Evaluation", self.evaluation)
        self._build()
        training.read.connect(self._show)
        training.chosen_changed.connect(self._choose)
        training.runs_changed.connect(self._show_middle)
        training.picked_changed.connect(self._end_comparison)
        training.jobs_changed.connect(self._refresh)
        training.session.jobs.told.connect(self._heard)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()
        self._choose()

    def add_view(self, title: str, view: QWidget) -> None:
        """Another view of the chosen run, behind a tab beside the curves."""
        self._views.addWidget(view)
        self.tabs.addTab(title)
        self.tabs.setVisible(self.tabs.count() > 1)

    def evaluate(self) -> None:
        """Test the chosen run; what it gets right and wrong is shown."""
        self.show_view("Evaluation")
        self.evaluation.show_run(self._training.chosen)
        self.evaluation.evaluate()

    def compare(self) -> None:
        """Set the chosen runs side by side, in the place of one."""
        if self._training.can_compare():
            self._compares = True
            self.comparison.show_runs(self._training.picked)
            self._show_middle()

    def _end_comparison(self) -> None:
        self._compares = False
        self._show_middle()

    def shut(self) -> None:
        """End what is being read."""
        self.comparison.shut()

    def back_out(self) -> None:
        """Esc: from several runs to one."""
        if self._compares:
            self._end_comparison()

    def show_view(self, title: str) -> None:
        """Bring a view to the front."""
        titles = [self.tabs.tabText(k) for k in range(self.tabs.count())]
        self.tabs.setCurrentIndex(titles.index(title))

    # ---- building

    def _button(self, command_id: str) -> ToolButton:
        command = self._commands[command_id]
        title = WORDS.get(command_id, command.title)
        button = ToolButton("" if command_id in NARROW else f" {title}")
        button.setObjectName(command_id.replace(".", "_"))
        button.setToolTip(command.title)
        button.setAccessibleName(title)
        button.setIconSize(QSize(16, 16))
        button.setToolButtonStyle(
            Qt.ToolButtonStyle.ToolButtonIconOnly
            if command_id in NARROW
            else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        )
        button.clicked.connect(partial(self._run, command_id))
        return button

    def _build(self) -> None:
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.runs)
        self._middle = QStackedWidget()
        self._middle.addWidget(self._build_empty())
        self._middle.addWidget(self._build_run())
        self._middle.addWidget(self.comparison)
        self._split.addWidget(self._middle)
        self._split.setStretchFactor(1, 1)
        self._split.setSizes([RUNS_PX, 1000])
        self.runs.setMinimumWidth(200)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._split)

    def _build_run(self) -> QWidget:
        head = QHBoxLayout()
        head.setContentsMargins(16, 8, 8, 0)
        head.setSpacing(4)
        head.addWidget(self.name, 1)
        for button in self.buttons.values():
            head.addWidget(button)
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.state)
        tabs = QHBoxLayout()
        tabs.setContentsMargins(8, 2, 8, 0)
        tabs.addWidget(self.tabs)
        tabs.addStretch(1)
        column.addLayout(tabs)
        below = QSplitter(Qt.Orientation.Vertical)
        below.setHandleWidth(1)
        below.addWidget(self._views)
        below.addWidget(self.log)
        below.setStretchFactor(0, 1)
        below.setSizes([600, LOG_PX])
        inner = QSplitter(Qt.Orientation.Horizontal)
        inner.setHandleWidth(1)
        inner.setChildrenCollapsible(False)
        inner.addWidget(below)
        inner.addWidget(self.facts)
        inner.setStretchFactor(0, 1)
        inner.setSizes([900, FACTS_PX])
        self.facts.setMinimumWidth(200)
        column.addWidget(inner, 1)
        return shown

    def _build_empty(self) -> QWidget:
        title = QLabel("Train a network on your labels")
        title.setFont(theme.ui_font(theme.EMPTY_PX))
        words = QLabel(
            "Runs are listed at the left: what was trained, how well it does, and what is being "
            "trained now, with its curves here. A run that is made elsewhere can be followed too.",
            wordWrap=True,
        )
        words.setProperty("quiet", True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for command_id in ("train.new", "train.open"):
            button = Button(self._commands[command_id].title)
            button.setProperty("primary", command_id == "train.new")
            button.clicked.connect(partial(self._run, command_id))
            buttons.addWidget(button)
        buttons.addStretch(1)
        inside = QFrame()
        inside.setMaximumWidth(520)
        column = QVBoxLayout(inside)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(words)
        column.addSpacing(8)
        column.addLayout(buttons)
        empty = QWidget()
        outer = QVBoxLayout(empty)
        outer.addStretch(2)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(inside, 6)
        row.addStretch(1)
        outer.addLayout(row)
        outer.addStretch(3)
        return empty

    def _turn(self, view: int) -> None:
        self._views.setCurrentIndex(view)
        curves = self._views.currentWidget() is self.curves
        for beside in (self.log, self.facts):  # a matrix of many classes needs the room
            beside.setVisible(curves)
        self._show_evaluation()

    def _show_evaluation(self) -> None:
        if self._views.currentWidget() is self.evaluation:  # it reads the run's folder
            self.evaluation.show_run(self._training.chosen)

    def _run(self, command_id: str, _checked: bool = False) -> None:
        self._commands.run(command_id)
        self._refresh()

    # ---- showing

    def _choose(self, *_: object) -> None:
        path = self._training.chosen
        self.name.setText("" if path is None else path.name)
        self.name.setToolTip("" if path is None else str(path))
        if path is not None and self._training.detail is None:
            look = self._training.look()
            self._show_detail(RunDetail(look) if look is not None else None)
        self._refresh()
        self._show_middle()
        self._show_evaluation()

    def _show_middle(self) -> None:
        shown = 2 if self._compares else 0 if self._training.chosen is None else 1
        self._middle.setCurrentIndex(shown)

    def _show(self, detail: RunDetail) -> None:
        self._show_detail(detail)
        self._refresh()

    def _show_detail(self, detail: RunDetail | None) -> None:
        record = self._training.record_of(self._training.chosen)
        self.facts.show_facts([] if detail is None else run_facts(detail, record))
        if detail is not None:
            self.curves.show_growth(detail.growth)

    def _refresh(self) -> None:
        """What can be done now, and what the job says."""
        record = self._training.record_of(self._training.chosen)
        self._show_log(record)
        self.state.refresh()
        for command_id, button in self.buttons.items():
            possible = self._commands[command_id].enabled()
            button.setEnabled(possible)
            if command_id in ("train.resume", "train.pause", "train.stop"):
                button.setVisible(possible)
        button, paused = self.buttons["train.pause"], self._training.is_paused()
        words = " Go on" if paused else " Pause"
        if button.text() != words:
            button.setText(words)
            button.setIcon(icons.icon("play" if paused else "pause", 16))

    def _show_log(self, record: JobRecord | None) -> None:
        detail = self._training.detail
        if record is not None:
            latest = self._training.session.jobs.latest
            self.log.show_lines(record.id, latest.story(record))
        else:
            epochs = [] if detail is None else detail.growth.epochs[-LINES:]
            self.log.show_lines(self._training.chosen, [line_of(epoch) for epoch in epochs])
        if self._views.currentWidget() is not self.curves:
            self.log.hide()

    def _heard(self, record: object, kind: str, payload: object) -> None:
        epoch = kind == "metrics" and isinstance(payload, dict) and payload.get("kind") == "epoch"
        if epoch and record is self._training.record_of(self._training.chosen):
            self._training.reader.look_now()

    def _restyle(self) -> None:
        tokens = theme.current()
        self.setStyleSheet(
            f"#train_page {{ background: {tokens.surface}; }}"
            f"#run_log {{ background: {tokens.surface}; border: none; border-radius: 0;"
            f" border-top: 1px solid {tokens.line}; color: {tokens.quiet}; padding: 4px 12px; }}"
        )
        for command_id, button in self.buttons.items():
            button.setIcon(icons.icon(self._commands[command_id].icon, 16))
        self._refresh()
