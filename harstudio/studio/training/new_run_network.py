"""Which network a new run trains, and what feeds its branches."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from harstudio.runs.recognised.words import spoken
from harstudio.studio import theme
from harstudio.studio.fields import ChoiceBox
from harstudio.studio.panels.library_list import RecordingList
from harstudio.studio.training.new_run_data import section, small_label, tell
from harstudio.studio.training.new_run_draft import WORDS, Draft
from harstudio.studio.training.new_run_options import OptionsForm

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()
CARD_PX = 74
UNKNOWN = "They are listed once the data was looked at."
NONE = "None can be listed: this data cannot be used so."


class Cards(QAbstractListModel):
    """Rows of network cards as the survey tells them."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self.rows: list[dict[str, Any]] = []

    def refresh(self) -> None:
        self.beginResetModel()
        self.rows = sorted(self._draft.cards, key=lambda card: bool(self._draft.missing(card)))
        self.endResetModel()

    def texts(self, row: int) -> tuple[str, str, str, bool]:
        """(title, paper and year, what it needs, whether the data has it)."""
        card = self.rows[row]
        missing = self._draft.missing(card)
        needs = " + ".join(
            " or ".join(WORDS.get(m, m) for m in may) for _, may in self._draft.branches(card)
        )
        if missing:
            words = ", ".join(WORDS.get(word, word) for word in missing)
            return self._head(card), _paper(card), f"needs {words}: not in this data", False
        return self._head(card), _paper(card), f"sees {needs}", True

    @staticmethod
    def _head(card: dict[str, Any]) -> str:
        return str(card.get("title") or card["name"])

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        title, paper, needs, _ = self.texts(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{title}, {paper}, {needs}"
        if role == Qt.ItemDataRole.ToolTipRole:
            card = self.rows[index.row()]
            lines = (card.get("authors"), card.get("paper"), card.get("year"), needs)
            return "\n".join(str(line) for line in lines if line)
        return None


class CardDelegate(QStyledItemDelegate):
    """A network as a card of three lines."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(160, CARD_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, Cards):
            return
        tokens = theme.current()
        title, paper, needs, there = model.texts(index.row())
        card = model.rows[index.row()]
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        box = QRectF(option.rect).adjusted(0.5, 2.5, -2.5, -3.5)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.accent if chosen else tokens.line), 1.5 if chosen else 1))
        hover = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.setBrush(QColor(tokens.raised if chosen or hover else tokens.surface))
        painter.drawRoundedRect(box, theme.CORNER, theme.CORNER)
        text = box.toRect().adjusted(12, 7, -12, -7)
        lines = (
            (title, theme.ui_font(bold=True), tokens.text),
            (paper, theme.ui_font(theme.QUIET_PX), tokens.quiet),
            (needs, theme.ui_font(theme.QUIET_PX), tokens.text if there else tokens.warn),
        )
        for row, (words, font, color) in enumerate(lines):
            _write(painter, text, row, words, font, color)
        size = size_text(card)
        painter.setFont(theme.time_font(theme.QUIET_PX))
        painter.setPen(QColor(tokens.quiet))
        painter.drawText(text, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, size)
        painter.restore()


def _write(painter: QPainter, text: QRect, row: int, words: str, font: QFont, color: str) -> None:
    place = QRect(text.left(), text.top() + row * 18, text.width(), 17)
    painter.setFont(font)
    painter.setPen(QColor(color))
    elided = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)


def _paper(card: dict[str, Any]) -> str:
    year, paper = card.get("year"), str(card.get("paper", ""))
    return f"{year} · {paper}" if year else paper


def citation(card: dict[str, Any]) -> str:
    """Who wrote the paper, what it is called, and what the network can show of itself."""
    authors, paper = str(card.get("authors", "")), str(card.get("paper", ""))
    text = f"{authors}: {paper}, {card.get('year', '')}." if authors else paper
    shows = ", ".join(
        dict.fromkeys(spoken(name.split(", ")[0]) for name in card.get("explains") or ())
    )
    return f"{text} Can show: {shows}." if shows else text


def size_text(card: dict[str, Any]) -> str:
    """ "3.1 M weights", where the survey tells it."""
    weights = card.get("parameters")
    return f"{weights / 1e6:.1f} M weights" if isinstance(weights, int | float) else ""


class NetworkColumn(QWidget):
    """Writes ``[network]`` and ``[data] modalities``."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self._filling = False
        self._option = ""  # what the option with the focus is about
        self.list = RecordingList()
        self.list.setObjectName("networks")
        self.list.setAccessibleName("Network")
        self.cards = Cards(draft, self.list)
        self.list.setModel(self.cards)
        self.list.setItemDelegate(CardDelegate(self.list))
        self.fields: dict[str, ChoiceBox] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self.warning = small_label(tone="warn")
        self.warning.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(section("Network"))
        self.about = small_label(UNKNOWN)
        self.options = OptionsForm(draft)
        column.addWidget(self.list, 1000)
        column.addLayout(self._grid)
        column.addWidget(self.options, 600)
        column.addWidget(self.warning)
        column.addWidget(self.about)
        column.addStretch(1)
        self.list.selectionModel().currentChanged.connect(self._chosen)
        self.options.told.connect(self._tell_about)
        draft.changed.connect(self._draft_changed)
        draft.surveyed.connect(self.refresh)
        theme.theme_events.changed.connect(self.list.viewport().update)

    def refresh(self) -> None:
        """Show the survey's cards and the chosen one's branches."""
        self._filling = True
        self.cards.refresh()
        self.list.setMaximumHeight(max(1, len(self.cards.rows)) * CARD_PX + 4)
        self._filling = False
        self._draft_changed("")

    def looking(self, failed: bool = False) -> None:
        """The data is being looked at, or could not be."""
        if not self.cards.rows:
            self.about.setText(NONE if failed else UNKNOWN)

    def _tell_about(self, option: str = "") -> None:
        """What the option with the focus is about, else what the network is."""
        if not option:
            self.about.setMinimumHeight(0)
        elif not self._option:
            self.about.setMinimumHeight(self.about.height())  # nothing jumps
        self._option = option
        card = self._draft.card
        if card is not None:
            self.about.setText(option or citation(card))

    def _draft_changed(self, key: str) -> None:
        if key not in ("", "data.modalities") and not key.startswith("network."):
            return
        name = self._draft.get("network.name")
        self._filling = True
        rows = (row for row, card in enumerate(self.cards.rows) if card["name"] == name)
        row = next(rows, -1)
        if self.list.currentIndex().row() != row:
            self.list.setCurrentIndex(self.cards.index(row, 0))
        self._show_branches()
        self.options.refresh(next(reversed(self.fields.values()), self.list))
        self._filling = False
        QTimer.singleShot(0, self, self._reveal)  # once everything has its place

    def _reveal(self) -> None:
        self.list.scrollTo(self.list.currentIndex())

    def _chosen(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and not self._filling:
            self._draft.choose_network(str(self.cards.rows[index.row()]["name"]))

    def _show_branches(self) -> None:
        card = self._draft.card
        branches = [] if card is None else self._draft.branches(card)
        wanted = {name: may for name, may in branches if len(may) > 1}
        if list(self.fields) != list(wanted):
            self._make_fields(list(wanted))
        chosen = self._draft.modalities
        for place, (name, may) in enumerate(branches):
            if name in self.fields:
                now = chosen[place] if place < len(chosen) else may[0]
                self._fill(self.fields[name], may, str(now))
        missing = [] if card is None else self._draft.missing(card)
        self._tell_about(self._option)
        words = ", ".join(WORDS.get(word, word) for word in missing)
        tell(self.warning, f"This data has no {words}; choose another network." if missing else "")

    def _make_fields(self, names: list[str]) -> None:
        while self._grid.count():
            old = self._grid.takeAt(0).widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self.fields = {}
        before: QWidget = self.list
        for row, name in enumerate(names):
            title = f"{WORDS.get(name, name).replace('_', ' ').capitalize()} from"
            label, field = QLabel(title), ChoiceBox(title)
            label.setBuddy(field)
            field.activated.connect(partial(self._modality_chosen, name))
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(field, row, 1)
            QWidget.setTabOrder(before, field)
            self.fields[name] = before = field

    def _fill(self, field: ChoiceBox, may: list[str], now: str) -> None:
        field.clear()
        for modality in may:
            there = modality in self._draft.kinds
            word = WORDS.get(modality, modality)
            field.addItem(word if there else f"{word} (not in this data)", modality)
        field.setCurrentIndex(max(0, field.findData(now)))

    def _modality_chosen(self, branch: str, row: int) -> None:
        card = self._draft.card
        if card is None:
            return
        chosen = self._draft.modalities
        for place, (name, may) in enumerate(self._draft.branches(card)):
            if name == branch and place < len(chosen):
                chosen[place] = may[row]
        self._draft.set("data.modalities", chosen)
