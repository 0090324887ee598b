"""Differences that no figure about frames shows: of point events, and of clips whose labels are
the same at every frame, but not their number or their attributes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from harstudio.labels.agreement.figures import Disagreement
from harstudio.labels.agreement.frames import Compared, Stretch, said
from harstudio.labels.agreement.segments import POINT_TOLERANCE_NS, match_points
from harstudio.labels.agreement.tracks import Tracks
from harstudio.labels.model import Clip

Points = dict[str, Clip]  # by annotator


def unseen(compared: Compared, found: Sequence[Stretch]) -> list[Disagreement]:
    """What the stretches of a recording do not show. found: all of them, as of ``stretches``."""
    return [*_of_clips(compared, found), *_of_points(compared)]


# ---- clips


def _of_clips(compared: Compared, found: Sequence[Stretch]) -> Iterator[Disagreement]:
    tracks, count = Tracks(compared.documents), compared.counter()
    names = [document.annotator for document in compared.documents]
    own = [
        {person: _Sorted(clips) for person, clips in tracks.of(document).items()}
        for document in compared.documents
    ]
    for stretch in found:
        if stretch.disputed or not stretch.opinions[0]:
            continue
        everybody = [by[stretch.person].within(stretch, count) for by in own]
        contents = [Counter(_content(clip) for clip in clips) for clips in everybody]
        if all(one == contents[0] for one in contents):
            continue
        numbers = {len(clips) for clips in everybody}
        words = _number if len(numbers) > 1 else _values
        yield Disagreement(
            compared.recording,
            stretch.start_ns,
            stretch.end_ns,
            stretch.person,
            dict.fromkeys(names, said(stretch.opinions[0])),
            stretch.frames,
            "clips",
            dict(zip(names, map(words, everybody), strict=True)),
        )


class _Sorted:
    """Clips by start, to find those of a stretch."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._clips = clips
        self._starts = [clip.start_ns for clip in clips]
        self._last_ends = list(accumulate((clip.end_ns for clip in clips), max))

    def within(self, stretch: Stretch, count: Callable[[int, int], int]) -> list[Clip]:
        """Those of the stretch's labels that have a frame of it."""
        left = bisect_right(self._last_ends, stretch.start_ns)
        right = bisect_left(self._starts, stretch.end_ns)
        found = []
        for clip in self._clips[left:right]:
            start, end = max(clip.start_ns, stretch.start_ns), min(clip.end_ns, stretch.end_ns)
            if clip.label in stretch.opinions[0] and end > start and count(start, end):
                found.append(clip)
        return found


def _content(clip: Clip) -> tuple[str, tuple[tuple[str, str], ...]]:
    return clip.label, tuple(sorted((key, str(value)) for key, value in clip.attributes.items()))


def _number(clips: Sequence[Clip]) -> str:
    return "1 clip" if len(clips) == 1 else f"{len(clips)} clips"


def _values(clips: Sequence[Clip]) -> str:
    """The attributes, of several clips with semicolons between."""
    return "; ".join(
        ", ".join(f"{key}: {value}" for key, value in sorted(clip.attributes.items()))
        or "no attribute"
        for clip in clips
    )


# ---- point events


def groups(by_annotator: Mapping[str, Sequence[Clip]]) -> list[Points]:
    """Point events that are the same one; each is in one group.

    Of two annotators these are the pairs of ``match_points``. With more, each annotator's are
    matched with what those before them have.
    """
    found: list[Points] = []
    for annotator, points in by_annotator.items():
        heads = {id(head): group for group in found for head in [next(iter(group.values()))]}
        matches = match_points([next(iter(group.values())) for group in found], points)
        matched = set()
        for match in matches:
            heads[id(match.first)][annotator] = match.second
            matched.add(id(match.second))
        found += [{annotator: point} for point in points if id(point) not in matched]
    return found


def _of_points(compared: Compared) -> Iterator[Disagreement]:
    names = [document.annotator for document in compared.documents]
    for person, everybody in point_events(compared).items():
        lacking = [group for group in groups(everybody) if len(group) < len(names)]
        for group in _together(lacking):
            times = [point.start_ns for point in group.values()]
            opinions = {name: group[name].label if name in group else "" for name in names}
            start_ns, end_ns = min(times), max(times)
            yield Disagreement(compared.recording, start_ns, end_ns, person, opinions, 0, "points")


def point_events(compared: Compared) -> dict[str, dict[str, list[Clip]]]:
    """The point events within the span: by whom they are about, and annotator."""
    tracks = Tracks(compared.documents, points=True)
    own = {document.annotator: tracks.of(document) for document in compared.documents}
    start_ns, end_ns = compared.span or (None, None)
    return {
        person: {
            name: [
                point
                for point in by.get(person, ())
                if (start_ns is None or point.start_ns >= start_ns)
                and (end_ns is None or point.start_ns < end_ns)
            ]
            for name, by in own.items()
        }
        for person in tracks.people()
    }


def _together(lacking: Sequence[Points]) -> list[Points]:
    """Groups with other labels that are near each other and of other annotators are one."""
    found: list[Points] = []
    for group in sorted(lacking, key=_first_ns):
        near = found and _first_ns(group) - _first_ns(found[-1]) <= POINT_TOLERANCE_NS
        if near and not found[-1].keys() & group.keys():
            found[-1] |= group
        else:
            found.append(dict(group))
    return found


def _first_ns(group: Points) -> int:
    return min(point.start_ns for point in group.values())
