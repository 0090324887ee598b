"""The box of versions: a list by time, the labels as they were, and a way back."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.keeping.look_back import LookBack
from harstudio.labels.keeping.versions import Version
from harstudio.labels.model import Document
from harstudio.labels.team.differences import edit_between
from harstudio.studio import theme
from harstudio.studio.background import NewestTask
from harstudio.studio.buttons import Button
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.session import Session
from harstudio.studio.versions.grouping import (
    DONE_AS,
    VersionGroup,
    group,
    moment,
    version_text,
)
from harstudio.studio.versions.preview import DocumentStrip, difference_words, document_words

SIZE = (820, 480)
VERSION = Qt.ItemDataRole.UserRole
T = TypeVar("T")
NONE = "No edit has been made to these labels yet."


class VersionsBox(QDialog):
    """Not modal. Restoring is one step of undo; what was done since stays in the list."""

    def __init__(
        self, session: Session, labelling: Labelling, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("versions")
        self.setWindowTitle("Versions of these labels")
        self._session, self._labelling = session, labelling
        self._back: LookBack | None = None
        self._groups: list[VersionGroup] = []
        self._shown: tuple[Version, Document] | None = None
        self._newest = NewestTask(self)
        self._build()
        session.document_changed.connect(self._outdated)
        session.history_changed.connect(self._outdated)

    def _build(self) -> None:
        self.list = QTreeWidget()
        self.list.setHeaderHidden(True)
        self.list.setObjectName("version_list")
        self.list.setAccessibleName("Versions, newest first")
        self.list.setUniformRowHeights(True)
        self.list.itemExpanded.connect(self._fill)
        self.list.currentItemChanged.connect(self._choose)
        self.title, self.words, self.difference = QLabel(), QLabel(), QLabel()
        self.title.setFont(theme.ui_font(theme.TEXT_PX, bold=True))
        for label in (self.title, self.words, self.difference):
            label.setWordWrap(True)
        self.words.setProperty("quiet", True)
        self.strip = DocumentStrip(self._labelling.color_of)
        self.restore_button = Button("Restore this version")
        self.restore_button.setProperty("primary", True)
        self.restore_button.clicked.connect(self.restore)
        close = Button("Close")
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self.restore_button)
        right = QVBoxLayout()
        right.setSpacing(8)
        for widget in (self.title, self.words, self.strip, self.difference):
            right.addWidget(widget)
        right.addStretch(1)
        right.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 16, 14)
        row.setSpacing(16)
        row.addWidget(self.list, 5)
        row.addLayout(right, 6)
        self.resize(*SIZE)

    # ---- reading

    def present(self) -> None:
        """Show the versions of the open document."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.refresh()

    def refresh(self) -> None:
        """Read them, in a thread."""
        history = self._session.history
        self._show_nothing("" if history is not None else "No labels are open.")
        if history is None:
            return
        back = self._back = history.look_back()
        self._run(lambda: back.versions(), self._take)

    def _outdated(self, *_: object) -> None:
        if self.isVisible():
            self.refresh()

    def _take(self, versions: tuple[Version, ...]) -> None:
        self.list.clear()
        self._groups = group(versions)
        if not versions:
            self._show_nothing(NONE)
            return
        now = datetime.datetime.now().astimezone()
        for place, one in enumerate(self._groups):
            head = f"{one.when(now)} · {one.versions[0].by}"
            item = QTreeWidgetItem([f"{head} · {one.what()}"])
            item.setToolTip(0, f"{head}\n{one.what()}")
            item.setData(0, VERSION, (place, 0))
            if len(one.versions) > 1:
                item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
            self.list.addTopLevelItem(item)
        first = self.list.topLevelItem(0)
        first.setExpanded(True)
        self.list.setCurrentItem(first)

    def _fill(self, item: QTreeWidgetItem) -> None:
        """The single versions of a group, when it is opened."""
        if item.childCount() or item.parent() is not None:
            return
        place, _ = item.data(0, VERSION)
        for at, version in enumerate(self._groups[place].versions):
            child = QTreeWidgetItem([version_text(version)])
            child.setData(0, VERSION, (place, at))
            item.addChild(child)

    # ---- looking

    def _choose(self, item: QTreeWidgetItem | None, _before: object = None) -> None:
        back = self._back
        if item is None or back is None:
            return
        place, at = item.data(0, VERSION)
        version = self._groups[place].versions[at]

        def look() -> tuple[Version, Document]:
            return version, back.at(version.revision)

        self._run(look, self._show_version)

    def _show_version(self, found: tuple[Version, Document]) -> None:
        version, then = self._shown = found
        at, now = moment(version), self._session.document
        when = "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}, "
        what = f"{DONE_AS.get(version.action, '')}{version.title}"
        self.title.setText(f"{when}{version.by}: {what}")
        self.words.setText(document_words(then))
        transport = self._session.transport
        self.strip.show_document(then, (transport.start_ns, transport.stop_ns))
        self.difference.setText("" if now is None else difference_words(then, now))
        history = self._session.history
        writable = history is not None and not history.read_only
        self.restore_button.setEnabled(
            writable and now is not None and edit_between(now, then, "") is not None
        )

    def _show_nothing(self, sentence: str) -> None:
        self._shown = None
        self.title.setText(sentence)
        self.words.setText("")
        self.difference.setText("")
        self.strip.show_document(None, (0, 1))
        self.restore_button.setEnabled(False)
        if sentence:
            self.list.clear()

    # ---- going back

    def restore(self, _checked: bool = False) -> None:
        """Make the labels what they were; one step of undo."""
        now = self._session.document
        if self._shown is None or now is None:
            return
        version, then = self._shown
        self._labelling.finish()
        edit = edit_between(now, then, f"Restore version {version.revision}")
        if edit is not None and self._labelling.clips.do(edit):
            self._session.message.emit(
                "info", "The labels are as they were then; Ctrl+Z takes that back."
            )

    # ---- threads

    def _run(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        def run(_progress: object, _cancelled: object) -> T:
            return work()

        self._newest.start(run, then, self._fail)

    def _fail(self, error: Exception) -> None:
        self._show_nothing("")
        self.title.setText(str(error))

    def shut(self) -> None:
        """End the threads."""
        self._newest.shut()
        self.close()
