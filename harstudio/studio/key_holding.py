"""A label key that is held while it plays: its release ends the clip that its press began."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QKeyEvent

if TYPE_CHECKING:
    from harstudio.studio.labelling import Labelling, OpenClip

HOLD_S = 0.35  # a shorter press is a tap: the clip stays open

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

    def press(self, key: str, before: OpenClip | None) -> None:
        """A key was pressed. before: the clip that was open until then."""
        transport, began = self._labelling.session.transport, self._labelling.open_clip
        if began is None or began is before or not transport.playing or transport.rate <= 0:
            self.let_go()
            return
        app = QCoreApplication.instance()
        if self._held is None and app is not None:
            app.installEventFilter(self)
        self._held = (ord(key.upper()), began, self.now_s())  # Qt's codes of letters and digits

    def let_go(self) -> None:
        """Whatever is held is a tap from now on."""
        if self._held is not None:
            self._held = None
            app = QCoreApplication.instance()
            if app is not None:
                app.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if self._held is not None and (_releases(event, self._held[0]) or event.type() in LEAVING):
            self._release()
        return False

    def _release(self) -> None:
        assert self._held is not None  # noqa: S101 - said by the caller
        _, began, pressed_s = self._held
        self.let_go()
        if self._labelling.open_clip is began and self.now_s() - pressed_s >= HOLD_S:
            self._labelling.finish_held()


def _releases(event: QEvent, key: int) -> bool:
    return (
        event.type() == QEvent.Type.KeyRelease
        and isinstance(event, QKeyEvent)
        and event.key() == key
        and not event.isAutoRepeat()
    )
