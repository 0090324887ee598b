"""What each annotator says at every frame, as stretches over which nothing changes.

A frame at time t lies in a clip when start <= t < end. Its category is the labels of all clips
of one person that it lies in: usually one, or none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from harstudio.labels.agreement.tracks import Tracks
from harstudio.labels.model import Clip, Document
from harstudio.recordings.frame_grid import FrameGrid

Category = tuple[str, ...]  # labels, sorted; () for no clip
BOTH = " + "


def said(category: Category) -> str:
    """A category in words, "" for no clip."""
    return BOTH.join(category)


@dataclass(frozen=True, slots=True)
class Compared:
    """A recording with the documents that are compared.

    grid: frames of the reference stream, or the step in ns at which to look where no stream is
    at hand. span: [start_ns, end_ns) to look at; by default all frames of the grid, with a step
    from the first to the last edge of any clip. revised: who changed labels after others could be
    seen, though annotation is blind.
    """

    recording: str
    documents: tuple[Document, ...]
    grid: FrameGrid | int
    span: tuple[int, int] | None = None
    revised: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.grid, int) and self.grid <= 0:
            raise ValueError(f"a step must be longer than {self.grid} ns")

    def limits(self) -> tuple[int, int]:
        """The span [start_ns, end_ns) that is compared, empty when there is nothing."""
        if self.span is not None:
            return self.span
        if isinstance(self.grid, FrameGrid):
            return self.grid.start_of(0), self.grid.end_of(len(self.grid) - 1)
        clips = [clip for document in self.documents for clip in _clips(document)]
        starts, ends = [clip.start_ns for clip in clips], [clip.end_ns for clip in clips]
        return min(starts, default=0), max(ends, default=0)

    def counter(self) -> Callable[[int, int], int]:
        """A function that counts the frames, or steps, that begin in [start_ns, end_ns)."""
        if isinstance(self.grid, FrameGrid):
            return self.grid.count
        first, step = self.limits()[0], self.grid
        return lambda start, end: (first - start) // step - (first - end) // step


@dataclass(frozen=True, slots=True)
class Stretch:
    """``[start_ns, end_ns)``, over which everybody's opinion about a person stays the same.

    opinions: in the order of the documents. frames: how many begin in it, >= 1.
    """

    start_ns: int
    end_ns: int
    person: str
    opinions: tuple[Category, ...]
    frames: int

    @property
    def disputed(self) -> bool:
        """Whether two annotators differ."""
        return len(set(self.opinions)) > 1


def stretches(compared: Compared) -> list[Stretch]:
    """All stretches with frames in them, by person and time. Neighbours differ."""
    tracks = Tracks(compared.documents)
    own = [tracks.of(document) for document in compared.documents]
    found: list[Stretch] = []
    for person in tracks.people() or ("",):
        changes = [
            (time_ns, place, category)
            for place, by_person in enumerate(own)
            for time_ns, category in _changes(by_person.get(person, ()))
        ]
        found += _joined(compared, person, changes)
    return found


def disputes(compared: Compared, shortest_ns: int = 0) -> list[Stretch]:
    """The disputed stretches, by person and time, but for slivers: what is shorter than
    ``shortest_ns`` and lies between different opinions, where only edges differ."""
    found = stretches(compared)
    kept = []
    for before, one, after in zip([None, *found], found, [*found[1:], None], strict=False):
        outside = {x.opinions if x and x.person == one.person else () for x in (before, after)}
        edges_alone = one.end_ns - one.start_ns < shortest_ns and len(outside) > 1
        if one.disputed and not edges_alone:
            kept.append(one)
    return kept


def _joined(
    compared: Compared, person: str, changes: Iterable[tuple[int, int, Category]]
) -> Iterator[Stretch]:
    (start, end), count = compared.limits(), compared.counter()
    at: dict[int, list[tuple[int, Category]]] = {end: []}
    for time_ns, place, category in changes:
        at.setdefault(time_ns, []).append((place, category))
    state: list[Category] = [() for _ in compared.documents]
    before: Stretch | None = None
    for time_ns in sorted(at):
        stop = min(time_ns, end)
        frames = count(start, stop) if stop > start else 0
        opinions = tuple(state)
        if frames and before is not None and before.opinions == opinions:
            frames += before.frames
            before = Stretch(before.start_ns, stop, person, opinions, frames)
        elif frames:
            if before is not None:
                yield before
            before = Stretch(start, stop, person, opinions, frames)
        start = max(start, stop)
        for place, category in at[time_ns]:
            state[place] = category
    if before is not None:
        yield before


def _changes(clips: Sequence[Clip]) -> Iterator[tuple[int, Category]]:
    """When the labels at a time become others, and which."""
    edges = [(clip.start_ns, 1, clip.label) for clip in clips]
    edges += [(clip.end_ns, -1, clip.label) for clip in clips]
    edges.sort(key=itemgetter(0))
    open_now: Counter[str] = Counter()
    for time_ns, together in groupby(edges, key=itemgetter(0)):
        for _, step, label in together:
            open_now[label] += step
        open_now = +open_now
        yield time_ns, tuple(sorted(open_now))


def _clips(document: Document) -> Iterator[Clip]:
    return (clip for tier in document.counted for clip in tier.clips)
