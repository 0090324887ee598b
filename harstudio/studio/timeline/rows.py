"""The rows of the timeline from top to bottom, and what lies under the mouse."""

from __future__ import annotations

import enum
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harstudio.labels.model import Clip, Document, Tier
from harstudio.studio.timeline.scale import TimeScale

NAMES_PX = 112
RULER_PX = 24
ROW_PX = 38
CLIP_PX = 26
SCORES_PX = 62  # segments above, curves below
EDGE_PX = 6  # how near the mouse must come to take an edge
ROOM_PX = 14  # a clip narrower than this is taken as a whole unless it is selected


class Kind(enum.Enum):
    OWN = "own"
    OTHER = "other"
    SCORES = "scores"
    MOTION = "motion"


@dataclass(frozen=True, slots=True)
class Row:
    """One row. tier is None for scores and motion; top counts from below the ruler, before
    scrolling."""

    kind: Kind
    title: str
    top: int
    tier: Tier | None = None
    annotator: str = ""

    @property
    def height(self) -> int:
        return SCORES_PX if self.kind is Kind.SCORES else ROW_PX

    @property
    def editable(self) -> bool:
        return self.kind is Kind.OWN

    def clip_top(self) -> int:
        return self.top + (ROW_PX - CLIP_PX) // 2


def row_title(tier: Tier, annotator: str, alone: bool) -> str:
    """The annotator's name where it says enough, else with the tier's."""
    if tier.name == annotator or (alone and not tier.name):
        return annotator
    return tier.name if alone else f"{annotator} · {tier.name}"


def build_rows(
    document: Document | None,
    others: Sequence[Document],
    tier_name: str,
    motion: bool,
    scores: str = "",
) -> list[Row]:
    """Own tiers first (the current one even before it holds a clip), then others', then what a
    run says (``scores`` is its name, "" for none), then motion."""
    rows: list[Row] = []

    def add(kind: Kind, title: str, tier: Tier | None = None, annotator: str = "") -> None:
        rows.append(Row(kind, title, rows_height(rows), tier, annotator))

    if document is not None:
        own = list(document.tiers)
        if document.tier(tier_name) is None:
            own.insert(0, Tier(tier_name))
        for tier in own:
            add(Kind.OWN, tier.name, tier, document.annotator)
    for other in others:
        for tier in other.tiers:
            title = row_title(tier, other.annotator, alone=False)
            add(Kind.OTHER, title, tier, other.annotator)
    if scores:
        add(Kind.SCORES, scores)
    if motion:
        add(Kind.MOTION, "motion")
    return rows


def rows_height(rows: Sequence[Row]) -> int:
    """Pixels that all rows take together."""
    return rows[-1].top + rows[-1].height if rows else 0


def clips_between(tier: Tier, start_ns: float, end_ns: float) -> Iterator[Clip]:
    """Clips that touch [start_ns, end_ns), found by bisection."""
    first = bisect_right(tier.clips, start_ns, key=lambda c: c.end_ns)
    for clip in tier.clips[first:]:
        if clip.start_ns >= end_ns:
            return
        yield clip


def clips_to_draw(tier: Tier, scale: TimeScale) -> Iterator[Clip]:
    """Clips in sight, at most one for each pixel column.

    The work grows with the width of the window, not with the number of clips.
    """
    at = bisect_right(tier.clips, scale.origin_ns, key=lambda c: c.end_ns)
    while at < len(tier.clips):
        clip = tier.clips[at]
        if clip.start_ns >= scale.end_ns:
            return
        yield clip
        covered = max(clip.end_ns, scale.time(int(scale.x(clip.start_ns)) + 1))
        at = max(at + 1, bisect_left(tier.clips, covered, key=lambda c: c.end_ns))


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under the mouse.

    part: "ruler", "names", "clip", "start", "end" (edges of ``clip``), "row" (nothing there but
    the row) or "" (below the last row). time_ns: under the mouse.
    """

    part: str
    time_ns: int
    row: Row | None = None
    clip: Clip | None = None


def hit(
    x: float, y: float, rows: Sequence[Row], scale: TimeScale, scrolled: int, selection: str | None
) -> Hit:
    """What lies at a position of the viewport. Only clips that can be edited have edges."""
    time_ns = scale.time(x - NAMES_PX)
    if y < RULER_PX:
        return Hit("ruler", time_ns)
    below = int(y) - RULER_PX + scrolled
    row = next((r for r in rows if r.top <= below < r.top + r.height), None)
    if x < NAMES_PX:
        return Hit("names", time_ns, row)
    if row is None:
        return Hit("", time_ns)
    inside = row.clip_top() <= below < row.clip_top() + CLIP_PX
    if row.tier is None or not inside:
        return Hit("row", time_ns, row)
    return _hit_clip(row, time_ns, scale, selection)


def _hit_clip(row: Row, time_ns: int, scale: TimeScale, selection: str | None) -> Hit:
    assert row.tier is not None  # noqa: S101 - said by the caller
    reach = EDGE_PX * scale.ns_per_px
    near = list(clips_between(row.tier, time_ns - reach, time_ns + reach))
    inside = next((c for c in near if c.start_ns <= time_ns < c.end_ns), None)
    if inside is None and near:  # a clip of less than a pixel, or just beside an edge
        slim = [c for c in near if c.duration_ns < 4 * scale.ns_per_px]
        inside = slim[0] if slim else None
    if row.editable:
        edge = _nearest_edge(near, inside, time_ns, reach, scale, selection)
        if edge is not None:
            return Hit(edge[0], time_ns, row, edge[1])
    return Hit("clip" if inside else "row", time_ns, row, inside)


def _nearest_edge(
    near: Sequence[Clip],
    inside: Clip | None,
    time_ns: int,
    reach: float,
    scale: TimeScale,
    selection: str | None,
) -> tuple[str, Clip] | None:
    """The edge to take: of the selected clip first, then of the clip under the mouse."""

    def rank(clip: Clip) -> int:
        return 0 if clip.id == selection else 1 if clip is inside else 2

    for clip in sorted(near, key=rank):
        if clip.id != selection and clip.duration_ns < ROOM_PX * scale.ns_per_px:
            continue
        third = min(reach, clip.duration_ns / 3) if clip is inside else reach
        if abs(time_ns - clip.start_ns) <= third:
            return "start", clip
        if abs(time_ns - clip.end_ns) <= third:
            return "end", clip
    return None
