"""The rows of the timeline from top to bottom, and what lies under the mouse."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harstudio.labels.model import Clip, Document, Tier
from harstudio.studio.timeline.lanes import Lane, clips_between, lane_of, lanes_of
from harstudio.studio.timeline.scale import TimeScale

NAMES_PX = 112
RULER_PX = 24
ROW_PX = 38
CLIP_PX = 26
PROPOSED_ROW_PX, PROPOSED_PX = 26, 18  # the lane of proposals
LANE_PX, LANE_GAP_PX = 20, 3  # where clips overlap
POINT_PX = 7  # from the middle of a point's mark to its corners
SCORES_PX = 62  # segments above, curves below
SEGMENTS_PX = 28
PICTURES_PX, SOUND_PX, MOTION_PX = 46, 32, 32
EDGE_PX = 6  # how near the mouse must come to take an edge
ROOM_PX = 14  # a clip narrower than this is taken as a whole unless it is selected


class Kind(enum.Enum):
    OWN = "own"
    PROPOSED = "proposed"
    OTHER = "other"
    SCORES = "scores"
    SEGMENTS = "segments"  # what a run says about another person
    PICTURES = "pictures"
    SOUND = "sound"
    MOTION = "motion"


TRACKS = (Kind.PICTURES, Kind.SOUND, Kind.MOTION)  # in their order
HEIGHTS = {
    Kind.PROPOSED: PROPOSED_ROW_PX,
    Kind.SCORES: SCORES_PX,
    Kind.SEGMENTS: SEGMENTS_PX,
    Kind.PICTURES: PICTURES_PX,
    Kind.SOUND: SOUND_PX,
    Kind.MOTION: MOTION_PX,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row. tier is None for scores and tracks; top counts from below the ruler, before
    scrolling. note: the person that the tier is about, "" where its name says it. person: the body
    id that segments are about."""

    kind: Kind
    title: str
    top: int
    tier: Tier | None = None
    annotator: str = ""
    lanes: tuple[Lane, ...] = ()
    note: str = ""
    person: str = ""

    @property
    def height(self) -> int:
        if len(self.lanes) < 2:
            return HEIGHTS.get(self.kind, ROW_PX)
        return len(self.lanes) * (LANE_PX + LANE_GAP_PX) + 2 * LANE_GAP_PX + 1

    @property
    def place(self) -> tuple[Kind, str, int, int, str]:
        """All that is seen of it besides its clips."""
        return self.kind, self.title, self.top, self.height, self.note

    @property
    def editable(self) -> bool:
        return self.kind in (Kind.OWN, Kind.PROPOSED)

    @property
    def points(self) -> bool:
        """Whether it holds point events."""
        return self.tier is not None and self.tier.rules.points

    @property
    def clip_px(self) -> int:
        """How tall its clips are."""
        if len(self.lanes) < 2:
            return PROPOSED_PX if self.kind is Kind.PROPOSED else CLIP_PX
        return LANE_PX

    def clip_top(self, lane: int = 0) -> int:
        if len(self.lanes) < 2:
            whole = PROPOSED_ROW_PX if self.kind is Kind.PROPOSED else ROW_PX
            return self.top + (whole - self.clip_px) // 2
        return self.top + 2 * LANE_GAP_PX + lane * (LANE_PX + LANE_GAP_PX)

    def lane_of(self, clip: Clip) -> int:
        """The lane in which a clip lies."""
        return lane_of(self.lanes, clip)

    def lane_at(self, below: int) -> int | None:
        """The lane whose clips stand at a height, counted as ``top`` is."""
        for lane in range(len(self.lanes)):
            if self.clip_top(lane) <= below < self.clip_top(lane) + self.clip_px:
                return lane
        return None


@dataclass(frozen=True, slots=True)
class Said:
    """What the rows of a recognition are called: its run, the person that is looked at, and of
    several persons the names by body id."""

    run: str
    person: str = ""
    persons: Mapping[str, str] = field(default_factory=dict)


def row_title(tier: Tier, annotator: str, alone: bool) -> str:
    """The annotator's name where it says enough, else with the tier's."""
    if tier.name == annotator or (alone and not tier.name):
        return annotator
    return tier.name if alone else f"{annotator} · {tier.name}"


def build_rows(
    document: Document | None,
    others: Sequence[Document],
    tier_name: str,
    tracks: Sequence[Kind],
    scores: Said | None = None,
    lanes: Callable[[Tier], tuple[Lane, ...]] = lanes_of,
    proposals: Tier | None = None,
) -> list[Row]:
    """Own tiers first (the current one even before it holds a clip, the open proposals under it),
    then others', then what a run says, then the tracks."""
    rows: list[Row] = []

    def add(kind: Kind, title: str) -> None:
        rows.append(Row(kind, title, rows_height(rows)))

    def add_tier(kind: Kind, title: str, tier: Tier, of: Document) -> None:
        person = tier.rules.person
        note = person if person and person.casefold() not in title.casefold() else ""
        top = rows_height(rows)
        rows.append(Row(kind, title, top, tier, of.annotator, lanes(tier), note))

    if document is not None:
        own = document.said
        if document.tier(tier_name) is None:
            own.insert(0, Tier(tier_name))
        for tier in own:
            add_tier(Kind.OWN, tier.name, tier, document)
            if proposals is not None and tier.name == tier_name:
                add_tier(Kind.PROPOSED, proposals.name, proposals, document)
    for other in others:
        for tier in other.said:
            add_tier(Kind.OTHER, row_title(tier, other.annotator, alone=False), tier, other)
    if scores is not None:
        note = scores.persons.get(scores.person, "")
        rows.append(Row(Kind.SCORES, scores.run, rows_height(rows), note=note))
        for person, name in scores.persons.items():
            if person != scores.person:
                rows.append(Row(Kind.SEGMENTS, name, rows_height(rows), person=person))
    for kind in TRACKS:
        if kind in tracks:
            add(kind, kind.value)
    return rows


def rows_height(rows: Sequence[Row]) -> int:
    """Pixels that all rows take together."""
    return rows[-1].top + rows[-1].height if rows else 0


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


def row_at(rows: Sequence[Row], below: int) -> Row | None:
    """The row at a height, counted as ``Row.top`` is."""
    return next((r for r in rows if r.top <= below < r.top + r.height), None)


def hit(
    x: float, y: float, rows: Sequence[Row], scale: TimeScale, scrolled: int, selection: str | None
) -> Hit:
    """What lies at a position of the viewport. Only clips that can be edited have edges."""
    time_ns = scale.time(x - NAMES_PX)
    if y < RULER_PX:
        return Hit("ruler", time_ns)
    below = int(y) - RULER_PX + scrolled
    row = row_at(rows, below)
    if x < NAMES_PX:
        return Hit("names", time_ns, row)
    if row is None:
        return Hit("", time_ns)
    lane = row.lane_at(below)
    if lane is None:
        return Hit("row", time_ns, row)
    if row.points:
        return _hit_point(row, time_ns, scale, selection)
    return _hit_clip(row, row.lanes[lane], time_ns, scale, selection)


def _hit_point(row: Row, time_ns: int, scale: TimeScale, selection: str | None) -> Hit:
    """The nearest mark within reach; of equally near ones the selected, else the last."""
    reach = (POINT_PX + 1) * scale.ns_per_px
    near = list(clips_between(row.lanes[0], time_ns - reach, time_ns + reach))
    if not near:
        return Hit("row", time_ns, row)
    near.reverse()
    near.sort(key=lambda c: (abs(c.start_ns - time_ns), c.id != selection))
    return Hit("clip", time_ns, row, near[0])


def _hit_clip(row: Row, lane: Lane, time_ns: int, scale: TimeScale, selection: str | None) -> Hit:
    reach = EDGE_PX * scale.ns_per_px
    near = list(clips_between(lane, time_ns - reach, time_ns + reach))
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
