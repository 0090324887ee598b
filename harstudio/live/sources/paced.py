"""Recordings played as a sensor gives them: in time, whether somebody takes the frames or not.

One thread a stream reads ahead. A frame can be taken when it is due; who comes late finds the few
newest, as in the buffers of a camera's driver, and the rest is dropped and counted. A stream that
is read too slowly leaves frames out in the same way. Only where one lags by half a second (it is
too large for this computer, or the computer slept) do all of them pause and go on from there.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import HarstudioError
from harstudio.live.sources.playlist import Play, Playlist
from harstudio.live.sources.sensor_clock import SensorClock
from harstudio.live.sources.source import Captured, CaptureSettings, SourceEnded, SourceLost
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, Stream, StreamKind
from harstudio.skeletons.cameras import Camera

AHEAD = 4  # frames that are read before they are due
BUFFERS = 4  # due frames that wait for who comes late
SIGNAL_BUFFERS = 256  # due samples of a signal: every one counts
STALL_NS = SECOND_NS // 2
LEAD_NS = SECOND_NS // 5  # so long before a recording ends the next one is asked for
UNREADABLE = 30  # frames in a row that cannot be read: the file is gone
Change = Callable[[NDArray[Any]], NDArray[Any]]


class _Waiting(NamedTuple):
    due_ns: int  # all times since the beginning
    stamp_ns: int  # by the sensor's clock
    data: Any


class PacedSource:
    """A ``Source`` over a playlist. The clock begins with the first ``read`` that finds a frame of
    every stream.

    change: what is done to every picture (a flip).
    """

    def __init__(
        self,
        playlist: Playlist,
        settings: CaptureSettings,
        *,
        title: str,
        mirrored: bool,
        cameras: Mapping[str, Camera] | None = None,
        change: Change | None = None,
    ) -> None:
        self.title, self.mirrored = title, mirrored
        self.streams: tuple[StreamSpec, ...] = playlist.specs
        self.cameras: Mapping[str, Camera] = dict(cameras or {})
        self._playlist = playlist
        self._drift = 1.0 + settings.drift_ppm * 1e-6
        self._clock = SensorClock() if settings.drift_ppm else None
        self._news = threading.Condition()
        self._begun_ns: int | None = None
        self._stopping = False
        self._failed: HarstudioError | None = None
        playlist.elapsed_ns = self._elapsed
        self._tracks = [_Track(self, spec, settings, change) for spec in self.streams]
        for track in self._tracks:
            track.start()

    @property
    def dropped(self) -> Mapping[str, int]:
        return {track.name: track.dropped for track in self._tracks}

    def read(self, timeout_s: float) -> list[Captured]:
        """The frames that are due, by time. SourceEnded: that was all; SourceLost: the file is
        gone."""
        with self._news:
            if self._begun_ns is None:
                if not self._news.wait_for(self._ready, timeout_s):
                    return []
                self._begun_ns = time.monotonic_ns()
                self._news.notify_all()
            until = self._elapsed() + round(timeout_s * SECOND_NS)
            while True:
                now = self._elapsed()
                due = [(one, track) for track in self._tracks for one in track.take(now)]
                if due:
                    self._news.notify_all()
                    due.sort(key=lambda pair: pair[0].due_ns)
                    return [self._captured(track.name, one) for one, track in due]
                if self._failed is not None:
                    raise self._failed
                if all(track.over for track in self._tracks):
                    raise SourceEnded(f"{self.title} is at its end.")
                if now >= until:
                    return []
                following = [track.next_due_ns for track in self._tracks]
                wake = min([until, *(ns for ns in following if ns is not None)])
                self._news.wait(max(0, wake - now) / SECOND_NS)

    def close(self) -> None:
        with self._news:
            if self._stopping:
                return
            self._stopping = True
            self._news.notify_all()
        for track in self._tracks:
            track.join()
        self._playlist.close()

    def _ready(self) -> bool:
        """Whether every stream has a frame to begin with, or never will."""
        return self._failed is not None or all(t.over or t.waiting for t in self._tracks)

    def _captured(self, stream: str, one: _Waiting) -> Captured:
        begun = self._begun_ns or 0
        captured_ns = time.monotonic_ns()
        if self._clock is None:
            return Captured(stream, begun + one.stamp_ns, captured_ns, one.data)
        return Captured(
            stream, self._clock.ours(stream, one.stamp_ns, captured_ns), captured_ns, one.data
        )

    # ---- for the tracks

    def _elapsed(self) -> int:
        return 0 if self._begun_ns is None else time.monotonic_ns() - self._begun_ns

    def stamp(self, since_ns: int) -> int:
        """What the sensor's clock says after so long."""
        return since_ns if self._drift == 1.0 else round(since_ns * self._drift)

    def notify(self) -> None:
        """A track is through."""
        with self._news:
            self._news.notify_all()

    def pause(self, lag_ns: int) -> None:
        """All streams go on so much later."""
        with self._news:
            if self._begun_ns is not None:
                self._begun_ns += lag_ns

    def fail(self, error: HarstudioError) -> None:
        with self._news:
            self._failed = error
            self._news.notify_all()

    def plays(self) -> Iterator[Play]:
        """The plays for one track, each left when the track is through with it."""
        number = 0
        while not self._stopping and (play := self._playlist.play(number)) is not None:
            try:
                yield play
            finally:
                self._playlist.leave(number)
            number += 1

    def wait_until(self, time_ns: int) -> None:
        """Of a track that has nothing to play."""
        with self._news:
            while not self._stopping and (lacking := time_ns - self._elapsed()) > 0:
                self._news.wait(lacking / SECOND_NS if self._begun_ns is not None else None)

    def elapsed_if_begun(self) -> int | None:
        """Time since the first ``read``; None before it."""
        return None if self._begun_ns is None else self._elapsed()

    def put(self, track: _Track, one: _Waiting) -> bool:
        """Wait until there is room and put a frame in; False where all is to end."""
        with self._news:
            while not self._stopping:
                now = self._elapsed() if self._begun_ns is not None else -1
                track.trim(now)
                ahead = [waiting for waiting in track.waiting if waiting.due_ns > now]
                if len(ahead) < AHEAD:
                    track.waiting.append(one)
                    self._news.notify_all()
                    return True
                wait_s = (ahead[0].due_ns - now) / SECOND_NS if self._begun_ns is not None else None
                self._news.wait(wait_s)
            return False


class _Track(threading.Thread):
    """Reads one stream, play after play."""

    def __init__(
        self,
        source: PacedSource,
        spec: StreamSpec,
        settings: CaptureSettings,
        change: Change | None,
    ) -> None:
        super().__init__(name=f"plays {spec.name}", daemon=True)
        self.name = spec.name
        self.waiting: deque[_Waiting] = deque()
        self.dropped = 0
        self._source = source
        self._signal = spec.kind == StreamKind.INERTIAL
        self._buffers = SIGNAL_BUFFERS if self._signal else BUFFERS
        picture = spec.kind in (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED)
        self._change = change if picture else None
        self._jitter_ns = settings.jitter_ms * 1e6
        self._drop = settings.drop
        self._random = np.random.default_rng([settings.seed, zlib.crc32(spec.name.encode())])
        self._last_due_ns = -1
        self._unreadable = 0
        self._through = False

    @property
    def over(self) -> bool:
        """Whether everything was read and taken."""
        return self._through and not self.waiting

    @property
    def next_due_ns(self) -> int | None:
        return self.waiting[0].due_ns if self.waiting else None

    def take(self, now_ns: int) -> list[_Waiting]:
        """The due frames, taken away."""
        self.trim(now_ns)
        taken = []
        while self.waiting and self.waiting[0].due_ns <= now_ns:
            taken.append(self.waiting.popleft())
        return taken

    def trim(self, now_ns: int) -> None:
        """Of the due frames only the newest few are kept."""
        due = sum(one.due_ns <= now_ns for one in self.waiting)
        for _ in range(due - self._buffers):
            self.waiting.popleft()
            self.dropped += 1

    def run(self) -> None:
        try:
            for play in self._source.plays():
                stream = play.streams.get(self.name)
                if stream is None:
                    self._source.wait_until(play.offset_ns + play.length_ns - LEAD_NS)
                elif not self._play(play, stream):
                    return
            self._through = True
            self._source.notify()
        except HarstudioError as error:
            self._source.fail(error)
        except Exception as error:  # noqa: BLE001 -- a format's bug must not end in silence
            self._source.fail(SourceLost(f"{self.name} cannot be read ({error!r})."))

    def _play(self, play: Play, stream: Stream[Any]) -> bool:
        """All frames of one recording; False where all is to end."""
        times = stream.times_ns - play.start_ns + play.offset_ns
        index = 0
        while index < len(times):
            index = self._skip(times, index, stream.period_ns)
            since = int(times[index])
            late = abs(float(self._random.normal(0.0, self._jitter_ns))) if self._jitter_ns else 0
            if self._drop and self._random.random() < self._drop:
                self.dropped += 1
            else:
                data = self._read(play, stream, index)
                due = max(since + round(late), self._last_due_ns)
                self._last_due_ns = due
                if data is not None and not self._source.put(
                    self, _Waiting(due, self._source.stamp(since), data)
                ):
                    return False
            index += 1
        return True

    def _skip(self, times: NDArray[np.int64], index: int, period_ns: int) -> int:
        """Where reading lags by more than a frame, the newest frame that is due."""
        now = self._source.elapsed_if_begun()
        if now is None or self._signal or int(times[index]) + period_ns > now:
            return index
        lag = now - int(times[index])
        if lag > STALL_NS:
            self._source.pause(lag)
            return index
        newest = max(index, int(np.searchsorted(times, now, side="right")) - 1)
        self.dropped += newest - index
        return newest

    def _read(self, play: Play, stream: Stream[Any], index: int) -> Any:
        """One frame; None where it is damaged."""
        try:
            data = stream.frame(index)
        except HarstudioError as error:
            self.dropped += 1
            self._unreadable += 1
            if self._unreadable >= UNREADABLE or not play.recording.path.exists():
                raise SourceLost(error.message, path=error.path, remedy=error.remedy) from error
            return None
        self._unreadable = 0
        return data if self._change is None else self._change(data)
