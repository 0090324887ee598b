"""A list to choose one of: a title, and below it what it gives or why it cannot be chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from harstudio.studio import theme
from harstudio.studio.live.choosing.catalogue import Offer

PAD_X, PAD_Y, MARK_PX = 12, 8, 3
OFFER = Qt.ItemDataRole.UserRole
WRAP = int(Qt.TextFlag.TextWordWrap)


class OfferList(QListWidget):
    """``chosen`` carries the key. What cannot be chosen is greyed, its reason is not."""

    chosen = Signal(str)
    opened = Signal(str)  # Enter or a double click: chosen, and begin

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setItemDelegate(_Delegate(self))
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self._filling = False
        self.currentItemChanged.connect(self._choose)
        self.itemDoubleClicked.connect(self._open)
        theme.theme_events.changed.connect(self._relay)

    def show_offers(self, offers: Sequence[Offer], chosen: str) -> None:
        """Show these; the chosen one is current."""
        self._filling = True
        self.clear()
        for one in offers:
            item = QListWidgetItem(one.title)
            item.setData(OFFER, one)
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, one.detail)
            item.setToolTip(one.key if one.enabled else "")
            if not one.enabled:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.addItem(item)
            if one.key == chosen:
                self.setCurrentItem(item)
        self._filling = False

    def offers(self) -> list[Offer]:
        return [self.item(row).data(OFFER) for row in range(self.count())]

    def _choose(self, item: QListWidgetItem | None, _before: object) -> None:
        if item is not None and not self._filling:
            self.chosen.emit(item.data(OFFER).key)

    def _open(self, item: QListWidgetItem) -> None:
        if item.data(OFFER).enabled:
            self.opened.emit(item.data(OFFER).key)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem():
            self._open(self.currentItem())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Qt takes the first one then; only a person chooses."""
        nothing, before, self._filling = self.currentItem() is None, self._filling, True
        super().focusInEvent(event)
        if nothing:
            self.setCurrentRow(-1)
        self._filling = before

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._relay()

    def _relay(self) -> None:
        self.scheduleDelayedItemsLayout()


class _Delegate(QStyledItemDelegate):
    def _room(self) -> int:
        return max(80, self.parent().viewport().width() - 2 * PAD_X)

    def _tall(self, option: QStyleOptionViewItem, offer: Offer) -> tuple[int, int]:
        title = QFontMetrics(theme.ui_font()).height()
        metrics = QFontMetrics(theme.ui_font(theme.QUIET_PX))
        detail = metrics.boundingRect(0, 0, self._room(), 10_000, WRAP, offer.detail).height()
        return title, detail if offer.detail else 0

    def sizeHint(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        title, detail = self._tall(option, index.data(OFFER))
        return QSize(120, title + detail + 2 * PAD_Y + 2)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        tokens, offer = theme.current(), index.data(OFFER)
        area = QRectF(option.rect).adjusted(0, 1, 0, -1)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver) and offer.enabled
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(area, theme.CORNER, theme.CORNER)
        if selected:
            mark = QRectF(area.left(), area.top() + 6, MARK_PX, area.height() - 12)
            painter.setBrush(QColor(tokens.accent))
            painter.drawRoundedRect(mark, 1.5, 1.5)
        title, _ = self._tall(option, offer)
        inside = area.adjusted(PAD_X, PAD_Y, -PAD_X, -PAD_Y)
        painter.setFont(theme.ui_font(bold=selected))
        painter.setPen(QColor(tokens.text if offer.enabled else tokens.quiet))
        line = QRectF(inside.left(), inside.top(), inside.width(), title)
        words = painter.fontMetrics().elidedText(
            offer.title, Qt.TextElideMode.ElideRight, int(line.width())
        )
        painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), words)
        painter.setFont(theme.ui_font(theme.QUIET_PX))
        painter.setPen(QColor(tokens.quiet))
        painter.drawText(inside.adjusted(0, title + 2, 0, 4), WRAP, offer.detail)
        painter.restore()
