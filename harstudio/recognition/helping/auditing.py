"""Audit: labels that heads contradict which did not learn from their person or recording.

Confident learning (Northcutt, Jiang and Chuang 2021): a clip labelled i counts as j where the
held-out probability of j reaches the mean probability of j over the clips that are labelled j, and
no other class does so more; what counts as another class than its label is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from harstudio.recognition.helping.examples import Gathered
from harstudio.recognition.helping.head import NOTHING, hold_out
from harstudio.recognition.helping.teaching import SaidClip


@dataclass(frozen=True, slots=True)
class Contradicted:
    """A clip with its label, and what a head says instead with which confidence."""

    recording: str
    path: str
    annotator: str
    clip_id: str
    start_ns: int
    end_ns: int
    label: str
    says: str
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Audit:
    """checked: clips that a head could be asked about: one that learned of their label from other
    people or recordings. accuracy: share of these that it names as the annotator did, None of none.
    found: the surest contradiction first."""

    checked: int
    accuracy: float | None
    found: tuple[Contradicted, ...]


def contradicted(gathered: Gathered, pause: Callable[[], None] = lambda: None) -> Audit:
    """The labels that are contradicted; where a clip counts as nothing, "" is said instead.

    pause: see ``hold_out``.
    """
    examples = gathered.examples
    held = hold_out(examples, pause=pause) if len(examples) else None
    if held is None:
        return Audit(0, None, ())
    shares = held.probabilities
    place = {name: k for k, name in enumerate(held.classes)}
    labels = np.array([place[label] for label in examples.labels])
    asked = held.known(examples.labels)
    bars = np.full(len(held.classes), np.inf)
    for k in range(len(held.classes)):
        own = asked & (labels == k)
        if own.any():
            bars[k] = float(shares[own, k].mean())
    found: list[tuple[float, Contradicted]] = []
    checked = right = 0
    for row, label, clip, fine in zip(shares, labels, gathered.clips, asked, strict=True):
        if clip is None or not fine:
            continue
        checked += 1
        right += int(row.argmax()) == int(label)
        over = [k for k in range(len(row)) if row[k] >= bars[k] and row[k] >= row[label]]
        best = max(over, key=lambda k: float(row[k]), default=int(label))
        if best != label:
            says = held.classes[best]
            found.append(
                (float(row[best] - row[label]), _contradicted(clip, says, float(row[best])))
            )
    found.sort(key=lambda one: -one[0])
    return Audit(checked, right / checked if checked else None, tuple(one for _, one in found))


def _contradicted(clip: SaidClip, says: str, confidence: float) -> Contradicted:
    return Contradicted(
        recording=clip.recording,
        path=str(clip.path),
        annotator=clip.annotator,
        clip_id=clip.clip_id,
        start_ns=clip.stretch.start_ns,
        end_ns=clip.stretch.end_ns,
        label=clip.label,
        says="" if says == NOTHING else says,
        confidence=min(1.0, confidence),
    )
