"""The selected clips: what they say, to be read and written; and whether others agree."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.model import Clip, Document
from harstudio.studio import theme
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.panels.clip_attributes import AttributeFields
from harstudio.studio.panels.clip_facts import Fact, facts
from harstudio.studio.panels.clip_fields import (
    SEVERAL,
    CheckField,
    TextField,
    read_confidence,
    taken,
)
from harstudio.studio.session import Session

EMPTY = "Select a clip to see what it says. Up and Down go from clip to clip."
COMMENT_PX, GAP_PX = 46, 8
LEAST_PX, SHARE = 150, 0.46  # of the column


class ClipPanel(QWidget):
    """Properties of clips, what is written most often first. Of several clips the fields show what
    they share, and what is written goes to all of them, as one step of undo. Tab goes round the
    fields, Esc and Enter go back to the timeline."""

    done = Signal()  # back to the timeline

    def __init__(
        self, session: Session, labelling: Labelling, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("clip")
        self._session, self._labelling = session, labelling
        self._clips: tuple[Clip, ...] = ()
        self._people: tuple[str, ...] = ()
        self._values: list[tuple[QLabel, QLabel]] = []
        self._build()
        self._connect()
        self._take_labels()
        self._show()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, GAP_PX, 6, GAP_PX)
        column.setSpacing(GAP_PX)
        self.title = QLabel("Clip")
        self.title.setProperty("quiet", True)
        self.title.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        column.addWidget(self.title)
        self.label, self.person = TextField("Label"), TextField("Person")
        self.confidence = TextField("Confidence", read_confidence)
        self.confidence.hint = "0 to 1"
        self.person.hint = "whoever is seen"
        self.unsure = CheckField("Unsure, ask somebody")
        self.unsure.setToolTip("Puts it on the list of doubts; the comment is the question")
        self.attributes = AttributeFields()
        self.comment = CommentEdit()
        self._own = QWidget()
        self._grid_of_fields = QGridLayout(self._own)
        self._grid_of_fields.setContentsMargins(0, 0, 0, 0)
        self._grid_of_fields.setHorizontalSpacing(12)
        self._grid_of_fields.setVerticalSpacing(4)
        self._grid_of_fields.setColumnStretch(1, 1)
        rows = (("person", self.person), ("confidence", self.confidence))
        for row, (name, field) in enumerate(rows):
            caption = QLabel(name)
            caption.setProperty("quiet", True)
            self._grid_of_fields.addWidget(caption, row, 0)
            self._grid_of_fields.addWidget(field, row, 1)
        self._facts_grid = QGridLayout()
        self._facts_grid.setHorizontalSpacing(12)
        self._facts_grid.setVerticalSpacing(5)
        self._facts_grid.setColumnStretch(1, 1)
        shown = QWidget()
        self._shown = shown
        inside = QVBoxLayout(shown)
        inside.setContentsMargins(0, 0, 8, 4)
        inside.setSpacing(6)
        inside.addWidget(self.label)
        inside.addLayout(self._facts_grid)
        inside.addWidget(self.attributes)
        inside.addWidget(self.unsure)
        inside.addWidget(self.comment)
        inside.addWidget(self._own)
        inside.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        scroll.setWidget(shown)
        self._scroll = scroll
        self.empty = QLabel(EMPTY)
        self.empty.setProperty("quiet", True)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedLayout()
        self._stack.addWidget(scroll)
        self._stack.addWidget(self.empty)
        column.addLayout(self._stack, 1)

    def _connect(self) -> None:
        session, labelling, properties = self._session, self._labelling, self._labelling.properties
        self.label.written.connect(self._relabel)
        self.person.written.connect(properties.set_person)
        self.confidence.written.connect(properties.set_confidence)
        self.unsure.written.connect(properties.set_unsure)
        self.attributes.written.connect(properties.set_attribute)
        self.attributes.refused.connect(self._refuse)
        self.comment.left.connect(self._write_comment)
        for field in (self.label, self.person, self.confidence, self.unsure, self.attributes):
            field.left.connect(self._go_back)
        self.comment.gone.connect(self._go_back)
        self.confidence.refused.connect(self._refuse)
        for signal in (session.selection_changed, session.history_changed):
            signal.connect(self._show)
        session.document_changed.connect(self._show)
        labelling.others.changed.connect(self._show)
        labelling.labels_changed.connect(self._take_labels)
        theme.theme_events.changed.connect(self._show)

    # ---- showing

    def _take_labels(self) -> None:
        labels = self._labelling.label_set.labels
        self.label.offer([la.name for la in labels])
        self._show()

    def _show(self, *_: object) -> None:
        found = self._selected()
        clips = () if found is None else found[1]
        another = [c.id for c in clips] != [c.id for c in self._clips]
        if another:
            self._write_comment()
        self._clips = clips
        self._stack.setCurrentIndex(0 if found is not None else 1)
        proposed = bool(clips) and self._labelling.proposals.is_open(clips[0].id)
        one = "Proposal" if proposed else "Clip"
        self.title.setText(f"{len(clips)} {one.lower()}s" if len(clips) > 1 else one)
        if found is None:
            self._make_room()
            return
        document = found[0]
        own = document is self._session.document
        writable = own and not self._labelling.clips.why_not()
        for widget in (self.label, self._own, self.unsure):
            widget.setVisible(own)
            widget.setEnabled(writable)
        self.attributes.setEnabled(writable)
        if own:
            self._show_fields(clips)
        else:
            self.attributes.hide()
        self._show_rows(facts(self._labelling, document, clips, own))
        self._show_comment(clips, own, writable, another)
        self._make_room()

    def _make_room(self) -> None:
        """As high as what is shown, but the labels above keep the larger part; with nothing
        selected they have it all."""
        column = self.parentWidget()
        most = LEAST_PX if column is None else max(LEAST_PX, round(column.height() * SHARE))
        empty = self._stack.currentWidget() is self.empty
        inside = self.empty.heightForWidth(self.width() - 20) if empty else 0
        inside = inside or self._shown.sizeHint().height()
        least = 0 if empty else min(inside, most)
        if self._scroll.minimumHeight() != least:
            self._scroll.setMinimumHeight(least)
        around = self.title.sizeHint().height() + 3 * GAP_PX
        if self.maximumHeight() != inside + around:
            self.setMaximumHeight(inside + around)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._make_room()

    def _selected(self) -> tuple[Document, tuple[Clip, ...]] | None:
        own, document = self._labelling.properties.clips(), self._session.document
        if own and document is not None:
            return document, own
        found = self._labelling.others.find(self._session.selection)
        return None if found is None else (found[0], (found[1],))

    def _show_fields(self, clips: tuple[Clip, ...]) -> None:
        self.label.show_values([clip.label for clip in clips])
        self.person.show_values([clip.person for clip in clips])
        people = self._session.looks.people
        if people != self._people:
            self._people = people
            self.person.offer(people)
            seen = f"Seen here: {', '.join(people)}; or anybody else" if people else ""
            self.person.setToolTip(seen)
        self.confidence.show_values(
            ["" if clip.confidence is None else f"{clip.confidence:g}" for clip in clips]
        )
        self.unsure.show_values([clip.unsure for clip in clips])
        self.attributes.show_clips(clips, self._labelling.label_set.attributes)

    def _show_comment(
        self, clips: Sequence[Clip], own: bool, writable: bool, another: bool
    ) -> None:
        comments = {clip.comment for clip in clips}
        shared = next(iter(comments)) if len(comments) == 1 else ""
        asking = any(clip.unsure for clip in clips)
        hint = "Comment: what is asked?" if asking else "Comment"
        hint = hint if len(comments) == 1 else SEVERAL
        if hint != self.comment.placeholderText():
            self.comment.setPlaceholderText(hint)
            self.comment.viewport().update()
        self.comment.setVisible(own or bool(shared))
        self.comment.setReadOnly(not writable)
        written = self.comment.toPlainText()
        if (another or not self.comment.hasFocus()) and written != shared:
            self.comment.setPlainText(shared)
        if another or not self.comment.hasFocus():
            self.comment.shown = shared

    def _show_rows(self, rows: list[Fact]) -> None:
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
                theme.tint(value, f"color: {getattr(tokens, tone or 'text')};")

    def _new_row(self) -> tuple[QLabel, QLabel]:
        name, value = QLabel(), Value()
        name.setProperty("quiet", True)
        value.setFont(theme.time_font(theme.TEXT_PX))
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for column, label in enumerate((name, value)):
            self._facts_grid.addWidget(label, len(self._values), column)
        return name, value

    # ---- the keyboard

    def fields(self) -> list[QWidget]:
        """What can be written now, in the order of Tab."""
        asked = list(self.attributes.fields.values())
        order = (self.label, *asked, self.unsure, self.comment, self.person, self.confidence)
        return [field for field in order if field.isVisible() and field.isEnabled()]

    def edit(self) -> None:
        """Go to a doubt's question that is not written yet, else to the first field that still
        has no answer, else to the label."""
        order = self.fields()
        if order:
            asked = any(clip.unsure and not clip.comment for clip in self._clips)
            waiting = self.comment if asked else self.attributes.first_missing()
            goal = waiting or order[0]
            goal.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self._scroll.ensureWidgetVisible(goal)

    def can_edit(self) -> bool:
        return self._stack.currentIndex() == 0 and self._own.isVisibleTo(self)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        order, now = self.fields(), self.focusWidget()
        if now not in order:
            return super().focusNextPrevChild(forward)
        if isinstance(now, TextField):
            now.write()  # before it is left: the next one may be another then
            order = self.fields()
        at = (order.index(now) + (1 if forward else -1)) % len(order)
        order[at].setFocus(Qt.FocusReason.TabFocusReason)
        self._scroll.ensureWidgetVisible(order[at])
        return True

    def _go_back(self) -> None:
        now = self.focusWidget()
        if now is not None:
            now.clearFocus()
        self.done.emit()

    # ---- writing

    def _relabel(self, text: object) -> None:
        name = str(text)
        labels = self._labelling.label_set.labels
        folded = name.casefold()
        known = next((la for la in labels if la.name.casefold() == folded), None)
        known = known or next(
            (la for la in labels if folded in (s.casefold() for s in la.synonyms)), None
        )
        if not name:
            self._refuse("A clip needs a label; Delete removes the clip.")
        elif known is None:
            self._refuse(f"There is no label “{name}”; Ctrl+Shift+F adds one.")
        else:
            self._labelling.clips.relabel(known.name)
        self._show()

    def _refuse(self, sentence: str) -> None:
        self._session.message.emit("warn", sentence)

    def _write_comment(self) -> None:
        text = self.comment.toPlainText().strip()
        if self._clips and not self.comment.isReadOnly() and text != self.comment.shown:
            self.comment.shown = text
            self._labelling.properties.set_comment([clip.id for clip in self._clips], text)


class Value(QLabel):
    """A text of which as much is seen as fits; it makes nothing wider."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        metrics, room = self.fontMetrics(), self.contentsRect()
        if metrics.horizontalAdvance(self.text()) <= room.width():
            super().paintEvent(event)
            return
        fitting = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, self.alignment(), fitting)


class CommentEdit(QPlainTextEdit):
    """A few lines; Enter or going elsewhere writes them, Shift+Enter breaks a line, Esc reverts."""

    left = Signal()
    gone = Signal()  # by a key, back to the timeline

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("clip_comment")
        self.setAccessibleName("Comment")
        self.setPlaceholderText("Comment")
        self.setTabChangesFocus(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFixedHeight(COMMENT_PX)
        self.shown = ""  # what the clips share

    def event(self, event: QEvent) -> bool:
        keys = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        return taken(event, keys) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() == Qt.Key.Key_Escape:
            self.setPlainText(self.shown)
            self.gone.emit()
        elif enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.left.emit()
            self.gone.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.left.emit()
