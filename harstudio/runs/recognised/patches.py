"""Explanations made ready for painting: plain arrays over a part of a picture, or over joints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.results import Box, Cut, HeatMap, Picture, Relation
from harstudio.runs.recognised.words import spoken
from harstudio.skeletons.maps import joint_map
from harstudio.skeletons.topology import topology

LINKS_OF_ALL, LINKS_OF_ONE = 24, 8  # lines between joints: more are a tangle
FAINT, FADES_NS = 0.45, 150_000_000  # of a map, so far away from the frame that was seen
LEAST_RANGE = 1e-3  # of the largest weight; a map that is more even than that shows nothing


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Weights over a part of one picture, ready to be painted.

    values: (h, w) float32 over ``box``, in pixels of ``stream``, seen at ``time_ns``, stretched
    from [low, high], what the map really holds, to [0, 1]: a mask between 0.49 and 0.53 would
    else be one flat colour. joint: index in ``topology`` of the joint whose relation this is,
    None for a plain heat map. until_ns: the map holds from ``time_ns`` until then, where the next
    one of several follows; 0 for a map of one moment.
    """

    stream: str
    time_ns: int
    values: NDArray[np.float32]
    box: Box
    meaning: str
    low: float = 0.0
    high: float = 1.0
    joint: int | None = None
    person: str = ""
    topology: str = ""
    until_ns: int = 0

    def real(self, value: float) -> float:
        """What the map holds where ``values`` says ``value``."""
        return self.low + value * (self.high - self.low)

    def strength(self, time_ns: int, period_ns: int) -> float:
        """How strongly it is shown over a frame of that time: 1 on the frames that it holds for,
        faint away from them. period_ns: between two frames."""
        away = abs(time_ns - self.time_ns)
        if self.time_ns <= time_ns < self.until_ns or away <= period_ns // 2:
            return 1.0
        return 1.0 - (1.0 - FAINT) * min(away / FADES_NS, 1.0)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the network was pointed to: a square around a joint, in pixels of ``stream``.

    topology: of the joint, "" where only the recording's own can be meant.
    """

    stream: str
    time_ns: int
    box: Box
    joint: int | None
    moved_m: float | None
    topology: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What of one frame an input was made from. name: the input's ("mosaic"); cuts: at least one,
    all of ``time_ns``, in pixels of ``stream``."""

    name: str
    stream: str
    time_ns: int
    cuts: tuple[Cut, ...]

    def title(self, cut: Cut) -> str:
        """What stands at a box: what it lies around, and of a box alone the input's name."""
        names = [spoken(self.name)] if len(self.cuts) == 1 else []
        return ", ".join([*names, *filter(None, [cut.of])])

    def side(self, cut: Cut) -> int:
        """Where its title stands, so that those of boxes side by side do not hide each other: -1
        left of the box, 1 right of it, 0 above."""
        middles = [(one.box.left + one.box.right) / 2 for one in self.cuts]
        off = (cut.box.left + cut.box.right) / 2 - sum(middles) / len(middles)
        if len(self.cuts) == 1 or abs(off) < (cut.box.right - cut.box.left) / 8:
            return 0
        return -1 if off < 0 else 1


def nearest_frame(picture: Picture, time_ns: int) -> Frame | None:
    """The frame nearest to a time that an input was made from; None where nobody knows."""
    if not picture.cuts:
        return None
    times = np.array([cut.time_ns for cut in picture.cuts], dtype=np.int64)
    nearest = int(times[np.argmin(np.abs(times - time_ns))])
    cuts = tuple(cut for cut in picture.cuts if cut.time_ns == nearest)
    return Frame(picture.name, picture.stream, nearest, cuts)


def heat_patch(heat: HeatMap, at: int) -> Patch:
    """One moment of a heat map, against the range of all its moments."""
    low, high = _range(heat.values)
    values = _stretched(heat.values[at], low, high)
    time_ns, until_ns = int(heat.times_ns[at]), 0
    if at + 1 < len(heat.times_ns):
        until_ns = int(heat.times_ns[at + 1])
    elif at:  # the last one holds as long as the one before
        until_ns = 2 * time_ns - int(heat.times_ns[at - 1])
    return Patch(
        heat.stream, time_ns, values, heat.boxes[at], heat.meaning, low, high, until_ns=until_ns
    )


def relation_patch(relation: Relation, joint: int | None) -> Patch | None:
    """How a joint attends to the cells of the picture."""
    height, width = relation.grid
    cells = height * width
    if not cells or joint is None or relation.box is None:
        return None
    if not 0 <= joint < len(relation.values) - cells:
        return None
    row = relation.values[cells + joint, :cells].reshape(height, width)
    low, high = _range(row)
    return Patch(
        relation.stream, relation.time_ns, _stretched(row, low, high), relation.box,
        relation.meaning, low, high, joint, relation.person, relation.topology,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """The strongest links between joints: (from, to, weight) each, weights stretched from
    [low, high] to [0, 1], the weakest first. joint: whose they are, None for those of all."""

    links: tuple[tuple[int, int, float], ...]
    low: float
    high: float
    joint: int | None
    topology: str
    person: str


def joint_links(relation: Relation, joint: int | None) -> Links:
    """To where a joint attends most, or the strongest of all links, of a relation of joints."""
    values = np.array(relation.values, dtype=np.float64)
    np.fill_diagonal(values, np.nan)  # a joint and itself are no line
    low, high = _range(values.astype(np.float32))
    if joint is None:
        both = np.fmax(values, values.T)
        rows, columns = np.triu_indices(len(both), 1)
        weights, count = both[rows, columns], LINKS_OF_ALL
    else:
        columns = np.delete(np.arange(len(values)), joint)
        rows = np.full(len(columns), joint)
        weights, count = values[joint, columns], LINKS_OF_ONE
    order = np.argsort(weights, kind="stable")[-count:]
    shown = _stretched(weights[order].astype(np.float32), low, high)
    links = tuple(
        (int(rows[k]), int(columns[k]), float(weight))
        for k, weight in zip(order, shown, strict=True)
        if weight > 0
    )
    return Links(links, low, high, joint, relation.topology, relation.person)


def _range(values: NDArray[np.float32]) -> tuple[float, float]:
    """Least and largest number; (0, 1) where there are none."""
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)


def _stretched(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """From [low, high] to [0, 1]; all 0 where there is next to nothing between the two."""
    if high - low < LEAST_RANGE * max(abs(high), 1e-9):
        return np.zeros(values.shape, dtype=np.float32)
    shares: NDArray[np.float32] = np.nan_to_num((values - low) / (high - low)).astype(np.float32)
    return shares


# ---- joints of other topologies


@lru_cache(maxsize=16)
def joint_sources(source: str, target: str) -> tuple[int | None, ...] | None:
    """For every joint of ``target`` the joint of ``source`` that it comes from mostly, None where
    it has none; None as a whole where nothing is known about the two."""
    try:
        rows = joint_map(source, target).rows
    except UsageError:
        return None
    return tuple(max(row, key=lambda one: one[1])[0] if row else None for row in rows)


def moved_joint(joint: int | None, source: str, target: str) -> int | None:
    """A joint of ``source`` as a joint of ``target``; None where it has none there."""
    if joint is None or source == target:
        return joint
    sources = joint_sources(source, target)
    return sources.index(joint) if sources is not None and joint in sources else None


def joint_name(joint: int | None, name: str) -> str:
    """The topology's own name of a joint, "" where there is none."""
    try:
        joints = topology(name).joints
    except UsageError:
        return ""
    return joints[joint] if joint is not None and 0 <= joint < len(joints) else ""


def moved_weights(weights: NDArray[np.float32], of: str, on: str) -> NDArray[np.float32] | None:
    """(V,) weights over the joints of one topology as weights over those of another."""
    if of == on:
        return weights
    sources = joint_sources(on, of)
    if sources is None or len(sources) != len(weights):
        return None
    spread = np.zeros(len(topology(on).joints), dtype=np.float32)
    for joint, source in enumerate(sources):
        if source is not None:
            spread[source] = max(spread[source], weights[joint])
    return spread
