"""Small pictures along the timeline, decoded beside the window and only where one looks."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from harstudio.errors import HarstudioError
from harstudio.recordings.faces import FaceMask
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import FrameReader, PictureStream, StreamKind
from harstudio.recordings.video import VideoReader
from harstudio.studio.panels.thumbnails import in_colors
from harstudio.studio.timeline.scale import TimeScale

logger = logging.getLogger(__name__)

PICTURE_PX = 38  # how tall they stand on the screen
IN_MEMORY = 800
CALM_S = 0.15  # nothing is decoded while one still zooms or pans
PLAYING_REST = 4  # while it plays, rest so many times as long as decoding took
KINDS = (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED)


@dataclass(frozen=True, slots=True)
class Cell:
    """A place for a picture: pixels from the left of the tracks, and the frames that may stand
    there, of which the first is the best."""

    left: float
    width: float
    frame: int
    last: int


def picture_stream(recording: Recording | None) -> PictureStream | None:
    """The stream whose pictures are shown: colour, else depth, else infrared."""
    found = () if recording is None else (recording.of_kind(kind) for kind in KINDS)
    return next((s for s in found if isinstance(s, PictureStream) and len(s)), None)


def cells(times_ns: NDArray[np.int64], period_ns: int, scale: TimeScale, wide: float) -> list[Cell]:
    """Places for pictures of ``wide`` pixels in sight, from left to right.

    They stand on steps of a power of two of periods from the recording's start, half to wholly
    as wide as a picture, so that zooming in keeps every second one and panning keeps all.
    """
    most = wide * scale.ns_per_px
    step = period_ns * 2 ** max(0, int(np.floor(np.log2(max(most / period_ns, 1.0)))))
    first = max(0, int((scale.origin_ns - scale.start_ns) // step))
    last = int((min(scale.end_ns, scale.stop_ns) - scale.start_ns) // step)
    slots = scale.start_ns + np.arange(first, last + 1, dtype=np.int64) * step
    frames = np.clip(np.searchsorted(times_ns, slots - period_ns // 2), 0, len(times_ns) - 1)
    halves = np.searchsorted(times_ns, slots + step // 2, side="right") - 1
    made = []
    for slot, frame, half in zip(slots.tolist(), frames.tolist(), halves.tolist(), strict=True):
        if abs(int(times_ns[frame]) - slot) < step:  # else nothing was filmed there
            left = scale.x(slot)
            made.append(Cell(left, step / scale.ns_per_px, frame, max(frame, half)))
    return made


class Film(QObject):
    """Pictures of one stream by frame. ``look`` says what is in sight; what left it again before
    its turn is not decoded. The reader is another one than playback's."""

    arrived = Signal()
    _made = Signal(object, object, int, QImage)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stream: PictureStream | None = None
        self.playing = False
        self._pictures: OrderedDict[int, tuple[int, QImage]] = OrderedDict()
        self._mask: FaceMask | None = None
        self._strip: _Strip | None = None
        self._made.connect(self._take)

    def set_recording(self, recording: Recording | None, mask: FaceMask | None = None) -> None:
        """Pictures of another recording, or of none; the thread of the one before ends soon.

        mask: hides faces, None where they may be seen.
        """
        if self._strip is not None:
            self._strip.stop()
            self._strip = None
        self._pictures.clear()
        self.stream, self._mask = picture_stream(recording), mask

    def wide_px(self) -> float:
        """How wide a whole picture stands on the screen."""
        stream = self.stream
        if stream is None or not stream.height:
            return float(PICTURE_PX)
        return max(PICTURE_PX * stream.width / stream.height, PICTURE_PX / 2)

    def look(self, scale: TimeScale, dense: float) -> list[tuple[Cell, QImage | None]]:
        """What is in sight, as far as it is there; the rest is being decoded.

        dense: pixels of the screen a unit of the window.
        """
        if self.stream is None:
            return []
        found: list[tuple[Cell, QImage | None]] = []
        missing = []
        times, period = self.stream.times_ns, self.stream.period_ns
        for cell in cells(times, period, scale, self.wide_px()):
            frame, image = self._pictures.get(cell.frame, (-1, None))
            if image is not None:
                self._pictures.move_to_end(cell.frame)
            if image is None or not cell.frame <= frame <= cell.last:
                missing.append(cell)
            found.append((cell, image))
        self._ask(missing, dense)
        return found

    def _ask(self, missing: Sequence[Cell], dense: float) -> None:
        if self._strip is None:
            if not missing or self.stream is None:
                return
            self._strip = _Strip(self, self.stream, self._mask, dense)
            self._strip.start()
        self._strip.want(missing)

    def hand_over(self, strip: _Strip, cell: Cell, frame: int, image: QImage) -> None:
        """A picture is there; called in the strip's thread."""
        try:
            self._made.emit(strip, cell, frame, image)
        except RuntimeError:  # the window went away meanwhile
            strip.stop()

    def _take(self, strip: _Strip, cell: Cell, frame: int, image: QImage) -> None:
        if strip is not self._strip:
            return
        self._pictures[cell.frame] = (frame, image)
        while len(self._pictures) > IN_MEMORY:
            self._pictures.popitem(last=False)
        self.arrived.emit()

    def wait(self, seconds: float = 10.0) -> bool:
        """Until everything in sight is decoded; False when it took longer."""
        return self._strip is None or self._strip.idle.wait(seconds)


class _Strip(threading.Thread):
    """Decodes what is wanted last, and ends with its recording."""

    def __init__(
        self, film: Film, stream: PictureStream, mask: FaceMask | None, dense: float
    ) -> None:
        super().__init__(name=f"pictures of {stream.name}", daemon=True)
        self._film = film
        self._stream, self._mask = stream, mask
        self._tall = round(PICTURE_PX * dense)
        reader: FrameReader[NDArray[np.generic]] = stream.reader
        self._own = reader.another() if isinstance(reader, VideoReader) else None
        self._reader = self._own or reader
        self._changed = threading.Condition()
        self._wanted: list[Cell] = []
        self._asked_s = 0.0
        self._stopping = False
        self.idle = threading.Event()

    def want(self, wanted: Sequence[Cell]) -> None:
        """These and nothing else."""
        with self._changed:
            if list(wanted) != self._wanted:
                self._wanted = list(wanted)
                self._asked_s = time.monotonic()
            if wanted:
                self.idle.clear()
                self._changed.notify()
            else:
                self.idle.set()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self.idle.set()
            self._changed.notify()

    def run(self) -> None:
        try:
            while (cell := self._next()) is not None:
                began = time.monotonic()
                self._make(cell)
                if self._film.playing:
                    time.sleep(min(PLAYING_REST * (time.monotonic() - began), 1.0))
        finally:
            if self._own is not None:
                self._own.close()

    def _next(self) -> Cell | None:
        """The next cell once the view is calm; None at the end."""
        with self._changed:
            while not self._stopping:
                calm = self._asked_s + CALM_S - time.monotonic()
                if not self._wanted:
                    self.idle.set()
                    self._changed.wait()
                elif calm > 0:
                    self._changed.wait(calm)
                else:
                    return self._wanted.pop(0)
        return None

    def _make(self, cell: Cell) -> None:
        """Decode a picture; one that cannot be decoded stays empty, its pane says why."""
        frame, image = cell.frame, QImage()
        try:
            if self._own is not None:
                frame = self._own.key_frame_in(cell.frame, cell.last)
            picture = self._reader.read(frame)
            if self._mask is not None:
                picture = self._mask.masked(picture, int(self._stream.times_ns[frame]))
            image = small(in_colors(picture, self._stream.kind), self._tall)
        except (HarstudioError, OSError, IndexError) as error:
            logger.info("no picture of frame %d: %s", frame, error)
        except Exception:  # a format's bug must not end the track
            logger.exception("no picture of frame %d", frame)
        self._film.hand_over(self, cell, frame, image)


def small(shown: NDArray[np.uint8], tall: int) -> QImage:
    """An (H, W, 3) picture, ``tall`` pixels high."""
    import cv2

    height, width = shown.shape[:2]
    size = (max(1, round(width * tall / height)), tall)
    fitting = np.ascontiguousarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA))
    image = QImage(fitting.data, *size, fitting.strides[0], QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)  # a copy, as the screen has it
