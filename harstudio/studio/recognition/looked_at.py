"""The part of the panel that chooses which explanations are shown, and how."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from harstudio.results import (
    HeatMap,
    Importance,
    JointWeights,
    Kind,
    Matrix,
    ModalityShare,
    Picture,
    Relation,
)
from harstudio.runs.recognised.opinion import Where
from harstudio.runs.recognised.words import joint_title, spoken
from harstudio.skeletons.topology import topology
from harstudio.studio import icons, theme
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.recognition.over_time import ImportanceCurve, OverTime, ShareView
from harstudio.studio.recognition.tables import MatrixView, PictureView
from harstudio.studio.session import Session
from harstudio.studio.timecode import clock_text

View = ShareView | ImportanceCurve | PictureView | MatrixView
AUTO_JOINT, ALL_JOINTS = "moved most", "the strongest of all"
AUTO_CLASS = "what it says"
GROUPS = {
    "Which modality counted": Kind.MODALITY_SHARE,
    "Over the picture": Where.PICTURE,
    "On the joints": Where.JOINTS,
    "Which moments counted": Kind.IMPORTANCE,
    "What it was given": Kind.PICTURE,
    "Inside the network": Kind.MATRIX,
}
VIEWS: dict[Kind, type[View]] = {
    Kind.MODALITY_SHARE: ShareView,
    Kind.IMPORTANCE: ImportanceCurve,
    Kind.PICTURE: PictureView,
    Kind.MATRIX: MatrixView,
}


class LookedAt(QWidget):
    """A button for each explanation, grouped by what they are; what lies beside the pictures
    stands below its button. Then two sliders, the class and the joint."""

    class_chosen = Signal(object)  # index of the class to explain, None for what it says

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._explaining = session, session.explaining
        self.buttons: dict[str, ToolButton] = {}
        self.views: dict[str, View] = {}
        self._filled: dict[str, object] = {}  # what each view shows
        self.groups: dict[str, QLabel] = {}
        self._eyes: dict[tuple[bool, str], QIcon] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._title = QLabel("Looked at")
        self._title.setProperty("quiet", True)
        self._title.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        self._column.addWidget(self._title)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(1)
        self._column.addLayout(self._rows)
        self._nothing = QLabel("This run tells nothing about what it looked at.")
        self._nothing.setProperty("quiet", True)
        self._nothing.setWordWrap(True)
        self._column.addWidget(self._nothing)
        self.ask = Button("Explain this window")
        self.ask.setToolTip("Ask what was looked at in the window under the playhead")
        self.ask.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.ask.clicked.connect(lambda: self.class_chosen.emit(None))
        self._column.addWidget(self.ask)
        self._column.addSpacing(4)
        self._choices = QWidget()
        self._column.addWidget(self._choices)
        self._build_choices()
        self._explaining.changed.connect(self.refresh)
        session.privacy.changed.connect(self._fill_anew)
        theme.theme_events.changed.connect(self.refresh)

    def _build_choices(self) -> None:
        self._form = QFormLayout(self._choices)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setSpacing(6)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.opacity = self._slider("Opacity of the maps", self._explaining.opacity)
        self.threshold = self._slider("Hide weights below", self._explaining.threshold)
        self.classes = self._box("Class to explain")
        self.joints = self._box("Joint whose relation is shown")
        self.classes.activated.connect(self._choose_class)
        self.joints.activated.connect(self._choose_joint)
        for words, field in (
            ("opacity", self.opacity),
            ("hide below", self.threshold),
            ("speaks for", self.classes),
            ("joint", self.joints),
        ):
            label = QLabel(words)
            label.setProperty("quiet", True)
            label.setFont(theme.ui_font(theme.QUIET_PX))
            label.setMinimumHeight(field.sizeHint().height())
            self._form.addRow(label, field)

    def _slider(self, name: str, value: float) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(round(100 * value))
        slider.setAccessibleName(name)
        slider.setToolTip(name)
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        slider.valueChanged.connect(self._strengthen)
        return slider

    def _box(self, name: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.setMaxVisibleItems(20)
        return box

    # ---- showing

    def meet(self, classes: tuple[str, ...]) -> None:
        """Another recognition, by a run that knows these classes."""
        self.classes.clear()
        self.classes.addItem(AUTO_CLASS)
        self.classes.addItems(list(classes))
        while (item := self._rows.takeAt(0)) is not None:
            item.widget().hide()  # it goes a moment later
            item.widget().deleteLater()
        self.buttons, self.views, self.groups, self._filled = {}, {}, {}, {}
        kinds, places = self._explaining.kinds(), self._explaining.places()
        for title, group in GROUPS.items():
            names = [name for name in kinds if group in (kinds[name], places[name])]
            if names:
                self.groups[title] = self._heading(title, 6)
                stem = ""
                for name in names:  # "learned links, layer 5" stands below "learned links"
                    before, (stem, _, place) = stem, spoken(name).partition(", ")
                    if place and stem != before:
                        self._heading(stem, 2)
                    self._add(name, kinds[name], place or stem)
        self.refresh()

    def _heading(self, title: str, above_px: int) -> QLabel:
        label = QLabel(title, wordWrap=True)
        label.setProperty("quiet", True)
        label.setFont(theme.ui_font(theme.QUIET_PX))
        label.setContentsMargins(0, above_px, 0, 0)
        self._rows.addWidget(label)
        return label

    def _add(self, name: str, kind: Kind, title: str) -> None:
        button = ToolButton(title)
        button.setAccessibleName(spoken(name))
        button.setCheckable(True)
        button.setObjectName(f"explain-{name}")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setIconSize(QSize(16, 16))
        button.setFont(theme.ui_font(theme.QUIET_PX))
        button.setFixedHeight(24)
        button.clicked.connect(partial(self._toggle, name))
        self.buttons[name] = button
        self._rows.addWidget(button)
        if kind in VIEWS:
            view = VIEWS[kind](spoken(name))
            view.hide()
            self.views[name] = view
            self._rows.addWidget(view)

    def refresh(self, *_: object) -> None:
        """As the choice and the playhead are now."""
        explaining, tokens = self._explaining, theme.current()
        opinion, now = explaining.opinion, self._session.transport.position_ns
        window = None if opinion is None else opinion.window_at(now)
        there = {one.name: one for one in opinion.explanations_at(window)} if opinion else {}
        for name, button in self.buttons.items():
            shown = explaining.is_shown(name)
            button.setChecked(shown)
            button.setEnabled(name in there)
            button.setIcon(self._eye(shown, tokens.accent if shown else tokens.quiet))
            button.setToolTip(self._tip(there.get(name)))
        for name, view in self.views.items():
            one = there.get(name)
            shown = one is not None and explaining.is_shown(name)
            view.setVisible(shown)
            if shown and self._filled.get(name) is not one and opinion and window is not None:
                self._filled[name] = one
                self._fill(view, one, (int(opinion.starts[window]), int(opinion.ends[window])))
        self.follow(now)
        said = None if opinion is None else opinion.recognition
        asked = said is not None and said.asked.get("explain", True)
        some = said is not None and any(said.explanations)  # maybe the first alone
        self._nothing.setVisible(bool(asked) and not self.buttons)
        self.ask.setVisible((some or not asked) and window is not None and not there)
        self._choices.setVisible(bool(self.buttons))
        drawn = set(explaining.places().values())
        for slider, value in (
            (self.opacity, explaining.opacity), (self.threshold, explaining.threshold)
        ):  # fmt: skip
            with QSignalBlocker(slider):  # it may be chosen beside
                slider.setValue(round(100 * value))
        self._form.setRowVisible(self.opacity, Where.PICTURE in drawn)
        self._form.setRowVisible(self.threshold, Where.PICTURE in drawn)
        relation = explaining.relation(now)
        self._form.setRowVisible(self.joints, relation is not None)
        if relation is not None:
            self._fill_joints(relation)

    def _fill_anew(self) -> None:
        """The project's rule about faces is another."""
        self._filled = {}
        self.refresh()

    def _fill(self, view: View, one: object, span: tuple[int, int]) -> None:
        """Show what a window tells."""
        match view, one:
            case ShareView(), ModalityShare():
                view.show_one(one, span)
            case ImportanceCurve(), Importance():
                view.show_one(one, span)
            case PictureView(), Picture():
                view.show_one(self._session.privacy.given(one))
            case MatrixView(), Matrix():
                view.show_one(one)

    def follow(self, now_ns: int) -> None:
        """The playhead moved within its window."""
        for view in self.views.values():
            if isinstance(view, OverTime | PictureView) and view.isVisible():
                view.set_now(now_ns)

    def _eye(self, shown: bool, color: str) -> QIcon:
        """Drawn once a colour: sliders ask for it with every step."""
        key = (shown, color)
        if key not in self._eyes:
            self._eyes[key] = icons.icon("eye" if shown else "eye-off", 16, color)
        return self._eyes[key]

    def show_target(self, label: int | None) -> None:
        """The class that the window's explanations speak for; None for what it says."""
        self.classes.setCurrentIndex(0 if label is None else label + 1)
        self.classes.setToolTip(f"What speaks for: {self.classes.currentText()}")

    def _tip(self, one: object) -> str:
        recording = self._session.recording
        start = 0 if recording is None else recording.start_ns
        if isinstance(one, HeatMap) and len(one.times_ns):
            count = len(one.times_ns)
            more = f" and at {count - 1} more moments" if count > 1 else ""
            return (
                f"{spoken(one.meaning)}\nseen at {clock_text(int(one.times_ns[0]) - start)}{more}"
            )
        if isinstance(one, Relation) and one.box is None:
            return f"{spoken(one.meaning)}\nlines between the joints"
        if isinstance(one, Relation):
            return f"{spoken(one.meaning)}\nseen at {clock_text(one.time_ns - start)}"
        if isinstance(one, JointWeights):
            return f"{spoken(one.meaning)}\nover time, on the joints"
        if isinstance(one, Picture) and one.cuts:
            count = len({cut.time_ns for cut in one.cuts})
            frames = f"{count} frame" + "s" * (count > 1)
            return f"{spoken(one.meaning)}\nmade from {frames}; squares over them show where"
        return spoken(str(getattr(one, "meaning", "not told for this moment")))

    def _fill_joints(self, relation: Relation) -> None:
        names = [joint_title(name) for name in topology(relation.topology).joints]
        auto = ALL_JOINTS if relation.box is None else AUTO_JOINT
        wanted = [auto, names[0]]
        now = [self.joints.itemText(row) for row in (0, 1)]
        if self.joints.count() != len(names) + 1 or now != wanted:
            self.joints.clear()
            self.joints.addItems([auto, *names])
        joint = self._explaining.joint
        self.joints.setCurrentIndex(0 if joint is None else joint + 1)

    # ---- choosing

    def _toggle(self, name: str, _checked: bool = False) -> None:
        self._explaining.toggle(name)

    def _strengthen(self, _value: int) -> None:
        self._explaining.set_strength(self.opacity.value() / 100, self.threshold.value() / 100)

    def _choose_class(self, row: int) -> None:
        self.classes.clearFocus()
        self.class_chosen.emit(None if row == 0 else row - 1)

    def _choose_joint(self, row: int) -> None:
        self.joints.clearFocus()
        self._explaining.choose_joint(None if row == 0 else row - 1)
