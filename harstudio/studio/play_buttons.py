"""The left of a bar of a player: its buttons, the time, and the speeds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from harstudio.studio import icons, theme
from harstudio.studio.commands import CommandTable
from harstudio.studio.transport import Transport

PLAY = "transport.play"
SHOWN_RATES = (0.5, 1.0, 2.0)
HEIGHT = 44  # of the bar


class PlayButtons(QObject):
    """Puts them into the row of a bar. They follow a clock; every button runs a command of the
    table."""

    def __init__(
        self,
        clock: Transport,
        commands: CommandTable,
        buttons: Mapping[str, str],
        names: tuple[str, str],
        row: QHBoxLayout,
        parent: QWidget,
    ) -> None:
        """buttons: icons by the ids of their commands. names: of the objects that show the time,
        and the rest."""
        super().__init__(parent)
        self._clock, self._commands, self._icons = clock, commands, dict(buttons)
        self._buttons = {command_id: self._button(command_id) for command_id in buttons}
        self._rates: dict[float, QToolButton] = {}
        self.time, self.rest = Figures(names[0], 16), Figures(names[1], 13, quiet=True)
        for button in self._buttons.values():
            row.addWidget(button)
        row.addSpacing(12)
        row.addWidget(self.time)
        row.addWidget(self.rest)
        row.addSpacing(12)
        for rate in SHOWN_RATES:
            button = QToolButton(text=f"{rate:g}×")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setToolTip(f"Play at {rate:g}× speed")
            button.clicked.connect(partial(self._set_rate, rate))
            self._rates[rate] = button
            row.addWidget(button)
        clock.playing_changed.connect(self._show_playing)
        clock.rate_changed.connect(self._show_rate)
        theme.theme_events.changed.connect(self._retint)
        self._retint()

    def _button(self, command_id: str) -> QToolButton:
        button = QToolButton()
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setIconSize(QSize(20, 20))
        button.setAccessibleName(self._commands[command_id].title)
        button.setToolTip(tip(self._commands, command_id))
        button.setAutoRepeat(command_id.endswith("_frame"))
        button.clicked.connect(partial(self._run, command_id))
        return button

    def enable(self, wanted: bool) -> None:
        """Whether there is anything to play."""
        for button in (*self._buttons.values(), *self._rates.values()):
            button.setEnabled(wanted)

    def tell_keys(self) -> None:
        """Tool tips name the keys that the table says now."""
        for command_id, button in self._buttons.items():
            button.setToolTip(tip(self._commands, command_id))
        self._show_playing()

    def _run(self, command_id: str, _checked: bool = False) -> None:
        self._commands.run(command_id)

    def _set_rate(self, rate: float, _checked: bool = False) -> None:
        self._clock.set_rate(rate)

    def _show_playing(self, *_: object) -> None:
        tokens, playing, button = theme.current(), self._clock.playing, self._buttons[PLAY]
        button.setIcon(icons.icon("pause" if playing else "play", color=tokens.on_accent))
        button.setStyleSheet(
            f"QToolButton {{ background: {tokens.accent}; border-radius: {theme.CORNER}px; }}"
            f"QToolButton:disabled {{ background: {tokens.raised}; }}"
        )
        button.setToolTip(tip(self._commands, PLAY, "Pause" if playing else "Play"))

    def _show_rate(self, *_: object) -> None:
        tokens, now = theme.current(), self._clock.rate
        for rate, button in self._rates.items():
            color = tokens.accent if rate == now else tokens.quiet
            button.setStyleSheet(f"color: {color}; padding: 4px 3px;")
        others = now not in self._rates
        self._rates[1.0].setText(f"{now:g}×" if others else "1×")
        if others:
            self._rates[1.0].setStyleSheet(f"color: {tokens.warn}; padding: 4px 3px;")

    def _retint(self) -> None:
        for command_id, button in self._buttons.items():
            button.setIcon(icons.icon(self._icons[command_id]))
        self._show_playing()
        self._show_rate()


def tip(commands: CommandTable, command_id: str, title: str = "") -> str:
    """What a button for a command says: its title, or another one, and its key."""
    command = commands[command_id]
    key = f"  ({command.shortcuts[0]})" if command.shortcuts else ""
    return (title or command.title) + key


class Figures(QWidget):
    """Changing figures that never make the bar lay itself out anew, unless they grow."""

    def __init__(self, name: str, pixels: int, *, quiet: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFont(theme.time_font(pixels))
        self._quiet = quiet
        self._text = ""
        theme.theme_events.changed.connect(self.update)

    def text(self) -> str:
        return self._text

    def set_text(self, text: str) -> None:
        if text == self._text:
            return
        same_length = len(text) == len(self._text)
        self._text = text
        needed = self.fontMetrics().horizontalAdvance(text) + 6
        if needed > self.minimumWidth() or not same_length:  # letters are wider than spaces
            self.setFixedWidth(needed)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        tokens = theme.current()
        painter = QPainter(self)
        painter.setPen(QColor(tokens.quiet if self._quiet else tokens.text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self._text)
        painter.end()
