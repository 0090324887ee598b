"""The window in which a label set is edited. Nothing is kept until it is saved."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import HarstudioError
from harstudio.labels.label_sets.label_list import LabelList
from harstudio.labels.label_sets.label_set import LabelSet, bundled_label_sets
from harstudio.studio.label_set.attributes import AttributesEditor
from harstudio.studio.label_set.details import LabelDetails
from harstudio.studio.label_set.draft import Draft
from harstudio.studio.label_set.paste import PasteBox
from harstudio.studio.label_set.tree import LabelTree

SIZE = (960, 640)


class LabelSetEditor(QDialog):
    """Not modal: clips can be looked at meanwhile. Save is asked of whoever keeps the set. Esc
    puts it away as it is, Cancel drops what was not saved."""

    save_wanted = Signal(bool)  # over what somebody else saved
    read_wanted = Signal()  # what somebody else saved, in the place of this
    example_wanted = Signal(str)  # the selected clip becomes the example of this label
    closed = Signal()

    def __init__(self, label_set: LabelSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label_set_editor")
        self.setWindowTitle("Labels of the project[*]")
        self.setWindowFlag(Qt.WindowType.Window)
        self.setMinimumSize(760, 480)
        self.resize(*SIZE)
        self.draft = Draft(label_set, self)
        self.tree = LabelTree(self.draft)
        self.details = LabelDetails(self.draft)
        self.attributes = AttributesEditor(self.draft)
        self._busy = False
        self._refusal = ""
        self._news = ""
        self._build()
        self._connect()
        self._refresh()
        self.tree.setFocus()

    # ---- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(10)
        column.addLayout(self._head())
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._labels_page(), "Labels")
        page = QWidget()
        inset = QVBoxLayout(page)
        inset.setContentsMargins(0, 12, 0, 0)
        inset.addWidget(self.attributes)
        self.tabs.addTab(page, "Attributes")
        column.addWidget(self.tabs, 1)
        self.said = QLabel(wordWrap=True)
        column.addWidget(self.said)
        column.addLayout(self._feet())
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Enter in a field writes the field, nothing else

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        caption = QLabel("Set")
        caption.setProperty("quiet", True)
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the set")
        self.exchange = QPushButton("Import and export")
        menu = QMenu(self.exchange)
        menu.addAction("Add many: paste names or a table…", self.paste)
        menu.addAction("Take a set from a file…", self._ask_import)
        bundled = menu.addMenu("Take a set that comes with HARStudio")
        for label_set in bundled_label_sets():
            text = f"{label_set.name}\t{len(label_set.labels)}"
            bundled.addAction(text, partial(self.draft.replace_all, label_set))
        menu.addSeparator()
        menu.addAction("Export the set to a file…", self._ask_export)
        self.exchange.setMenu(menu)
        row.addWidget(caption)
        row.addWidget(self.name, 1)
        row.addSpacing(12)
        row.addWidget(self.exchange)
        return row

    def _labels_page(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 12, 0, 0)
        row.setSpacing(20)
        left = QVBoxLayout()
        left.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a label; Enter adds what is not there")
        self.search.setClearButtonEnabled(True)
        left.addWidget(self.search)
        left.addWidget(self.tree, 1)
        buttons = QHBoxLayout()
        self.add_button, self.group_button = QPushButton("Add"), QPushButton("Add group")
        self.delete, self.merge = QPushButton("Delete"), QPushButton("Merge")
        for button in (self.add_button, self.group_button, self.merge, self.delete):
            buttons.addWidget(button)
        self.merge.setToolTip("The marked labels become the one that was marked last")
        left.addLayout(buttons)
        row.addLayout(left, 5)
        row.addWidget(self.details, 6)
        return page

    def _feet(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self.theirs = QPushButton("Take theirs")
        self.mine = QPushButton("Save mine over it")
        self.cancel, self.save = QPushButton("Cancel"), QPushButton("Save")
        self.save.setProperty("primary", True)
        row.addWidget(self.undo)
        row.addWidget(self.redo)
        row.addStretch(1)
        for button in (self.theirs, self.mine):
            button.hide()
            row.addWidget(button)
        row.addWidget(self.cancel)
        row.addWidget(self.save)
        return row

    def _connect(self) -> None:
        draft, tree = self.draft, self.tree
        draft.changed.connect(self._changed)
        draft.refused.connect(self._refuse)
        tree.itemSelectionChanged.connect(self._marked)
        tree.rename_wanted.connect(self.details.edit_name)
        self.details.example_wanted.connect(self.example_wanted)
        self.search.textChanged.connect(tree.filter)
        self.search.returnPressed.connect(self._find_or_add)
        self.name.editingFinished.connect(lambda: draft.rename_set(self.name.text()))
        self.add_button.clicked.connect(self.add)
        self.group_button.clicked.connect(self.add_group)
        self.delete.clicked.connect(lambda: draft.remove(tree.chosen()))
        self.merge.clicked.connect(self.merge_marked)
        self.undo.clicked.connect(draft.undo)
        self.redo.clicked.connect(draft.redo)
        self.cancel.clicked.connect(self.drop)
        self.save.clicked.connect(self.ask_save)
        self.theirs.clicked.connect(self.read_wanted)
        self.mine.clicked.connect(lambda: self.save_wanted.emit(True))
        keys = {
            "Ctrl+Z": draft.undo, "Ctrl+Y": draft.redo, "Ctrl+Shift+Z": draft.redo,
            "Ctrl+S": self.ask_save, "Ctrl+N": self.add, "Ctrl+F": self.search.setFocus,
            "Ctrl+M": self.merge_marked, "Ctrl+Return": self.ask_save,
        }  # fmt: skip
        for key, run in keys.items():
            QShortcut(QKeySequence(key), self, run)
        for button, key in (
            (self.save, "Ctrl+S"), (self.add_button, "Ctrl+N"), (self.undo, "Ctrl+Z"),
            (self.redo, "Ctrl+Y"), (self.delete, "Del"),
        ):  # fmt: skip
            button.setToolTip(key)

    # ---- showing

    def _changed(self) -> None:
        self._refusal = ""
        self._refresh()

    def _refresh(self) -> None:
        draft = self.draft
        if self.name.text() != draft.label_set.name:
            self.name.setText(draft.label_set.name)
        self.undo.setEnabled(bool(draft.undo_title) and not self._busy)
        self.redo.setEnabled(bool(draft.redo_title) and not self._busy)
        self.undo.setText(f"Undo {draft.undo_title}".rstrip()[:44])
        self.redo.setText(f"Redo {draft.redo_title}".rstrip()[:44])
        self.save.setEnabled(draft.unsaved and not self._busy)
        self.setWindowModified(draft.unsaved)
        self._marked()
        self._say_state()

    def _marked(self) -> None:
        chosen = self.tree.chosen()
        self.details.show_label(self.tree.current_name() if len(chosen) <= 1 else "")
        labels = [name for name in chosen if self.draft.label_set.find(name) is not None]
        self.merge.setEnabled(len(labels) > 1)
        target = self.tree.current_name()
        self.merge.setText("Merge")
        if len(labels) > 1:
            self.merge.setToolTip(f"{len(labels)} labels become “{target}” (Ctrl+M)")
        self.delete.setEnabled(bool(chosen))

    def _refuse(self, sentence: str) -> None:
        self._refusal = sentence
        self._say_state()

    def tell(self, sentence: str, tone: str = "", *, conflict: bool = False) -> None:
        """What saving would do or has done; stays until something else is told."""
        self._news, self._tone = sentence, tone
        self.theirs.setVisible(conflict)
        self.mine.setVisible(conflict)
        self._say_state()

    def _say_state(self) -> None:
        text = self._refusal or self._news
        tone = "warn" if self._refusal else getattr(self, "_tone", "")
        self.said.setText(text or f"{len(self.draft.label_set.labels)} labels")
        self.said.setProperty("tone", tone)
        self.said.setProperty("quiet", not text)
        self.said.style().polish(self.said)

    def set_busy(self, busy: bool) -> None:
        """While it is saved nothing can be changed; Cancel stops the saving."""
        self._busy = busy
        self.tabs.setEnabled(not busy)
        self.name.setEnabled(not busy)
        self.exchange.setEnabled(not busy)
        self._refresh()

    @property
    def busy(self) -> bool:
        return self._busy

    # ---- doing

    def show_label(self, name: str) -> None:
        """Go to a label."""
        self.search.clear()
        self.tabs.setCurrentIndex(0)
        if name:
            self.tree.choose(name)
        self.tree.setFocus()

    def add(self) -> None:
        """A new label below the marked group or beside the marked label, to be named."""
        name = self._free_name("new label")
        current = self.tree.current_name()
        label = self.draft.label_set.find(current)
        parent = current if current in self.draft.label_set.groups else label and label.parent
        if self.draft.add(name, parent or ""):
            self._go_to(name)

    def add_group(self) -> None:
        name = self._free_name("new group")
        if self.draft.add_group(name):
            self._go_to(name)

    def _go_to(self, name: str) -> None:
        self.search.clear()
        self.tree.clearSelection()
        self.tree.choose(name)
        self.details.edit_name()

    def _free_name(self, start: str) -> str:
        label_set = self.draft.label_set
        taken = {label.name for label in label_set.labels} | set(label_set.groups)
        tries = (start if k == 1 else f"{start} {k}" for k in range(1, len(taken) + 2))
        return next(name for name in tries if name not in taken)

    def _find_or_add(self) -> None:
        text = self.search.text().strip()
        there = any(la.name.casefold() == text.casefold() for la in self.draft.label_set.labels)
        if text and not there and self.draft.add(text):
            self.search.clear()
            self.tree.choose(text)

    def merge_marked(self) -> None:
        """The marked labels become the one that was marked last."""
        labels = [n for n in self.tree.chosen() if self.draft.label_set.find(n) is not None]
        target = self.tree.current_name()
        if len(labels) > 1 and target in labels:
            self.draft.merge(labels, target)
            self.tree.clearSelection()
            self.tree.choose(target)

    def paste(self) -> None:
        PasteBox(self._take_list, self).open()

    def _take_list(self, read: LabelList) -> None:
        more = self.draft.add_list(read)
        left_out = len(read.labels) - more
        there = f" {left_out} were there already." if left_out else ""
        self.tell(" ".join((f"{more} labels added.{there}", *read.problems)))

    def _ask_import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Take a label set", "", "TOML (*.toml)")
        if name:
            self.import_file(Path(name))

    def import_file(self, path: Path) -> None:
        """The set of a file in the place of this one; undo brings this one back."""
        try:
            self.draft.replace_all(LabelSet.load(path))
        except HarstudioError as error:
            self.tell(str(error), "bad")

    def _ask_export(self) -> None:
        start = f"{self.draft.label_set.name or 'labels'}.toml"
        name, _ = QFileDialog.getSaveFileName(self, "Export the set", start, "TOML (*.toml)")
        if name:
            self.export_file(Path(name))

    def export_file(self, path: Path) -> None:
        """The set as it stands, saved or not."""
        try:
            self.draft.label_set.save(path)
        except OSError as error:
            self.tell(f"{path}: It cannot be written ({error.strerror or error}).", "bad")
        else:
            self.tell(f"Exported to {path}.")

    def ask_save(self) -> None:
        """Keep the set; what is still being typed counts."""
        if self._busy:
            return
        self.details.finish()
        self.draft.rename_set(self.name.text())
        if self.draft.unsaved:
            self.save_wanted.emit(False)

    # ---- closing

    def drop(self) -> None:
        """What was not saved goes; while it is saved, that is stopped."""
        if not self._busy:
            self.draft.start_from(self.draft.kept)
        self.reject()

    def done(self, result: int) -> None:
        """Every way out comes here: put away as it is; what was not saved waits."""
        super().done(result)
        self.closed.emit()
