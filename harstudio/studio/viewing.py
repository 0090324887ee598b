"""One recording that is looked at: what panes need of it, wherever they stand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, Signal

from harstudio.labels.model import Document
from harstudio.labels.project import Project
from harstudio.recordings.cache import FrameCache
from harstudio.recordings.prefetch import Prefetcher
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream
from harstudio.studio.looks import Looks
from harstudio.studio.playback_meter import PlaybackMeter
from harstudio.studio.recognition.explaining import Explaining
from harstudio.studio.team.privacy import Privacy
from harstudio.studio.team.rules import TeamRules
from harstudio.studio.timecode import typed_frame, typed_time
from harstudio.studio.transport import Transport


class Viewing(QObject):
    """A recording, its clock, its frames, how it may be seen and what explains it.

    The window's session is one; a side of two that are compared is another, without labels.
    Signals are emitted on the GUI thread.
    """

    recording_changed = Signal(object)  # Recording | None
    message = Signal(str, str)  # level "info" | "warn" | "bad", sentence
    frame_ready = Signal(str, int)  # stream name, index: now in the cache

    _read = Signal(str, int)
    _read_failed = Signal(str, str)

    def __init__(
        self, transport: Transport, cache: FrameCache, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.transport, self.cache = transport, cache
        transport.setParent(self)
        self.prefetcher: Prefetcher | None = None
        self.recording: Recording | None = None
        self.project: Project | None = None
        self.settles = False  # it is the gold labels that are being made
        self.team = TeamRules(self)
        self.privacy = Privacy(self)
        self.looks = Looks()  # value ranges and people of the recording
        self.explaining = Explaining(self)  # which explanations are shown
        self.meter = PlaybackMeter(transport, self)
        self._reader_failures: set[str] = set()
        self._read.connect(self.frame_ready)
        self._read_failed.connect(self._tell_read_failure)
        transport.moved.connect(self._look)
        transport.rate_changed.connect(self._look_again)
        transport.playing_changed.connect(self._look_again)

    @property
    def annotator(self) -> str:
        """Who looks."""
        raise NotImplementedError

    @property
    def document(self) -> Document | None:
        """The labels that are being made; None where none are."""
        return None

    # ---- the playhead

    def frame_index(self) -> int | None:
        """Which frame of the reference stream is now; None when there is none."""
        if self.recording is None or (reference := self.recording.reference) is None:
            return None
        return reference.nearest(self.transport.position_ns)

    def step(self, frames: int) -> None:
        """Pause and move by whole frames of the reference stream."""
        if self.recording is None or (reference := self.recording.reference) is None:
            return
        times, now = reference.times_ns, self.transport.position_ns
        here = reference.nearest(now)
        if here is None:  # between frames: the next one in that direction is one step away
            here = int(np.searchsorted(times, now)) - (1 if frames > 0 else 0)
        target = min(max(here + frames, 0), len(times) - 1)
        self.transport.pause()
        self.transport.seek(int(times[target]))

    def go_to(self, text: str) -> bool:
        """The playhead to a time or frame as it is typed; False, said why, when it is none."""
        reference = None if self.recording is None else self.recording.reference
        frame, time_ns = typed_frame(text), typed_time(text)
        if frame is not None and reference is not None and len(reference.times_ns):
            last = len(reference.times_ns) - 1
            self.transport.seek(int(reference.times_ns[min(frame, last)]))
        elif time_ns is not None:
            self.transport.seek(self.transport.start_ns + time_ns)
        else:
            self.message.emit("warn", f"“{text}” is no time: 1:02.5, 62.5, 62500 ms or f 120.")
            return False
        return True

    # ---- the recording

    def _take_recording(self, recording: Recording | None) -> None:
        """Read the frames of this one from now on; ``_disposal`` lets go of the one before."""
        self._reader_failures.clear()
        self.recording = recording
        self.meter.set_recording(recording)
        self.prefetcher = None
        if recording is None:
            return
        pictures = [s for s in recording.streams.values() if isinstance(s, PictureStream)]
        self.prefetcher = Prefetcher(pictures, self.cache)
        self.prefetcher.ready.connect(self._read.emit)
        self.prefetcher.failed.connect(self._read_failed.emit)

    def _disposal(self, recording: Recording, prefetcher: Prefetcher | None) -> Callable[[], None]:
        """What closes a recording and forgets its frames; for a worker thread."""
        cache = self.cache

        def dispose() -> None:
            if prefetcher is not None:
                prefetcher.close()
            for stream in recording.streams.values():
                if isinstance(stream, PictureStream):
                    cache.clear(stream)
            recording.close()

        return dispose

    def _look(self, position_ns: int) -> None:
        if self.prefetcher is not None:
            rate = self.transport.rate if self.transport.playing else 0.0
            self.prefetcher.look(position_ns, rate)

    def _look_again(self, *_: object) -> None:
        self._look(self.transport.position_ns)

    def _tell_read_failure(self, stream: str, sentence: str) -> None:
        if stream not in self._reader_failures:  # once a stream, not once a frame
            self._reader_failures.add(stream)
            self.message.emit("bad", sentence)
