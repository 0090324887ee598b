"""Figures of a trained network on clips that it has not seen; numpy only.

Accuracies lie in [0, 1]. Their intervals are score intervals (Wilson, Probable Inference, the Law
of Succession, and Statistical Inference, JASA 1927), which are honest for few clips and for 0 or
100 %, too. The calibration error is that of Guo et al., On Calibration of Modern Neural Networks,
ICML 2017, eq. 3, with 15 equal bins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.learning.inference import Answers
from harstudio.learning.samples import Sample

BINS = 15
Z95 = 1.959963984540054  # standard deviations that hold 95 % of a normal distribution
TOP = 5


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
    seen = matrix.sum(axis=0) + matrix.sum(axis=1)
    occurring = seen > 0
    return float((2 * right[occurring] / seen[occurring]).mean()) if occurring.any() else 0.0


def calibration_error(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Expected calibration error: how far confidence is from accuracy, weighted by clips."""
    if not len(labels):
        return 0.0
    confidence = scores.max(axis=1).astype(np.float64)
    right = scores.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    gaps = np.bincount(bins, weights=right, minlength=BINS) - np.bincount(
        bins, weights=confidence, minlength=BINS
    )
    return float(np.abs(gaps).sum() / counts.sum())


def interval(right: int, clips: int) -> list[float]:
    """95 % interval of the accuracy by Wilson's score; [0, 1] without clips."""
    if not clips:
        return [0.0, 1.0]
    share, square = right / clips, Z95 * Z95 / clips
    middle = share + square / 2
    half = math.sqrt(square * (share * (1 - share) + square / 4))
    return [max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))]


def evaluate_answers(
    answers: Answers, samples: Sequence[Sample], classes: Sequence[str]
) -> dict[str, Any]:
    """The figures of evaluation.json; builtins only."""
    labels, count = answers.labels, len(answers.labels)
    scores = probabilities(answers.logits)
    predicted = scores.argmax(axis=1)
    matrix = confusion_matrix(labels, predicted, len(classes))
    clips, right = matrix.sum(axis=1), np.diag(matrix)
    said = {name: (logits.argmax(axis=1), logits) for name, logits in answers.streams.items()}
    return {
        "clips": count,
        "top1": top_share(scores, labels, 1),
        "top5": top_share(scores, labels, TOP),
        "macro_f1": macro_f1(matrix),
        "ece": calibration_error(scores, labels),
        "ci95": interval(int(right.sum()), count),
        "loss": answers.loss,
        "per_class": {
            name: {
                "clips": int(clips[k]),
                "accuracy": float(right[k] / clips[k]) if clips[k] else None,
            }
            for k, name in enumerate(classes)
        },
        "confusion": matrix.tolist(),
        "streams": {
            name: {
                "top1": top_share(logits, labels, 1),
                "top5": top_share(logits, labels, TOP),
                "confusion": confusion_matrix(labels, best, len(classes)).tolist(),
            }
            for name, (best, logits) in said.items()
        },
        "seconds_per_clip": answers.seconds / max(1, count),
        "samples": [
            {
                "path": str(samples[index].path),
                "recording": samples[index].recording,
                "start_ns": samples[index].start_ns,
                "end_ns": samples[index].end_ns,
                "subject": samples[index].subject,
                "label": int(labels[place]),
                "predicted": int(predicted[place]),
                "confidence": float(scores[place, predicted[place]]),
                "streams": {name: int(best[place]) for name, (best, _) in said.items()},
            }
            for place, index in enumerate(answers.indices.tolist())
        ],
    }
