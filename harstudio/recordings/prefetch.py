"""Reader threads that fill the cache around the playhead.

They decode towards the same set of pictures that the cache keeps, so nothing that they put in is
thrown out before it was of use.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from harstudio.errors import HarstudioError
from harstudio.recordings.cache import BEHIND_WEIGHT, FrameCache, Picture
from harstudio.recordings.streams import SECOND_NS, PictureStream
from harstudio.recordings.video import VideoReader, Wanted

USED_SHARE = 0.95  # of the budget that the windows of all streams fill
COMFORT_NS = SECOND_NS // 2  # so far ahead, a playing studio gets the processor first
BREATH_S = 0.003
AHEAD_NS = SECOND_NS // 10  # no stream runs farther than that ahead of one that lags
PLAYING_GAP_NS = SECOND_NS // 4


@dataclass(frozen=True, slots=True)
class _Playhead:
    """Where a stream is looked at. moving: the playhead runs, so pictures can be too late."""

    index: int
    direction: int
    moving: bool


@dataclass(frozen=True, slots=True)
class _Window:
    """The frames [low, high] worth keeping around ``index``; whole: that is all there are."""

    low: int
    index: int
    high: int
    whole: bool


class Prefetcher:
    """One reader thread a stream, working outwards from the playhead; ``look`` never waits.

    A picture that is overtaken by the playhead while the decoder lags is dropped, not queued:
    each thread always works for the newest position.
    """

    ready = Signal(str, int)  # stream name, frame; emitted in a reader thread
    failed = Signal(str, str)  # stream name, sentence; emitted in a reader thread

    def __init__(self, streams: Sequence[PictureStream], cache: FrameCache) -> None:
        filled = [stream for stream in streams if len(stream)]
        self._cache = cache
        self._periods_ns = {stream: stream.period_ns for stream in filled}
        self._threads = [_ReaderThread(self, stream, cache) for stream in filled]
        self._last: tuple[int, int] | None = None  # (wall clock, position)
        for thread in self._threads:
            thread.start()

    def look(self, time_ns: int, rate: float = 1.0) -> None:
        """The playhead is here, moving like this; returns at once."""
        now = time.monotonic_ns()
        direction = -1 if rate < 0 else 1
        moving = False
        if self._last is not None:
            waited, moved = now - self._last[0], (time_ns - self._last[1]) * direction
            allowed = PLAYING_GAP_NS * max(1.0, abs(rate))
            moving = waited < PLAYING_GAP_NS and 0 < moved < allowed
        self._last = (now, time_ns)
        for thread in self._threads:
            thread.look(time_ns, direction, moving)

    def span_ns(self) -> int:
        """How much time of all streams the budget can hold."""
        periods = self._periods_ns.items()
        demand = sum(self._cache.frame_bytes(stream) / period for stream, period in periods)
        return round(USED_SHARE * self._cache.budget_bytes / max(demand, 1e-18))

    def slowest(self, direction: int) -> int | None:
        """Time up to which the stream that lags most is decoded; None where all are idle."""
        reached = [r for thread in self._threads if (r := thread.reached_ns) is not None]
        return min(reached, key=lambda time_ns: time_ns * direction, default=None)

    def close(self) -> None:
        """End the threads and wait for them."""
        for thread in self._threads:
            thread.stop()
        for thread in self._threads:
            thread.join()
        self._threads = []


class _ReaderThread(threading.Thread):
    """Decodes one stream."""

    def __init__(self, owner: Prefetcher, stream: PictureStream, cache: FrameCache) -> None:
        super().__init__(name=f"reader {stream.name}", daemon=True)
        self._owner = owner
        self._stream = stream
        self._cache = cache
        self._period_ns = stream.period_ns
        self._news = threading.Condition()
        self._playhead: _Playhead | None = None
        self._looked = False
        self._stopping = False
        self.reached_ns: int | None = None  # time of the frame at hand, None while idle
        self._bad: set[int] = set()
        self._told: set[str] = set()

    def look(self, time_ns: int, direction: int, moving: bool) -> None:
        index = self._stream.nearest(time_ns, tolerance_ns=1 << 62) or 0
        playhead = _Playhead(index, direction, moving)
        if playhead == self._playhead:
            return
        self._cache.focus(self._stream, index, direction)
        with self._news:
            self._playhead, self._looked = playhead, True
            self._news.notify()

    def stop(self) -> None:
        with self._news:
            self._stopping = True
            self._news.notify()

    def run(self) -> None:
        while not self._stopping:
            self._looked = False
            playhead = self._playhead
            target = None if playhead is None else self._next_target(playhead)
            if playhead is None or target is None:
                self.reached_ns = None
                with self._news:
                    self._news.wait_for(lambda: self._looked or self._stopping)
                continue
            try:
                self._fetch(playhead, target)
            except HarstudioError as error:
                self._report(target, str(error))
            except Exception as error:  # noqa: BLE001  a format's bug must not end the thread
                name = self._stream.name
                self._report(target, f"Frame {target} of {name} cannot be read ({error!r}).")

    def _report(self, target: int, sentence: str) -> None:
        self._bad.add(target)
        if sentence not in self._told:
            self._told.add(sentence)
            self._owner.failed.emit(self._stream.name, sentence)

    def _window(self, playhead: _Playhead) -> _Window:
        """Frames around the playhead that the budget can hold: two thirds ahead."""
        times, span_ns = self._stream.times_ns, self._owner.span_ns()
        now = int(times[playhead.index])
        if int(times[-1]) - int(times[0]) + self._period_ns <= span_ns:
            return _Window(0, playhead.index, len(times) - 1, True)
        ahead = span_ns * BEHIND_WEIGHT // (BEHIND_WEIGHT + 1)
        behind = span_ns - ahead
        if playhead.direction < 0:
            ahead, behind = behind, ahead
        low = int(np.searchsorted(times, now - behind, side="left"))
        high = int(np.searchsorted(times, now + ahead, side="right")) - 1
        return _Window(low, playhead.index, max(high, playhead.index), False)

    def _next_target(self, playhead: _Playhead) -> int | None:
        """The frame to decode next; None when enough is cached."""
        window = self._window(playhead)
        missing = ~self._cache.cached(self._stream)
        if self._bad:
            missing[list(self._bad)] = False
        if missing[window.index]:
            return window.index
        above = _first(missing, window.index + 1, window.high + 1)
        below = _last(missing, window.low, window.index)
        # Going back costs a run from a key frame, so it is put off until it fills half a window,
        # and while it plays.
        if below is not None and not window.whole:
            stretch = window.index - below
            if playhead.moving or stretch > (window.index - window.low) // 2:
                below = None
        first, second = (above, below) if playhead.direction > 0 else (below, above)
        return first if first is not None else second

    def _fetch(self, planned: _Playhead, target: int) -> None:
        """Decode up to ``target``, keeping what is near enough to the playhead."""
        stream, cache = self._stream, self._cache
        lagging = planned.moving and planned.index == target

        def wanted(index: int) -> bool:
            late = lagging and planned.direction > 0 and index < self._now(planned).index
            return not late and cache.wants(stream, index)

        with closing(_run(stream, target, wanted)) as run:
            for index, picture in run:
                kept = cache.put(stream, index, picture)
                if kept:
                    self._owner.ready.emit(stream.name, index)
                elif index == target:
                    self._bad_fit(target)
                if self._stopping or self._overtaken(planned, index, target):
                    return
                self._breathe(planned, index)

    def _now(self, planned: _Playhead) -> _Playhead:
        return self._playhead or planned

    def _bad_fit(self, target: int) -> None:
        """The cache has no room for a frame of the window: wait for the playhead to move."""
        with self._news:
            self._news.wait_for(lambda: self._looked or self._stopping)

    def _overtaken(self, planned: _Playhead, index: int, target: int) -> bool:
        """Whether the playhead has gone where this run does not lead."""
        now = self._now(planned)
        if now is planned:
            return False
        if not self._cache.holds(self._stream, now.index) and now.index not in self._bad:
            return not index < now.index <= target
        window = self._window(now)
        return not window.low <= target <= window.high

    def _breathe(self, planned: _Playhead, index: int) -> None:
        """While playing, with enough ahead, leave the processor to the studio and to streams
        that lag: a quick decoder would otherwise fill the cache while another one is late."""
        times = self._stream.times_ns
        time_ns = int(times[index])
        while not self._stopping:
            now = self._now(planned)
            lead = (time_ns - int(times[now.index])) * now.direction
            self.reached_ns = time_ns if lead >= 0 else None
            if not now.moving or lead <= AHEAD_NS:
                return
            slowest = self._owner.slowest(now.direction)
            even = slowest is None or (time_ns - slowest) * now.direction <= AHEAD_NS
            if not even or lead > COMFORT_NS:
                time.sleep(BREATH_S)
            if even:
                return


def _run(
    stream: PictureStream, target: int, wanted: Wanted
) -> Generator[tuple[int, Picture], None, None]:
    """The reader's run as a generator, which can be closed before its end."""
    reader = stream.reader
    if isinstance(reader, VideoReader):
        yield from reader.read_packed(target, wanted)
    else:
        yield from reader.read_run(target)


def _first(flags: NDArray[np.bool_], start: int, stop: int) -> int | None:
    part = flags[start:stop]
    return start + int(np.argmax(part)) if part.any() else None


def _last(flags: NDArray[np.bool_], start: int, stop: int) -> int | None:
    part = flags[start:stop]
    return stop - 1 - int(np.argmax(part[::-1])) if part.any() else None
