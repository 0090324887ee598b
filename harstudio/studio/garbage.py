"""Collect reference cycles on the GUI thread only.

Python collects cycles on whatever thread happens to allocate. When a reader thread does it, and
a widget or timer is in such a cycle, Qt objects are destroyed off the GUI thread and the process
crashes. So automatic collection is switched off and a timer does it where it is safe.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 1000


class GarbageCollector(QObject):
    """Collects on the thread that made it, as soon as Python's own thresholds are passed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect_due)
        self._timer.start()

    def collect_due(self) -> int | None:
        """Collect the oldest generation that is due; which one, None when nothing was."""
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                gc.collect(generation)
                return generation
        return None
