"""Fields of the clip panel: each shows what the selected clips share, and tells what is written.

All of them take the keys that they need from the window, so that a digit typed into a number is
no label key. Enter writes and goes back to the timeline, Esc only goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCheckBox, QCompleter, QLineEdit

from harstudio.studio import theme
from harstudio.studio.fields import ChoiceBox

SEVERAL = "several"
NOTHING = "–"
NARROW = "QLineEdit, QComboBox { padding: 2px 8px; }"
BY_KEY = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
KEEPING = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)


def taken(event: QEvent, keys: Sequence[Qt.Key], *, texts: bool = False) -> bool:
    """Whether the field, and not the window, gets this key; to be asked first in ``event``."""
    if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
        return False
    plain = not event.modifiers() & (
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    )
    if event.key() in keys or (texts and plain and bool(event.text().strip())):
        event.accept()
        return True
    return False


class TextField(QLineEdit):
    """A line of text; Down lists what is known.

    read: turns it into a value; ValueError says why it is none.
    """

    written = Signal(object)
    refused = Signal(str)
    left = Signal()  # back to the timeline

    def __init__(
        self, name: str, read: Callable[[str], object] = str, words: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setStyleSheet(NARROW)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._read = read
        self._shown = ""
        self.hint = ""
        self.editingFinished.connect(self.write)
        if words:
            self.offer(words)

    def offer(self, words: Sequence[str]) -> None:
        """Complete what is typed with these, wherever in them it stands."""
        completer = QCompleter(list(words), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.setCompleter(completer)

    def show_values(self, texts: Sequence[str]) -> None:
        """The text that all clips share; what is being typed stays."""
        same = len(set(texts)) <= 1
        shown = texts[0] if texts and same else ""
        self.setPlaceholderText(self.hint if same else SEVERAL)
        if not (self.hasFocus() and self.isModified()) and shown != self.text():
            self.setText(shown)
            self.setCursorPosition(0)
        self._shown = shown

    def write(self) -> None:
        """Tell what was typed; nothing when nothing was."""
        if not self.isModified():
            return
        self.setModified(False)
        text = self.text().strip()
        if text == self._shown:
            return
        try:
            value = self._read(text)
        except ValueError as error:
            self.setText(self._shown)
            self.refused.emit(str(error))
        else:
            self._shown = text
            self.written.emit(value)

    def event(self, event: QEvent) -> bool:
        keys = (*KEEPING, Qt.Key.Key_Up, Qt.Key.Key_Down)
        return taken(event, keys) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        completer = self.completer()
        if event.key() == Qt.Key.Key_Down and completer is not None:
            completer.setCompletionPrefix("")  # all of them
            completer.complete()
        elif event.key() == Qt.Key.Key_Escape:
            self.setText(self._shown)
            self.setModified(False)
            self.left.emit()
        elif event.key() in KEEPING:
            self.write()
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        if self.completer() is not None:  # a popup has no ground of its own
            tokens = theme.current()
            theme.tint(
                self.completer().popup(),
                f"QListView {{ background: {tokens.raised}; border: 1px solid {tokens.line}; }}"
                f"QListView::item {{ padding: 3px 6px; color: {tokens.text}; }}"
                f"QListView::item:selected {{ background: {tokens.accent};"
                f" color: {tokens.on_accent}; }}",
            )
        if event.reason() in BY_KEY:
            self.selectAll()


class ChoiceField(ChoiceBox):
    """One of a few. Digits choose the first, second, ... one, letters by how they begin, 0 or
    Backspace takes the answer away."""

    written = Signal(object)  # the text, None for nothing
    left = Signal()

    def __init__(self, name: str, choices: Sequence[str]) -> None:
        super().__init__(name)
        self.setStyleSheet(NARROW)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._choices = list(choices)
        self.addItem(NOTHING)
        self.addItems(self._choices)
        self.activated.connect(self._chosen)

    def show_values(self, values: Sequence[object]) -> None:
        """The answer that all clips share."""
        same = len(set(values)) <= 1
        if self.itemText(0) != (NOTHING if same else SEVERAL):
            self.setItemText(0, NOTHING if same else SEVERAL)
        value = str(values[0]) if values and same and values[0] is not None else ""
        at = 1 + self._choices.index(value) if value in self._choices else 0
        if value and not at:  # an answer that the set does not know any more
            self.setItemText(0, value)
        self.setCurrentIndex(at)

    def _chosen(self, at: int) -> None:
        self.written.emit(self._choices[at - 1] if at else None)

    def event(self, event: QEvent) -> bool:
        keys = (*KEEPING, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Space, Qt.Key.Key_Backspace)
        return taken(event, keys, texts=True) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key, text = event.key(), event.text()
        if key in KEEPING:
            self.left.emit()
        elif key == Qt.Key.Key_Backspace or text == "0":
            self.setCurrentIndex(0)
            self._chosen(0)
        elif text.isdigit() and int(text) <= len(self._choices):
            self.setCurrentIndex(int(text))
            self._chosen(int(text))
        else:
            super().keyPressEvent(event)


class CheckField(QCheckBox):
    """Yes or no; half where clips differ. Space changes it."""

    written = Signal(object)
    left = Signal()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.clicked.connect(self._clicked)

    def show_values(self, values: Sequence[bool]) -> None:
        mixed = len(set(values)) > 1
        self.setTristate(mixed)
        states = Qt.CheckState
        whole = states.Checked if values and values[0] else states.Unchecked
        self.setCheckState(states.PartiallyChecked if mixed else whole)

    def _clicked(self, _checked: bool = False) -> None:
        self.setTristate(False)
        self.written.emit(self.checkState() != Qt.CheckState.Unchecked)

    def event(self, event: QEvent) -> bool:
        return taken(event, (*KEEPING, Qt.Key.Key_Space)) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in KEEPING:
            self.left.emit()
        else:
            super().keyPressEvent(event)


def read_confidence(text: str) -> float | None:
    """ "0.93", "0,93" or "93 %"; None for nothing. ValueError with a sentence otherwise."""
    plain = text.replace(",", ".").strip()
    if not plain:
        return None
    try:
        value = float(plain.rstrip("% "))
    except ValueError:
        raise ValueError(f"“{text}” is no confidence; write a number from 0 to 1.") from None
    value = value / 100 if "%" in plain or value > 1 else value
    if not 0 <= value <= 1:
        raise ValueError("A confidence lies between 0 and 1.")
    return round(value, 4)
