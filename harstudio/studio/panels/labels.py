"""The label set: every label with its key, colour and count, to find, press and extend."""

from __future__ import annotations

from collections import Counter
from functools import partial

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import HarstudioError
from harstudio.labels.label_set import Label, LabelSet, bundled_label_sets
from harstudio.studio import theme
from harstudio.studio.labelling import Labelling
from harstudio.studio.session import Session

ROW_PX = 32
KEY_PX = 20
DOT_PX = 10
LABEL_ROLE = Qt.ItemDataRole.UserRole
COUNT_ROLE = Qt.ItemDataRole.UserRole + 1
NEW_ROLE = Qt.ItemDataRole.UserRole + 2


def matching(labels: tuple[Label, ...], text: str) -> list[Label]:
    """Labels that have every typed word in name or code; those that begin with the text first."""
    words = text.casefold().split()
    found = [la for la in labels if all(w in f"{la.name} {la.code}".casefold() for w in words)]
    return sorted(found, key=lambda la: not la.name.casefold().startswith(text.casefold()))


FIELD_KEYS = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Escape,
)


class LabelModel(QAbstractListModel):
    """Labels that match what was typed; last, as a row of its own, what could be added."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._labels: list[Label] = []
        self._counts: Counter[str] = Counter()
        self._new: Label | None = None

    def show(self, labels: list[Label], counts: Counter[str], new: str) -> None:
        """Show these; ``new`` is a name that is not in the set, "" for none."""
        self.beginResetModel()
        self._labels, self._counts = labels, counts
        self._new = Label(new) if new else None
        self.endResetModel()

    def count(self, counts: Counter[str]) -> None:
        """Show other counts."""
        self._counts = counts
        if self._labels:
            self.dataChanged.emit(self.index(0), self.index(len(self._labels) - 1), [COUNT_ROLE])

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._labels) + (self._new is not None)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = 0) -> object:
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        new = index.row() >= len(self._labels)
        label = self._new if new else self._labels[index.row()]
        count = self._counts[label.name]
        if role == LABEL_ROLE:
            return label
        if role == COUNT_ROLE:
            return count
        if role == NEW_ROLE:
            return new
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"Add “{label.name}”" if new else label.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(label, count)
        return None


def _tip(label: Label, count: int) -> str:
    named = f"{label.name} ({label.code})" if label.code else label.name
    clips = f"{count} clip{'' if count == 1 else 's'} of yours in this recording"
    return "\n".join(text for text in (named, label.definition, clips) if text)


class LabelDelegate(QStyledItemDelegate):
    """Key, colour, name and count in one line."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        return QSize(120, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        tokens, label = theme.current(), index.data(LABEL_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(option.rect)
        state = option.state
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(area.adjusted(6, 1, -6, -1), theme.CORNER, theme.CORNER)
        middle = area.center().y()
        left = area.left() + 14
        if index.data(NEW_ROLE):
            painter.setPen(QColor(tokens.accent))
            painter.setFont(theme.ui_font())
            where = area.adjusted(14, 0, -12, 0)
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, index.data())
            painter.restore()
            return
        self._draw_key(painter, QRectF(left, middle - KEY_PX / 2, KEY_PX, KEY_PX), label.hotkey)
        left += KEY_PX + 10
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(label.color))
        painter.drawRoundedRect(QRectF(left, middle - DOT_PX / 2, DOT_PX, DOT_PX), 3, 3)
        left += DOT_PX + 10
        self._draw_texts(painter, area, left, label.name, index.data(COUNT_ROLE))
        painter.restore()

    def _draw_key(self, painter: QPainter, box: QRectF, key: str) -> None:
        if not key:
            return
        tokens = theme.current()
        painter.setPen(QColor(tokens.line))
        painter.setBrush(QColor(tokens.canvas if tokens.name == "dark" else tokens.raised))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(QColor(tokens.quiet))
        painter.setFont(theme.ui_font(theme.TIME_PX))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, key)

    def _draw_texts(
        self, painter: QPainter, area: QRectF, left: float, name: str, count: int
    ) -> None:
        tokens = theme.current()
        right = area.right() - 14
        painter.setFont(theme.time_font(theme.QUIET_PX))
        text = str(count) if count else ""
        wide = painter.fontMetrics().horizontalAdvance(text)
        painter.setPen(QColor(tokens.quiet))
        where = QRectF(right - wide, area.top(), wide + 1, area.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, text)
        painter.setFont(theme.ui_font())
        painter.setPen(QColor(tokens.text))
        room = right - wide - 8 - left
        fitting = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(
            QRectF(left, area.top(), room, area.height()), Qt.AlignmentFlag.AlignVCenter, fitting
        )


class LabelFilter(QLineEdit):
    """Where a label is typed. Keys of the window wait while it has the focus."""

    def __init__(self, rows: QListView) -> None:
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
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            model = self._rows.model()
            row = self._rows.currentIndex().row() + step
            self._rows.setCurrentIndex(model.index(min(max(row, 0), model.rowCount() - 1), 0))
        elif event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.clearFocus()
        else:
            super().keyPressEvent(event)


class LabelsPanel(QWidget):
    """The labels as one list. Typing filters it; Enter presses the label that is marked."""

    def __init__(
        self, session: Session, labelling: Labelling, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("labels")
        self._session, self._labelling = session, labelling
        self.model = LabelModel(self)
        self._build()
        self.filter.textChanged.connect(self._show_labels)
        self.filter.returnPressed.connect(self._apply)
        self.rows.clicked.connect(self._press)
        labelling.labels_changed.connect(self._show_labels)
        labelling.label_wanted.connect(self._ask)
        session.history_changed.connect(self._show_counts)
        session.document_changed.connect(self._show_counts)
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
        self.title.setToolTip("Choose another label set")
        self.title.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.title.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._sets = QMenu(self.title)
        self._sets.aboutToShow.connect(self._list_sets)
        self.title.setMenu(self._sets)
        self.rows = QListView()
        self.rows.setObjectName("label_rows")
        self.rows.setAccessibleName("Labels")
        self.rows.setFrameShape(QFrame.Shape.NoFrame)
        self.rows.setMouseTracking(True)
        self.rows.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows.setUniformItemSizes(True)
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

    # ---- showing

    def _show_labels(self, *_: object) -> None:
        label_set, text = self._labelling.label_set, self.filter.text().strip()
        named = f"Labels · {label_set.name}" if label_set.name else "Labels"
        self.title.setText(f"{named} ▾")
        known = any(label.name.casefold() == text.casefold() for label in label_set.labels)
        new = text if text and not known else ""
        self.model.show(matching(label_set.labels, text), self._counts(), new)
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        if text and self.model.rowCount():
            self.rows.setCurrentIndex(self.model.index(0, 0))

    def _show_counts(self, *_: object) -> None:
        self.model.count(self._counts())

    def _counts(self) -> Counter[str]:
        document = self._session.document
        tiers = [] if document is None else document.tiers
        return Counter(clip.label for tier in tiers for clip in tier.clips)

    # ---- doing

    def _press(self, index: QModelIndex) -> None:
        label = index.data(LABEL_ROLE)
        if index.data(NEW_ROLE):
            self._labelling.add_label(label.name)
        self._labelling.press_label(label.name)
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
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def _list_sets(self) -> None:
        self._sets.clear()
        try:
            bundled = bundled_label_sets()
        except HarstudioError as error:
            self._session.message.emit("bad", str(error))
            bundled = ()
        now = self._labelling.label_set
        for label_set in (now, *(s for s in bundled if s.name != now.name)):
            if not label_set.labels:
                continue
            text = f"{label_set.name}\t{len(label_set.labels)}"
            action = self._sets.addAction(text, partial(self._use, label_set))
            action.setCheckable(True)
            action.setChecked(label_set.name == now.name)
        self._sets.addSeparator()
        self._sets.addAction("Empty set", partial(self._use, LabelSet("own labels")))

    def _use(self, label_set: LabelSet) -> None:
        self._labelling.use_label_set(label_set)
