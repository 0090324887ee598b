"""The label set: every label with its key, colour and count, to find, press and extend."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import HarstudioError
from harstudio.labels.label_sets.label_set import Label, LabelSet, bundled_label_sets
from harstudio.studio import theme
from harstudio.studio.labelling.label_counts import LabelCounts
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.panels.label_rows import (
    CHEVRON_PX,
    COUNT_ROLE,
    LABEL_ROLE,
    ROW_PX,
    ROW_ROLE,
    STEP_PX,
    LabelDelegate,
    LabelModel,
    Row,
    found_rows,
    tree_rows,
)
from harstudio.studio.session import Session

FIELD_KEYS = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Escape,
)


class LabelRows(QListView):
    """The list. A click on a heading, or on the mark before a label, folds and unfolds."""

    fold_wanted = Signal(str)

    def dataChanged(  # noqa: N802
        self, top_left: QModelIndex, bottom_right: QModelIndex, roles: Sequence[int] = ()
    ) -> None:
        """Another count paints its row; Qt would lay out and paint the whole list again."""
        if list(roles) == [COUNT_ROLE] and top_left == bottom_right:
            self.update(top_left)
        else:
            super().dataChanged(top_left, bottom_right, list(roles))

    def mark(self, step: int) -> None:
        """Mark the next label (1) or the one before (-1), over headings."""
        model, at = self.model(), self.currentIndex().row() + step
        while 0 <= at < model.rowCount():
            index = model.index(at, 0)
            if index.data(LABEL_ROLE) is not None:
                self.setCurrentIndex(index)
                return
            at += step

    def mark_label(self, name: str) -> None:
        """Mark a label by name; nothing where it is not shown."""
        model = self.model()
        rows = (model.index(row, 0) for row in range(model.rowCount()))
        labels = ((index, index.data(LABEL_ROLE)) for index in rows)
        found = next((index for index, la in labels if la is not None and la.name == name), None)
        self.setCurrentIndex(QModelIndex() if found is None else found)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        at = event.position().toPoint()
        row = self.indexAt(at).data(ROW_ROLE)
        left = event.button() == Qt.MouseButton.LeftButton
        if left and row is not None and row.folds and self._on_mark(row, at):
            self.fold_wanted.emit(row.name)
            event.accept()
            return
        super().mousePressEvent(event)

    def _on_mark(self, row: Row, at: QPoint) -> bool:
        return row.label is None or at.x() < 14 + row.depth * STEP_PX - 1 + CHEVRON_PX // 4


class LabelFilter(QLineEdit):
    """Where a label is typed. Keys of the window wait while it has the focus."""

    left = Signal()

    def __init__(self, rows: LabelRows) -> None:
        super().__init__()
        self._rows = rows

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() in FIELD_KEYS
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._rows.mark(1 if event.key() == Qt.Key.Key_Down else -1)
        elif event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.clearFocus()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.left.emit()


class LabelsPanel(QWidget):
    """The labels as a list below their groups. Typing filters it; Enter presses the label that
    is marked."""

    edit_wanted = Signal(str)  # the editor of the set, at a label ("" for none)
    example_wanted = Signal(str)  # the example of a label, beside the recording

    def __init__(
        self, session: Session, labelling: Labelling, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("labels")
        self._session, self._labelling = session, labelling
        self._folded: set[str] = set()
        self.counts = LabelCounts(session, self)
        self.model = LabelModel(self)
        self._build()
        self.filter.textChanged.connect(self._show_labels)
        self.filter.returnPressed.connect(self._apply)
        self.filter.left.connect(self._tell_about)
        self.rows.selectionModel().currentChanged.connect(self._tell_about)
        self.model.modelReset.connect(self._tell_about)
        self.filter.left.connect(labelling.naming.stop)
        self.rows.clicked.connect(self._press)
        self.rows.fold_wanted.connect(self.fold)
        self.rows.customContextMenuRequested.connect(self._offer)
        labelling.labels_changed.connect(self._show_labels)
        labelling.label_wanted.connect(self._ask)
        self.counts.changed.connect(self.model.count)
        self.counts.replaced.connect(self._show_labels)
        theme.theme_events.changed.connect(self.rows.viewport().update)
        self._show_labels()

    def _build(self) -> None:
        self.setMinimumHeight(4 * ROW_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(8)
        self.title = QToolButton()
        self.title.setObjectName("label_set")
        self.title.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        self.title.setProperty("quiet", True)
        self.title.setStyleSheet("padding: 2px 4px;")
        self.title.setToolTip("Edit the labels or choose another set")
        self.title.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.title.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._sets = QMenu(self.title)
        self._sets.aboutToShow.connect(self._list_sets)
        self.title.setMenu(self._sets)
        self.rows = LabelRows()
        self.rows.setObjectName("label_rows")
        self.rows.setAccessibleName("Labels")
        self.rows.setFrameShape(QFrame.Shape.NoFrame)
        self.rows.setMouseTracking(True)
        self.rows.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.rows.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setItemDelegate(LabelDelegate(self.rows))
        self.rows.setModel(self.model)
        self.filter = LabelFilter(self.rows)
        self.filter.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # else label keys stray into it
        self.filter.setObjectName("label_filter")
        self.filter.setAccessibleName("Find or add a label")
        self.filter.setPlaceholderText("Find or add a label")
        self.filter.setClearButtonEnabled(True)
        self.about = QLabel(wordWrap=True)
        self.about.setProperty("quiet", True)
        self.about.setFont(theme.ui_font(theme.QUIET_PX))
        self.about.setContentsMargins(14, 0, 14, 0)
        self.about.hide()
        self._empty = QLabel("Type a name above and press Enter to make the first label.")
        self._empty.setProperty("quiet", True)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._empty.setContentsMargins(16, 16, 16, 16)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.rows)
        self._stack.addWidget(self._empty)
        inset = QVBoxLayout()
        inset.setContentsMargins(10, 0, 10, 0)
        inset.setSpacing(8)
        inset.addWidget(self.title, 0, Qt.AlignmentFlag.AlignLeft)
        inset.addWidget(self.filter)
        column.addLayout(inset)
        column.addLayout(self._stack, 1)
        column.addWidget(self.about)

    # ---- showing

    def _tell_about(self, *_: object) -> None:
        """What the label means that is marked by keys; the mouse has its tool tips."""
        label = self.rows.currentIndex().data(LABEL_ROLE)
        told = (
            [] if label is None else [label.definition, label.not_this and f"Not: {label.not_this}"]
        )
        self.about.setText("\n".join(text for text in told if text))
        self.about.setVisible(any(told) and self.window().focusWidget() is self.filter)

    def _show_labels(self, *_: object) -> None:
        label_set, text = self._labelling.label_set, self.filter.text().strip()
        named = f"Labels · {label_set.name}" if label_set.name else "Labels"
        self.title.setText(f"{named} ▾")
        recent = self._labelling.naming.recent
        rows = found_rows(label_set, text, recent) if text else tree_rows(label_set, self._folded)
        if text and not any(la.name.casefold() == text.casefold() for la in label_set.labels):
            rows.append(Row(text, Label(text), new=True))
        self.model.show(rows, self.counts.counts)
        self._stack.setCurrentIndex(0 if rows else 1)
        if text and rows:
            self.rows.setCurrentIndex(self.model.index(0, 0))

    def fold(self, name: str) -> None:
        """Hide what stands under a group or label, or show it again."""
        self._folded ^= {name}
        top = self.rows.verticalScrollBar().value()
        self._show_labels()
        self.rows.verticalScrollBar().setValue(top)

    def marked(self) -> str:
        """The label that is marked in the list, "" for none."""
        label = self.rows.currentIndex().data(LABEL_ROLE)
        return "" if label is None else str(label.name)

    # ---- doing

    def _press(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE)
        if row.new:
            self._labelling.label_sets.add(row.name)
        if row.label is not None:
            self._labelling.naming.press(row.name)
        self.rows.clearSelection()
        self.rows.setCurrentIndex(QModelIndex())

    def _apply(self) -> None:
        index = self.rows.currentIndex()
        if not index.isValid() and self.filter.text().strip():
            index = self.model.index(0, 0)
        if index.isValid():
            self._press(index)
        self.filter.clear()
        self.filter.clearFocus()

    def _ask(self) -> None:
        """Enter at once means the label that was used last, so that one is marked."""
        self.filter.clear()
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.rows.mark_label(next(iter(self._labelling.naming.recent), ""))

    def _offer(self, at: QPoint) -> None:
        """What a right click offers: the label's example, and the editor at that label."""
        row = self.rows.indexAt(at).data(ROW_ROLE)
        menu = QMenu(self)
        if row is not None and row.label is not None and not row.new:
            play = menu.addAction(
                "Play example beside", partial(self.example_wanted.emit, row.name)
            )
            play.setEnabled(row.label.example is not None)
        name = "" if row is None or row.label is None or row.new else row.name
        menu.addAction(
            "Edit label…" if name else "Edit labels…", partial(self.edit_wanted.emit, name)
        )
        menu.popup(self.rows.viewport().mapToGlobal(at))

    def _list_sets(self) -> None:
        self._sets.clear()
        self._sets.addAction("Edit labels…", partial(self.edit_wanted.emit, ""))
        self._sets.addSeparator()
        try:
            bundled = bundled_label_sets()
        except HarstudioError as error:
            self._session.message.emit("bad", str(error))
            bundled = ()
        now, project = self._labelling.label_set, self._session.project
        put = () if project is None else project.put_away.sets
        if now.labels:
            self._offer_set(now)
        self._sets.addSeparator()
        for label_set in put:
            self._offer_set(label_set, ", put away")
        self._sets.addSeparator()
        for label_set in bundled:
            if label_set != now:
                self._offer_set(label_set)
        self._sets.addSeparator()
        self._sets.addAction("Empty set", partial(self._use, LabelSet("own labels")))

    def _offer_set(self, label_set: LabelSet, remark: str = "") -> None:
        text = f"{label_set.name}{remark}\t{len(label_set.labels)}"
        action = self._sets.addAction(text, partial(self._use, label_set))
        action.setCheckable(True)
        action.setChecked(label_set is self._labelling.label_set)

    def _use(self, label_set: LabelSet) -> None:
        if label_set != self._labelling.label_set:
            self._labelling.label_sets.use(label_set, another=True)
