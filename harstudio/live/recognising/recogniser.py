"""The live recogniser without processes and clocks: frames in, what is told out.

Driven by a job on rings, and by benchmarks and tests on a clock of their own. Times are those of
the recording that grows.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.learning.preprocessing import Prepared, Preprocessing
from harstudio.live.growing import GrowingRecording
from harstudio.live.recognising.engine import Answer, Engine
from harstudio.live.recognising.few_shot import FewShot
from harstudio.live.recognising.movement import Gate, MainPerson, Movement
from harstudio.live.recognising.newest_window import NewestWindow
from harstudio.live.recognising.segments import NOTHING, LiveSegment, Segments
from harstudio.live.recognising.smoothing import Smoothing
from harstudio.recordings.formats.harrec_header import PICTURE_KINDS
from harstudio.recordings.streams import SECOND_NS, SkeletonFrame, StreamKind

MOST_CLIPS = 1.5  # usual clips that a window grows to before it slides
LEAST_S = 0.4  # of a window that is asked about
NOBODY_NS = SECOND_NS // 2  # so long without anybody is nobody
ASKED_NS = 30 * SECOND_NS  # that features of windows are kept: examples are taken from there
KEPT_S = 2.0  # kept before the longest window: a movement is noticed after it began


class Known(Protocol):
    """Tells whether what is seen is any of the run's classes."""

    def known(self, answer: Answer, smoothed: NDArray[np.float32]) -> bool: ...


@dataclass(frozen=True, slots=True)
class Confident:
    """Known is what is told with at least this confidence."""

    least: float

    def known(self, answer: Answer, smoothed: NDArray[np.float32]) -> bool:
        return float(smoothed.max()) >= self.least


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What is told after a frame.

    start_ns, end_ns: of the window; empty at ``end_ns`` where there is none, because nobody is seen
    (person "") or nobody moves. probabilities: (K,) smoothed; label: index of a class, -1 = nothing
    known. answer: the network's own, None without a window. window_ms, network_ms: what it took.
    prepared: what the network saw. segments: that opened, changed or closed.
    """

    time_ns: int
    start_ns: int
    end_ns: int
    person: str
    probabilities: NDArray[np.float32]
    label: int = NOTHING
    confidence: float = 0.0
    answer: Answer | None = None
    prepared: Prepared | None = None
    window_ms: float = 0.0
    network_ms: float = 0.0
    segments: tuple[LiveSegment, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a run: its classes, and the median length of its clips in seconds."""

    classes: tuple[str, ...]
    usual_s: float
    preprocessing: Preprocessing = field(repr=False)


def keep_ns(usual_s: float) -> int:
    """How long frames are kept for windows of such clips."""
    return round((MOST_CLIPS * usual_s + KEPT_S) * SECOND_NS)


class _Asked(NamedTuple):
    """A window that the network was asked about, and its features."""

    start_ns: int
    end_ns: int
    features: Mapping[str, NDArray[np.float32]]


def _overlap(one: _Asked, start_ns: int, end_ns: int) -> float:
    """Intersection over union."""
    shared = min(one.end_ns, end_ns) - max(one.start_ns, start_ns)
    return max(0, shared) / (max(one.end_ns, end_ns) - min(one.start_ns, start_ns))


class Recogniser:
    """Frames in, what is told out. Where there are skeletons, windows follow the main person's
    movement; else they have the usual length of a clip. For one thread."""

    def __init__(
        self, facts: Facts, recording: GrowingRecording, engine: Engine, gate: Gate | None = None
    ) -> None:
        self._facts, self._engine = facts, engine
        self.window = NewestWindow(facts.preprocessing, recording)
        self.known: Known | None = None
        self.learned: FewShot | None = None
        self._chosen: tuple[str, ...] = ()
        self.smoothing = Smoothing(len(facts.classes))
        self._person, self._movement = MainPerson(), Movement(gate or Gate())
        self._asked: deque[_Asked] = deque()
        self._segments, self._closed = Segments(), list[LiveSegment]()
        self._seen_ns: int | None = None  # when the main person was last seen
        skeleton = recording.of_kind(StreamKind.SKELETON)
        self.follows = "" if skeleton is None else skeleton.name
        self._one = facts.preprocessing.skeleton is None or facts.preprocessing.skeleton.bodies == 1
        self._sliding_ns = round(facts.usual_s * SECOND_NS)
        self._most_ns = round(facts.usual_s * MOST_CLIPS * SECOND_NS)

    @property
    def stream(self) -> str:
        """The stream whose frames windows end with: skeletons, else pictures that are seen."""
        if self.follows:
            return self.follows
        streams = self.window.recording.streams.values()
        kinds = self._facts.preprocessing.kinds
        seen = [s for s in streams if s.kind in kinds]
        return next((s.name for s in seen if s.kind in PICTURE_KINDS), seen[0].name if seen else "")

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the run, and then what it learned from examples."""
        return self._facts.classes + (() if self.learned is None else self.learned.names)

    def choose(self, labels: Sequence[str]) -> None:
        """Only these classes are told, and what was learned from examples; names that the run has
        not are left out, none = all."""
        self._chosen = tuple(name for name in labels if name in self._facts.classes)
        self.renew()

    def renew(self) -> None:
        """Other actions were learned from examples."""
        classes, own = self.classes, len(self._facts.classes)
        self.smoothing = Smoothing(len(classes))
        if self._chosen:
            new = range(own, len(classes))
            self.smoothing.choose([*map(classes.index, self._chosen), *new])

    def interrupt(self) -> tuple[LiveSegment, ...]:
        """End the segment that is open, because its class gets another index; what is told then."""
        times = self.window.recording.streams[self.stream].times_ns
        if len(times):
            self._closed += self._segments.end(int(times[-1]) + 1)
        return self._changed()

    def example(self, start_ns: int, end_ns: int) -> Mapping[str, NDArray[np.float32]]:
        """The features of what was done in ``[start_ns, end_ns)``: of the window that fits best
        among those that were asked about. DataError: there was none."""
        best = max(self._asked, key=lambda one: _overlap(one, start_ns, end_ns), default=None)
        if best is None or not _overlap(best, start_ns, end_ns):
            raise DataError(
                "Nobody was seen moving then.",
                remedy="Stand still, do it, stand still again; then it counts.",
            )
        return best.features

    def take(self, stream: str, time_ns: int, data: Any) -> None:
        """A frame; all are taken, in the order of their times. ValueError: it is out of order."""
        self.window.grow(stream, time_ns, data)
        if stream != self.follows or not isinstance(data, SkeletonFrame):
            return
        before = self._person.id
        body = self._person.choose(data, time_ns)
        if body is not None:
            self._seen_ns = time_ns
            if before and self._person.id != before:
                self._movement.forget()
                self._over(time_ns)
        moved = self._movement.start_ns is not None
        self._movement.see(time_ns, body)
        if moved and self._movement.start_ns is None:
            self._over(time_ns)

    def look(self) -> Told:
        """What is to be told after the newest frame. DataError: the window cannot be prepared."""
        times = self.window.recording.streams[self.stream].times_ns
        now = int(times[-1])
        begins = self._begins(now)
        if begins is None or now + 1 - begins < LEAST_S * SECOND_NS:
            if begins is None:
                self.window.forget_before(now - round(KEPT_S * SECOND_NS))
            person = "" if self._alone(now) else self._person.id
            nothing = np.zeros(len(self.classes), dtype=np.float32)
            return Told(now, now + 1, now + 1, person, nothing, segments=self._changed())
        return self._ask(max(begins, int(times[0])), now)

    def _ask(self, start_ns: int, now: int) -> Told:
        self.window.forget_before(start_ns)
        begun = time.perf_counter()
        prepared = self.window.prepare(start_ns, now + 1, self._person.id if self._one else "")
        made = time.perf_counter()
        answer = self._engine.answer(prepared)
        self._asked.append(_Asked(start_ns, now + 1, answer.features))
        while self._asked[0].end_ns < now - ASKED_NS:
            self._asked.popleft()
        said = answer.probabilities
        if self.learned is not None:
            said = self.learned.extend(said, answer.features)
        smoothed = self.smoothing.add(now, said)
        best = int(smoothed.argmax())
        confidence = float(smoothed[best])
        label = best if self.known is None or self.known.known(answer, smoothed) else NOTHING
        answered = time.perf_counter()
        # A window of fixed length says what was in its middle.
        late = 0 if self.follows else self._sliding_ns // 2
        since = max(start_ns, self._movement.start_ns or 0) if self.follows else now - late
        changed = self._segments.tell(now - late, since, label, confidence)
        return Told(
            now, start_ns, now + 1, self._person.id, smoothed, label, confidence, answer, prepared,
            (made - begun) * 1e3, (answered - made) * 1e3, (*self._changed(), *changed),
        )  # fmt: skip

    def _begins(self, now: int) -> int | None:
        """Where the window begins, None where there is none."""
        if not self.follows:
            return now + 1 - self._sliding_ns
        if self._alone(now) or self._movement.start_ns is None:
            return None
        return max(self._movement.start_ns, now + 1 - self._most_ns)

    def _alone(self, now: int) -> bool:
        """Whether nobody is seen."""
        return bool(self.follows) and (self._seen_ns is None or now - self._seen_ns > NOBODY_NS)

    def _over(self, time_ns: int) -> None:
        """The movement ended."""
        self.smoothing.forget()
        self._closed += self._segments.end(self._movement.ended_ns or time_ns)

    def _changed(self) -> tuple[LiveSegment, ...]:
        closed, self._closed = self._closed, []
        return tuple(closed)
