"""The part of the recognition panel that takes things away and shows what is said then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from harstudio.runs.recognised.words import WORDS, joint_title, spoken
from harstudio.studio import icons, theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.flow import Flow
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.recognition.class_colors import class_colors
from harstudio.studio.recognition.ranking import percent
from harstudio.studio.what_if.answer import Answer, Moved, StreamSaid
from harstudio.studio.what_if.changes import GROUPS, Area, group
from harstudio.studio.what_if.chart import ARROW, Bar, BeforeAfter
from harstudio.studio.what_if.commands import KINDS
from harstudio.studio.what_if.what_if import Tool, WhatIf

NAMED_JOINTS = 4
KEYS = {kind: f"Alt+Shift+{key}" for kind, key in KINDS.items()}
ABOUT = "Take something away and see what is said then."
DRAG = "Drag a rectangle on a picture. Drag it again to move it; its cross takes it away."
CLICK = "Click joints in a picture or in 3D, or choose a group."


class WhatIfSection(QWidget):
    """Closed it is one line; open it has what can be taken away, and what comes of it."""

    def __init__(self, what_if: WhatIf, labelling: Labelling) -> None:
        super().__init__()
        self.setObjectName("what_if")
        self._what_if, self._labelling = what_if, labelling
        self.kinds: dict[str, ToolButton] = {}
        self._areas: tuple[Area, ...] = ()
        self._was_on = False
        self._build()
        what_if.changed.connect(self.refresh)
        theme.theme_events.changed.connect(self.refresh)
        self.refresh()

    # ---- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(4)
        self.title = ToolButton("What if…")
        self.title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.title.setIconSize(QSize(14, 14))
        self.title.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        self.title.setToolTip(f"{ABOUT}  (Alt+W)")
        self.title.clicked.connect(lambda: self._what_if.turn(not self._what_if.on))
        self.reset = _chip("Reset", "Give everything back  (Esc)", checkable=False)
        self.reset.clicked.connect(self._what_if.reset)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.reset)
        column.addLayout(head)
        self.body = QWidget()
        column.addWidget(self.body)
        inside = QVBoxLayout(self.body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(6)
        self._build_changes(inside)
        self._build_answer(inside)

    def _build_changes(self, column: QVBoxLayout) -> None:
        self._kinds, tools = _flow(), _flow()
        self._kinds.setAccessibleName("What the run sees")
        row = tools.layout()
        self.mask_button = _chip("Mask a region", f"{DRAG}  (Alt+B)")
        self.mask_button.clicked.connect(lambda: self._what_if.take(Tool.MASK))
        self.joints_button = _chip("Hide joints", f"{CLICK}  (Alt+J)")
        self.joints_button.clicked.connect(lambda: self._what_if.take(Tool.JOINTS))
        row.addWidget(self.mask_button)
        row.addWidget(self.joints_button)
        self.hint = _quiet("")
        self.hint.setWordWrap(True)
        self._groups = _flow()
        groups = self._groups.layout()
        self.groups = {name: _chip(name, f"Hide the joints of the {name}") for name in GROUPS}
        for name, button in self.groups.items():
            button.clicked.connect(partial(self._what_if.toggle_group, name))
            groups.addWidget(button)
        self.hidden = _quiet("")
        self.hidden.setWordWrap(True)
        self._masked = _flow()
        for widget in (self._kinds, tools, self.hint, self._groups, self.hidden, self._masked):
            column.addWidget(widget)

    def _build_answer(self, column: QVBoxLayout) -> None:
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.chart = BeforeAfter()
        self.moved = _quiet("")
        self.moved.setFont(theme.time_font(theme.QUIET_PX))
        self._streams = QWidget()
        self._grid = QGridLayout(self._streams)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        self._cells: list[tuple[QLabel, QLabel]] = []
        self.explain = _chip(
            "Explain what is left",
            "Show what was looked at in the changed window, over the pictures  (Alt+X)",
        )
        self.explain.clicked.connect(lambda: self._what_if.explain(not self._what_if.explains))
        for widget in (self.problem, self.verdict, self.chart, self.moved):
            column.addWidget(widget)
        column.addWidget(self.explain, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._streams)

    # ---- showing

    def refresh(self) -> None:
        what_if, changes = self._what_if, self._what_if.changes
        self.title.setIcon(icons.icon("chevron-down" if what_if.on else "chevron-right", 16))
        self.body.setVisible(what_if.on)
        self.reset.setVisible(what_if.on and bool(changes))
        if what_if.on and not self._was_on:
            QTimer.singleShot(0, self, self._come_forward)  # when it has its place
        self._was_on = what_if.on
        if not what_if.on:
            return
        self._show_kinds()
        self.mask_button.setChecked(what_if.tool is Tool.MASK)
        self.joints_button.setChecked(what_if.tool is Tool.JOINTS)
        self.joints_button.setVisible(bool(what_if.joints))
        hint = "" if what_if.changes_now else ABOUT
        if what_if.tool is Tool.MASK and not changes.masked:
            hint = DRAG
        elif what_if.tool is Tool.JOINTS and not changes.joints:
            hint = CLICK
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self._show_joints()
        if changes.masked != self._areas:
            self._areas = changes.masked
            self._show_areas()
        self._masked.setVisible(bool(changes.masked))
        self._show_answer()

    def _come_forward(self) -> None:
        """To the top of the panel."""
        above = self.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        if above is not None:
            top = self.mapTo(above.widget(), self.rect().topLeft()).y()
            above.verticalScrollBar().setValue(top)

    def _show_kinds(self) -> None:
        what_if = self._what_if
        kinds, without = what_if.kinds, what_if.changes.without
        if tuple(self.kinds) != kinds:
            self.kinds = {kind: _chip(WORDS.get(kind, kind), "") for kind in kinds}
            for kind, button in self.kinds.items():
                button.clicked.connect(partial(what_if.toggle_kind, kind))
            sees = _quiet("sees")
            if self.kinds:
                sees.setMinimumHeight(next(iter(self.kinds.values())).sizeHint().height())
            _fill(self._kinds, [sees, *self.kinds.values()])
        for kind, button in self.kinds.items():
            button.setChecked(kind not in without)
            why = what_if.why_not_drop(kind)
            button.setEnabled(not why)
            key = KEYS.get(kind, "")
            button.setToolTip(why or f"Leave it out, or see it again  ({key})")
        self._kinds.setVisible(bool(kinds))

    def _show_joints(self) -> None:
        what_if = self._what_if
        hidden = what_if.changes.joints
        self._groups.setVisible(what_if.tool is Tool.JOINTS and bool(what_if.joints))
        for name, button in self.groups.items():
            joints = group(name, what_if.joints)
            button.setVisible(bool(joints))
            button.setChecked(bool(joints) and joints <= hidden)
        self.hidden.setVisible(bool(hidden))
        names = hidden_words(hidden, what_if.joints)
        more = len(names) - NAMED_JOINTS
        told = ", ".join(names[:NAMED_JOINTS]) + (f" and {more} more" if more > 0 else "")
        self.hidden.setText(f"hidden: {told}")
        self.hidden.setToolTip(", ".join(map(joint_title, sorted(hidden))))

    def _show_areas(self) -> None:
        chips = []
        for number, area in enumerate(self._areas):
            size = f"{area.width:.0f} × {area.height:.0f} pixels"
            chip = _chip(spoken(area.stream), f"{size}; a click shows them again", checkable=False)
            chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            chip.setIcon(icons.icon("close", 16, theme.current().quiet))
            chip.setIconSize(QSize(12, 12))
            chip.clicked.connect(partial(self._give_back, number))
            chips.append(chip)
        _fill(self._masked, chips)

    def _show_answer(self) -> None:
        what_if, answer = self._what_if, self._what_if.answer
        problem = what_if.problem
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.problem.setStyleSheet(f"color: {theme.current().warn};")
        there = answer is not None and not problem and bool(what_if.changes_now)
        if not there and not problem and answer is None:
            self.moved.setText("reading the window")
        for widget in (self.verdict, self.chart, self._streams, self.explain):
            widget.setVisible(there)
        self.moved.setVisible(there or (answer is None and not problem and what_if.can_ask()))
        if answer is None or not there:
            return
        colors = class_colors(answer.classes, self._labelling.labels())
        names = answer.classes
        bars = [Bar(names[m.label], colors[names[m.label]], m.before, m.after)
                for m in answer.ranking()]  # fmt: skip
        self.chart.show_bars(bars, pending=not what_if.is_current)
        self._show_verdict(answer)
        self.moved.setText(f"{percent(answer.moved)} % of the probability moved")
        self._show_streams(answer.by_stream(), names)
        self.explain.setChecked(what_if.explains)

    def _show_verdict(self, answer: Answer) -> None:
        before, after = answer.told["before"]["name"], answer.told["name"]
        same, tokens = before == after, theme.current()
        words = f"still {after}" if same else f"{after}, no longer {before}"
        self.verdict.setText(words)
        self.verdict.setFont(theme.ui_font(bold=True))
        self.verdict.setStyleSheet(f"color: {tokens.quiet if same else tokens.warn};")

    def _show_streams(self, rows: Sequence[StreamSaid], classes: tuple[str, ...]) -> None:
        while len(self._cells) < len(rows):
            name, said = _quiet(""), QLabel()
            said.setFont(theme.time_font(theme.QUIET_PX))
            said.setWordWrap(True)
            for down, one in enumerate((name, said)):
                self._grid.addWidget(one, 2 * len(self._cells) + down, 0)
            self._cells.append((name, said))
        self._streams.setVisible(bool(rows))
        for at, (name, said) in enumerate(self._cells):
            for one in (name, said):
                one.setVisible(at < len(rows))
            if at < len(rows):
                name.setText(f"{spoken(rows[at].stream)} alone")
                said.setText(stream_words(rows[at], classes))

    # ---- doing

    def _give_back(self, number: int) -> None:
        self._what_if.change(self._what_if.changes.without_area(number))


def hidden_words(hidden: frozenset[str], joints: Sequence[str]) -> list[str]:
    """Hidden joints as people say them, whole groups first."""
    left, words = hidden, []
    for name in ("head", "arms", "hands", "legs"):
        whole = group(name, joints)
        if whole and whole <= left:
            words.append(name)
            left = left - whole
    return words + [joint_title(name) for name in joints if name in left]


def stream_words(said: StreamSaid, classes: tuple[str, ...]) -> str:
    """ "clapping 39 → waving 56", "clapping 39 → 12" where it is the same class."""
    before = f"{classes[said.before.label]} {percent(said.before.before)}"
    if said.after is None:
        return f"{before} {ARROW} left out"
    after: Moved = said.after
    name = "" if after.label == said.before.label else f"{classes[after.label]} "
    return f"{before} {ARROW} {name}{percent(after.after)}"


def _flow() -> QWidget:
    """Chips side by side, in as many lines as it takes."""
    holder = QWidget()
    Flow(holder).setContentsMargins(0, 0, 0, 0)
    return holder


def _chip(text: str, tip: str, *, checkable: bool = True) -> ToolButton:
    chip = ToolButton(text)
    chip.setCheckable(checkable)
    chip.setToolTip(tip)
    chip.setFont(theme.ui_font(theme.QUIET_PX))
    chip.setProperty("chip", True)
    return chip


def _fill(holder: QWidget, widgets: Iterable[QWidget]) -> None:
    """These and no others in a flow."""
    row = holder.layout()
    while (item := row.takeAt(0)) is not None:
        item.widget().hide()  # it goes a moment later
        item.widget().deleteLater()
    for widget in widgets:
        row.addWidget(widget)
        widget.show()


def _quiet(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("quiet", True)
    label.setFont(theme.ui_font(theme.QUIET_PX))
    return label
