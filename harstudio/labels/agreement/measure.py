"""Measuring how annotators agree over recordings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from harstudio.labels.agreement.figures import (
    Agreement,
    Counts,
    Disagreement,
    LabelAgreement,
    Pair,
    PairAgreement,
)
from harstudio.labels.agreement.frames import (
    Category,
    Compared,
    Stretch,
    said,
    stretches,
)
from harstudio.labels.agreement.kappa import cohen_kappa, fleiss_kappa, krippendorff_alpha
from harstudio.labels.agreement.remarks import apart_sentence, remarks, revised_sentence
from harstudio.labels.agreement.segments import (
    IOUS,
    Boundaries,
    Match,
    Score,
    match_clips,
    match_points,
)
from harstudio.labels.agreement.tracks import Tracks
from harstudio.labels.agreement.unseen import unseen
from harstudio.labels.model import Clip, Document
from harstudio.recordings.frame_grid import FrameGrid


def measure(
    documents: Sequence[Document],
    grid: FrameGrid | int,
    span: tuple[int, int] | None = None,
) -> Agreement:
    """How the annotators of one recording agree; see ``Compared`` for grid and span."""
    recording = documents[0].recording if documents else ""
    return measure_all([Compared(recording, tuple(documents), grid, span)])


def measure_all(compared: Iterable[Compared], annotators: Sequence[str] | None = None) -> Agreement:
    """How annotators agree over recordings.

    annotators: who is compared, everybody by default. compared: taken one at a time, so that
    they can be read while others are measured.
    """
    wanted = None if annotators is None else tuple(dict.fromkeys(annotators))
    tally = _Tally()
    who = set(wanted or ())
    for one in compared:
        documents = tuple(d for d in one.documents if wanted is None or d.annotator in wanted)
        who |= {document.annotator for document in documents}
        tally.take(replace(one, documents=documents))
    return tally.result(wanted or tuple(sorted(who)))


@dataclass(slots=True)
class _Pairing:
    """What is counted for a pair."""

    recordings: int = 0
    frames: Counter[tuple[Category, Category]] = field(default_factory=Counter)
    segments: dict[str, dict[float, Score]] = field(default_factory=dict)
    differences_ns: list[int] = field(default_factory=list)
    points: Score = field(default_factory=Score)


class _Tally:
    """Counts over recordings."""

    def __init__(self) -> None:
        self._pairs: defaultdict[Pair, _Pairing] = defaultdict(_Pairing)
        self._frames: Counter[tuple[tuple[str, Category], ...]] = Counter()
        self._recordings: list[str] = []
        self._disagreements: list[Disagreement] = []
        self._revised: list[tuple[str, str]] = []
        self._undone: list[tuple[str, str]] = []
        self._stepped: list[str] = []
        self._joined: dict[str, None] = {}  # sentences about tiers that are taken for one
        self._used: dict[str, set[str]] = {}  # by annotator, whom there are clips about

    def take(self, compared: Compared) -> None:
        """Count a recording; one that fewer than two labelled is left out."""
        documents = sorted(compared.documents, key=lambda document: document.annotator)
        if len(documents) < 2:
            return
        names = [document.annotator for document in documents]
        self._recordings.append(compared.recording)
        self._undone += [(d.annotator, d.recording) for d in documents if not d.done]
        self._revised += [(n, compared.recording) for n in names if n in compared.revised]
        if not isinstance(compared.grid, FrameGrid):
            self._stepped.append(compared.recording)
        compared = replace(compared, documents=tuple(documents))
        found = stretches(compared)
        for stretch in found:
            self._count(names, stretch)
        disputed = [_disagreement(compared.recording, names, one) for one in found if one.disputed]
        everything = [*disputed, *unseen(compared, found)]
        self._disagreements += sorted(everything, key=lambda one: (one.start_ns, one.person))
        tracks, points = Tracks(documents), Tracks(documents, points=True)
        for first, second in combinations(documents, 2):
            self._match(self._pairs[first.annotator, second.annotator], first, second, tracks)
            self._match_points(
                self._pairs[first.annotator, second.annotator], first, second, points
            )
        self._joined |= dict.fromkeys(one.remark for one in (tracks, points) if one.remark)
        for document in documents:
            self._used.setdefault(document.annotator, set()).update(tracks.used(document))

    def _count(self, names: Sequence[str], stretch: Stretch) -> None:
        opinions = list(zip(names, stretch.opinions, strict=True))
        self._frames[tuple(opinions)] += stretch.frames
        for (first, one), (second, other) in combinations(opinions, 2):
            self._pairs[first, second].frames[one, other] += stretch.frames

    def _match(self, pairing: _Pairing, first: Document, second: Document, tracks: Tracks) -> None:
        pairing.recordings += 1
        ours, theirs = tracks.of(first), tracks.of(second)
        for person in sorted(ours.keys() | theirs.keys()):
            ones, others = ours.get(person, []), theirs.get(person, [])
            matches = match_clips(ones, others)
            for match in matches:
                pairing.differences_ns += match.differences_ns
            _add_segments(pairing.segments, matches, ones, others)

    def _match_points(
        self, pairing: _Pairing, first: Document, second: Document, tracks: Tracks
    ) -> None:
        ours, theirs = tracks.of(first), tracks.of(second)
        for person in sorted(ours.keys() | theirs.keys()):
            ones, others = ours.get(person, []), theirs.get(person, [])
            matched = len(match_points(ones, others))
            pairing.points += Score(matched, len(ones), len(others))

    def result(self, annotators: tuple[str, ...]) -> Agreement:
        """Every figure."""
        categories = tuple(sorted({category for row in self._frames for _, category in row} | {()}))
        pairs = {
            pair: _pair_agreement(self._pairs[pair], categories)
            for pair in combinations(sorted(annotators), 2)
            if pair in self._pairs
        }
        everybody, some = self._rows(categories, set(annotators))
        agreement = Agreement(
            annotators=annotators,
            recordings=tuple(self._recordings),
            frames=self._frames.total(),
            categories=tuple(map(said, categories)),
            pairs=pairs,
            fleiss=fleiss_kappa(*everybody),
            alpha=krippendorff_alpha(*some),
            disagreements=tuple(self._disagreements),
            remarks=(),
        )
        found = remarks(agreement, int(everybody[1].sum()), self._undone, self._stepped)
        apart = apart_sentence({name: self._used.get(name, set()) for name in annotators})
        revised = revised_sentence(self._revised)
        found = (*self._joined, *(one for one in (apart, revised) if one), *found)
        return replace(agreement, remarks=found)

    def _rows(
        self, categories: Sequence[Category], annotators: set[str]
    ) -> tuple[tuple[Counts, Counts], tuple[Counts, Counts]]:
        """Counts and frames for Fleiss (rows that everybody judged) and for alpha (all)."""
        column = {category: place for place, category in enumerate(categories)}
        counts = np.zeros((len(self._frames), len(categories)), np.int64)
        for place, row in enumerate(self._frames):
            for _, category in row:
                counts[place, column[category]] += 1
        frames = np.array(list(self._frames.values()), np.int64)
        whole = np.array([len(row) == len(annotators) for row in self._frames], bool)
        return (counts[whole], frames[whole]), (counts, frames)


def _disagreement(recording: str, names: Sequence[str], stretch: Stretch) -> Disagreement:
    opinions = dict(zip(names, map(said, stretch.opinions), strict=True))
    return Disagreement(
        recording, stretch.start_ns, stretch.end_ns, stretch.person, opinions, stretch.frames
    )


def _add_segments(
    scores: dict[str, dict[float, Score]],
    matches: Sequence[Match],
    ones: Sequence[Clip],
    others: Sequence[Clip],
) -> None:
    """Add the clips of one recording and person to the scores by label and threshold."""
    first, second = (Counter(clip.label for clip in clips) for clips in (ones, others))
    for iou in IOUS:
        matched = Counter(match.first.label for match in matches if match.iou >= iou)
        for label in first | second:
            by_iou = scores.setdefault(label, dict.fromkeys(IOUS, Score()))
            by_iou[iou] += Score(matched[label], first[label], second[label])


def _pair_agreement(pairing: _Pairing, categories: Sequence[Category]) -> PairAgreement:
    column = {category: place for place, category in enumerate(categories)}
    confusion = np.zeros((len(categories), len(categories)), np.int64)
    for (one, other), frames in pairing.frames.items():
        confusion[column[one], column[other]] += frames
    used = {label for pair in pairing.frames for category in pair for label in category}
    labels = sorted(used | set(pairing.segments))
    nothing = Score()
    scores = pairing.segments.values()
    return PairAgreement(
        recordings=pairing.recordings,
        frames=int(confusion.sum()),
        agreed=int(np.trace(confusion)),
        kappa=cohen_kappa(confusion),
        labels={label: _label_agreement(pairing, label) for label in labels},
        segments={iou: sum((one[iou] for one in scores), nothing) for iou in IOUS},
        boundaries=Boundaries.of(pairing.differences_ns),
        points=pairing.points,
        confusion=confusion,
    )


def _label_agreement(pairing: _Pairing, label: str) -> LabelAgreement:
    table = np.zeros((2, 2), np.int64)
    for (one, other), frames in pairing.frames.items():
        table[int(label in one), int(label in other)] += frames
    return LabelAgreement(
        frames_first=int(table[1].sum()),
        frames_second=int(table[:, 1].sum()),
        frames_both=int(table[1, 1]),
        kappa=cohen_kappa(table),
        segments=pairing.segments.get(label, dict.fromkeys(IOUS, Score())),
    )
