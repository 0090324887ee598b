"""From one recording to what is suggested for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import cosine_distances
from sklearn.preprocessing import StandardScaler

from harstudio.labels.agreement.segments import overlap
from harstudio.labels.editing.proposals import admitted
from harstudio.labels.model import Clip, Document
from harstudio.learning.data.looked import extent
from harstudio.recognition.helping.cutting import Cutting, cut
from harstudio.recognition.helping.features import FeatureMaker, Features, Stretch
from harstudio.recognition.helping.head import NOTHING, Head
from harstudio.recognition.windows import Sliding
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.results import Window
from harstudio.runs.recognised.segments import Trimming, find_segments
from harstudio.runs.suggestions import Suggestion

STRIDES_A_WINDOW = 8
REJECTED = 0.5  # overlap with a rejected stretch, whatever label was proposed for it
SURELY_NOTHING = 0.7  # a clip that is missed costs more than one too many
FAMILIAR = 0.5  # of the way from stretches of one label to those of others
UNSURE = 0.9  # of the confidence is lost in what is new; the rest tells such ones apart
LEAST_LEFT = 0.5  # of a stretch, after what clips take of it

Progress = Callable[[float], None]
Say = Callable[[Features, Features], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who names stretches.

    way: "learned", "classes" or "motion", see ``Suggestions``. labels: K names, NOTHING among them
    where it can say so. say: (n, D) features and (n, C) probabilities of the run's own classes ->
    (n, K) probabilities, NaN where it has none. novelty, unlike_nothing: (n, D) -> (n,) in [0, 1],
    see ``Head``.
    """

    way: str
    labels: tuple[str, ...]
    say: Say
    novelty: Callable[[Features], NDArray[np.float64]]
    unlike_nothing: Callable[[Features], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a recording.

    persons: whom stretches are about, "" for whoever is seen most. usual_s: how long clips usually
    last. counts: clips of every label that were learned from. own: clips of the annotator there,
    which edges keep clear of, and rejected: proposals that were said no to, which are not suggested
    again. least: the least confidence. edges_ns: how much later than the motion clips begin, and
    end.
    """

    persons: tuple[str, ...]
    usual_s: float
    counts: Counter[str]
    own: tuple[Stretch, ...] = ()
    rejected: tuple[Stretch, ...] = ()
    least: float = 0.0
    edges_ns: tuple[int, int] = (0, 0)


def learned_speaker(head: Head) -> Speaker:
    """A head that was taught by labels."""

    def say(own: Features, _: Features) -> NDArray[np.float64]:
        return head.probabilities(own)

    return Speaker("learned", head.classes, say, head.novelty, head.unlike_nothing)


def class_speaker(classes: Sequence[str], names: Sequence[str]) -> Speaker | None:
    """The run's own classes, where two or more of them are names of labels; else None."""
    label = {name.casefold(): name for name in names}
    at = [k for k, name in enumerate(classes) if name.casefold() in label]
    if len(at) < 2:
        return None
    labels = tuple(label[classes[k].casefold()] for k in at)
    return Speaker("classes", labels, lambda _, said: said[:, at].astype(np.float64), _none, _all)


def motion_speaker(known: Features, labels: Sequence[str], names: Sequence[str]) -> Speaker:
    """The label of the nearest clip, as sure as that is near; the first label, not sure at all,
    where no clip is labelled."""

    def alike(own: Features, _: Features) -> NDArray[np.float64]:
        out = np.zeros((len(own), len(told)))
        fine = np.isfinite(own).all(axis=1)
        if not len(known) or not fine.any():
            return out
        scaler = StandardScaler().fit(np.concatenate([own[fine], known]))
        near = np.clip(
            1 - cosine_distances(scaler.transform(own[fine]), scaler.transform(known)), 0, 1
        )
        for k, label in enumerate(told):
            out[fine, k] = near[:, [label == one for one in labels]].max(axis=1)
        return out

    told = tuple(dict.fromkeys(labels)) or tuple(names[:1])
    return Speaker("motion", told, alike, _none, _all)


def suggest_for(
    recording: Recording,
    maker: FeatureMaker,
    speaker: Speaker,
    wanted: Wanted,
    progress: Progress | None = None,
) -> tuple[Suggestion, ...]:
    """What is suggested, by start.

    Stretches away from rest are named as a whole where the recording has joints; else the scores
    of sliding windows are cut to segments. DataError where the recording cannot be read, or lacks
    what the network needs.
    """
    found: list[Suggestion] = []
    for number, person in enumerate(wanted.persons):

        def done(share: float, first: int = number) -> None:
            if progress is not None:
                progress((first + share) / len(wanted.persons))

        stretches = _moved(
            candidates(recording, maker, speaker, person, wanted.usual_s, done),
            wanted.edges_ns,
            extent(recording),
        )
        left = [one for one in (_free(stretch, wanted) for stretch in stretches) if one is not None]
        found += _named(left, maker, speaker, wanted, done)
    return tuple(sorted(found, key=lambda one: (one.start_ns, one.end_ns, one.person)))


def unsettled(document: Document, suggestions: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """Those that may be proposed in a document, see ``admitted``."""
    asked = [(one, Clip(one.start_ns, one.end_ns, one.label, one.person)) for one in suggestions]
    taken = {clip.id for clip in admitted(document, (clip for _, clip in asked)).clips}
    return tuple(one for one, clip in asked if clip.id in taken)


def candidates(
    recording: Recording,
    maker: FeatureMaker,
    speaker: Speaker,
    person: str,
    usual_s: float,
    progress: Progress | None = None,
) -> list[Stretch]:
    """Stretches of a person that may be clips, by start."""
    stream = recording.of_kind(StreamKind.SKELETON)
    if isinstance(stream, SkeletonStream) and len(stream):
        return cut(stream, person, Cutting(usual_s=usual_s))
    return _by_windows(recording, maker, speaker, person, usual_s, progress)


def _by_windows(
    recording: Recording,
    maker: FeatureMaker,
    speaker: Speaker,
    person: str,
    usual_s: float,
    progress: Progress | None,
) -> list[Stretch]:
    sliding = Sliding(usual_s, usual_s / STRIDES_A_WINDOW)
    spans = [Stretch(*span, person) for span in sliding.over(*extent(recording), usual_s)]
    features = maker.of(spans, progress)
    scores = speaker.say(features, maker.probabilities(spans))
    windows = [
        Window(*span[:2], row.astype(np.float32), person=person)
        for span, row in zip(spans, scores, strict=True)
        if np.isfinite(row).all()
    ]
    return [
        Stretch(one.start_ns, one.end_ns, person)
        for one in find_segments(windows, Trimming(least_s=usual_s / 3))
        if speaker.labels[one.label] != NOTHING
    ]


def _named(
    stretches: Sequence[Stretch],
    maker: FeatureMaker,
    speaker: Speaker,
    wanted: Wanted,
    progress: Progress,
) -> list[Suggestion]:
    """The stretches with their labels, without those that are nothing or not sure enough.

    The newer a stretch is, the less what is said counts: what is as far from every clip as those
    of other labels are is most likely none of them.
    """
    features = maker.of(stretches, progress)
    scores = speaker.say(features, maker.probabilities(stretches))
    novelty, unlike = speaker.novelty(features), speaker.unlike_nothing(features)
    real = [k for k, label in enumerate(speaker.labels) if label != NOTHING]
    found = []
    for stretch, row, new, far in zip(stretches, scores, novelty, unlike, strict=True):
        nothing = 1 - row[real].sum() if len(real) < len(row) else 0.0
        if not np.isfinite(row).all() or (nothing >= SURELY_NOTHING and far < FAMILIAR):
            continue
        best = sorted(real, key=lambda k: -row[k])
        known = 1 - UNSURE * _share(new)
        confidence = _share(known * row[best[0]])
        if confidence < wanted.least:
            continue
        label = speaker.labels[best[0]]
        second = best[1] if len(best) > 1 else None
        found.append(
            Suggestion(
                *stretch[:2],
                label,
                stretch.person,
                confidence,
                "" if second is None else speaker.labels[second],
                0.0 if second is None else _share(known * row[second]),
                _share(new),
                1 - wanted.counts[label] / max(1, wanted.counts.total()),
            )
        )
    return found


def _moved(
    stretches: Sequence[Stretch], edges_ns: tuple[int, int], within: tuple[int, int]
) -> list[Stretch]:
    """The stretches with their edges where people put them: inside the recording, where two come to
    overlap half-way, and no shorter than half of what they were."""
    starts = [max(one.start_ns + edges_ns[0], within[0]) for one in stretches]
    ends = [min(one.end_ns + edges_ns[1], within[1]) for one in stretches]
    for k in range(1, len(stretches)):
        if ends[k - 1] > starts[k]:
            ends[k - 1] = starts[k] = (ends[k - 1] + starts[k]) // 2
    return [
        Stretch(start, end, one.person) if 2 * (end - start) > one.end_ns - one.start_ns else one
        for one, start, end in zip(stretches, starts, ends, strict=True)
    ]


def _free(stretch: Stretch, wanted: Wanted) -> Stretch | None:
    """What the annotator's clips leave of a stretch; None where that is too little, or was rejected
    earlier."""
    if any(
        one.person in ("", stretch.person) and overlap(one, stretch) >= REJECTED
        for one in wanted.rejected
    ):
        return None
    left = stretch
    for one in wanted.own:
        if one.person not in ("", stretch.person) and stretch.person:
            continue
        if one.start_ns <= left.start_ns < one.end_ns:
            left = left._replace(start_ns=one.end_ns)
        elif one.start_ns < left.end_ns <= one.end_ns:
            left = left._replace(end_ns=one.start_ns)
    length = stretch.end_ns - stretch.start_ns
    return left if left.end_ns - left.start_ns >= LEAST_LEFT * length else None


def _share(value: float) -> float:
    return float(min(1.0, max(0.0, value)))


def _all(features: Features) -> NDArray[np.float64]:
    return np.ones(len(features))


def _none(features: Features) -> NDArray[np.float64]:
    return np.zeros(len(features))
