"""What agreement of annotators amounts to: every figure, and where they disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harstudio.labels.agreement.segments import Boundaries, Score

Pair = tuple[str, str]
Kind = Literal["labels", "clips", "points"]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """How two annotators agree about one label.

    frames_first, frames_second, frames_both: frames that the one, the other, both give it.
    kappa: Cohen's, of "it is this label" against "it is not". segments: by IoU threshold.
    """

    frames_first: int
    frames_second: int
    frames_both: int
    kappa: float | None
    segments: Mapping[float, Score]


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """How two annotators agree, over the recordings that both labelled.

    frames: how many were compared; agreed: on how many both say the same. kappa: Cohen's over
    all categories, no clip being one of them. labels: by label, every one that either uses.
    segments: clips that match, by IoU threshold; boundaries: of clips that match at 0.1.
    points: point events that match within 250 ms. confusion: (K, K) frames by the category of
    the first (row) and of the second (column), in the order of ``Agreement.categories``.
    """

    recordings: int
    frames: int
    agreed: int
    kappa: float | None
    labels: Mapping[str, LabelAgreement]
    segments: Mapping[float, Score]
    boundaries: Boundaries
    points: Score
    confusion: Counts


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A stretch ``[start_ns, end_ns)`` over which opinions differ and stay the same.

    person: whom it is about, as ``Tracks`` says. opinions: what each annotator who labelled the
    recording says there, "" for nothing. frames: how many begin in it. kind: "labels"; "clips"
    where the labels are the same and the number of clips, or their attributes, are not; "points"
    for point events, all of them from start_ns to end_ns, with no frames. details: by annotator,
    what a label does not say.
    """

    recording: str
    start_ns: int
    end_ns: int
    person: str
    opinions: Mapping[str, str]
    frames: int
    kind: Kind = "labels"
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, str]:
        """The opinions with their details, "" for nothing."""
        return {
            name: f"{label} ({detail})" if (detail := self.details.get(name)) else label
            for name, label in self.opinions.items()
        }


@dataclass(frozen=True, slots=True)
class Agreement:
    """What ``measure`` found. Every None is explained by a sentence of the remarks.

    recordings: those that two annotators at least labelled. frames: how many were compared,
    each counted once for every person. categories: what is said of frames, "" (no clip) first.
    fleiss: over the frames of the recordings that all annotators labelled. alpha:
    Krippendorff's, over all frames. disagreements: by recording, time and person, also those
    that no figure shows.
    """

    annotators: tuple[str, ...]
    recordings: tuple[str, ...]
    frames: int
    categories: tuple[str, ...]
    pairs: Mapping[Pair, PairAgreement]
    fleiss: float | None
    alpha: float | None
    disagreements: tuple[Disagreement, ...]
    remarks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON; null where a figure is not defined."""
        return {
            "annotators": list(self.annotators),
            "recordings": list(self.recordings),
            "frames": self.frames,
            "categories": list(self.categories),
            "fleiss_kappa": self.fleiss,
            "krippendorff_alpha": self.alpha,
            "pairs": [_pair_dict(pair, one) for pair, one in self.pairs.items()],
            "disagreements": [asdict(one) for one in self.disagreements],
            "remarks": list(self.remarks),
        }


def _pair_dict(pair: Pair, one: PairAgreement) -> dict[str, Any]:
    return {
        "annotators": list(pair),
        "recordings": one.recordings,
        "frames": one.frames,
        "frames_agreed": one.agreed,
        "cohen_kappa": one.kappa,
        "segments": _scores_dict(one.segments),
        "boundaries": asdict(one.boundaries),
        "points": _score_dict(one.points),
        "labels": [
            {
                "label": label,
                "frames_first": own.frames_first,
                "frames_second": own.frames_second,
                "frames_both": own.frames_both,
                "cohen_kappa": own.kappa,
                "segments": _scores_dict(own.segments),
            }
            for label, own in one.labels.items()
        ],
        "confusion": one.confusion.tolist(),
    }


def _scores_dict(scores: Mapping[float, Score]) -> list[dict[str, Any]]:
    return [{"iou": iou} | _score_dict(score) for iou, score in scores.items()]


def _score_dict(score: Score) -> dict[str, Any]:
    return asdict(score) | {"f1": score.f1}
