"""Two sides on one clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from harstudio.results import HeatMap, Relation
from harstudio.studio.beside.asked import ComparedClip, Question
from harstudio.studio.beside.asker import Asker
from harstudio.studio.beside.bar import ClockBar
from harstudio.studio.beside.side import Side
from harstudio.studio.beside.side_view import SHOWN, SideView
from harstudio.studio.buttons import ToolButton
from harstudio.studio.commands import CommandTable
from harstudio.studio.session import Session
from harstudio.studio.transport import Transport

TITLES = {"color": "Colour", "depth": "Depth", "infrared": "Infrared", "skeleton3d": "3D"}


class Beside(QWidget):
    """Both clips start together and again when the longer one is over."""

    def __init__(
        self,
        session: Session,
        commands: CommandTable,
        device: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        """device: tells on which one runs are asked now."""
        super().__init__(parent)
        self._session = session
        self.clock = Transport(self)
        self.asker = Asker(session.jobs, device, self)
        self.asker.answered.connect(self._take)
        self.sides = (Side(session, self.clock, self), Side(session, self.clock, self))
        self.views = tuple(SideView(side) for side in self.sides)
        self._wants_to_play = True
        self._chosen: set[str] | None = None  # panes, where a person chose some
        self._ahead: tuple[Question, ...] = ()
        self._leads = False  # one side's choice is being taken over by the other
        self._build(commands)
        self.clock.playing_changed.connect(self._note_playing)
        for side in self.sides:
            side.ready.connect(partial(self._ready, side))
            side.answered.connect(self._ask)
            side.explaining.changed.connect(partial(self._lead, side))
            side.message.connect(session.message)

    def _build(self, commands: CommandTable) -> None:
        self.buttons: dict[str, ToolButton] = {}
        self.head = QHBoxLayout()
        self.head.setContentsMargins(12, 6, 12, 6)
        self.head.setSpacing(4)
        self.head.addStretch(1)
        for name in SHOWN:
            button = ToolButton(TITLES[name])
            button.setCheckable(True)
            button.setToolTip(f"{TITLES[name]} at both sides")
            button.clicked.connect(partial(self._choose_pane, name))
            self.buttons[name] = button
            self.head.addWidget(button)
        middle = QSplitter(Qt.Orientation.Horizontal)
        middle.setHandleWidth(1)
        middle.setChildrenCollapsible(False)
        for view in self.views:
            middle.addWidget(view)
            middle.setStretchFactor(middle.count() - 1, 1)
        middle.setSizes([1000, 1000])
        self.bar = ClockBar(self.clock, commands)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self.head)
        column.addWidget(middle, 1)
        column.addWidget(self.bar)

    # ---- what is shown

    def show_pair(
        self,
        left: ComparedClip,
        right: ComparedClip | None,
        *,
        instead: str = "",
        roots: Sequence[Path] = (),
        ahead: Iterable[Question] = (),
    ) -> None:
        """Two clips. instead: what to say where there is no right one. roots: where recordings
        are looked for that are not at their paths. ahead: what will be asked next, perhaps."""
        self._ahead = tuple(ahead)
        self.views[1].say(instead)
        for side, compared in zip(self.sides, (left, right), strict=True):
            side.show_clip(compared, roots)
        self._ask()

    def _ready(self, side: Side) -> None:
        """Both from their start."""
        length = max(one.length_ns for one in self.sides)
        plays = self._wants_to_play
        self.clock.seek(0)  # first: nobody may see a place beyond the new end
        self.clock.set_range(0, length, length - 1)
        self.clock.set_loop((0, length))
        if plays and length and self.isVisible():
            self.clock.play()
        self._wants_to_play = plays  # the clock stood still only for the new clips
        self._fill()
        self._ask()

    def _note_playing(self, playing: bool) -> None:
        self._wants_to_play = playing

    # ---- asking

    def _ask(self) -> None:
        questions = [q for q in (side.question for side in self.sides) if q is not None]
        self._take()
        self.asker.want([*questions, *self._ahead])

    def _take(self, *_: object) -> None:
        for side, view in zip(self.sides, self.views, strict=True):
            question = side.question
            answer = None if question is None else self.asker.answer(question)
            if answer is not None:
                side.take(answer)
            view.refresh()
        self._level_heads()
        self._fill()

    def _level_heads(self) -> None:
        """The pictures of both sides begin at one height."""
        heads = [view.head for view in self.views]
        tall = max(head.heightForWidth(head.width()) for head in heads)
        for head in heads:
            head.setMinimumHeight(max(0, tall))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._level_heads()

    # ---- panes

    def _fill(self) -> None:
        """The panes that were chosen, else the picture that was looked at, and 3D."""
        there = {name for view in self.views for name in view.fitting()}
        shown = self._chosen if self._chosen is not None else self._usual(there)
        if not shown & there:
            shown = self._usual(there)
        for name, button in self.buttons.items():
            button.setVisible(name in there)
            button.setChecked(name in shown)
        for view in self.views:
            view.show_panes(shown)

    def _usual(self, there: set[str]) -> set[str]:
        pictures = [name for name in SHOWN if name in there and name != "skeleton3d"]
        seen = [name for name in pictures if name in self._looked_at()]
        return {*(seen or pictures)[:1], *({"skeleton3d"} & there)}

    def _looked_at(self) -> set[str]:
        """Kinds of the streams on which something lies that the runs looked at."""
        found = set()
        for side in self.sides:
            told, recording = side.recognition, side.recording
            if told is None or recording is None:
                continue
            for one in (one for window in told.explanations for one in window):
                stream = one.stream if isinstance(one, HeatMap | Relation) else ""
                if stream in recording.streams:
                    found.add(str(recording.streams[stream].kind))
        return found

    def _choose_pane(self, name: str, _checked: bool = False) -> None:
        shown = {one for one, button in self.buttons.items() if button.isChecked()}
        self._chosen = shown or {name}  # one at least
        self._fill()

    # ---- the player's commands

    def toggle(self) -> None:
        self.clock.toggle()

    def step(self, frames: int) -> None:
        """Pause and move by frames of the left clip, of the right one where there is none."""
        side = next((one for one in self.sides if one.recording is not None), None)
        reference = None if side is None else side.recording.reference
        if side is None or reference is None:
            return
        self.clock.pause()
        times = reference.times_ns - side.transport.start_ns
        at = int(np.argmin(np.abs(times - self.clock.position_ns)))
        at = min(max(at + frames, 0), len(times) - 1)
        self.clock.seek(min(max(0, int(times[at])), self.clock.stop_ns - 1))

    def to(self, end: bool) -> None:
        """To the start, or the end of the longer clip."""
        if end:
            self.clock.pause()
        self.clock.seek(self.clock.stop_ns - 1 if end else 0)

    def looked_at(self) -> bool:
        """Whether anything that was looked at lies over the pictures of a side."""
        return any(side.explaining.any_shown() for side in self.sides)

    def toggle_looked_at(self) -> None:
        """Hide it at both sides, or show it at both."""
        shown = self.looked_at()
        for side in self.sides:
            if side.explaining.any_shown() == shown:
                side.explaining.toggle_all()

    def next_map(self) -> None:
        """From map to map at both sides."""
        for side in self.sides:
            side.explaining.next_on_picture()

    def _lead(self, side: Side) -> None:
        """What is chosen at one side is at both: as strong, and of one run the same maps."""
        if self._leads:
            return
        other = self.sides[1] if side is self.sides[0] else self.sides[0]
        runs = {one.compared.run for one in self.sides if one.compared is not None}
        self._leads = True
        other.explaining.follow(side.explaining, choice=len(runs) == 1)
        self._leads = False

    def switch_class(self) -> None:
        """At the left: from the class that was said to the true one, or back."""
        self.views[0].switch_class()

    # ---- life

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        super().hideEvent(event)
        plays = self._wants_to_play
        self.clock.pause()
        if not event.spontaneous():  # left, not minimised: whoever comes back shows a pair anew
            self._ahead = ()
            for side in self.sides:
                if side.compared is not None:  # of a page that is shut nothing is left
                    side.show_clip(None)
            self.asker.forget()
        self._wants_to_play = plays
        self.asker.want(())

    def shut(self) -> None:
        self.clock.pause()
        self.asker.shut()
        for side in self.sides:
            side.shut()
