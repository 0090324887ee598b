"""Every alarm becomes a recording: the half minute before it and what followed, with its label.

The recorder keeps the last seconds in memory; at an alarm it is asked to write them, with the
action as a clip that the network said (origin model), so that the studio opens it as a labelled
recording.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from harstudio.recordings.streams import SECOND_NS

BEFORE_S = 30.0
AFTER_S = 4.0
HELD_S = BEFORE_S + 10.0  # that the recorder has to keep in memory: what happened lasts, too

Say = Callable[[str, str, dict[str, Any]], None]


class WatchLog:
    """Hears the alarms of a session and tells its recorder. say: ``LiveSession.say``.

    Safe to call from several threads.
    """

    def __init__(self, say: Say, *, before_s: float = BEFORE_S, after_s: float = AFTER_S) -> None:
        self._say = say
        self._before_s, self._after_s = before_s, after_s
        self._lock = threading.Lock()
        self._waiting: dict[threading.Timer, Mapping[str, Any]] = {}

    def hear(self, stage: str, kind: str, payload: Mapping[str, Any]) -> None:
        """What a stage of the session said; alarms of the recogniser count."""
        if stage != "recogniser" or kind != "alarm":
            return
        alarm = dict(payload)
        timer = threading.Timer(self._after_s, lambda: self._keep(timer))
        timer.daemon = True
        with self._lock:
            self._waiting[timer] = alarm
        timer.start()

    def end(self) -> None:
        """The session ends: what waits is kept now."""
        with self._lock:
            waiting = list(self._waiting)
        for timer in waiting:
            timer.cancel()
            self._keep(timer)

    def _keep(self, timer: threading.Timer) -> None:
        with self._lock:
            alarm = self._waiting.pop(timer, None)
        if alarm is None:
            return
        start_ns = int(alarm["start_ns"])
        passed_s = max(0.0, (time.monotonic_ns() - start_ns) / SECOND_NS)
        name = str(alarm["name"])
        label = {
            "name": name,
            "start_ns": start_ns,
            "end_ns": int(alarm["end_ns"]),
            "confidence": float(alarm["confidence"]),
        }
        request = {"seconds": self._before_s + passed_s, "name": name, "labels": [label]}
        self._say("recorder", "keep", request)
