"""The document of an evaluation: what evaluation.json keeps of a network's answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.learning.data.samples import Sample
from harstudio.learning.evaluating import figures
from harstudio.learning.evaluating.inference import Answers

TOP = 5


def evaluate_answers(
    answers: Answers, samples: Sequence[Sample], classes: Sequence[str]
) -> dict[str, Any]:
    """The figures of evaluation.json; builtins only. Its samples are in the order of the answers.

    DataError is for the caller: there must be a clip.
    """
    labels, count = answers.labels, len(answers.labels)
    scores = figures.probabilities(answers.logits)
    predicted = scores.argmax(axis=1)
    seen = [samples[index] for index in answers.indices.tolist()]
    fused = score_figures(scores, labels, len(classes))
    clips = np.bincount(labels, minlength=len(classes))
    by_stream = {name: figures.probabilities(logits) for name, logits in answers.streams.items()}
    return {
        "clips": count,
        **{key: value for key, value in fused.items() if key != "per_class"},
        "loss": answers.loss,
        "bootstrap": figures.bootstrap(labels, predicted, len(classes)),
        "bootstrap_subjects": figures.bootstrap_subjects(
            labels, predicted, [one.subject for one in seen], len(classes)
        ),
        "reliability": figures.reliability(scores, labels),
        "per_class": {
            name: {"clips": int(clips[k]), "accuracy": fused["per_class"][k]}
            for k, name in enumerate(classes)
        },
        "streams": {
            name: score_figures(own, labels, len(classes)) for name, own in by_stream.items()
        },
        "seconds_per_clip": answers.seconds / max(1, count),
        "samples": _samples(seen, labels, scores, by_stream),
    }


def score_figures(
    scores: NDArray[np.float32], labels: NDArray[np.int64], classes: int
) -> dict[str, Any]:
    """Figures of (N, K) probabilities: those that the fusion and every stream have alike."""
    matrix = figures.confusion_matrix(labels, scores.argmax(axis=1), classes)
    return {
        "top1": figures.top_share(scores, labels, 1),
        "top5": figures.top_share(scores, labels, TOP),
        "macro_f1": figures.macro_f1(matrix),
        "ece": figures.calibration_error(scores, labels),
        "ci95": figures.interval(int(np.diag(matrix).sum()), len(labels)),
        "per_class": figures.class_accuracies(matrix),
        "confusion": matrix.tolist(),
    }


def _samples(
    samples: Sequence[Sample],
    labels: NDArray[np.int64],
    scores: NDArray[np.float32],
    by_stream: dict[str, NDArray[np.float32]],
) -> list[dict[str, Any]]:
    """What was said about each clip, by the fusion and by every stream, and how surely."""
    places = np.arange(len(labels))
    said = scores.argmax(axis=1)
    sure, true = scores[places, said].tolist(), scores[places, labels].tolist()
    streams = {name: own.argmax(axis=1).tolist() for name, own in by_stream.items()}
    sureness = {name: own.max(axis=1).tolist() for name, own in by_stream.items()}
    return [
        {
            "path": str(one.path),
            "recording": one.recording,
            "start_ns": one.start_ns,
            "end_ns": one.end_ns,
            "subject": one.subject,
            "label": int(labels[k]),
            "predicted": int(said[k]),
            "confidence": sure[k],
            "true_confidence": true[k],
            "streams": {name: own[k] for name, own in streams.items()},
            "stream_confidence": {name: own[k] for name, own in sureness.items()},
        }
        for k, one in enumerate(samples)
    ]
