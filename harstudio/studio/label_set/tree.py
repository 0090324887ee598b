"""The labels of a set as a tree: found by typing, put in order by mouse or keys."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDropEvent, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from harstudio.labels.label_sets.label_set import Label
from harstudio.studio import theme
from harstudio.studio.label_set.draft import Draft
from harstudio.studio.panels.label_rows import found_by, top_level

NAME, KEY, CODE = range(3)
WHO = Qt.ItemDataRole.UserRole
SWATCH_PX = 12


def swatch(color: str, ratio: float = 1.0) -> QIcon:
    """A rounded patch of colour."""
    pixels = round(SWATCH_PX * ratio)
    pixmap = QPixmap(pixels, pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawRoundedRect(0, 0, pixels, pixels, 3 * ratio, 3 * ratio)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return QIcon(pixmap)


def list_sheet() -> str:
    """How marked rows of the editor's lists look."""
    tokens = theme.current()
    marked = theme.mixed(tokens.surface, tokens.accent, 0.22)
    return (
        "QAbstractItemView::item { padding: 3px 2px; }"
        f"QAbstractItemView::item:selected {{ background: {marked}; color: {tokens.text}; }}"
    )


class LabelTree(QTreeWidget):
    """Groups and labels. Alt+Up and Alt+Down move the marked one among its own, Delete takes the
    marked ones away, F2 goes to the name; dropping a label on another puts it under that one."""

    rename_wanted = Signal()

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self._words = ""
        self._names: list[str] = []  # of all that stands in it, in the draft's order
        self.setAccessibleName("Labels of the set")
        self.setHeaderLabels(["Label", "Key", "Code"])
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column in (KEY, CODE):
            self.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.setIconSize(QSize(SWATCH_PX, SWATCH_PX))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setIndentation(16)
        draft.changed.connect(self.refresh)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self.setStyleSheet(list_sheet())
        self.refresh()

    # ---- showing

    def filter(self, words: str) -> None:
        """Show what has all the words in name, code or synonyms, and what it stands under."""
        self._words = words
        self.refresh()

    def refresh(self) -> None:
        """Build it anew; what was marked and folded stays so, also under another name."""
        before, marked, folded = self.current_name(), self.chosen(), self._folded()
        self.blockSignals(True)
        self.clear()
        items: dict[str, QTreeWidgetItem] = {}
        label_set = self._draft.label_set
        labels = {label.name: label for label in label_set.labels}
        for name in dict.fromkeys([*top_level(label_set), *labels]):
            items[name] = self._item(name, labels.get(name))
        parents = {label.name: label.parent for label in label_set.labels}
        for name, item in items.items():
            above = items.get(parents.get(name, ""))
            if above is None:
                self.addTopLevelItem(item)
            else:
                above.addChild(item)
        called = self._called_now(list(items))
        renamed = {called[name] for name in self._names if called.get(name, name) != name}
        self._show_found(items, parents, renamed)
        folded = {called.get(name, "") for name in folded}
        for name, item in items.items():
            item.setExpanded(name not in folded or bool(self._words))
        shown = [name for name, item in items.items() if not item.isHidden()]
        chosen = {called[name] for name in marked if name in called}
        self._mark(items, self._place_of(before, called, shown), chosen & set(shown))
        self._names = list(items)
        self.blockSignals(False)
        self.itemSelectionChanged.emit()

    def _called_now(self, names: list[str]) -> dict[str, str]:
        """What is called how now, by the names shown so far; without what is gone."""
        called = {name: name for name in self._names if name in names}
        if len(names) == len(self._names):  # nothing came or went: another name in its place
            pairs = zip(self._names, names, strict=True)
            called |= {old: new for old, new in pairs if old not in names and new not in called}
        return called

    def _place_of(self, before: str, called: dict[str, str], shown: list[str]) -> str:
        """What to mark: what was, else what follows in its place, else the first; "" for none."""
        if called.get(before) in shown:
            return called[before]
        labels = [name for name in shown if self._draft.label_set.find(name) is not None]
        gone = before in self._names and before not in called
        after = self._names[self._names.index(before) :] if gone else []
        later = (called[name] for name in after if called.get(name) in labels)
        last = labels[-1:] if gone else []
        return next(later, next(iter([*last, *labels, *shown]), ""))

    def _mark(self, items: dict[str, QTreeWidgetItem], current: str, chosen: set[str]) -> None:
        if current:
            self.setCurrentItem(items[current], NAME)
        for name in chosen:
            items[name].setSelected(True)

    def _item(self, name: str, label: Label | None) -> QTreeWidgetItem:
        item = QTreeWidgetItem([name, label.hotkey if label else "", label.code if label else ""])
        item.setData(NAME, WHO, name)
        quiet = QColor(theme.current().quiet)
        if label is None:
            item.setFont(NAME, theme.ui_font(theme.QUIET_PX, bold=True))
            item.setForeground(NAME, quiet)
        else:
            item.setIcon(NAME, swatch(label.color, self.devicePixelRatioF()))
        for column in (KEY, CODE):
            item.setForeground(column, quiet)
        return item

    def _show_found(
        self, items: dict[str, QTreeWidgetItem], parents: dict[str, str], also: set[str]
    ) -> None:
        if not self._words.strip():
            return
        labels = self._draft.label_set.labels
        shown = also | {label.name for label in labels if found_by(label, self._words)}
        shown |= {g for g in self._draft.label_set.groups if self._words.casefold() in g.casefold()}
        for name in list(shown):
            while name := parents.get(name, ""):
                shown.add(name)
        for name, item in items.items():
            item.setHidden(name not in shown)

    def _folded(self) -> set[str]:
        items = self.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
        return {i.data(NAME, WHO) for i in items if i.childCount() and not i.isExpanded()}

    # ---- what is marked

    def current_name(self) -> str:
        item = self.currentItem()
        return "" if item is None else str(item.data(NAME, WHO))

    def chosen(self) -> list[str]:
        """Names of the marked labels and groups, from top to bottom."""
        return [str(item.data(NAME, WHO)) for item in self.selectedItems()]

    def choose(self, name: str) -> None:
        """Mark this one alone, whatever keys are down."""
        found = self.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive, NAME)
        if found:
            alone = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.setCurrentItem(found[0], NAME, alone | QItemSelectionModel.SelectionFlag.Rows)

    # ---- order

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._draft.step(self.current_name(), -1 if event.key() == Qt.Key.Key_Up else 1)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._draft.remove(self.chosen())
        elif event.key() in (Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.rename_wanted.emit()
        else:
            super().keyPressEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        names = [n for n in self.chosen() if self._draft.label_set.find(n) is not None]
        self._drop(names, event.position().toPoint())
        event.setDropAction(Qt.DropAction.IgnoreAction)  # the draft moves them, not the widget
        event.accept()

    def _drop(self, names: list[str], at: QPoint) -> None:
        target, where = self.itemAt(at), self.dropIndicatorPosition()
        places = QAbstractItemView.DropIndicatorPosition
        if target is None or where == places.OnViewport:
            self._draft.move(names, "")
            return
        name = str(target.data(NAME, WHO))
        if where == places.OnItem:
            self._draft.move(names, name)
            return
        below = target.parent()
        parent = "" if below is None else str(below.data(NAME, WHO))
        before = name
        if where == places.BelowItem:
            next_one = self._after(target)
            before = "" if next_one is None else str(next_one.data(NAME, WHO))
        self._draft.move(names, parent, before)

    def _after(self, item: QTreeWidgetItem) -> QTreeWidgetItem | None:
        above = item.parent() or self.invisibleRootItem()
        return above.child(above.indexOfChild(item) + 1)
