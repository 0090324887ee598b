"""What the recording itself shows below the clips: pictures, sound, motion."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from harstudio.recordings.audio import AudioStream
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.studio.background import Task
from harstudio.studio.session import Session
from harstudio.studio.timeline.film import Film, picture_stream
from harstudio.studio.timeline.motion import Motion, motion_of
from harstudio.studio.timeline.rows import TRACKS, Kind
from harstudio.studio.timeline.waveform import Waveform, empty_waveform, fill

REDRAW_S = 0.25  # how often a waveform is drawn while it is read


class Tracks(QObject):
    """Read beside the window, and only while they are shown; settings remember which are hidden.

    The work for a recording is cancelled when another one comes.
    """

    rows_changed = Signal()  # a track came or went
    drawn_anew = Signal(object)  # Kind: there is more to draw in it

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.film = Film(self)
        self.motion: Motion | None = None
        self.waveform: Waveform | None = None
        self._recording: Recording | None = None
        self._tasks: dict[Kind, Task] = {}
        self._drawn_s = 0.0
        self.film.arrived.connect(partial(self.drawn_anew.emit, Kind.PICTURES))
        session.privacy.changed.connect(self._meet_privacy)
        session.transport.playing_changed.connect(self._note_playing)

    # ---- which there are

    def rows(self) -> tuple[Kind, ...]:
        """The tracks that are shown and that the recording has."""
        there = {
            Kind.PICTURES: self.film.stream is not None,
            Kind.SOUND: self.waveform is not None,
            Kind.MOTION: self.motion is not None,
        }
        return tuple(kind for kind in TRACKS if there[kind])

    def is_wanted(self, kind: Kind) -> bool:
        return kind.value not in self._session.settings.hidden_tracks

    def refresh(self) -> None:
        """Other tracks are wanted than before."""
        self.set_recording(self._recording)

    # ---- reading

    def set_recording(self, recording: Recording | None) -> None:
        """Begin to read the tracks of a recording; None lets go of everything."""
        other = recording is not self._recording
        self._recording = recording
        if other:
            self.close()
        if not self.is_wanted(Kind.PICTURES):
            self.film.set_recording(None)
        elif self.film.stream is None:
            self._show_film()
        self._read_motion(recording)
        self._read_sound(recording)
        self.rows_changed.emit()

    def close(self) -> None:
        """Stop reading and forget what was read."""
        for kind in tuple(self._tasks):
            self._stop(kind)
        self.motion = self.waveform = None
        self.film.set_recording(None)

    def wait(self) -> None:
        """Until nothing is being read."""
        for task in tuple(self._tasks.values()):
            task.wait()
        self.film.wait()

    def _show_film(self) -> None:
        recording = self._recording
        stream = picture_stream(recording)
        mask = None
        if recording is not None and stream is not None:
            mask = self._session.privacy.mask(recording, stream.name)
        self.film.set_recording(recording, mask)

    def _meet_privacy(self) -> None:
        if self.film.stream is not None:
            self._show_film()
            self.drawn_anew.emit(Kind.PICTURES)

    def _read_motion(self, recording: Recording | None) -> None:
        stream = None if recording is None else recording.of_kind(StreamKind.SKELETON)
        if not self.is_wanted(Kind.MOTION):
            self._stop(Kind.MOTION)
            self.motion = None
        elif isinstance(stream, SkeletonStream) and len(stream) > 1 and self.motion is None:
            self._start(
                Kind.MOTION,
                lambda _progress, cancelled: motion_of(stream, cancelled),
                self._take_motion,
            )

    def _read_sound(self, recording: Recording | None) -> None:
        stream = None if recording is None else recording.of_kind(StreamKind.AUDIO)
        if not self.is_wanted(Kind.SOUND):
            self._stop(Kind.SOUND)
            self.waveform = None
        elif isinstance(stream, AudioStream) and len(stream) and self.waveform is None:
            self.waveform = waveform = empty_waveform(stream)
            task = self._start(
                Kind.SOUND,
                lambda progress, cancelled: fill(waveform, stream, progress, cancelled),
                lambda _: self.drawn_anew.emit(Kind.SOUND),
            )
            task.progressed.connect(self._draw_now_and_then)

    def _start(
        self,
        kind: Kind,
        work: Callable[[Callable[[int], None], Callable[[], bool]], Any],
        done: Callable[[Any], None],
    ) -> Task:
        self._stop(kind)
        task = self._tasks[kind] = Task(work, self)
        task.finished.connect(done)
        task.start()
        return task

    def _stop(self, kind: Kind) -> None:
        task = self._tasks.pop(kind, None)
        if task is not None:
            task.cancel(wait_s=0.2)
            task.deleteLater()

    def _take_motion(self, motion: Motion | None) -> None:
        self.motion = motion
        self.rows_changed.emit()

    def _draw_now_and_then(self, _seconds: int) -> None:
        now = time.monotonic()
        if now - self._drawn_s > REDRAW_S:
            self._drawn_s = now
            self.drawn_anew.emit(Kind.SOUND)

    def _note_playing(self, *_: object) -> None:
        self.film.playing = self._session.transport.playing
