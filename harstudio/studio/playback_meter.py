"""What was shown when: the measure of playback, taken where pictures are painted."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, PictureStream, Stream
from harstudio.studio.transport import Transport

WINDOW_NS = 2 * SECOND_NS
REMEMBERED = 6


@dataclass(frozen=True, slots=True)
class Summary:
    """One stretch of playing.

    due: reference frames whose turn came; on_time: those that every picture pane painted while
    it was their turn; skew_ns: largest difference between the frame times that stood on screen
    together; seconds: wall time.
    """

    due: int
    on_time: int
    skew_ns: int
    seconds: float

    @property
    def share_on_time(self) -> float:
        """In [0, 1]; 1 when nothing was due."""
        return self.on_time / self.due if self.due else 1.0

    @property
    def fps(self) -> float:
        """Reference frames painted on time a second."""
        return self.on_time / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class _Shown:
    """What one pane has painted lately."""

    stream: PictureStream
    tolerance_ns: int
    painted: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


class PlaybackMeter(QObject):
    """Listens to the clock; panes report what they painted.

    A reference frame is due while it is the nearest to the playhead. It counts as on time when
    each visible picture pane painted its own frame for that moment before the turn was over.
    Counted at speeds up to 1x only: faster than that, pictures are dropped on purpose.
    """

    def __init__(
        self,
        transport: Transport,
        parent: QObject | None = None,
        now_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        super().__init__(parent)
        self._now_ns = now_ns
        self._transport = transport
        self._recording: Recording | None = None
        self._reference: Stream[Any] | None = None
        self._shown: dict[str, _Shown] = {}
        self._recent: deque[tuple[int, bool]] = deque()
        self.reset()
        transport.moved.connect(self._moved)  # made before any pane, so it sees a tick first
        transport.playing_changed.connect(self._break_off)
        transport.rate_changed.connect(self._break_off)

    def set_recording(self, recording: Recording | None) -> None:
        """A new recording: its reference stream is what gets counted."""
        self._recording = recording
        self._reference = None if recording is None else recording.reference
        self._longest_stall = 2
        if self._reference is not None:
            self._longest_stall = max(2, SECOND_NS // self._reference.period_ns)
        self._shown.clear()
        self.reset()

    def reset(self) -> None:
        """Forget everything counted so far."""
        self._due = self._on_time = self._skew_ns = 0
        self._started_ns = self._now_ns()
        self._recent.clear()
        self._break_off()

    def _break_off(self, *_: object) -> None:
        """Playing does not go on from the frame at hand: what comes next is no late frame."""
        self._current: int | None = None
        self._painted_since = False

    # ---- reports of panes

    def join(self, pane_id: str, stream: PictureStream) -> None:
        """A visible picture pane shows this stream from now on."""
        if self._recording is not None:
            self._shown[pane_id] = _Shown(stream, self._recording.tolerance_ns(stream))
            self._break_off()

    def leave(self, pane_id: str) -> None:
        """The pane is hidden or shows nothing: it is not waited for."""
        if self._shown.pop(pane_id, None) is not None:
            self._break_off()

    def painted(self, pane_id: str, index: int) -> None:
        """The pane has just painted this frame of its stream."""
        shown = self._shown.get(pane_id)
        if shown is not None:
            shown.painted.append(index)
            self._painted_since = True

    # ---- the clock

    @property
    def _counting(self) -> bool:
        return self._transport.playing and abs(self._transport.rate) <= 1.0

    def _moved(self, position_ns: int) -> None:
        if self._reference is None or not self._counting:
            return
        self._measure_skew()
        before, now = self._current, self._reference.nearest(position_ns)
        self._current = now
        if before is None or now is None or now == before:
            return
        passed = now - before if self._transport.rate > 0 else before - now
        if not 0 < passed <= self._longest_stall:
            self._forget_painted()  # a loop or a seek: what stood there before is no difference
            return
        self._count(self._was_on_time(int(self._reference.times_ns[before])))
        for _ in range(passed - 1):
            self._count(False)

    def _forget_painted(self) -> None:
        for shown in self._shown.values():
            shown.painted.clear()

    def _was_on_time(self, time_ns: int) -> bool:
        for shown in self._shown.values():
            wanted = shown.stream.nearest(time_ns, shown.tolerance_ns)
            if wanted is not None and wanted not in shown.painted:
                return False
        return True

    def _measure_skew(self) -> None:
        """What was painted until this tick stood on screen together."""
        if not self._painted_since:
            return
        self._painted_since = False
        times = [int(s.stream.times_ns[s.painted[-1]]) for s in self._shown.values() if s.painted]
        if len(times) > 1:
            self._skew_ns = max(self._skew_ns, max(times) - min(times))

    def _count(self, on_time: bool) -> None:
        now = self._now_ns()
        self._due += 1
        self._on_time += on_time
        self._recent.append((now, on_time))
        while now - self._recent[0][0] > WINDOW_NS:
            self._recent.popleft()

    # ---- figures

    def text(self) -> str:
        """For the transport bar: "30/30 fps" over the last two seconds; empty when paused."""
        if self._reference is None or not self._counting or not self._recent:
            return ""
        rate = SECOND_NS / self._reference.period_ns * abs(self._transport.rate)
        share = sum(on_time for _, on_time in self._recent) / len(self._recent)
        return f"{round(rate * share)}/{round(rate)} fps"

    def summary(self) -> Summary:
        """Everything since the last reset."""
        seconds = (self._now_ns() - self._started_ns) / SECOND_NS
        return Summary(self._due, self._on_time, self._skew_ns, seconds)
