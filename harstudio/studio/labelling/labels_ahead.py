"""Labels of the recording that is being loaded, opened in the same worker thread."""

from __future__ import annotations

import contextlib

from harstudio.errors import HarstudioError
from harstudio.labels.keeping.history import History
from harstudio.studio.opening import Opened


class LabelsAhead:
    """Documents that were opened and locked for the window, until it takes them or lets them go.

    Only a convenience: what could not be opened here, for whatever reason, is opened by whoever
    asks, and the reason told then.
    """

    def __init__(self) -> None:
        self._ready: dict[int, History] = {}

    def open(self, ticket: int, opened: Opened, annotator: str, by: str) -> None:
        """In a worker thread."""
        if opened.recording is not None:
            with contextlib.suppress(HarstudioError):  # it may be the one that is open now
                history = opened.project.history(opened.recording.name, annotator, by=by)
                self._ready[ticket] = history

    def take(self, ticket: int, annotator: str, by: str) -> History | None:
        """What was opened, if it is still the document that is wanted; None when it is not."""
        history = self._ready.pop(ticket, None)
        if history is None or (history.document.annotator, history.by) == (annotator, by):
            return history
        self._let_go(history)
        return None

    def drop(self, ticket: int) -> None:
        """Something else was asked for meanwhile."""
        history = self._ready.pop(ticket, None)
        if history is not None:
            self._let_go(history)

    def close(self) -> None:
        """Let go of all that nobody took."""
        for ticket in tuple(self._ready):
            self.drop(ticket)

    def _let_go(self, history: History) -> None:
        with contextlib.suppress(HarstudioError):
            history.close()
