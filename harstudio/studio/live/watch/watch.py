"""Watching for chosen actions: what the recogniser raises an alarm for, and who has seen it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from harstudio.settings import Settings
from harstudio.studio.live.service import LiveService
from harstudio.studio.live.watch.alarm import Alarm
from harstudio.studio.live.watch.alarm_sound import AlarmSound

MOST_ALARMS = 200


class Watch(QObject):
    """Goes on with and without demo mode. Every alarm stands in the list until the studio ends;
    the session keeps it, with the half minute before it, as a labelled recording."""

    changed = Signal()
    rang = Signal(object)  # Alarm

    def __init__(
        self,
        service: LiveService,
        settings: Settings,
        keep_settings: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._service, self._settings, self._keep = service, settings, keep_settings
        self.sound = AlarmSound(self)
        self.alarms: tuple[Alarm, ...] = ()  # the newest first
        self.unseen: Alarm | None = None
        service.heard.connect(self._hear)

    # ---- what is watched for

    @property
    def labels(self) -> tuple[str, ...]:
        """Classes that raise an alarm; none: nothing is watched for."""
        return tuple(self._settings.watch_labels)

    @property
    def windows(self) -> int:
        """So many windows one after the other must say so."""
        return self._settings.watch_windows

    def set(self, labels: tuple[str, ...], windows: int) -> None:
        """From now on, also in the session that runs."""
        self._settings.watch_labels = list(labels)
        self._settings.watch_windows = windows
        self._keep()
        if self._service.live is not None:
            self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        known = set(self._service.told.classes)
        names = [name for name in self.labels if not known or name in known]
        self._service.say("recogniser", "watch", {"names": names, "windows": self.windows})

    # ---- alarms

    def _hear(self, stage: str, kind: str, payload: Mapping[str, Any]) -> None:
        if stage == "recogniser" and kind == "ready" and self.labels:
            self._tell()
        elif kind == "alarm":
            self._ring(payload)
        elif kind == "kept":
            self._keep_file(payload)

    def _ring(self, payload: Mapping[str, Any]) -> None:
        alarm = Alarm(
            str(payload.get("name", "")),
            time.strftime("%H:%M:%S"),
            float(payload.get("confidence") or 0.0),
            int(payload.get("start_ns") or 0),
        )
        self.alarms = (alarm, *self.alarms)[:MOST_ALARMS]
        self.unseen = alarm
        if not self._settings.muted:
            self.sound.start()
        self.rang.emit(alarm)
        self.changed.emit()

    def _keep_file(self, payload: Mapping[str, Any]) -> None:
        """The recording of an alarm lies on the disk."""
        first, last = (int(payload.get(key) or 0) for key in ("start_ns", "end_ns"))
        for number, alarm in enumerate(self.alarms):
            if not alarm.file and first <= alarm.start_ns <= last:
                kept = replace(alarm, file=Path(str(payload.get("path"))).name)
                self.alarms = (*self.alarms[:number], kept, *self.alarms[number + 1 :])
                self.unseen = kept if self.unseen is alarm else self.unseen
                self.changed.emit()
                return

    def rings(self) -> bool:
        """Whether there is an alarm that nobody has seen."""
        return self.unseen is not None

    def seen(self) -> None:
        """Somebody saw it: silence."""
        if self.unseen is not None:
            self.unseen = None
            self.sound.stop()
            self.changed.emit()

    def shut(self) -> None:
        self.sound.stop()
