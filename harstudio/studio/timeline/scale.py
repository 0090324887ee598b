"""From time to pixels and back, and where the ruler's ticks stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

MS_NS = 1_000_000
SECOND_NS = 1_000_000_000
MIN_NS_PER_PX = 100_000.0  # 0.1 ms: a 30 Hz frame is 333 px wide
LABEL_PX = 96  # from label to label of the ruler, at least
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
# Steps between labelled ticks, and into how many parts small ticks divide them.
TICK_STEPS = (
    *((k * MS_NS, 4 if str(k)[0] == "2" else 5) for k in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *((k * SECOND_NS, parts) for k, parts in ((1, 5), (2, 4), (5, 5), (10, 5), (15, 3), (30, 6))),
    *((k * MINUTE_NS, parts) for k, parts in ((1, 6), (2, 4), (5, 5), (10, 5), (15, 3), (30, 6))),
    *((k * HOUR_NS, parts) for k, parts in ((1, 6), (2, 4), (6, 6), (12, 6), (24, 6))),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TimeScale:
    """The stretch of time that is shown.

    [start_ns, stop_ns): all there is. width: pixels. origin_ns: time at the left edge.
    ns_per_px: how much time a pixel stands for.
    """

    start_ns: int = 0
    stop_ns: int = SECOND_NS
    width: int = 1
    origin_ns: float = 0.0
    ns_per_px: float = 1e6

    @property
    def shown_ns(self) -> float:
        return self.width * self.ns_per_px

    @property
    def end_ns(self) -> float:
        """Time at the right edge."""
        return self.origin_ns + self.shown_ns

    @property
    def widest(self) -> float:
        """ns per pixel at which all there is fits."""
        return max((self.stop_ns - self.start_ns) / max(1, self.width), MIN_NS_PER_PX)

    @property
    def fitted(self) -> bool:
        return self.ns_per_px >= self.widest * 0.9999

    def x(self, time_ns: float) -> float:
        return (time_ns - self.origin_ns) / self.ns_per_px

    def time(self, x: float) -> int:
        return round(self.origin_ns + x * self.ns_per_px)

    def held(self) -> TimeScale:
        """The same, kept inside what there is."""
        per_px = min(max(self.ns_per_px, MIN_NS_PER_PX), self.widest)
        last = max(self.start_ns, self.stop_ns - self.width * per_px)
        origin = min(max(self.origin_ns, self.start_ns), last)
        return replace(self, ns_per_px=per_px, origin_ns=origin)

    def fit(self) -> TimeScale:
        """Everything."""
        return replace(self, origin_ns=float(self.start_ns), ns_per_px=self.widest)

    def resized(self, width: int) -> TimeScale:
        """Another width: what was fitted stays fitted, else the magnification stays."""
        grown = replace(self, width=max(1, width))
        return grown.fit() if self.fitted else grown.held()

    def zoomed(self, factor: float, x: float) -> TimeScale:
        """Magnified by ``factor`` with the time at pixel ``x`` staying where it is."""
        per_px = min(max(self.ns_per_px / factor, MIN_NS_PER_PX), self.widest)
        fixed = self.origin_ns + x * self.ns_per_px
        return replace(self, ns_per_px=per_px, origin_ns=fixed - x * per_px).held()

    def panned(self, pixels: float) -> TimeScale:
        return replace(self, origin_ns=self.origin_ns + pixels * self.ns_per_px).held()

    def showing(self, start_ns: int, end_ns: int, share: float = 0.6) -> TimeScale:
        """[start_ns, end_ns) in the middle, taking ``share`` of the width."""
        per_px = max((end_ns - start_ns) / (share * self.width), MIN_NS_PER_PX)
        middle = (start_ns + end_ns) / 2
        origin = middle - per_px * self.width / 2
        return replace(self, ns_per_px=per_px, origin_ns=origin).held()

    def revealing(self, time_ns: int, at: float = 0.1) -> TimeScale:
        """Turned like a page so that a time that is out of sight stands at a share ``at``."""
        if self.origin_ns <= time_ns < self.end_ns:
            return self
        share = at if time_ns >= self.end_ns else 1 - at
        return replace(self, origin_ns=time_ns - share * self.shown_ns).held()


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the ruler; ``text`` is empty for the small ones between."""

    time_ns: int
    text: str


def tick_step(ns_per_px: float, label_px: int) -> tuple[int, int]:
    """The smallest round step whose labels do not touch, and its number of parts."""
    least = ns_per_px * label_px
    return next((row for row in TICK_STEPS if row[0] >= least), TICK_STEPS[-1])


def ticks(scale: TimeScale, label_px: int = LABEL_PX) -> Iterator[Tick]:
    """Ticks in sight, large and small, from left to right; counted from the recording's start."""
    step, parts = tick_step(scale.ns_per_px, label_px)
    small = step // parts
    first = max(0, int((scale.origin_ns - scale.start_ns) // small) * small)
    last = min(scale.end_ns, scale.stop_ns) - scale.start_ns
    for since_ns in range(first, int(last) + 1, small):
        text = "" if since_ns % step else ruler_text(since_ns, step)
        yield Tick(scale.start_ns + since_ns, text)


def ruler_text(since_ns: int, step_ns: int) -> str:
    """``00:02``, with as many decimals as the step needs and hours where there are any."""
    whole, rest = divmod(since_ns, SECOND_NS)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"
    if step_ns % SECOND_NS:
        decimals = 1 if step_ns % (100 * MS_NS) == 0 else 2 if step_ns % (10 * MS_NS) == 0 else 3
        text += f".{rest // MS_NS:03d}"[: decimals + 1]
    return text
