"""From what people said to examples that a head learns from: features, labels, groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from harstudio.errors import HarstudioError
from harstudio.jobs.context import Context
from harstudio.labels.agreement.segments import overlap
from harstudio.labels.suggested import actions
from harstudio.learning.data.looked import extent
from harstudio.recognition.helping.cutting import Cutting, cut
from harstudio.recognition.helping.features import FeatureMaker, Features, Stretch
from harstudio.recognition.helping.head import NOTHING, Examples
from harstudio.recognition.helping.teaching import LEAST_NS, Said, SaidClip, covered
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind

PEOPLE, RECORDINGS, STRETCHES = "people", "recordings", "stretches"  # what is held out
PARTS = 5  # stretches of time that one recording is held out in
INSIDE = 0.9  # of a stretch that lies where nothing was labelled
MEANT = 0.5  # intersection over union of a clip and the stretch that it was made for
HABIT = 5  # clips that tell where an annotator puts edges

Progress = Callable[[float], None]


class Edge(NamedTuple):
    """How much later than the motion a clip begins, and ends; whose it is, and in which
    recording."""

    recording: str
    annotator: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Examples in order, with what they are made from.

    clips: of every example the clip that says it, None where there is nothing. annotators,
    recordings: whose it is, and in which. over: what the groups are, "people" where at least two
    are known (who is not is held out by recording), else "recordings", "stretches" of time where
    there is one recording only. edges: how far those of
    labelled clips lie from those of the motion.
    """

    examples: Examples
    clips: tuple[SaidClip | None, ...]
    annotators: tuple[str, ...]
    recordings: tuple[str, ...]
    over: str
    edges: tuple[Edge, ...] = ()

    def without(self, recording: str, annotator: str) -> Gathered:
        """Without what others than the annotator say about a recording: whoever labels it is
        helped to an opinion of his own."""
        kept = np.array(
            [
                one != recording or who == annotator
                for one, who in zip(self.recordings, self.annotators, strict=True)
            ],
            dtype=np.bool_,
        )
        at = np.flatnonzero(kept).tolist()
        return Gathered(
            self.examples.some(kept),
            tuple(self.clips[k] for k in at),
            tuple(self.annotators[k] for k in at),
            tuple(self.recordings[k] for k in at),
            self.over,
            tuple(e for e in self.edges if e.recording != recording or e.annotator == annotator),
        )

    @property
    def edges_ns(self) -> tuple[int, int]:
        """How much later than the motion clips usually begin, and end; 0 where few tell."""
        if len(self.edges) < HABIT:
            return 0, 0
        return (
            round(float(np.median([edge.start_ns for edge in self.edges]))),
            round(float(np.median([edge.end_ns for edge in self.edges]))),
        )

    def counts(self) -> Counter[str]:
        """Clips by label."""
        return Counter(clip.label for clip in self.clips if clip is not None)

    def actions(self) -> list[list[int]]:
        """Of every action the places of the clips that say it: several where several people do."""
        by_recording: dict[str, list[int]] = {}
        for k, clip in enumerate(self.clips):
            if clip is not None:
                by_recording.setdefault(clip.recording, []).append(k)
        found: dict[tuple[str, int], list[int]] = {}
        for recording, places in by_recording.items():
            clips = [cast("SaidClip", self.clips[k]) for k in places]
            which = actions([(one.label, one.stretch.person, one.stretch) for one in clips])
            for k, action in zip(places, which, strict=True):
                found.setdefault((recording, action), []).append(k)
        return list(found.values())

    def minutes(self) -> float:
        """How long the actions last together."""
        clips = (cast("SaidClip", self.clips[places[0]]) for places in self.actions())
        return sum(c.stretch.end_ns - c.stretch.start_ns for c in clips) / 60e9


def usual_seconds(said: Sequence[Said], otherwise: float) -> float:
    """The median length of the labelled clips, seconds."""
    lengths = [clip.stretch.end_ns - clip.stretch.start_ns for one in said for clip in one.clips]
    return float(np.median(lengths)) / 1e9 if lengths else otherwise


def gather(
    trained: TrainedNetwork,
    said: Sequence[Said],
    context: Context,
    problems: list[str],
    progress: Progress,
) -> Gathered:
    """The features of everything that was said, and of nothing.

    A recording that cannot be read is told in ``problems``, and the others go on. Pauses and stops
    between stretches.
    """
    usual_ns = round(usual_seconds(said, trained.usual_s) * 1e9)
    by_path: dict[Path, list[Said]] = {}
    for one in said:
        by_path.setdefault(one.path, []).append(one)
    rows: list[Features] = []
    parts: list[_Part] = []
    edges: list[Edge] = []
    for number, (path, together) in enumerate(by_path.items()):

        def done(share: float, first: int = number) -> None:
            progress((first + share) / len(by_path))

        done(0.0)
        try:
            with open_recording(path) as recording:
                looked = [_parts(recording, one, usual_ns) for one in together]
                found = [part for one in looked for part in one.parts]
                with FeatureMaker(trained, recording, context) as maker:
                    features = maker.of([part.stretch for part in found], done)
        except HarstudioError as error:
            problems.append(str(error))
            continue
        edges += [edge for one in looked for edge in one.edges]
        for row, part in zip(features, found, strict=True):
            if np.isfinite(row).all():
                rows.append(row)
                parts.append(part)
    return replace(_gathered(rows, parts, problems), edges=tuple(edges))


@dataclass(frozen=True, slots=True)
class _Part:
    """What becomes one example."""

    stretch: Stretch
    recording: str
    annotator: str
    clip: SaidClip | None
    subject: int | None = None


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a recording gives: parts, and how far edges of clips lie behind those of the motion."""

    parts: list[_Part]
    edges: list[Edge]


def _parts(recording: Recording, said: Said, usual_ns: int) -> _Looked:
    whose = said.recording, said.annotator
    subject = recording.subject
    parts = [_Part(one.stretch, *whose, one, subject) for one in said.clips]
    start_ns, end_ns = extent(recording)
    empty = said.nothing(start_ns, end_ns)
    pieces = [piece for gap in empty for piece in _pieces(gap, usual_ns)]
    stream = recording.of_kind(StreamKind.SKELETON)
    edges: list[Edge] = []
    for person in said.persons():
        if not isinstance(stream, SkeletonStream):
            break
        moved = cut(stream, person, Cutting(usual_s=usual_ns / 1e9))
        pieces += [one for one in moved if covered(one, empty) >= INSIDE]
        for clip in said.stretches():
            best = max(moved, key=lambda one: overlap(one, clip), default=clip)
            if clip.person == person and overlap(best, clip) >= MEANT and best is not clip:
                off = clip.start_ns - best.start_ns, clip.end_ns - best.end_ns
                edges.append(Edge(*whose, *off))
    parts += [_Part(one, *whose, None, subject) for one in dict.fromkeys(pieces)]
    return _Looked(parts, edges)


def _pieces(gap: Stretch, usual_ns: int) -> Iterator[Stretch]:
    """A gap in parts as long as clips usually are."""
    count = max(1, round((gap.end_ns - gap.start_ns) / max(usual_ns, LEAST_NS)))
    edges = np.linspace(gap.start_ns, gap.end_ns, count + 1).astype(np.int64).tolist()
    for start, end in pairwise(edges):
        yield Stretch(start, end, gap.person)


def _gathered(rows: list[Features], parts: list[_Part], problems: list[str]) -> Gathered:
    """The examples; recordings that lack a modality which most have are left out."""
    width = Counter(row.size for row in rows).most_common(1)[0][0] if rows else 0
    others = sorted({p.recording for row, p in zip(rows, parts, strict=True) if row.size != width})
    if others:
        problems.append(f"{', '.join(others)} lack what the other recordings have; left out.")
    kept = [(row, part) for row, part in zip(rows, parts, strict=True) if row.size == width]
    over, groups = _grouped([part for _, part in kept])
    features = np.array([row for row, _ in kept], dtype=np.float32).reshape(len(kept), width)
    labels = tuple(NOTHING if p.clip is None else p.clip.label for _, p in kept)
    return Gathered(
        Examples(features, labels, tuple(groups)),
        tuple(part.clip for _, part in kept),
        tuple(part.annotator for _, part in kept),
        tuple(part.recording for _, part in kept),
        over,
    )


def _grouped(parts: Sequence[_Part]) -> tuple[str, list[str]]:
    """What is held out together, and of every part the group that it is in."""
    groups = [part.recording for part in parts]
    people = {part.subject for part in parts if part.clip is not None} - {None}
    if len(people) > 1:
        known = [None if part.subject is None else f"person {part.subject}" for part in parts]
        return PEOPLE, [who or name for who, name in zip(known, groups, strict=True)]
    if len(set(groups)) > 1:
        return RECORDINGS, groups
    middles = [(part.stretch.start_ns + part.stretch.end_ns) / 2 for part in parts]
    order = np.argsort(np.argsort(middles, kind="stable"), kind="stable")
    return STRETCHES, [str(int(k) * PARTS // max(1, len(parts))) for k in order]
