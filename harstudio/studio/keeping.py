"""Saves the open document beside the window, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal

from harstudio.errors import HarstudioError
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.saving import PendingSave

SAVE_EVERY_MS = 3000
TICKS_OF_PATIENCE = 3  # so many of them a save may take before the user is told
DRIVE_HANGS = (
    "The drive of the labels does not answer. Every edit so far is in the journal; the next may "
    "wait for the drive."
)


class Keeping(QObject):
    """Every few seconds, and when asked, what is unsaved is written; the journal holds every edit
    meanwhile. A drive that hangs holds nothing else up.

    history: what gives the open document, None where none is.
    """

    saved = Signal()
    message = Signal(str, str)  # level "info" | "warn" | "bad", sentence

    _written = Signal(object, object)
    _not_put_away = Signal(object)

    def __init__(
        self, history: Callable[[], History | None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._history = history
        self._failure = ""
        self._asked = False  # by the user, who is told when it is done
        self._ticks_waited = 0  # for a save that has not come back
        self._writing = False
        self._writer = QThreadPool(self)
        self._writer.setMaxThreadCount(1)
        self._written.connect(self._note)
        self._not_put_away.connect(self._tell_unsaved)
        self.timer = QTimer(self)
        self.timer.setInterval(SAVE_EVERY_MS)
        self.timer.timeout.connect(self._save_quietly)
        self.timer.start()

    def save(self) -> None:
        """Write the document; a message says when it is done, or why not."""
        history = self._history()
        if history is not None and history.unsaved:
            self._asked = True
            self._save_quietly()

    def put_away(self, history: History, *, wait: bool) -> None:
        """Save a document that is open no more and let go of it; ``wait`` says whether until it is
        done."""

        def close() -> None:
            try:
                history.close()  # saves
            except HarstudioError as error:
                self._not_put_away.emit(error)

        self._asked, self._failure = False, ""
        if wait:
            close()
        else:
            self._writer.start(close)

    def wait(self) -> None:
        """Until everything is written."""
        self._writer.waitForDone()

    def _save_quietly(self) -> None:
        """Write what is unsaved in a worker thread; edits that come meanwhile are journalled."""
        if self._writing:
            self._tell_waiting()
        history = self._history()
        if history is None or self._writing:
            return
        pending = history.begin_save()

        def write() -> None:
            try:
                history.keep_alive()
                if pending is not None:
                    pending.write()
            finally:
                self._written.emit(history, pending)

        self._writing, self._ticks_waited = True, 0
        self._writer.start(write)

    def _tell_waiting(self) -> None:
        self._ticks_waited += 1
        if self._ticks_waited == TICKS_OF_PATIENCE:
            self._failure = DRIVE_HANGS
            self.message.emit("warn", DRIVE_HANGS)

    def _note(self, history: History, pending: PendingSave | None) -> None:
        self._writing = False
        if history is not self._history():  # put away meanwhile: that told what there was to tell
            return
        try:
            if pending is not None:
                history.end_save(pending)
        except HarstudioError as error:
            sentence = str(error)
            if sentence != self._failure or self._asked:  # once, not every three seconds
                self._tell_unsaved(error)
            self._failure, self._asked = sentence, False
            return
        if self._asked and history.unsaved:  # by an edit that came meanwhile
            self._save_quietly()
        elif self._asked or self._failure:
            told = "can be saved again, and are." if self._failure else "are saved."
            self.message.emit("info", f"The labels {told}")
            self._asked = False
        self._failure = ""
        if pending is not None:
            self.saved.emit()

    def _tell_unsaved(self, error: HarstudioError) -> None:
        self.message.emit("bad", f"Not saved; the journal holds every edit. {error}")
