"""The clips of a lane as arrays: what is too narrow for a bar is drawn column by column.

The work of drawing then grows with the width of the window, not with the number of clips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.labels.editing.edits import AddClip, ChangeClip, Edit, RemoveClip
from harstudio.labels.model import Clip, Tier
from harstudio.studio.timeline.lanes import Lane, lanes_of
from harstudio.studio.timeline.scale import TimeScale

BAR_PX = 6  # clips at least so wide are bars
MARK_PX = 8  # points at least so far from the next one are marks
FEW_STEPS = 64  # an edit of more steps makes the arrays anew

Paint = Callable[[Clip], tuple[int, bool]]  # 0xffRRGGBB, and whether it carries a sign


@dataclass(slots=True)
class Strip:
    """starts_ns, ends_ns: (N,) int64, both sorted. colors: (N,) uint32, 0xffRRGGBB. signs: (N,)
    bool, whether the clip carries a sign."""

    starts_ns: NDArray[np.int64]
    ends_ns: NDArray[np.int64]
    colors: NDArray[np.uint32]
    signs: NDArray[np.bool_]

    @classmethod
    def of(cls, lane: Lane, paint: Paint) -> Strip:
        """All clips of a lane."""
        looks = [paint(clip) for clip in lane]
        return cls(
            np.array([clip.start_ns for clip in lane], dtype=np.int64),
            np.array([clip.end_ns for clip in lane], dtype=np.int64),
            np.array([color for color, _ in looks], dtype=np.uint32),
            np.array([sign for _, sign in looks], dtype=np.bool_),
        )

    def __len__(self) -> int:
        return len(self.starts_ns)

    def insert(self, clip: Clip, paint: Paint) -> None:
        """A clip comes, behind those that start when it does, as in a tier."""
        at = int(np.searchsorted(self.starts_ns, clip.start_ns, side="right"))
        color, sign = paint(clip)
        self.starts_ns = np.insert(self.starts_ns, at, clip.start_ns)
        self.ends_ns = np.insert(self.ends_ns, at, clip.end_ns)
        self.colors = np.insert(self.colors, at, color)
        self.signs = np.insert(self.signs, at, sign)

    def remove(self, clip: Clip, paint: Paint) -> bool:
        """A clip goes; False when it is not here."""
        first, after = np.searchsorted(self.starts_ns, [clip.start_ns, clip.start_ns + 1]).tolist()
        color, sign = paint(clip)
        same = (self.ends_ns[first:after] == clip.end_ns) & (self.colors[first:after] == color)
        found = np.flatnonzero(same & (self.signs[first:after] == sign))
        if not found.size:
            return False
        at = first + int(found[0])
        self.starts_ns, self.ends_ns = np.delete(self.starts_ns, at), np.delete(self.ends_ns, at)
        self.colors, self.signs = np.delete(self.colors, at), np.delete(self.signs, at)
        return True

    def clips(self, scale: TimeScale) -> Columns:
        """What is in sight of clips that do not overlap."""
        low = int(np.searchsorted(self.ends_ns, scale.origin_ns, side="right"))
        high = int(np.searchsorted(self.starts_ns, scale.end_ns))
        left = (self.starts_ns[low:high] - scale.origin_ns) / scale.ns_per_px
        right = (self.ends_ns[low:high] - scale.origin_ns) / scale.ns_per_px
        narrow = right - left < BAR_PX
        wide = np.flatnonzero(~narrow) + low
        return self._columns(scale, wide, left[narrow], right[narrow], low, narrow)

    def points(self, scale: TimeScale, reach_px: float) -> tuple[Columns, NDArray[np.float64]]:
        """What is in sight of points, and for each mark the pixels up to the next point.

        reach_px: how far a mark reaches to each side of its time.
        """
        reach = reach_px * scale.ns_per_px
        edges = [scale.origin_ns - reach, scale.end_ns + reach]
        low, high = np.searchsorted(self.starts_ns, edges).tolist()
        x = (self.starts_ns[low : high + 1] - scale.origin_ns) / scale.ns_per_px
        room = np.diff(x, append=max(scale.width, float(x[-1]) if x.size else 0.0))
        room = room[: high - low]
        if high == len(self) and room.size:
            room[-1] = max(scale.width - x[-1], MARK_PX)
        x = x[: high - low]
        before = np.concatenate([[np.inf], room[:-1]])
        narrow = np.minimum(room, before) < MARK_PX
        marks = np.flatnonzero(~narrow)
        columns = self._columns(scale, marks + low, x[narrow], x[narrow] + 1, low, narrow)
        return columns, room[marks]

    def _columns(
        self,
        scale: TimeScale,
        wide: NDArray[np.int64],
        left: NDArray[np.float64],
        right: NDArray[np.float64],
        low: int,
        narrow: NDArray[np.bool_],
    ) -> Columns:
        chosen = np.flatnonzero(narrow) + low
        colors = np.zeros(scale.width, dtype=np.uint32)
        signs = np.zeros(scale.width, dtype=np.bool_)
        first = np.floor(left).astype(np.int64)
        count = np.maximum(np.floor(right).astype(np.int64) - first, 1)
        signed = self.signs[chosen]
        for step in range(BAR_PX):
            at = first + step
            inside = (step < count) & (at >= 0) & (at < scale.width)
            colors[at[inside]] = self.colors[chosen[inside]]
            signs[at[inside & signed]] = True
        return Columns(wide.tolist(), colors, signs)


@dataclass(frozen=True, slots=True)
class Columns:
    """wide: places in the lane of the clips that are drawn one by one. colors: (width,) uint32 of
    all others, 0 where there is none. signs: (width,) bool."""

    wide: list[int]
    colors: NDArray[np.uint32]
    signs: NDArray[np.bool_]


class Book:
    """Lanes and strips of the tiers on the timeline, kept until an edit changes them."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._lanes: dict[int, tuple[Tier, tuple[Lane, ...]]] = {}
        self._strips: dict[int, tuple[Tier, tuple[Strip, ...]]] = {}

    def lanes(self, tier: Tier) -> tuple[Lane, ...]:
        """The lanes of a tier."""
        if not tier.rules.overlap:
            return lanes_of(tier)
        known = self._lanes.get(id(tier))
        if known is None or known[0] is not tier:
            known = self._lanes[id(tier)] = (tier, lanes_of(tier))
        return known[1]

    def strips(self, tier: Tier) -> tuple[Strip, ...]:
        """One for each lane of a tier."""
        lanes = self.lanes(tier)
        known = self._strips.get(id(tier))
        if known is not None and known[0] is tier:
            strips = known[1]
            if [len(strip) for strip in strips] == [len(lane) for lane in lanes]:
                return strips
        strips = tuple(Strip.of(lane, self._paint) for lane in lanes)
        if tier.clips:  # a row that is shown before its first clip is another tier each time
            self._strips[id(tier)] = (tier, strips)
        return strips

    def drop(self, tier: Tier) -> None:
        """A tier is not shown any more."""
        self._lanes.pop(id(tier), None)
        self._strips.pop(id(tier), None)

    def forget(self) -> None:
        """Everything is another: documents, or the label set."""
        self._lanes.clear()
        self._strips.clear()

    def take(self, edit: Edit, tiers: Sequence[Tier]) -> None:
        """An edit has changed clips of these tiers."""
        steps = edit.steps()
        if not all(isinstance(step, (AddClip, RemoveClip, ChangeClip)) for step in steps):
            self.forget()
            return
        for tier in tiers:
            own = [s for s in steps if getattr(s, "tier", None) == tier.name]
            _, strips = self._strips.get(id(tier), (tier, ()))
            if own and (len(strips) != 1 or len(own) > FEW_STEPS or tier.rules.overlap):
                self._lanes.pop(id(tier), None)
                self._strips.pop(id(tier), None)
            elif not all(self._follow(strips[0], step) for step in own):
                self._strips.pop(id(tier), None)

    def _follow(self, strip: Strip, step: object) -> bool:
        """The arrays change as the tier did; False when they do not fit."""
        match step:
            case AddClip(_, clip):
                strip.insert(clip, self._paint)
            case RemoveClip(_, clip):
                return strip.remove(clip, self._paint)
            case ChangeClip(_, before, after):
                if not strip.remove(before, self._paint):
                    return False
                strip.insert(after, self._paint)
        return True
