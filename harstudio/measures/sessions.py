"""Two sessions of a subject: what changed from the first to the second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from harstudio.measures.clips import MEASURES, ClipMeasures, Measure


@dataclass(frozen=True, slots=True)
class Change:
    """One measure of the clips of one label. sd: None of a single clip. per_cent: of the first
    session's mean; None where that is 0."""

    measure: Measure
    clips: tuple[int, int]
    mean: tuple[float, float]
    sd: tuple[float | None, float | None]

    @property
    def difference(self) -> float:
        return self.mean[1] - self.mean[0]

    @property
    def per_cent(self) -> float | None:
        return None if self.mean[0] == 0 else 100 * self.difference / abs(self.mean[0])

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON."""
        sessions = [
            {"clips": clips, "mean": mean, "sd": sd}
            for clips, mean, sd in zip(self.clips, self.mean, self.sd, strict=True)
        ]
        return {
            "measure": self.measure.key,
            "title": self.measure.title,
            "unit": self.measure.unit,
            "first": sessions[0],
            "second": sessions[1],
            "change": self.difference,
            "per_cent": self.per_cent,
        }


def compare(
    first: Sequence[ClipMeasures], second: Sequence[ClipMeasures]
) -> dict[str, list[Change]]:
    """By label, for every label in both; measures that either session lacks are left out."""
    common = dict.fromkeys(c.label for c in first if any(c.label == d.label for d in second))
    changes: dict[str, list[Change]] = {}
    for label in common:
        sessions = [[c for c in clips if c.label == label] for clips in (first, second)]
        changes[label] = []
        for measure in MEASURES:
            values = [_known(clips, measure.key) for clips in sessions]
            if not all(values):
                continue
            a, b = values
            sd = tuple(stdev(v) if len(v) > 1 else None for v in values)
            counts, means = (len(a), len(b)), (fmean(a), fmean(b))
            changes[label].append(Change(measure, counts, means, (sd[0], sd[1])))
    return changes


def _known(clips: Sequence[ClipMeasures], key: str) -> list[float]:
    return [value for clip in clips if (value := clip.values[key]) is not None]
