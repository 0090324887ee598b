"""A recognition laid out for looking things up by time, sixty times a second."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harstudio.results import (
    Explanation,
    HeatMap,
    Importance,
    JointWeights,
    Kind,
    Recognition,
    Relation,
)
from harstudio.runs.recognised.scores import cells, scores_at, smoothed
from harstudio.runs.recognised.segments import SECOND_NS, Trimming

E = TypeVar("E")
STEPS_BETWEEN = 4  # of the curve between two corners of windows
LINES = 3  # classes that the track on the timeline draws


class Where(enum.Enum):
    """Where an explanation is drawn. Over a picture, and on joints, one at a time is."""

    PICTURE = "picture"
    JOINTS = "joints"
    BESIDE = "beside"


def where(one: Explanation) -> Where:
    """A relation that knows no picture lies on joints."""
    if isinstance(one, HeatMap) or (isinstance(one, Relation) and one.box is not None):
        return Where.PICTURE
    return Where.JOINTS if isinstance(one, JointWeights | Relation) else Where.BESIDE


@dataclass(frozen=True, eq=False)
class Opinion:
    """starts, ends: (n,) int64 ns of the windows; probabilities: (n, K) float32."""

    recognition: Recognition

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        return np.array([w.start_ns for w in self.recognition.windows], dtype=np.int64)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        return np.array([w.end_ns for w in self.recognition.windows], dtype=np.int64)

    @cached_property
    def middles(self) -> NDArray[np.int64]:
        return (self.starts + self.ends) // 2

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        rows = [w.probabilities for w in self.recognition.windows]
        if not rows:
            return np.empty((0, len(self.recognition.classes)), dtype=np.float32)
        return np.stack(rows).astype(np.float32)

    def window_at(self, time_ns: int) -> int | None:
        """The window in whose middle a time lies best; None where no window is."""
        inside = np.flatnonzero((self.starts <= time_ns) & (time_ns < self.ends))
        if inside.size == 0:
            return None
        return int(inside[np.argmin(np.abs(self.middles[inside] - time_ns))])

    def ranking(self, window: int, count: int = 5) -> list[tuple[int, float]]:
        """(class, probability) of a window, the likeliest first."""
        row = self.probabilities[window]
        order = np.argsort(-row, kind="stable")[:count]
        return [(int(k), float(row[k])) for k in order]

    def by_stream(self, window: int) -> list[tuple[str, int, float]]:
        """(stream, class, probability) of what each stream says alone."""
        said = []
        for name, row in self.recognition.windows[window].by_stream.items():
            best = int(np.argmax(row))
            said.append((name, best, float(row[best])))
        return said

    @cached_property
    def leading(self) -> tuple[int, ...]:
        """The classes that count most over the recording, at most three, each of which some
        window gives a tenth or more (the first always)."""
        if not len(self.probabilities):
            return ()
        weights = (self.ends - self.starts)[:, None].astype(np.float64)
        order = np.argsort(-(self.probabilities * weights).sum(axis=0), kind="stable")[:LINES]
        most = self.probabilities.max(axis=0)
        return tuple(int(k) for n, k in enumerate(order) if n == 0 or most[k] >= 0.1)

    @cached_property
    def curve(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Times (t,) in order and scores (t, K) there, the mean of all windows over each time as
        the segments are made of it, smoothed where they are; NaN where no window is."""
        width_ns = round(Trimming.of(self.recognition).smooth_s * SECOND_NS)
        if width_ns > 0 and self.recognition.windows:
            edges = cells(self.recognition.windows)
            middles = (edges[:-1] + edges[1:]) // 2
            return middles, smoothed(scores_at(self.recognition.windows, middles), edges, width_ns)
        corners = np.unique(np.concatenate([self.starts, self.middles, self.ends - 1, self.ends]))
        if corners.size < 2:
            return corners, np.empty((corners.size, len(self.recognition.classes)), np.float32)
        shares = np.linspace(0, 1, STEPS_BETWEEN, endpoint=False)
        steps = corners[:-1, None] + np.diff(corners)[:, None] * shares
        times = np.unique(np.append(steps.astype(np.int64).ravel(), corners[-1]))
        return times, scores_at(self.recognition.windows, times)

    def scores_now(self, time_ns: int) -> NDArray[np.float32]:
        """(K,) what the curve says at a time; NaN where no window is."""
        if Trimming.of(self.recognition).smooth_s <= 0:
            one: NDArray[np.float32] = scores_at(self.recognition.windows, np.array([time_ns]))[0]
            return one
        times, scores = self.curve
        row: NDArray[np.float32] = scores[int(np.argmin(np.abs(times - time_ns)))]
        return row

    # ---- what was looked at

    @cached_property
    def explained(self) -> dict[str, Kind]:
        """Kind by name of all explanations, in the order they were given."""
        found: dict[str, Kind] = {}
        for window in self.recognition.explanations:
            for one in window:
                found.setdefault(one.name, one.kind)
        return found

    @cached_property
    def places(self) -> dict[str, Where]:
        """Where each of them is drawn."""
        found: dict[str, Where] = {}
        for window in self.recognition.explanations:
            for one in window:
                found.setdefault(one.name, where(one))
        return found

    @cached_property
    def importance(self) -> tuple[str, NDArray[np.int64], NDArray[np.float32]]:
        """Over the whole recording the importance that the run tells first: its name, times (t,) in
        order and values (t,) in [0, 1], each from the window in whose middle it lies best; "" and
        nothing where the run tells none."""
        names = [name for name, kind in self.explained.items() if kind is Kind.IMPORTANCE]
        times: list[int] = []
        values: list[float] = []
        for window in range(len(self.starts) if names else 0):
            one = self.find(window, names[0], Importance)
            for time_ns, value in () if one is None else zip(one.times_ns, one.values, strict=True):
                if self.window_at(int(time_ns)) == window:
                    times.append(int(time_ns))
                    values.append(float(value))
        order = np.argsort(times, kind="stable")
        name = names[0] if names else ""
        return name, np.array(times, np.int64)[order], np.array(values, np.float32)[order]

    @cached_property
    def told(self) -> NDArray[np.bool_]:
        """(W,) which windows are explained: maybe only some."""
        return np.array([bool(self.explanations_at(k)) for k in range(len(self.starts))], bool)

    def explanations_at(self, window: int | None) -> tuple[Explanation, ...]:
        """Those of a window; empty where none was asked for."""
        given = self.recognition.explanations
        return given[window] if window is not None and window < len(given) else ()

    def find(self, window: int | None, name: str, kind: type[E]) -> E | None:
        """The explanation of that name and type in a window."""
        for one in self.explanations_at(window):
            if one.name == name and isinstance(one, kind):
                return one
        return None

    def pointed(self, window: int | None) -> HeatMap | None:
        """The heat map for which the network was pointed to a joint, if there is one."""
        for one in self.explanations_at(window):
            if isinstance(one, HeatMap) and one.outlines:
                return one
        return None
