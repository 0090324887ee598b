"""A label key that is held while it plays: its release ends the clip that its press began."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QKeyEvent

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling, OpenClip

HOLD_S = 0.35  # a shorter press is a tap: the clip stays open
ECHO_S = 0.05  # so soon after a release nobody presses again: the keyboard repeats
ECHO_ELSEWHERE_S = 0.5  # and so soon after the window lost the keyboard

LEAVING = (QEvent.Type.WindowDeactivate, QEvent.Type.ApplicationDeactivate)


class KeyHolding(QObject):
    """Presses come as shortcuts, which know no release; so the application's events are looked
    at from a press until its release, and only then.

    Releases that the keyboard repeats are passed over. When the window loses the keyboard the
    release may never come: then the clip ends at once, where the press was long enough.
    """

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling = labelling
        self.now_s = time.monotonic
        self._held: tuple[int, OpenClip, float] | None = None  # key, its clip, when pressed
        self._echo: tuple[int, float] | None = None  # key that was held, and until when it echoes

    def echoes(self, key: str) -> bool:
        """Whether a press is only the repeat of a key that was held just now."""
        return self._echo is not None and (
            self._echo[0] == _code(key) and self.now_s() < self._echo[1]
        )

    def press(self, key: str, before: OpenClip | None) -> None:
        """A key was pressed. before: the clip that was open until then."""
        transport, began = self._labelling.session.transport, self._labelling.open_clip
        if began is None or began is before or not transport.playing or transport.rate <= 0:
            self.let_go()
            return
        app = QCoreApplication.instance()
        if self._held is None and app is not None:
            app.installEventFilter(self)
        self._held = (_code(key), began, self.now_s())

    def let_go(self) -> None:
        """Whatever is held is a tap from now on."""
        if self._held is not None:
            self._held = None
            app = QCoreApplication.instance()
            if app is not None:
                app.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if self._held is None:
            return False
        if _releases(event, self._held[0]):
            self._release(ECHO_S)
        elif event.type() in LEAVING:
            self._release(ECHO_ELSEWHERE_S)
        return False

    def _release(self, echo_s: float) -> None:
        assert self._held is not None  # noqa: S101 - said by the caller
        key, began, pressed_s = self._held
        self.let_go()
        now = self.now_s()
        if now - pressed_s < HOLD_S:
            return
        self._echo = (key, now + echo_s)
        if self._labelling.open_clip is began:
            self._labelling.finish_held()


def _code(key: str) -> int:
    return ord(key.upper())  # Qt's codes of letters and digits


def _releases(event: QEvent, key: int) -> bool:
    return (
        event.type() == QEvent.Type.KeyRelease
        and isinstance(event, QKeyEvent)
        and event.key() == key
        and not event.isAutoRepeat()
    )
