"""The thread that takes the newest of every ring, so that the window never reads or waits.

Overlay and picture belong together: where skeletons come (of the sensor, or of the pose stage), the
picture shown is that of the newest skeleton. What that waits for is the delay of the pose stage.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from harstudio.errors import DataError
from harstudio.live.growing import GrowingRecording
from harstudio.live.streams import LiveFrame, LiveStream
from harstudio.recordings.formats.harrec_header import PICTURE_KINDS
from harstudio.recordings.streams import SkeletonFrame, Stream, StreamKind
from harstudio.skeletons.cameras import Camera
from harstudio.studio.live.looks import LiveLooks, away_from, live_looks

logger = logging.getLogger(__name__)
KEEP_NS = 500_000_000  # of pictures
KEEP_SIGNALS_NS = 60_000_000_000  # of skeletons and signals
PEOPLE_STAY_NS, PICTURE_STAYS_NS = 50_000_000, 500_000_000
LATE_NS = 400_000_000  # a skeleton so far behind the pictures is not waited for
IDLE_S, TURN_S = 0.05, 0.004
PEOPLE_FRAMES = 20  # with somebody in them, before the floor is where their feet are
ASTRAY_M, ASTRAY_FRAMES = 1.0, 30
STEP_BACK_NS = 1_000_000_000  # the clock of a sensor jumped: what is shown begins anew


class LiveRecording(GrowingRecording):
    """Where a frame was lost on the way, the one before stays on screen for a moment."""

    def tolerance_ns(self, stream: Stream[Any]) -> int:
        people = stream.kind == StreamKind.SKELETON
        return PEOPLE_STAY_NS if people else PICTURE_STAYS_NS


@dataclass(frozen=True, slots=True)
class Feed:
    """The streams of a running session. start_ns: its zero on ``time.monotonic_ns``."""

    streams: Mapping[str, LiveStream]
    cameras: Mapping[str, Camera]
    start_ns: int
    title: str = "live"


class Arrival(NamedTuple):
    """What is to be drawn now. time_ns: on the recording's clock. captured_ns: by (stream, index)
    of the pictures that are new. behind_ns: how long ago the newest picture came after the one
    that is drawn: what waiting for the skeleton costs."""

    recording: LiveRecording
    looks: LiveLooks
    fresh: bool  # other streams, or other looks, than before
    time_ns: int
    captured_ns: Mapping[tuple[str, int], int]
    behind_ns: int


class FrameReader(threading.Thread):
    """feed: what there is to read now, None for nothing. arrived: called in this thread; nothing
    more is read until ``drawn``, so a slow window gets fewer pictures, never old ones."""

    def __init__(self, feed: Callable[[], Feed | None], arrived: Callable[[Arrival], None]) -> None:
        super().__init__(name="live frames", daemon=True)
        self._feed, self._arrived = feed, arrived
        self._stopping = threading.Event()
        self._free = threading.Event()
        self._free.set()
        self.held = False  # the picture stands still: nothing is read
        self._shown: _Shown | None = None

    def drawn(self) -> None:
        """The window has taken the last arrival."""
        self._free.set()

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._stopping.set()
        self._free.set()
        if self.is_alive():
            self.join()

    def run(self) -> None:
        while not self._stopping.is_set():
            feed = None if self.held else self._feed()
            if feed is None or not feed.streams:
                self._shown = None if not self.held else self._shown
                self._stopping.wait(IDLE_S)
                continue
            self._free.wait()
            try:
                arrival = self._look(feed)
            except (DataError, ValueError) as error:  # the session ended meanwhile
                logger.info("live frames: %s", error)
                self._stopping.wait(IDLE_S)
                continue
            if arrival is None:
                self._stopping.wait(TURN_S)
                continue
            self._free.clear()
            self._arrived(arrival)

    def _look(self, feed: Feed) -> Arrival | None:
        shown = self._shown
        if shown is None or not shown.fits(feed):
            shown = self._shown = _Shown(feed)
        try:
            return shown.look()
        except ValueError:  # times went back: the sensor's clock jumped
            self._shown = _Shown(feed)
            return None


class _Shown:
    """One recording that grows out of the rings."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        streams = {n: s for n, s in feed.streams.items() if s.spec.kind != StreamKind.AUDIO}
        specs = [one.spec for one in streams.values()]
        self.recording = LiveRecording(feed.title, specs, feed.cameras, keep_ns=KEEP_NS)
        for name, one in streams.items():  # panes may ask for what was now a moment ago
            if one.spec.kind not in PICTURE_KINDS:
                self.recording.keep(name, KEEP_SIGNALS_NS)
        self._pictures = {n: s for n, s in streams.items() if s.spec.kind in PICTURE_KINDS}
        self._signals = {n: s for n, s in streams.items() if n not in self._pictures}
        self._skeleton = next(
            (s for s in self._signals.values() if s.spec.kind == StreamKind.SKELETON), None
        )
        self._next = dict.fromkeys(streams, -1)  # number of the frame that is new
        self._times: dict[str, int] = {}  # of the last frame of each stream, on the rings' clock
        self._looks = LiveLooks()
        self._known: set[str] = set()  # streams that have come
        self._people = 0  # frames with somebody in them
        self._astray = 0  # frames in a row in which they are elsewhere than the 3D view looks
        self._drawn_ns = -1

    def fits(self, feed: Feed) -> bool:
        mine = {name: id(one) for name, one in self.feed.streams.items()}
        return mine == {name: id(one) for name, one in feed.streams.items()}

    def look(self) -> Arrival | None:
        """What is new, None for nothing. ValueError: a clock went back."""
        fresh = self._read_signals()
        stamps = {name: one.ring.stamp(one.newest()) for name, one in self._pictures.items()}
        newest = max((s.time_ns for s in stamps.values() if s is not None), default=None)
        target = self._target(newest)
        if target is None or target <= self._drawn_ns - STEP_BACK_NS:
            if target is not None:
                raise ValueError("the clock went back")
            return None
        captured = self._read_pictures(target)
        if not captured and (self._pictures or target == self._drawn_ns):
            return None
        self._drawn_ns = target
        names = {name for name, one in self.recording.streams.items() if len(one)}
        if names != self._known or fresh:
            fresh, self._known = True, names
            self._looks = live_looks(self.recording, self._looks)
        behind = 0 if newest is None else max(0, newest - target)
        time_ns = target - self.feed.start_ns
        return Arrival(self.recording, self._looks, fresh, time_ns, captured, behind)

    def _target(self, newest: int | None) -> int | None:
        """The time to draw: of the newest skeleton, of the newest picture where that is late."""
        skeleton = None if self._skeleton is None else self._times.get(self._skeleton.spec.name)
        if newest is None:
            return skeleton
        if skeleton is None or newest - skeleton > LATE_NS:
            return newest
        return min(skeleton, newest)

    def _read_signals(self) -> bool:
        """All frames of skeletons and signals; whether people were seen long enough now."""
        settled = False
        for name, stream in self._signals.items():
            newest = stream.newest()
            first = max(self._next[name], stream.ring.oldest() if newest >= 0 else 0, 0)
            for number in range(first, newest + 1):
                frame = stream.read(number)
                if frame is not None:
                    self._grow(name, frame)
                    settled |= self._count_people(frame)
            self._next[name] = newest + 1
        return settled

    def _count_people(self, frame: LiveFrame) -> bool:
        if not isinstance(frame.data, SkeletonFrame):
            return False
        self._looks.seats.see([body.id for body in frame.data.bodies], frame.time_ns)
        if not frame.data.bodies:
            return False
        before = self._people
        self._people += 1
        away = away_from(self._looks.center, frame.data.bodies[0])
        self._astray = self._astray + 1 if away > ASTRAY_M else 0
        return before < PEOPLE_FRAMES <= self._people or self._astray == ASTRAY_FRAMES

    def _read_pictures(self, target: int) -> dict[tuple[str, int], int]:
        captured = {}
        for name, stream in self._pictures.items():
            number = _nearest(stream, target)
            if number < self._next[name] or number < 0:
                continue
            frame = stream.read(number)
            if frame is None:
                continue
            self._next[name] = number + 1
            index = self._grow(name, frame)
            captured[name, index] = frame.captured_ns
        return captured

    def _grow(self, name: str, frame: LiveFrame) -> int:
        self._times[name] = frame.time_ns
        return self.recording.grow(name, frame.time_ns - self.feed.start_ns, frame.data)


def _nearest(stream: LiveStream, time_ns: int) -> int:
    """Number of the frame nearest in time, from the newest backwards; -1 where there is none."""
    best, away = -1, 1 << 62
    ring = stream.ring
    newest = ring.newest()
    for number in range(newest, ring.oldest() - 1, -1):
        stamp = ring.stamp(number)
        if stamp is None:
            continue
        distance = abs(stamp.time_ns - time_ns)
        if distance >= away:
            break
        best, away = number, distance
    return best


def now_ns() -> int:
    """The clock of rings and sessions."""
    return time.monotonic_ns()
