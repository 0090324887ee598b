"""Which clips are selected, which of them are seen, and which a gesture of the mouse selects."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect

from harstudio.labels.model import Clip
from harstudio.studio.timeline.lanes import clips_between
from harstudio.studio.timeline.rows import NAMES_PX, POINT_PX, RULER_PX, Kind, Row
from harstudio.studio.timeline.scale import TimeScale

MOST_OUTLINES = 400


def chosen(rows: Sequence[Row], selected: Sequence[str]) -> list[tuple[Row, Clip]]:
    """The selected clips with their rows, in the order in which they are selected."""
    tiers = [(row, row.tier) for row in rows if row.tier is not None]
    found = []
    for clip_id in selected:
        for row, tier in tiers:
            clip = tier.find(clip_id)
            if clip is not None:
                found.append((row, clip))
                break
    return found


def in_sight(clips: Sequence[tuple[Row, Clip]], scale: TimeScale) -> list[tuple[Row, Clip]]:
    """Those that the view shows, at most one a pixel column and row, and not without end."""
    shown: dict[tuple[int, int, int], tuple[Row, Clip]] = {}
    for row, clip in clips:
        if clip.end_ns < scale.origin_ns or clip.start_ns > scale.end_ns:
            continue
        place = (row.top, row.lane_of(clip), int(scale.x(clip.start_ns)))
        shown.setdefault(place, (row, clip))
        if len(shown) >= MOST_OUTLINES:
            break
    return list(shown.values())


def with_or_without(selected: Sequence[str], clip_id: str) -> tuple[str, ...]:
    """The clip joins the selected ones as their primary one, or leaves them."""
    others = tuple(one for one in selected if one != clip_id)
    return others if len(others) < len(selected) else (clip_id, *selected)


def up_to(row: Row, primary: Clip | None, clip: Clip) -> tuple[str, ...]:
    """Everything of a row between the primary clip and another one, which becomes the primary."""
    clips = [] if row.tier is None else row.tier.clips
    if primary is None or row.tier is None or row.tier.find(primary.id) is None:
        return (clip.id,)
    first, last = sorted((primary, clip), key=lambda c: (c.start_ns, c.end_ns))
    between = [c.id for c in clips if first.start_ns <= c.start_ns <= last.start_ns]
    return (clip.id, *(one for one in between if one != clip.id))


def framed(rows: Sequence[Row], scale: TimeScale, scrolled: int, band: QRect) -> list[str]:
    """Own clips that a frame of the viewport touches, in the order of the rows."""
    start = scale.time(band.left() - NAMES_PX)
    end = scale.time(band.right() - NAMES_PX)
    found = []
    for row in rows:
        if row.kind is not Kind.OWN:
            continue
        reach = POINT_PX * scale.ns_per_px if row.points else 0.0
        for number, lane in enumerate(row.lanes):
            top = RULER_PX + row.clip_top(number) - scrolled
            if top <= band.bottom() and top + row.clip_px > band.top():
                found += [c.id for c in clips_between(lane, start - reach, end + reach)]
    return found
