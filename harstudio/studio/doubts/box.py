"""The list of doubts: what is asked, by whom, and what others say there."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio import theme
from harstudio.studio.doubts.gathering import Answer, Doubt, Queue
from harstudio.studio.fields import ChoiceBox
from harstudio.studio.label_set.tree import list_sheet
from harstudio.studio.timecode import clock_text

HOW = (
    "An answer is a clip of your own over the same stretch: nobody writes in the labels of "
    "somebody else. Whoever asked sees it here, takes it or leaves it, and clears the flag."
)
NONE = "Nobody is in doubt. Ctrl+U flags the selected clip as unsure; its comment is the question."
DOUBT_ROLE = Qt.ItemDataRole.UserRole


class DoubtList(QListWidget):
    """Enter goes to the marked doubt, as a double click does."""

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.itemActivated.emit(self.currentItem())
        else:
            super().keyPressEvent(event)


class DoubtsBox(QDialog):
    """Not modal: the recording is looked at meanwhile."""

    wanted = Signal(object)  # Doubt: go there
    answered = Signal(object, str, str)  # Doubt, label, comment
    settled = Signal(object, str)  # own Doubt, the label to take, "" to keep one's own
    here_only_changed = Signal()
    closed = Signal()

    def __init__(self, me: str, shown: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("doubts")
        self.setWindowTitle("Doubts")
        self.setWindowFlag(Qt.WindowType.Window)
        self.setMinimumSize(480, 420)
        self.resize(560, 560)
        self.me = me
        self._as_shown = shown  # names of recordings, with pseudonyms
        self._shown: str | None = None
        self._build()

    def _build(self) -> None:
        self.here_only = QCheckBox("This recording only")
        self.here_only.clicked.connect(self.here_only_changed)
        self.count = QLabel()
        self.count.setProperty("quiet", True)
        head = QHBoxLayout()
        head.addWidget(self.count, 1)
        head.addWidget(self.here_only)
        self.list = DoubtList()
        self.list.setAccessibleName("Doubts")
        self.list.setWordWrap(True)
        self.list.setStyleSheet(list_sheet())
        self.list.currentItemChanged.connect(self._mark)
        self.list.itemActivated.connect(self._go)
        self.empty = QLabel(NONE, wordWrap=True)
        self.empty.setProperty("quiet", True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.said = QLabel(wordWrap=True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.take = ChoiceBox("What to do with the answer")
        self.settle = QPushButton("Clear the flag")
        self.settle.clicked.connect(self._settle)
        own = QHBoxLayout()
        own.addWidget(self.take, 1)
        own.addWidget(self.settle)
        self._own = QWidget()
        self._own.setLayout(own)
        own.setContentsMargins(0, 0, 0, 0)
        self.label = ChoiceBox("Your label")
        self.comment = QLineEdit()
        self.comment.setPlaceholderText("Your answer in words")
        self.comment.setAccessibleName("Your answer in words")
        self.comment.returnPressed.connect(self._answer)
        self.answer = QPushButton("Answer")
        self.answer.setProperty("primary", True)
        self.answer.clicked.connect(self._answer)
        answer = QHBoxLayout()
        answer.setContentsMargins(0, 0, 0, 0)
        answer.addWidget(self.label, 2)
        answer.addWidget(self.comment, 3)
        answer.addWidget(self.answer)
        self._theirs = QWidget()
        self._theirs.setLayout(answer)
        self.how = QLabel(HOW, wordWrap=True)
        self.how.setProperty("quiet", True)
        self.how.setFont(theme.ui_font(theme.QUIET_PX))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        column.addWidget(self.empty, 1)
        column.addWidget(self.said)
        column.addWidget(self._own)
        column.addWidget(self._theirs)
        column.addWidget(self.how)
        for button in (self.settle, self.answer):
            button.setAutoDefault(False)
        theme.theme_events.changed.connect(self._restyle)

    def _restyle(self) -> None:
        self.list.setStyleSheet(list_sheet())

    # ---- showing

    def show_labels(self, names: list[str]) -> None:
        """What can be answered with."""
        now = self.label.currentText()
        self.label.clear()
        self.label.addItems(names)
        self.label.setCurrentText(now)

    def show_queue(self, queue: Queue, recording: str, zero_ns: int) -> None:
        """Show it, those of a recording only where that is wished; the marked one stays."""
        here = self.here_only.isChecked()
        doubts = [d for d in queue.doubts if not here or d.recording == recording]
        marked = self.current()
        self.list.blockSignals(True)
        self.list.clear()
        for doubt in doubts:
            item = QListWidgetItem(
                self._line(doubt, zero_ns if doubt.recording == recording else 0)
            )
            item.setData(DOUBT_ROLE, doubt)
            self.list.addItem(item)
            if marked is not None and doubt.clip.id == marked.clip.id:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        if self.list.currentItem() is None and doubts:
            self.list.setCurrentRow(0)
        self.list.setVisible(bool(doubts))
        self.empty.setVisible(not doubts)
        self.count.setText(self._counted(queue, len(doubts)))
        self._mark()

    def _counted(self, queue: Queue, shown: int) -> str:
        said = f"{shown} doubt{'' if shown == 1 else 's'}"
        if queue.hidden:
            said += f"; of {queue.hidden} recordings only your own (blind annotation)"
        if queue.problems:
            said += f"; {len(queue.problems)} documents could not be read"
        return said

    def _line(self, doubt: Doubt, zero_ns: int) -> str:
        clip = doubt.clip
        who = "you" if doubt.annotator == self.me else doubt.annotator
        answers = len(doubt.answers)
        told = f" · {answers} answer{'' if answers == 1 else 's'}" if answers else ""
        where = f"{self._as_shown(doubt.recording)}  {clock_text(clip.start_ns - zero_ns)}"
        question = clip.comment or "no question written"
        return f"{where}  {who}: {clip.label}{told}\n{question}"

    def current(self) -> Doubt | None:
        item = self.list.currentItem()
        return None if item is None else item.data(DOUBT_ROLE)

    def _mark(self, *_: object) -> None:
        doubt = self.current()
        own = doubt is not None and doubt.annotator == self.me
        self._own.setVisible(own)
        self._theirs.setVisible(doubt is not None and not own)
        self.how.setVisible(doubt is not None)
        self.said.setVisible(doubt is not None)
        if doubt is None:
            self._shown = None
            return
        lines = [_sentence(answer) for answer in doubt.answers]
        self.said.setText("\n".join(lines) or "Nobody else labelled this stretch yet.")
        if own:
            self.take.clear()
            self.take.addItem(f"Keep “{doubt.clip.label}”", "")
            for label in dict.fromkeys(a.label for a in doubt.answers):
                if label != doubt.clip.label:
                    self.take.addItem(f"Take “{label}”", label)
        elif self._shown != doubt.clip.id:
            self.label.setCurrentText(doubt.clip.label)
            self.comment.clear()
        self._shown = doubt.clip.id

    # ---- doing

    def _go(self, *_: object) -> None:
        doubt = self.current()
        if doubt is not None:
            self.wanted.emit(doubt)

    def _answer(self) -> None:
        doubt = self.current()
        if doubt is not None and doubt.annotator != self.me and self.label.currentText():
            self.answered.emit(doubt, self.label.currentText(), self.comment.text().strip())

    def _settle(self) -> None:
        doubt = self.current()
        if doubt is not None and doubt.annotator == self.me:
            self.settled.emit(doubt, str(self.take.currentData() or ""))

    def done(self, result: int) -> None:
        """Every way out, Esc and the window's cross among them, comes here."""
        super().done(result)
        self.closed.emit()


def _sentence(answer: Answer) -> str:
    comment = f": {answer.comment}" if answer.comment else ""
    return f"{answer.annotator} says {answer.label}{comment}"
