"""The clips behind a figure; each can be opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from harstudio.studio import theme
from harstudio.studio.evaluation.findings import Verdict
from harstudio.studio.panels.library_list import RecordingList
from harstudio.studio.timecode import clock_text

Index = QModelIndex | QPersistentModelIndex
ROW_PX, SURE_PX = 38, 44
NOWHERE = QModelIndex()
ARROW = " → "
HINT = "Double click or Enter opens the clip"


class Verdicts(QAbstractListModel):
    """Rows of Verdict."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classes: Sequence[str] = ()
        self.rows: list[Verdict] = []
        self.mixed = False  # rows of several classes: each says what it shows, too
        self.shown: Callable[[str], str] = str  # names as they may be seen
        self.hint = HINT  # what Enter does

    def set_rows(self, classes: Sequence[str], rows: list[Verdict], *, mixed: bool = False) -> None:
        self.beginResetModel()
        self.classes, self.rows, self.mixed = classes, rows, mixed
        self.endResetModel()

    def texts(self, row: int) -> tuple[str, str, str]:
        """(recording, what was said and when or instead of what, how sure)."""
        verdict = self.rows[row]
        said, sure = self.classes[verdict.predicted], f"{100 * verdict.confidence:.0f} %"
        name = self.shown(verdict.recording)
        if self.mixed and verdict.label != verdict.predicted:
            return name, f"{self.classes[verdict.label]}{ARROW}{said}", sure
        when = f"{clock_text(verdict.start_ns)} – {clock_text(verdict.end_ns)}"
        return name, f"{said} · {when}", sure

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        recording, said, sure = self.texts(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{recording}, said to be {said}, {sure} sure"
        if role == Qt.ItemDataRole.ToolTipRole:
            verdict = self.rows[index.row()]
            shown, said = self.classes[verdict.label], self.classes[verdict.predicted]
            about = f"shows “{shown}”, said to be “{said}”, {sure} sure"
            return f"{self.shown(str(verdict.path))}\n{about}\n{self.hint}"
        return None


def elided(words: str, metrics: QFontMetrics, width: int) -> str:
    """As much as fits; of "what it shows → what was said" some of both."""
    one, arrow, other = words.partition(ARROW)
    if not arrow or metrics.horizontalAdvance(words) <= width:
        return metrics.elidedText(words, Qt.TextElideMode.ElideRight, width)
    room = width - metrics.horizontalAdvance(ARROW)
    wide = [metrics.horizontalAdvance(part) for part in (one, other)]
    first = min(wide[0], max(room // 2, room - wide[1]))
    right = Qt.TextElideMode.ElideRight
    kept = metrics.elidedText(one, right, first), metrics.elidedText(other, right, room - first)
    return arrow.join(kept)


class VerdictDelegate(QStyledItemDelegate):
    """Recording and confidence above, what was said and when below."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(120, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, Verdicts):
            return
        tokens = theme.current()
        rect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(theme.mixed(tokens.surface, tokens.accent, 0.16)))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(tokens.raised))
        verdict, (recording, said, sure) = model.rows[index.row()], model.texts(index.row())
        color = tokens.good if verdict.label == verdict.predicted else tokens.bad
        painter.fillRect(
            QRect(rect.left() + 8, rect.top() + 8, 3, rect.height() - 16), QColor(color)
        )
        text = QRect(rect.left() + 18, rect.top() + 3, rect.width() - 26, 16)
        top, low = text.adjusted(0, 0, -SURE_PX, 0), text.translated(0, 16)
        side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        for place, words, font, ink in (
            (top, recording, theme.ui_font(), tokens.text),
            (low, said, theme.ui_font(theme.QUIET_PX), tokens.quiet),
        ):
            painter.setFont(font)
            painter.setPen(QColor(ink))
            painter.drawText(place, side, elided(words, QFontMetrics(font), place.width()))
        painter.setFont(theme.time_font(theme.QUIET_PX))
        painter.setPen(QColor(tokens.text))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, sure)
        painter.restore()


class ClipList(RecordingList):
    """Double click or Enter opens a clip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evaluated_clips")
        self.setAccessibleName("Clips")
        self.verdicts = Verdicts(self)
        self.setModel(self.verdicts)
        self.setItemDelegate(VerdictDelegate(self))
        self.doubleClicked.connect(self.chosen)
        theme.theme_events.changed.connect(self.viewport().update)

    def show_rows(
        self, classes: Sequence[str], rows: list[Verdict], *, mixed: bool = False
    ) -> None:
        self.verdicts.set_rows(classes, rows, mixed=mixed)
        if rows:
            self.setCurrentIndex(self.verdicts.index(0, 0))
