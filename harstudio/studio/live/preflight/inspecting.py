"""What nobody tells and the window looks at itself, once a second: light, place, the disk."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from harstudio.errors import HarstudioError
from harstudio.recordings.streams import PictureStream, StreamKind
from harstudio.studio.background import NewestTask
from harstudio.studio.live.choosing.catalogue import FILE, REPLAY
from harstudio.studio.live.preflight.light import Light, light_of
from harstudio.studio.live.preflight.pose_install import PoseInstall
from harstudio.studio.live.preflight.positioning import Place, place_now
from harstudio.studio.live.preflight.preflight import WAITING, Check, Measured, checks
from harstudio.studio.live.reading import now_ns
from harstudio.studio.live.service import STARTING, LiveService

EVERY_MS, PLACE_MS = 1000, 200
NEWS = ("source", "opened", "failed", "died", "ready", "disk")
FORGET_NS = 1_500_000_000  # a person that was not told for so long is gone


class Inspecting(QObject):
    """Turns while the session is on. ``checks`` is what the preflight shows."""

    changed = Signal()
    place_changed = Signal()

    def __init__(
        self, service: LiveService, install: PoseInstall, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._service, self._install = service, install
        install.changed.connect(self.changed)
        self.light: Light | None = None
        self.place: Place | None = None
        self._free: int | None = None
        self._tasks = NewestTask(self)
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.look)
        self._places = QTimer(self, interval=PLACE_MS)
        self._places.timeout.connect(self.look_for_person)
        service.state_changed.connect(self._turn)
        service.heard.connect(self._hear)

    @property
    def checks(self) -> tuple[Check, ...]:
        service = self._service
        recording = service.viewing.recording
        names = set() if recording is None else {str(s.kind) for s in recording.streams.values()}
        live = service.live
        rates = [] if live is None else [one.spec for one in live.streams.values()]
        rate = max((spec.rate_hz or 0.0 for spec in rates if spec.width), default=0.0)
        people = not names or "skeleton" in names
        measured = Measured(
            self.light, self.place, rate, people, self._free, bool(service.choice.run),
            service.state, not service.choice.source.startswith((FILE, REPLAY)),
        )  # fmt: skip
        found = checks(service.told, measured)
        words = self._install.words
        if not words:
            return found
        being = Check("Person", WAITING, words)
        return tuple(being if one.name == "Person" else one for one in found)

    def _turn(self, state: str) -> None:
        if self._service.on:
            if state == STARTING:
                self.light = self.place = None
            self._timer.start()
            self._places.start()
            self.look()
        else:
            self._timer.stop()
            self._places.stop()
            self.changed.emit()

    def _hear(self, _stage: str, kind: str, _payload: object) -> None:
        if kind in NEWS:
            self.changed.emit()

    def look(self) -> None:
        """Light and disk, beside the window."""
        recording = self._service.viewing.recording
        color = None if recording is None else recording.of_kind(StreamKind.COLOR)
        picture = None
        if isinstance(color, PictureStream) and len(color):
            picture = self._service.viewing.cache.get(color, len(color) - 1)
        folder = self._service.choice.folder

        def work(_progress: object, _cancelled: object) -> tuple[Light | None, int | None]:
            light = None if picture is None else light_of(np.asarray(picture))
            return light, _free(folder)

        def show(found: tuple[Light | None, int | None]) -> None:
            self.light, self._free = found
            self.changed.emit()

        self._tasks.start(work, show, lambda _error: None)

    def look_for_person(self) -> None:
        """Where the main person stands."""
        service = self._service
        told, before = service.told, self.place
        fresh = now_ns() - told.person_ns < FORGET_NS
        person = told.person if fresh and told.person else None
        recording = service.viewing.recording
        if person is None and told.pose:  # the pose stage runs and sees nobody
            self.place = None
        else:
            time_ns = service.viewing.transport.position_ns
            with contextlib.suppress(HarstudioError):  # let go of a moment ago
                self.place = place_now(recording, time_ns, person)
        if self.place != before:
            self.place_changed.emit()

    def shut(self) -> None:
        self._timer.stop()
        self._places.stop()
        self._tasks.shut()


def _free(folder: Path) -> int | None:
    """Bytes that are free where recordings will go."""
    for one in (folder, *folder.parents):
        if one.is_dir():
            try:
                return shutil.disk_usage(one).free
            except OSError:
                return None
    return None
