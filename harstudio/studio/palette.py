"""The palette: every command, recording and label by typing a few letters of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from rapidfuzz import fuzz, process, utils

from harstudio.studio import icons, theme

HINT = "Search commands, recordings, labels"
ROW = 34
SHOWN = 60
MIN_SCORE, SURE_SCORE = 55.0, 90.0


@dataclass(frozen=True, slots=True)
class Entry:
    """Something the palette can do. kind: "Command", "Recording", "Label" or "Recent"."""

    title: str
    kind: str
    run: Callable[[], None]
    detail: str = ""
    keys: str = ""
    icon: str = ""
    enabled: bool = True


def ranked(text: str, entries: Sequence[Entry], limit: int = SHOWN) -> list[Entry]:
    """The entries that a person may mean, best first; all of them for an empty text.

    Commands come before recordings of the same score, and what is not possible now comes last.
    """
    wanted = text.strip()
    if not wanted:
        return list(entries[:limit])
    titles = [f"{entry.title} {entry.detail}" for entry in entries]
    hits = process.extract(
        wanted,
        titles,
        scorer=fuzz.WRatio,
        processor=utils.default_process,
        limit=limit,
        score_cutoff=MIN_SCORE,
    )
    words = wanted.lower().split()

    def rank(hit: tuple[str, float, int]) -> tuple[bool, bool, float, int]:
        title, score, index = hit
        return (not entries[index].enabled, not _has(title, words), -score, index)

    if any(_has(title, words) for title, _, _ in hits):  # typed right: leave the far-fetched out
        hits = [hit for hit in hits if _has(hit[0], words) or hit[1] >= SURE_SCORE]
    return [entries[index] for _, _, index in sorted(hits, key=rank)]


def _has(title: str, words: Sequence[str]) -> bool:
    return all(word in title.lower() for word in words)


class _Model(QAbstractListModel):
    EntryRole = Qt.ItemDataRole.UserRole + 1

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []

    def show(self, entries: list[Entry]) -> None:
        self.beginResetModel()
        self._entries = entries
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        return entry if role == self.EntryRole else None


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex) -> QSize:  # noqa: N802
        return QSize(100, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        tokens = theme.current()
        entry: Entry = index.data(_Model.EntryRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(4, 1, -4, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.mixed(tokens.raised, tokens.accent, 0.2)))
            painter.drawRoundedRect(box, theme.CORNER, theme.CORNER)
        color = tokens.text if entry.enabled else tokens.quiet
        if entry.icon:
            ratio = painter.device().devicePixelRatioF()
            picture = icons.pixmap(entry.icon, round(16 * ratio), color)
            picture.setDevicePixelRatio(ratio)
            painter.drawPixmap(QPoint(int(box.left()) + 8, int(box.center().y()) - 8), picture)
        right = box.right() - 10
        right -= self._write(painter, box, right, entry.keys, tokens.quiet, theme.time_font(12))
        right -= self._write(painter, box, right, entry.kind, tokens.quiet, theme.ui_font(12))
        font = theme.ui_font()
        painter.setFont(font)
        painter.setPen(QColor(color))
        left = box.left() + 34
        metrics = QFontMetrics(font)
        title = metrics.elidedText(entry.title, Qt.TextElideMode.ElideRight, int(right - left))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left, box.top(), right - left, box.height()), middle, title)
        left += metrics.horizontalAdvance(title) + 10
        if entry.detail and right - left > 40:
            painter.setPen(QColor(tokens.quiet))
            detail = metrics.elidedText(
                entry.detail, Qt.TextElideMode.ElideRight, int(right - left)
            )
            painter.drawText(QRectF(left, box.top(), right - left, box.height()), middle, detail)
        painter.restore()

    @staticmethod
    def _write(
        painter: QPainter, box: QRectF, right: float, text: str, color: str, font: object
    ) -> float:
        """Right-aligned text; how much room it took."""
        if not text:
            return 0.0
        painter.setFont(font)
        painter.setPen(QColor(color))
        width = QFontMetrics(font).horizontalAdvance(text)
        where = QRectF(right - width, box.top(), width + 1, box.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, text)
        return width + 16.0


class Palette(QFrame):
    """A field and a list over the window; Enter does it, Esc goes back."""

    def __init__(self, entries: Callable[[], Iterable[Entry]], window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("palette")
        self.hide()
        self._source = entries
        self._entries: list[Entry] = []
        self._back: QWidget | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        self.field = QLineEdit()
        self.field.setObjectName("palette_field")
        self.field.setFont(theme.ui_font(15))
        self.field.setPlaceholderText(HINT)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self._model = _Model(self)
        self.list = QListView()
        self.list.setObjectName("palette_list")
        self.list.setUniformItemSizes(True)
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Delegate(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(self._run)
        self._nothing = QLabel("Nothing is called like that.")
        self._nothing.setProperty("quiet", True)
        self._nothing.setContentsMargins(12, 4, 12, 8)
        for widget in (self.field, self.list, self._nothing):
            column.addWidget(widget)
        window.installEventFilter(self)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        tokens = theme.current()
        self.setStyleSheet(
            f"#palette {{ background: {tokens.raised}; border: 1px solid {tokens.line};"
            " border-radius: 8px; }"
        )

    def open(
        self,
        text: str = "",
        entries: Callable[[], Iterable[Entry]] | None = None,
        hint: str = HINT,
    ) -> None:
        """Show everything (or only ``entries``) and search for ``text``."""
        self.field.setPlaceholderText(hint)
        focused = self.window().focusWidget()
        if focused is not self.field:
            self._back = focused
        self._entries = list((entries or self._source)())
        self.field.setText(text)
        self._search(text)
        self._place()
        self.show()
        self.raise_()
        self.field.setFocus()
        self.field.selectAll()

    def close_palette(self) -> None:
        """Back to where the person was."""
        self.hide()
        if self._back is not None:
            self._back.setFocus()
        self._back = None

    def shown(self) -> list[Entry]:
        """The rows as they stand."""
        return [
            self._model.index(row).data(_Model.EntryRole) for row in range(self._model.rowCount())
        ]

    def _place(self) -> None:
        room = self.parentWidget().size()
        width = min(640, room.width() - 48)
        rows = max(1, min(12, self._model.rowCount()))
        self.list.setFixedHeight(rows * ROW + 2)
        self.setFixedWidth(width)
        self.adjustSize()
        self.move((room.width() - width) // 2, 52)

    def _search(self, text: str) -> None:
        found = ranked(text, self._entries)
        self._model.show(found)
        self._nothing.setVisible(not found)
        self.list.setVisible(bool(found))
        if found:
            self.list.setCurrentIndex(self._model.index(0))
        if self.isVisible():
            self._place()

    def _run(self, index: QModelIndex) -> None:
        entry = index.data(_Model.EntryRole)
        if entry is not None:
            self.close_palette()
            entry.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if watched is self.field:
            if event.type() == QEvent.Type.FocusOut and self.isVisible():
                self.hide()
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # while the palette is open its field has every key
                return True
            if event.type() == QEvent.Type.KeyPress:
                return self._key(event)
        elif event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        steps: dict[int, int] = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -10}
        steps[Qt.Key.Key_PageDown] = 10
        if key in steps:
            count = self._model.rowCount()
            if count:
                row = self.list.currentIndex().row() + steps[key]
                row = row % count if abs(steps[key]) == 1 else min(max(row, 0), count - 1)
                self.list.setCurrentIndex(self._model.index(row))
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentIndex())
            return True
        if key == Qt.Key.Key_Escape:
            self.close_palette()
            return True
        return False
