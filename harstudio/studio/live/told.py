"""What the stages of a live session have told, kept as the newest of each and a short history."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HISTORY = 200  # segments
MEASURED = 300  # latencies, some ten seconds
COUNTED_NS = 3_000_000_000  # over so much the rate of recognised frames is counted
HOLDS_NS = 2_500_000_000
SECOND_NS = 1_000_000_000
NOTHING, NOBODY, STILL = "nothing known", "nobody is seen", "standing still"


@dataclass(frozen=True, slots=True)
class Said:
    """What the network says now.

    time_ns: of the newest frame in its window, on the session's clock (``time.monotonic_ns``).
    probabilities: by class, smoothed. shares: modality -> how much it counted, empty where the
    network has no gate. label: index of the class, -1 where nothing is known. stages: ms by stage.
    captured_ns: when the newest picture reached this machine.
    """

    time_ns: int
    probabilities: tuple[float, ...]
    label: int
    name: str
    confidence: float
    shares: Mapping[str, float] = field(default_factory=dict)
    by_stream: Mapping[str, Any] = field(default_factory=dict)
    stages: Mapping[str, float] = field(default_factory=dict)
    captured_ns: int = 0
    start_ns: int = 0
    end_ns: int = 0
    person: str = ""
    moving: bool = True

    @property
    def words(self) -> str:
        """What is said, in words for people."""
        if self.label >= 0:
            return self.name
        if not self.moving:
            return STILL
        return NOTHING if self.person else NOBODY

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Said:
        """From the message "said" of the recogniser."""
        return cls(
            int(payload["time_ns"]),
            tuple(float(p or 0.0) for p in payload["probabilities"]),
            int(payload.get("label", -1)),
            str(payload.get("name", "")),
            float(payload.get("confidence") or 0.0),
            dict(payload.get("shares") or {}),
            dict(payload.get("by_stream") or {}),
            {k: float(v or 0.0) for k, v in (payload.get("stages") or {}).items()},
            int(payload.get("captured_ns") or 0),
            int(payload.get("start_ns") or 0),
            int(payload.get("end_ns") or 0),
            str(payload.get("person") or ""),
            payload.get("moving") is not False,
        )


@dataclass(frozen=True, slots=True)
class LiveSegment:
    """A stretch that was said to be one action; label -1: nothing known. open: it goes on."""

    start_ns: int
    end_ns: int
    label: int
    name: str
    confidence: float
    open: bool


class LiveTold:
    """The newest of everything, from one start of a session to its end.

    No Qt and no locks: fed and read on one thread. Times of segments are on the session's clock.
    """

    def __init__(self) -> None:
        self.title = ""
        self.mirrored = False
        self.kinds: dict[str, str] = {}  # of the source's streams, by name
        self.source: dict[str, Any] = {"state": "open", "sentence": "", "remedy": ""}
        self.captured: dict[str, dict[str, Any]] = {}
        self.pose: dict[str, Any] = {}
        self.person: dict[str, Any] | None = None
        self.person_ns = 0
        self.network: dict[str, Any] = {}
        self.examples: dict[str, Any] = {}
        self.said: Said | None = None
        self.segments: deque[LiveSegment] = deque(maxlen=HISTORY)
        self.recording: dict[str, Any] = {}
        self.disk: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self.troubles: dict[str, str] = {}  # by stage: a sentence, until the stage works again
        self.failed: dict[str, dict[str, Any]] = {}  # by stage: why it stays away
        self.latencies_ms: deque[float] = deque(maxlen=MEASURED)  # captured -> painted
        self._said_ns: deque[tuple[int, int]] = deque()  # when it was heard, of which frame

    def take(self, stage: str, kind: str, payload: Mapping[str, Any]) -> None:
        """One message of a stage; unknown kinds are ignored."""
        if kind in ("died", "failed"):
            self.troubles[stage] = str(payload.get("sentence", ""))
            self._forget_figures(stage)
            if kind == "failed":
                self.failed[stage] = dict(payload)
            return
        taker = getattr(self, f"_take_{kind}", None)
        if taker is not None:
            taker(stage, payload)
            self.troubles.pop(stage, None)
            self.failed.pop(stage, None)

    # ---- figures

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the run, then those that it learned from examples."""
        return (*(self.network.get("classes") or ()), *(self.examples.get("names") or ()))

    @property
    def ready(self) -> bool:
        """Whether the network is loaded and warm."""
        return bool(self.network)

    @property
    def is_recording(self) -> bool:
        return self.recording.get("state") == "recording"

    @property
    def recognised_fps(self) -> float:
        """Frames recognised a second, over the last three seconds, by the times of the frames:
        what waited while the window was busy comes all at once."""
        times = self._said_ns
        while times and time.monotonic_ns() - times[0][0] > COUNTED_NS:
            times.popleft()
        span = times[-1][1] - times[0][1] if len(times) > 1 else 0
        return (len(times) - 1) * SECOND_NS / span if span > 0 else 0.0

    @property
    def says_now(self) -> bool:
        """Whether what was said last still holds: the source may be away, the network may be
        started again."""
        times = self._said_ns
        return bool(times) and time.monotonic_ns() - times[-1][0] < HOLDS_NS

    def fps_of(self, stream: str) -> float:
        return float(self.captured.get(stream, {}).get("fps") or 0.0)

    @property
    def capture_fps(self) -> float:
        """Of the pictures; of the skeletons where the source gives no pictures."""
        pictures = ("color", "depth", "infrared")
        fps = {n: float(one.get("fps") or 0.0) for n, one in self.captured.items()}
        seen = [value for name, value in fps.items() if self.kinds.get(name) in pictures]
        others = [value for name, value in fps.items() if self.kinds.get(name) == "skeleton"]
        return max(seen or others, default=0.0)

    @property
    def pose_fps(self) -> float:
        """Skeletons a second; of the sensor's own where there is no pose stage."""
        own = [self.fps_of(name) for name, kind in self.kinds.items() if kind == "skeleton"]
        return float(self.pose.get("fps") or max(own, default=0.0))

    @property
    def dropped(self) -> int:
        """Frames that were captured and then lost, in all streams."""
        return sum(int(one.get("dropped") or 0) for one in self.captured.values())

    def latency_ms(self, share: float = 0.5) -> float | None:
        """Quantile of the time from a picture's arrival to its being painted, lately."""
        kept = sorted(self.latencies_ms)
        return kept[min(len(kept) - 1, int(share * len(kept)))] if kept else None

    def top(self, count: int) -> list[tuple[int, float]]:
        """(class, probability), the likeliest first."""
        shares = () if self.said is None else self.said.probabilities
        order = sorted(range(len(shares)), key=lambda k: -shares[k])[:count]
        return [(k, shares[k]) for k in order]

    # ---- messages

    def _take_opened(self, _stage: str, payload: Mapping[str, Any]) -> None:
        self.title = str(payload.get("title", ""))
        self.mirrored = bool(payload.get("mirrored"))
        self.kinds = {str(s["name"]): str(s["kind"]) for s in payload.get("streams", ())}

    def _take_captured(self, _stage: str, payload: Mapping[str, Any]) -> None:
        self.captured = {str(k): dict(v) for k, v in payload.get("streams", {}).items()}

    def _take_source(self, _stage: str, payload: Mapping[str, Any]) -> None:
        self.source = dict(payload)
        if payload.get("state") not in ("open", "running"):
            self._forget_figures("capture")

    def _forget_figures(self, stage: str) -> None:
        """Frames a second of a stage that gives none now."""
        if stage == "capture":
            self.captured = {}
        elif stage == "pose":
            self.pose = {}

    def _take_posed(self, _stage: str, payload: Mapping[str, Any]) -> None:
        self.pose = dict(payload)

    def _take_person(self, _stage: str, payload: Mapping[str, Any]) -> None:
        self.person, self.person_ns = dict(payload), time.monotonic_ns()

    def _take_ready(self, _stage: str, payload: Mapping[str, Any]) -> None:
        if "classes" in payload:
            self.network = dict(payload)

    def _take_examples(self, _stage: str, payload: Mapping[str, Any]) -> None:
        self.examples = dict(payload)

    def _take_said(self, _stage: str, payload: Mapping[str, Any]) -> None:
        self.said = Said.of(payload)
        self._said_ns.append((time.monotonic_ns(), self.said.time_ns))

    def _take_segment(self, _stage: str, payload: Mapping[str, Any]) -> None:
        """An open one takes the place of itself: it has become longer."""
        segment = LiveSegment(
            int(payload["start_ns"]),
            int(payload["end_ns"]),
            int(payload.get("label", -1)),
            str(payload.get("name", "")),
            float(payload.get("confidence") or 0.0),
            bool(payload.get("open")),
        )
        if self.segments and (
            self.segments[-1].open or self.segments[-1].start_ns == segment.start_ns
        ):
            self.segments.pop()
        self.segments.append(segment)

    def _take_recording(self, _stage: str, payload: Mapping[str, Any]) -> None:
        self.recording = dict(payload)

    def _take_kept(self, _stage: str, payload: Mapping[str, Any]) -> None:
        self.kept = dict(payload)

    def _take_disk(self, _stage: str, payload: Mapping[str, Any]) -> None:
        self.disk = dict(payload)
