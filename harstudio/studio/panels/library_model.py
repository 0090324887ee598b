"""The rows of the library: what a scan found, filtered, with thumbnails and label states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from harstudio.recordings.formats.found import Found
from harstudio.studio import theme
from harstudio.studio.panels.library_answers import RIGHT, WRONG, Said
from harstudio.studio.panels.library_filter import Filter, searchable
from harstudio.studio.panels.thumbnails import Thumbnails, placed

Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 47
THUMB = QSize(44, 33)
UNLABELLED, IN_PROGRESS, LABELLED = "unlabelled", "in progress", "labelled"
DONE = "done"  # the annotator said so


def _as_it_is(text: str) -> str:
    return text


class LibraryModel(QAbstractListModel):
    """Found recordings; the filter decides which are rows."""

    FoundRole = Qt.ItemDataRole.UserRole + 1
    StateRole = Qt.ItemDataRole.UserRole + 2
    ThumbRole = Qt.ItemDataRole.UserRole + 3
    OpenRole = Qt.ItemDataRole.UserRole + 4
    SaidRole = Qt.ItemDataRole.UserRole + 5
    states_changed = Signal()  # what is listed, or how far it is labelled

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[Found] = []
        self._names: list[str] = []  # as they may be seen
        self._haystacks: list[str] = []
        self._only: frozenset[str] | None = None
        self.shown: Callable[[str], str] = _as_it_is  # texts as they may be seen
        self._rows: list[int] = []
        self._row_of: dict[str, int] = {}
        self._states: dict[str, str] = {}
        self._said: Mapping[str, Said] = {}
        self._least_sure_first = False
        self._filter = Filter()
        self._open_path = ""
        self._thumbnails = thumbnails
        thumbnails.ready.connect(self._thumbnail_ready)

    # ---- contents

    @property
    def total(self) -> int:
        return len(self._all)

    def all_found(self) -> Sequence[Found]:
        """Everything, filtered or not."""
        return self._all

    def listed(self) -> Sequence[Found]:
        """What the filter leaves, in the order of the rows."""
        return [self._all[k] for k in self._rows]

    def set_found(self, found: Sequence[Found]) -> None:
        self.beginResetModel()
        self._all = list(found)
        self._states = {}
        self._write_names()
        self._select_rows()
        self.endResetModel()
        self.states_changed.emit()

    def set_only(self, names: Iterable[str] | None) -> None:
        """List the recordings of these names alone; None lists all."""
        self.beginResetModel()
        self._only = None if names is None else frozenset(names)
        self._select_rows()
        self.endResetModel()

    def set_shown(self, shown: Callable[[str], str]) -> None:
        """Write names in another way."""
        self.beginResetModel()
        self.shown = shown
        self._write_names()
        self._select_rows()
        self.endResetModel()

    def _write_names(self) -> None:
        self._names = [self.shown(entry.name) for entry in self._all]
        self._haystacks = [self.shown(searchable(entry)).lower() for entry in self._all]

    def name_of(self, found: Found) -> str:
        """A recording's name as it may be seen."""
        return self.shown(found.name)

    def set_filter(self, wanted: Filter) -> None:
        self.beginResetModel()
        self._filter = wanted
        self._select_rows()
        self.endResetModel()

    def set_states(self, states: Mapping[str, str]) -> None:
        """Label states by recording name; those that are not named stay."""
        self._states.update(states)
        if "state" in self._filter.pairs:
            self.set_filter(self._filter)
        elif self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))
        self.states_changed.emit()

    def set_said(self, said: Mapping[str, Said]) -> None:
        """What a run says, by path of the recording."""
        self._said = said
        if "said" in self._filter.pairs or self._least_sure_first:
            self._arrange()
        elif self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def _arrange(self) -> None:
        """Rows as filter and order now want them; what is selected stays so where it is listed."""
        before = self._rows
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        self._select_rows()
        row_of = {k: row for row, k in enumerate(self._rows)}
        rows = [row_of.get(before[index.row()]) for index in old]
        new = [self.index(row) if row is not None else QModelIndex() for row in rows]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    @property
    def said(self) -> Mapping[str, Said]:
        """What a run says, by path of the recording."""
        return self._said

    @property
    def least_sure_first(self) -> bool:
        """Whether those that the run is least sure of stand first, those without an answer last."""
        return self._least_sure_first

    def sort_by_said(self, wanted: bool) -> None:
        self._least_sure_first = wanted
        self.set_filter(self._filter)

    def clear_states(self) -> None:
        """Nothing is known of how far they are labelled."""
        self._states.clear()
        self.set_states({})

    def set_open(self, path: Path | None, name: str = "") -> None:
        """Which recording is open now."""
        row = None if path is None else self.row_of(path, name)
        self._open_path = "" if row is None else str(self.found(row).path)
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def state(self, name: str) -> str:
        return self._states.get(name, UNLABELLED)

    def row_of(self, path: Path, name: str = "") -> int | None:
        """The row a recording stands in, None when it is filtered out or not there.

        A recording has several files: by name where the list knows another one of them.
        """
        row = self._row_of.get(str(path))
        if row is None and name:
            rows = (k for k in range(len(self._rows)) if self.found(k).name == name)
            row = next(rows, None)
        return row

    def found(self, row: int) -> Found:
        return self._all[self._rows[row]]

    def _select_rows(self) -> None:
        accepts, states, said = self._filter.accepts, self._states, self._said
        self._rows = [
            k
            for k, (entry, haystack) in enumerate(zip(self._all, self._haystacks, strict=True))
            if (self._only is None or entry.name in self._only)
            and accepts(
                entry,
                haystack,
                states.get(entry.name, UNLABELLED),
                said.get(str(entry.path)),
            )
        ]
        if self._least_sure_first:
            self._rows.sort(key=self._doubt)
        self._row_of = {str(self._all[k].path): row for row, k in enumerate(self._rows)}

    def _doubt(self, row: int) -> tuple[bool, float]:
        said = self._said.get(str(self._all[row].path))
        return (True, 0.0) if said is None or not said.label else (False, said.confidence)

    def _thumbnail_ready(self, path: str) -> None:
        row = self._row_of.get(path)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row))

    # ---- Qt

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        found = self.found(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._names[self._rows[index.row()]]
        if role == Qt.ItemDataRole.ToolTipRole:
            said = self._said.get(str(found.path))
            return self.shown(_tip(found, self.state(found.name), said))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            action = "" if found.action is None else found.action.name
            return f"{self._names[self._rows[index.row()]]}, {action}, {self.state(found.name)}"
        if role == self.FoundRole:
            return found
        if role == self.StateRole:
            return self.state(found.name)
        if role == self.ThumbRole:
            return self._thumbnails.get(found.path)
        if role == self.OpenRole:
            return str(found.path) == self._open_path
        if role == self.SaidRole:
            return self._said.get(str(found.path))
        return None


def _tip(found: Found, state: str, said: Said | None) -> str:
    told = [found.name]
    if found.action is not None:
        told.append(f"{found.action.code}: {found.action.name}")
    if found.subject is not None:
        told.append(f"subject {found.subject}")
    if found.view is not None:
        told.append(f"view {found.view}")
    told += [f"{found.format}: {_kinds(found)}", state]
    if said is not None:
        told.append(f"{said.run}: {said.error or said.text}")
    told.append(str(found.path))
    return "\n".join(told)


class LibraryDelegate(QStyledItemDelegate):
    """Paints a row: picture, name, action, state."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:  # noqa: N802
        return QSize(120, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(option.rect).adjusted(8.5, 0.5, -8.5, -1.5)
        self._paint_ground(painter, option, index, box)
        thumb = QRectF(box.left() + 7, 0, THUMB.width(), THUMB.height())
        thumb.moveTop(box.center().y() - THUMB.height() / 2)
        painter.fillRect(thumb, QColor(theme.DARK.canvas))
        image = index.data(LibraryModel.ThumbRole)
        if image is not None and not image.isNull():
            painter.drawImage(placed(image, thumb), image)
        left, right = thumb.right() + 9, box.right() - 20
        self._write(painter, QRectF(left, box.top() + 5, right - left, 18), index.data(), 13, True)
        self._paint_second(painter, QRectF(left, box.top() + 23, right - left, 16), index)
        self._paint_state(painter, index, QPointF(box.right() - 10, box.center().y()))
        painter.restore()

    def _paint_second(self, painter: QPainter, box: QRectF, index: Index) -> None:
        """What a run says about it, else what it shows or has."""
        found: Found = index.data(LibraryModel.FoundRole)
        said: Said | None = index.data(LibraryModel.SaidRole)
        if said is None:
            self._write(painter, box, _second_line(found), 12, False)
            return
        tokens, verdict = theme.current(), said.verdict(found)
        colors = {RIGHT: tokens.good, WRONG: tokens.bad, "": tokens.quiet}
        color = colors[verdict] if said.label else tokens.warn
        sign = {RIGHT: "✓ ", WRONG: "✗ "}.get(verdict, "" if said.label else "! ")
        self._write(painter, box, f"{sign}{said.text}", 12, False, color)

    @staticmethod
    def _paint_state(painter: QPainter, index: Index, middle: QPointF) -> None:
        tokens, state = theme.current(), index.data(LibraryModel.StateRole)
        if state == DONE:
            tick = [QPointF(-4.5, 0.5), QPointF(-1.5, 3.5), QPointF(4.5, -3.5)]
            painter.setPen(QPen(QColor(tokens.good), 2.2))
            painter.drawPolyline([middle + point for point in tick])
            return
        colors = {LABELLED: tokens.good, IN_PROGRESS: tokens.warn, UNLABELLED: tokens.line}
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors[state]))
        painter.drawEllipse(middle, 4, 4)

    def _paint_ground(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index, box: QRectF
    ) -> None:
        tokens = theme.current()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        is_open = bool(index.data(LibraryModel.OpenRole))
        if not (selected or hovered or is_open):
            return
        painter.setPen(Qt.PenStyle.NoPen)
        if is_open or selected:
            edge = tokens.accent if is_open else tokens.line
            faint = theme.mixed(tokens.surface, edge, 0.55) if is_open else edge
            painter.setPen(QPen(QColor(faint), 1))
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(box, theme.CORNER, theme.CORNER)

    @staticmethod
    def _write(
        painter: QPainter, box: QRectF, text: str, pixels: int, strong: bool, color: str = ""
    ) -> None:
        tokens = theme.current()
        font = theme.ui_font(pixels)
        painter.setFont(font)
        painter.setPen(QColor(color or (tokens.text if strong else tokens.quiet)))
        fitting = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitting)


def _second_line(found: Found) -> str:
    if found.action is not None:
        return found.action.name
    return _kinds(found) or found.format


def _kinds(found: Found) -> str:
    return ", ".join("colour" if kind == "color" else kind for kind in found.streams)
