"""The selected clip: what it says, when, by whom, and whether others agree."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.model import Clip, Document
from harstudio.studio import theme
from harstudio.studio.labelling import Labelling
from harstudio.studio.other_labels import is_model
from harstudio.studio.session import Session
from harstudio.studio.timecode import clock_text
from harstudio.studio.timeline.menu import ORIGINS

EMPTY = "Select a clip to see what it says. Up and Down go from clip to clip."
COMMENT_PX = 46


class ClipPanel(QWidget):
    """Properties in the drawing's order; the comment can be written."""

    def __init__(
        self, session: Session, labelling: Labelling, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("clip")
        self._session, self._labelling = session, labelling
        self._clip: Clip | None = None
        self._values: list[tuple[QLabel, QLabel]] = []
        self._build()
        self.comment.left.connect(self._write_comment)
        for signal in (session.selection_changed, session.history_changed):
            signal.connect(self._show)
        session.document_changed.connect(self._show)
        labelling.others.changed.connect(self._show)
        theme.theme_events.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 12)
        column.setSpacing(8)
        self.title = QLabel("Clip")
        self.title.setProperty("quiet", True)
        self.title.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        column.addWidget(self.title)
        shown = QWidget()
        rows = QVBoxLayout(shown)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(1, 1)
        rows.addLayout(self._grid)
        self.comment = CommentEdit()
        rows.addWidget(self.comment)
        rows.addStretch(1)
        self.empty = QLabel(EMPTY)
        self.empty.setProperty("quiet", True)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedLayout()
        self._stack.addWidget(shown)
        self._stack.addWidget(self.empty)
        column.addLayout(self._stack, 1)

    # ---- showing

    def _show(self, *_: object) -> None:
        found = self._selected()
        before, now = self._clip, None if found is None else found[1]
        another = (before and before.id) != (now and now.id)
        if another:
            self._write_comment()
        self._clip = now
        self._stack.setCurrentIndex(0 if found is not None else 1)
        if found is None:
            return
        document, clip = found
        self._show_rows([*self._facts(document, clip), *self._opinions(document, clip)])
        own = document is self._session.document
        self.comment.setVisible(own or bool(clip.comment))
        self.comment.setReadOnly(not own or bool(self._labelling.clips.why_not()))
        written = self.comment.toPlainText()
        if (another or not self.comment.hasFocus()) and written != clip.comment:
            self.comment.setPlainText(clip.comment)

    def _selected(self) -> tuple[Document, Clip] | None:
        own, document = self._session.selected_clip(), self._session.document
        if own is not None and document is not None:
            return document, own[1]
        return self._labelling.others.find(self._session.selection)

    def _facts(self, document: Document, clip: Clip) -> list[tuple[str, str, str]]:
        start = clip.start_ns - self._session.transport.start_ns
        grid = self._labelling.grid
        frames = "" if grid is None else f" · {grid.count(clip.start_ns, clip.end_ns)} f"
        facts = [
            ("label", clip.label, ""),
            ("start", clock_text(start), ""),
            ("length", f"{clip.duration_ns / 1e9:.3f} s{frames}", ""),
            ("annotator", document.annotator, ""),
            ("origin", ORIGINS[clip.origin], ""),
        ]
        if clip.confidence is not None:
            facts.append(("confidence", f"{clip.confidence:.2f}", ""))
        if clip.person:
            facts.append(("person", clip.person, ""))
        return facts

    def _opinions(self, document: Document, clip: Clip) -> list[tuple[str, str, str]]:
        rows = []
        for other, said in self._labelling.others.opinions(clip):
            if other is document:
                continue
            name = "model" if is_model(other) else other.annotator
            if said is None:
                rows.append((name, "nothing here", "quiet"))
                continue
            agrees = said.label == clip.label
            text = "agrees" if agrees else said.label
            sure = "" if said.confidence is None else f"{said.confidence:.2f}"
            text = ", ".join(part for part in (text, sure) if part)
            rows.append((name, text, "accent" if agrees else "warn"))
        return rows

    def _show_rows(self, rows: list[tuple[str, str, str]]) -> None:
        while len(self._values) < len(rows):
            self._values.append(self._new_row())
        tokens = theme.current()
        for at, (name, value) in enumerate(self._values):
            there = at < len(rows)
            name.setVisible(there)
            value.setVisible(there)
            if there:
                name.setText(rows[at][0])
                value.setText(rows[at][1])
                value.setToolTip(rows[at][1])
                tone = rows[at][2]
                value.setStyleSheet(f"color: {getattr(tokens, tone or 'text')};")

    def _new_row(self) -> tuple[QLabel, QLabel]:
        name, value = QLabel(), QLabel()
        name.setProperty("quiet", True)
        value.setFont(theme.time_font(theme.TEXT_PX))
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setMinimumWidth(0)
        for column, label in enumerate((name, value)):
            self._grid.addWidget(label, len(self._values), column)
        return name, value

    # ---- the comment

    def _write_comment(self) -> None:
        if self._clip is not None and not self.comment.isReadOnly():
            self._labelling.clips.comment(self._clip.id, self.comment.toPlainText().strip())


class CommentEdit(QPlainTextEdit):
    """A few lines; Enter or going elsewhere writes them, Shift+Enter breaks a line, Esc reverts."""

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("clip_comment")
        self.setAccessibleName("Comment")
        self.setPlaceholderText("Comment")
        self.setTabChangesFocus(True)
        self.setFixedHeight(COMMENT_PX)
        self._before = ""

    def event(self, event: QEvent) -> bool:
        keys = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() in keys
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() == Qt.Key.Key_Escape:
            self.setPlainText(self._before)
            self.clearFocus()
        elif enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.clearFocus()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self._before = self.toPlainText()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.left.emit()
