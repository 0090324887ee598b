"""Figures of what was said about clips, from scores and counts; numpy only.

Accuracies lie in [0, 1]. Their intervals are score intervals (Wilson, Probable Inference, the Law
of Succession, and Statistical Inference, JASA 1927), which are honest for few clips and for 0 or
100 %, too. The calibration error is that of Guo et al., On Calibration of Modern Neural Networks,
ICML 2017, eq. 3, with 15 equal bins. Bootstrap intervals are percentiles (Efron and Tibshirani, An
Introduction to the Bootstrap, 1993, ch. 13).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
Z95 = 1.959963984540054  # standard deviations that hold 95 % of a normal distribution
PERCENTILES = (2.5, 97.5)
DRAWS = 1000
FEWEST_SUBJECTS = 8  # with fewer the percentiles of draws are much too narrow


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax of (N, K)."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True, initial=-np.inf)
    powers = np.exp(shifted)
    shares: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def confusion_matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """(K, K) counts: row = what is true, column = what was said."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (labels, predicted), 1)
    return matrix


def top_share(scores: NDArray[np.float32], labels: NDArray[np.int64], top: int) -> float:
    """Share of clips whose class is among the ``top`` highest; of equal scores the first counts."""
    if not len(labels):
        return 0.0
    own = scores[np.arange(len(labels)), labels][:, None]
    better = (scores > own).sum(axis=1)
    tied_before = ((scores == own) & (np.arange(scores.shape[1]) < labels[:, None])).sum(axis=1)
    return float((better + tied_before < top).mean())


def macro_f1(matrix: NDArray[np.int64]) -> float:
    """Mean F1 of the classes that occur or were said."""
    right = np.diag(matrix).astype(np.float64)
    return float(_mean_f1(right, matrix.sum(axis=0) + matrix.sum(axis=1)))


def _mean_f1(right: NDArray[Any], seen: NDArray[Any]) -> NDArray[np.float64]:
    """(...) means of F1 over the last axis; seen: how often a class occurs, and was said."""
    occurring = seen > 0
    shares = np.divide(2.0 * right, seen, out=np.zeros(right.shape), where=occurring)
    means: NDArray[np.float64] = shares.sum(axis=-1) / np.maximum(1, occurring.sum(axis=-1))
    return means


def class_accuracies(matrix: NDArray[np.int64]) -> list[float | None]:
    """Share of each class that is right; None where it has no clips."""
    return [
        float(matrix[k, k] / clips) if clips else None for k, clips in enumerate(matrix.sum(axis=1))
    ]


def calibration_error(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Expected calibration error: how far confidence is from accuracy, weighted by clips."""
    counts, confidence, right = _binned(scores, labels)
    return float(np.abs(right - confidence).sum() / max(1, counts.sum()))


def reliability(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> list[dict[str, Any]]:
    """The bins of the calibration error, ``(low, high]``: clips, mean confidence, accuracy.

    Both means are None where a bin has no clips.
    """
    counts, confidence, right = _binned(scores, labels)
    return [
        {
            "low": k / BINS,
            "high": (k + 1) / BINS,
            "clips": int(clips),
            "confidence": float(confidence[k] / clips) if clips else None,
            "accuracy": float(right[k] / clips) if clips else None,
        }
        for k, clips in enumerate(counts)
    ]


def _binned(
    scores: NDArray[np.float32], labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """By bin of confidence: clips, sum of confidence, how many are right."""
    confidence = scores.max(axis=1, initial=0).astype(np.float64)
    right = scores.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return (
        np.bincount(bins, minlength=BINS).astype(np.int64),
        np.bincount(bins, weights=confidence, minlength=BINS).astype(np.float64),
        np.bincount(bins, weights=right, minlength=BINS).astype(np.float64),
    )


def interval(right: float, clips: int) -> list[float]:
    """95 % interval of the accuracy by Wilson's score; [0, 1] without clips.

    right: how many are right; a fraction where it is a mean over seeds."""
    if not clips:
        return [0.0, 1.0]
    share, square = right / clips, Z95 * Z95 / clips
    middle = share + square / 2
    half = math.sqrt(square * (share * (1 - share) + square / 4))
    return [max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))]


# ---- bootstrap


def bootstrap(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int, draws: int = DRAWS
) -> dict[str, Any]:
    """95 % intervals of accuracy and macro F1: so many clips are drawn with replacement, and so on.

    Which clip is drawn matters by its cell of the confusion matrix only, so that counts of cells
    are drawn. The same every time.
    """
    cells, counts = _cells(labels, predicted, classes)
    drawn = np.random.default_rng(0).multinomial(len(labels), counts / counts.sum(), size=draws)
    return {**_intervals(cells, drawn, classes), "draws": draws, "by": "clip"}


def bootstrap_subjects(
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    subjects: Sequence[int | None],
    classes: int,
    draws: int = DRAWS,
) -> dict[str, Any] | None:
    """The same where people are drawn with all their clips, because clips of one person are not
    independent; None with fewer than eight people, or where somebody is not known."""
    known = [one for one in subjects if one is not None]
    people, person = np.unique(np.array(known, dtype=np.int64), return_inverse=True)
    if len(known) < len(subjects) or len(people) < FEWEST_SUBJECTS:
        return None
    cells, counts = _cells(labels, predicted, classes)
    place = np.searchsorted(cells, labels * classes + predicted)
    own = np.zeros((len(people), len(counts)))
    np.add.at(own, (person, place), 1)
    even = np.full(len(people), 1 / len(people))
    drawn = np.random.default_rng(0).multinomial(len(people), even, size=draws) @ own
    found = _intervals(cells, drawn, classes)
    return {**found, "draws": draws, "by": "subject", "subjects": len(people)}


def _cells(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cells of the confusion matrix that are not empty, as flat indices, and their counts."""
    cells, counts = np.unique(labels * classes + predicted, return_counts=True)
    return cells, counts


def _intervals(cells: NDArray[np.int64], drawn: NDArray[Any], classes: int) -> dict[str, Any]:
    """Percentiles over (draws, cells) of counts."""
    true, said = np.divmod(cells, classes)
    draws = len(drawn)
    right, seen = np.zeros((draws, classes)), np.zeros((draws, classes))
    for k in np.unique(np.concatenate((true, said))):
        right[:, k] = drawn[:, (true == k) & (said == k)].sum(axis=1)
        seen[:, k] = drawn[:, true == k].sum(axis=1) + drawn[:, said == k].sum(axis=1)
    top1 = right.sum(axis=1) / drawn.sum(axis=1)
    return {
        "top1": np.percentile(top1, PERCENTILES).tolist(),
        "macro_f1": np.percentile(_mean_f1(right, seen), PERCENTILES).tolist(),
    }


def paired_interval(gained: int, lost: int, clips: int) -> list[float]:
    """95 % interval of the change of an accuracy on the same clips; [-1, 1] without clips.

    gained, lost: clips that became right, and wrong. Wald's interval with half a clip added to each
    cell (Agresti, Min, Simple improved confidence intervals for comparing matched proportions,
    Statistics in Medicine 2005), which is honest where no clip changed, too.
    """
    if not clips:
        return [-1.0, 1.0]
    count = clips + 2
    change = (gained - lost) / count
    half = Z95 * math.sqrt(gained + lost + 1 - (gained - lost) ** 2 / count) / count
    return [max(-1.0, change - half), min(1.0, change + half)]
