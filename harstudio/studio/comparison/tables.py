"""Tables of the comparison: figures of the runs, and what their configs differ in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from harstudio.studio import theme
from harstudio.studio.comparison.document import Row
from harstudio.studio.comparison.reading import Side
from harstudio.studio.evaluation.marks import hues
from harstudio.studio.jobs.status_button import dot

HEADS = ("run", "network", "protocol", "seed", "clips", "top-1", "95 % interval", "macro-F1", "ECE")
TIPS = {
    "top-1": "Share of clips whose class was named first",
    "macro-F1": "F1 of every class, each counting the same",
    "ECE": "How far the confidence lies from the share that is right; less is better",
}
NUMBERS_FROM = 3  # columns of figures stand at the right
ROW_PX, MOST_ROWS = 26, 8
LARGEST_PX = 420  # of a column
NOT_EVALUATED = "not evaluated"
ABSENT = "—"


class Table(QTableWidget):
    """Only to be read."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setMaximumSectionSize(LARGEST_PX)
        self.setIconSize(QSize(12, 12))

    def fill(self, heads: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int) -> None:
        """Texts by row; from a column on they stand at the right."""
        self.clear()
        self.setColumnCount(len(heads))
        self.setRowCount(len(rows))
        for column, head in enumerate(heads):
            item = QTableWidgetItem(head)
            item.setToolTip(TIPS.get(head, ""))
            item.setTextAlignment(_side(column >= numbers_from))
            self.setHorizontalHeaderItem(column, item)
        for at, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                item.setTextAlignment(_side(column >= numbers_from))
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                self.setItem(at, column, item)

    def color_heads(self, colors: Sequence[str], first: int) -> None:
        """Dots in the heads of columns, in the colours of the curves."""
        for k, color in enumerate(colors):
            self.horizontalHeaderItem(first + k).setIcon(dot(color))

    def text(self, row: int, column: int) -> str:
        """What stands in a cell."""
        return self.item(row, column).text()


class FigureTable(Table):
    """A row a run."""

    def show_rows(self, sides: Sequence[Side], rows: Sequence[Row]) -> None:
        """A run without figures has a row that says so."""
        by_path = {row.path: row for row in rows}
        self.fill(HEADS, [_figures(side, by_path.get(side.path)) for side in sides], NUMBERS_FROM)
        for at, color in enumerate(hues(len(sides))):
            self.item(at, 0).setIcon(dot(color))
        shown = min(self.rowCount(), MOST_ROWS) * ROW_PX + 2
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + shown)
        best = max((row.top1 for row in rows), default=None)
        for at, side in enumerate(sides):
            row = by_path.get(side.path)
            if row is not None and row.top1 == best:
                self.item(at, HEADS.index("top-1")).setFont(theme.ui_font(bold=True))


class ConfigTable(Table):
    """A row a key that differs, a column a run."""

    def show_differences(
        self, sides: Sequence[Side], differences: Mapping[str, Sequence[Any]]
    ) -> None:
        heads = ["key", *(side.name for side in sides)]
        rows = [[key, *map(value_text, values)] for key, values in differences.items()]
        self.fill(heads, rows, len(heads))
        self.color_heads(hues(len(sides)), 1)


def value_text(value: Any) -> str:
    """A value of a config as people read it."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(value_text, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def _figures(side: Side, row: Row | None) -> list[str]:
    if row is None:
        network = str(side.config.get("network.name", ""))
        protocol = str(side.config.get("data.protocol", ""))
        seed = side.config.get("training.seed")
        known = [side.name, network, protocol, "" if seed is None else str(seed)]
        return [*known, "", NOT_EVALUATED if not side.evaluated else ABSENT, "", "", ""]
    interval = "" if row.ci95 is None else f"{_percent(row.ci95[0])} to {_percent(row.ci95[1])}"
    return [
        side.name,
        row.network,
        row.protocol,
        ABSENT if row.seed is None else str(row.seed),
        str(row.clips),
        f"{_percent(row.top1)} %",
        interval,
        ABSENT if row.macro_f1 is None else f"{row.macro_f1:.3f}",
        ABSENT if row.ece is None else f"{row.ece:.3f}",
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _side(right: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
