"""The rows of the label list: headings and labels, what is found, and how a row looks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.studio import icons, theme

ROW_PX, HEADING_PX = 32, 26
KEY_PX = 20
DOT_PX = 10
STEP_PX = 14
CHEVRON_PX = 12
LABEL_ROLE = Qt.ItemDataRole.UserRole
COUNT_ROLE = Qt.ItemDataRole.UserRole + 1
NEW_ROLE = Qt.ItemDataRole.UserRole + 2
ROW_ROLE = Qt.ItemDataRole.UserRole + 3


@dataclass(frozen=True, slots=True)
class Row:
    """label: None for the heading of a group. depth: below how many labels it stands. folds:
    whether something stands under it; found: the synonym by which it was found; new: it is not
    in the set, and could be added."""

    name: str
    label: Label | None = None
    depth: int = 0
    folds: bool = False
    folded: bool = False
    found: str = ""
    new: bool = False


def found_by(label: Label, text: str) -> bool:
    """Whether every typed word is in name, code or a synonym."""
    said = " ".join((label.name, label.code, *label.synonyms)).casefold()
    return all(word in said for word in text.casefold().split())


def tree_rows(label_set: LabelSet, folded: Collection[str]) -> list[Row]:
    """Everything, below what it stands under; what is folded hides what stands under it."""
    below: defaultdict[str, list[Label]] = defaultdict(list)
    for label in label_set.labels:
        below[label.parent].append(label)

    by_name = {label.name: label for label in label_set.labels}

    def rows_of(name: str, depth: int = 0) -> Iterator[Row]:
        folds = name in below
        yield Row(name, by_name[name], depth, folds, folds and name in folded)
        if folds and name not in folded:
            yield from rows_below(name, depth + 1)

    def rows_below(parent: str, depth: int) -> Iterator[Row]:
        for label in below.get(parent, ()):
            yield from rows_of(label.name, depth)

    rows: list[Row] = []
    for name in top_level(label_set):
        if name in label_set.groups:
            rows.append(Row(name, None, 0, name in below, name in folded))
            if name not in folded:
                rows += rows_below(name, 0)
        else:
            rows += rows_of(name)
    return rows


def top_level(label_set: LabelSet) -> list[str]:
    """Labels under nothing, and groups: each where its first label stands, empty ones last."""
    groups = dict.fromkeys(label_set.groups)
    places = [la.parent if la.parent in groups else la.name for la in label_set.labels
              if not la.parent or la.parent in groups]  # fmt: skip
    return list(dict.fromkeys([*places, *groups]))


def found_rows(label_set: LabelSet, text: str, recent: Sequence[str] = ()) -> list[Row]:
    """Labels that have every typed word: those whose name begins with the text first, then those
    where words do; of equals the ones used last."""
    start, words = text.casefold(), text.casefold().split()

    def rank(row: Row) -> tuple[bool, bool, bool, int]:
        name = row.name.casefold()
        inside = not all(any(part.startswith(w) for part in name.split()) for w in words)
        at = recent.index(row.name) if row.name in recent else len(recent)
        return not name.startswith(start), inside, bool(row.found), at

    rows = [
        Row(label.name, label, found=_synonym(label, text))
        for label in label_set.labels
        if found_by(label, text)
    ]
    return sorted(rows, key=rank)


def _synonym(label: Label, text: str) -> str:
    words = text.casefold().split()
    name = f"{label.name} {label.code}".casefold()
    if all(word in name for word in words):
        return ""
    return next((s for s in label.synonyms if any(w in s.casefold() for w in words)), "")


class LabelModel(QAbstractListModel):
    """Rows with the counts of their labels."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._places: dict[str, int] = {}
        self._counts: Counter[str] = Counter()

    def show(self, rows: list[Row], counts: Counter[str]) -> None:
        """Show these; ``counts`` is looked at again when ``count`` says so."""
        self.beginResetModel()
        self._rows, self._counts = rows, counts
        self._places = {row.name: at for at, row in enumerate(rows)}
        self.endResetModel()

    def count(self, names: Collection[str]) -> None:
        """The counts of these labels are others now."""
        for name in names:
            at = self._places.get(name)
            if at is not None:
                self.dataChanged.emit(self.index(at), self.index(at), [COUNT_ROLE])

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = 0) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        count = self._counts[row.name] if row.label is not None else 0
        if role == ROW_ROLE:
            return row
        if role == LABEL_ROLE:
            return row.label
        if role == COUNT_ROLE:
            return count
        if role == NEW_ROLE:
            return row.new
        if role == Qt.ItemDataRole.DisplayRole:
            return f"Add “{row.name}”" if row.new else row.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return row.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row, count)
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        flags = super().flags(index)
        heading = index.isValid() and self._rows[index.row()].label is None
        return flags & ~Qt.ItemFlag.ItemIsSelectable if heading else flags


def _tip(row: Row, count: int) -> str | None:
    return None if row.label is None or row.new else label_tip(row.label, count)


def label_tip(label: Label, count: int) -> str:
    """What a label means, as rich text that breaks its lines."""
    code = f" ({escape(label.code)})" if label.code else ""
    lines = [f"<b>{escape(label.name)}</b>{code}"]
    if label.synonyms:
        lines.append(f"also: {escape(', '.join(label.synonyms))}")
    if label.definition:
        lines.append(escape(label.definition))
    if label.not_this:
        lines.append(f"Not: {escape(label.not_this)}")
    if label.example is not None:
        lines.append("Alt+E plays its example beside the recording.")
    lines.append(f"{count} clip{'' if count == 1 else 's'} of yours in this recording")
    return f"<qt>{'<br>'.join(lines)}</qt>"


class LabelDelegate(QStyledItemDelegate):
    """Key, colour, name and count in one line; a heading with its fold mark."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        row = index.data(ROW_ROLE)
        return QSize(120, HEADING_PX if row is not None and row.label is None else ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        tokens, row = theme.current(), index.data(ROW_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(option.rect)
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(area.adjusted(6, 1, -6, -1), theme.CORNER, theme.CORNER)
        if row.new:
            painter.setPen(QColor(tokens.accent))
            painter.setFont(theme.ui_font())
            where = area.adjusted(14, 0, -12, 0)
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, index.data())
        elif row.label is None:
            self._draw_heading(painter, area, row)
        else:
            self._draw_label(painter, area, row, index.data(COUNT_ROLE))
        painter.restore()

    def _draw_heading(self, painter: QPainter, area: QRectF, row: Row) -> None:
        self._draw_chevron(painter, area, 14.0, row)
        painter.setPen(QColor(theme.current().quiet))
        painter.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        where = area.adjusted(14 + CHEVRON_PX + 6, 0, -12, 0)
        fitting = painter.fontMetrics().elidedText(
            row.name, Qt.TextElideMode.ElideRight, int(where.width())
        )
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, fitting)

    def _draw_label(self, painter: QPainter, area: QRectF, row: Row, count: int) -> None:
        label, middle = row.label, area.center().y()
        assert label is not None  # noqa: S101 - said by the caller
        left = area.left() + 14 + row.depth * STEP_PX
        if row.folds:
            self._draw_chevron(painter, area, left - CHEVRON_PX - 1, row)
        self._draw_key(painter, QRectF(left, middle - KEY_PX / 2, KEY_PX, KEY_PX), label.hotkey)
        left += KEY_PX + 10
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(label.color))
        painter.drawRoundedRect(QRectF(left, middle - DOT_PX / 2, DOT_PX, DOT_PX), 3, 3)
        left += DOT_PX + 10
        self._draw_texts(painter, area, left, row, count)

    def _draw_chevron(self, painter: QPainter, area: QRectF, left: float, row: Row) -> None:
        if not row.folds:
            return
        ratio = painter.device().devicePixelRatioF()
        name = "chevron-right" if row.folded else "chevron-down"
        pixmap = icons.pixmap(name, round(CHEVRON_PX * ratio), theme.current().quiet)
        pixmap.setDevicePixelRatio(ratio)
        painter.drawPixmap(round(area.left() + left), round(area.center().y() - 6), pixmap)

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
        self, painter: QPainter, area: QRectF, left: float, row: Row, count: int
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
        metrics = painter.fontMetrics()
        fitting = metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, int(room))
        line = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left, area.top(), room, area.height()), line, fitting)
        used = metrics.horizontalAdvance(fitting) + 8
        if row.found and room - used > 30:
            painter.setPen(QColor(tokens.quiet))
            found = metrics.elidedText(row.found, Qt.TextElideMode.ElideRight, int(room - used))
            painter.drawText(
                QRectF(left + used, area.top(), room - used, area.height()), line, found
            )
