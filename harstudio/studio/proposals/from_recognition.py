"""The segments of a recognition as clips that can be proposed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harstudio.labels.editing.proposals import proposal
from harstudio.labels.model import Clip
from harstudio.results import Recognition, Segment


def proposals_of(recognition: Recognition) -> list[Clip]:
    """One for each segment; the label that is next likely is that of the mean of its windows."""
    return [_proposal(recognition, segment) for segment in recognition.segments]


def source_of(recognition: Recognition) -> str:
    """What the run is called."""
    return Path(recognition.run).name or recognition.network


def _proposal(recognition: Recognition, segment: Segment) -> Clip:
    classes = recognition.classes
    second, chance = "", None
    rows = [
        window.probabilities
        for window in recognition.windows
        if window.start_ns < segment.end_ns
        and window.end_ns > segment.start_ns
        and window.person == segment.person
    ]
    if rows and len(classes) > 1:
        mean = np.mean(rows, axis=0)
        mean[segment.label] = -1.0
        best = int(np.argmax(mean))
        second, chance = classes[best], float(np.clip(mean[best], 0.0, segment.confidence))
    return proposal(
        segment.start_ns,
        segment.end_ns,
        classes[segment.label],
        float(np.clip(segment.confidence, 0.0, 1.0)),
        person=segment.person,
        second=second,
        second_confidence=chance,
    )
