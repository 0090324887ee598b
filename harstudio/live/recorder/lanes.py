"""Reading rings: every frame in order, encoded, handed on; what was overwritten is counted.

A picture stream has a thread of its own, for its encoder lets go of the interpreter; all other
streams share one.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import av

from harstudio.errors import DataError, HarstudioError
from harstudio.live.recorder.items import Item, Mark, Out
from harstudio.live.streams import LiveFrame, LiveStream
from harstudio.recordings.formats.harrec_header import PICTURE_KINDS
from harstudio.recordings.formats.harrec_tracks import Encoded, PictureEncoder
from harstudio.recordings.streams import SECOND_NS, SkeletonFrame

LOOK_S = 0.004  # between two looks at rings without anything new
REST_S = 0.02  # the same while nothing is to be handed on
LATE_S = 0.5  # frames that are older than a mark are waited for so long
BELIEVED_NS = 2 * SECOND_NS  # a sensor's time that lies further from the arrival is not
BODY_BYTES = 2000


class Lane:
    """One stream. ``begin``, ``rest`` and ``mark`` may be called from any thread, ``step`` from
    one; it rests at first."""

    def __init__(self, stream: LiveStream, out: Out) -> None:
        self.name, self.spec = stream.spec.name, stream.spec
        self._stream, self._out = stream, out
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._encoder: PictureEncoder | None = None
        self._from_ns: int | None = None  # None: it rests
        self._key = False  # whether the next picture shall be a key frame
        self._next = stream.newest() + 1
        self._last_ns = 0
        self._lost = 0
        self._mark: tuple[Mark, int, float] | None = None

    @property
    def rests(self) -> bool:
        """Whether it hands nothing on."""
        return self._from_ns is None

    def begin(self, from_ns: int, encoder: PictureEncoder | None) -> None:
        """Hand on frames from a time on; the first picture is a key frame. encoder: may be the
        one that is at work already."""
        self._orders.put(lambda: self._begin(from_ns, encoder))

    def rest(self) -> None:
        """Read nothing more."""
        self._orders.put(self._rest)

    def mark(self, token: int, until_ns: int) -> None:
        """Hand on a ``Mark`` once all is handed on that is not newer than ``until_ns``."""
        mark = Mark(self.name, token), until_ns, time.monotonic() + LATE_S
        self._orders.put(lambda: self._set_mark(mark))

    def step(self) -> bool:
        """Hand on the next frame; False when there is none yet."""
        while not self._orders.empty():
            self._orders.get()()
        newest = self._stream.newest()
        if self._from_ns is None:
            self._next = max(0, newest)  # one that came just before it begins counts, too
            self._pass_mark(None)
            return False
        if newest < self._next:
            self._pass_mark(None)
            return False
        try:
            frame = self._stream.read(self._next)
        except DataError:  # what lies there is no frame of this stream
            frame = None
        if frame is None:
            oldest = max(self._stream.ring.oldest(), self._next + 1)
            self._lost += oldest - self._next
            self._next = oldest
            return True
        self._next += 1
        time_ns = self._time_of(frame)
        if time_ns >= self._from_ns:
            self._hand_on(frame, time_ns)
        self._pass_mark(time_ns)
        return True

    def _begin(self, from_ns: int, encoder: PictureEncoder | None) -> None:
        if self._from_ns is None or encoder is not self._encoder:
            self._from_ns, self._lost = from_ns, 0
        self._encoder, self._key = encoder, True

    def _rest(self) -> None:
        self._from_ns, self._encoder = None, None

    def _set_mark(self, mark: tuple[Mark, int, float]) -> None:
        self._pass_mark(mark[1] + 1)  # an older one that still waits
        self._mark = mark

    def _pass_mark(self, time_ns: int | None) -> None:
        """time_ns: of the frame that was handed on, None where none is there."""
        if self._mark is None:
            return
        mark, until_ns, late = self._mark
        passed = time.monotonic() > late if time_ns is None else time_ns > until_ns
        if passed or self._from_ns is None:
            self._mark = None
            self._out(mark)

    def _time_of(self, frame: LiveFrame) -> int:
        """The sensor's time, where its clock has not jumped; times never go back."""
        far = abs(frame.time_ns - frame.captured_ns) > BELIEVED_NS
        time_ns = frame.captured_ns if far else frame.time_ns
        self._last_ns = max(time_ns, self._last_ns + 1)
        return self._last_ns

    def _hand_on(self, frame: LiveFrame, time_ns: int) -> None:
        try:
            data, key, size = self._made(frame.data, time_ns)
        except (HarstudioError, av.FFmpegError, ValueError):  # ValueError: of PyAV
            self._lost += 1
            self._key = True
            return
        if self._out(Item(self.name, time_ns, data, key, size, self._lost)):
            self._lost = 0
        else:
            self._lost += 1
            self._key = True  # what follows shall not build on a picture that is not there

    def _made(self, data: Any, time_ns: int) -> tuple[Any, bool, int]:
        if self.spec.kind in PICTURE_KINDS and self._encoder is not None:
            encoded = self._encoded(self._encoder, data, time_ns)
            return encoded, encoded.key, len(encoded.data)
        if isinstance(data, SkeletonFrame):
            return data, True, BODY_BYTES * (1 + len(data.bodies))
        return data, True, int(data.nbytes)

    def _encoded(self, encoder: PictureEncoder, data: Any, time_ns: int) -> Encoded:
        key, self._key = self._key, False
        (encoded,) = encoder.encode(data, time_ns // 1_000_000, key=key)
        return encoded


class LaneThread:
    """Steps some lanes until it is ended."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = lanes
        self._over = threading.Event()
        names = ", ".join(lane.name for lane in lanes)
        self._thread = threading.Thread(target=self._run, name=f"recorder {names}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Ends it and waits for that."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            steps = [lane.step() for lane in self._lanes]  # each, whatever the others had
            if not any(steps):
                resting = all(lane.rests for lane in self._lanes)
                time.sleep(REST_S if resting else LOOK_S)


def start_lanes(lanes: Sequence[Lane]) -> list[LaneThread]:
    """A thread for each picture stream, and one for the rest."""
    pictures = [lane for lane in lanes if lane.spec.kind in PICTURE_KINDS]
    others = [lane for lane in lanes if lane.spec.kind not in PICTURE_KINDS]
    return [LaneThread([lane]) for lane in pictures] + ([LaneThread(others)] if others else [])
