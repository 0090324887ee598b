"""Whether a window shows anything that the network knows, by a calibrated threshold.

A network names everything. What it makes of a window before it names it (its features) tells more:
``Known`` holds the middle of every class on the features, and a window counts as known where it is
near enough to one of them. Features are standardised, so that none counts for its size, and
compared by their cosine: the nearest class mean (Mensink et al., TPAMI 2013), which is also how a
new action is learned from a few examples (``few_shot``). Measured against other scores in
``docs/reference/live.md``; ``calibrating`` makes the file.

``known.json`` of a run: ``version``, ``weights`` (SHA-256 of the checkpoint that it was made for),
``classes``, ``streams`` (per stream ``mean`` (D), ``spread`` (D) and ``middles`` (K, D) of the
features), ``threshold``, ``accepted``, ``calibrated`` (on what, for people).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.files import write_atomically
from harstudio.runs.folder import RunFolder

VERSION = 1
LARGEST = 64 << 20  # bytes of the file
FUSED = "fusion"
DIGITS = 4
REMEDY = "Calibrate the run again."

Vector = NDArray[np.float32]
Features = Mapping[str, Vector]


def counting(features: Features) -> dict[str, Vector]:
    """The features that count, by stream: those of the fusion where the network has any, else of
    all its streams."""
    return {FUSED: features[FUSED]} if FUSED in features else dict(features)


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """How a stream's features are made comparable: mean and spread (D,) float32 over all clips."""

    mean: Vector
    spread: Vector

    @classmethod
    def of(cls, rows: Vector) -> Scale:
        """Of (n, D) features."""
        spread = rows.std(axis=0)
        least = max(1e-6, 1e-3 * float(spread.max(initial=0)))
        return cls(rows.mean(axis=0), np.maximum(spread, least))

    def unit(self, rows: Vector) -> Vector:
        """(..., D) standardised and of length 1."""
        scaled = (rows - self.mean) / self.spread
        length = np.linalg.norm(scaled, axis=-1, keepdims=True)
        return np.asarray(scaled / np.maximum(length, 1e-9), dtype=np.float32)


def middles(units: Vector, labels: NDArray[np.int64], count: int) -> Vector:
    """(count, D) unit vectors: the middle of the rows (n, D) of each label; 0 where none is."""
    found = np.zeros((count, units.shape[-1]), dtype=np.float32)
    for label in range(count):
        rows = units[labels == label]
        if len(rows):
            mean = rows.mean(axis=0)
            found[label] = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a run knows.

    classes: K names. scales, middles: by stream; (K, D) unit vectors. threshold: of ``score``.
    accepted: share of clips of known actions that are above it. weights: SHA-256 of the checkpoint.
    calibrated: on what, for people.
    """

    classes: tuple[str, ...]
    scales: Mapping[str, Scale]
    middles: Mapping[str, Vector]
    threshold: float = 0.0
    accepted: float = 0.0
    weights: str = ""
    calibrated: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def fit(
        cls, classes: Sequence[str], features: Mapping[str, Vector], labels: NDArray[np.int64]
    ) -> Known:
        """From the features (n, D) by stream of n clips and their classes; no threshold yet."""
        scales = {name: Scale.of(rows) for name, rows in counting(features).items()}
        found = {
            name: middles(scale.unit(features[name]), labels, len(classes))
            for name, scale in scales.items()
        }
        return cls(tuple(classes), scales, found)

    def with_threshold(self, scores: NDArray[np.float64], accepted: float) -> Known:
        """So that the share ``accepted`` of these scores, of clips of known actions, is above."""
        threshold = float(np.quantile(scores, 1 - accepted))
        return replace(self, threshold=threshold, accepted=accepted)

    def covers(self, features: Features) -> bool:
        """Whether any of these streams was calibrated: a window may lack the others."""
        return not self.scales.keys().isdisjoint(counting(features))

    def units(self, features: Features) -> dict[str, Vector]:
        """Features (..., D) by stream, comparable; those of streams that are not known are left
        out. DataError where none is left, or they have another size."""
        found = {}
        for name, rows in counting(features).items():
            scale = self.scales.get(name)
            if scale is not None and rows.shape[-1] == len(scale.mean):
                found[name] = scale.unit(rows)
        if not found:
            raise DataError("The calibration is of another network.", remedy=REMEDY)
        return found

    def nearness(self, features: Features) -> NDArray[np.float64]:
        """(..., K) cosine to the middle of every class, in [-1, 1]; the mean over the streams that
        the window has."""
        units = self.units(features)
        near = [unit @ self.middles[name].T for name, unit in units.items()]
        return np.asarray(np.mean(near, axis=0), dtype=np.float64)

    def score(self, features: Features) -> float:
        """How near a window with these features (D,) by stream is to what is known, in [-1, 1]."""
        return float(self.nearness(features).max())

    # ---- the file

    def save(self, run: Path) -> Path:
        """Write ``known.json`` of a run; its path."""
        document = {
            "version": VERSION,
            "weights": self.weights,
            "classes": list(self.classes),
            "threshold": self.threshold,
            "accepted": self.accepted,
            "calibrated": dict(self.calibrated),
            "streams": {
                name: {
                    "mean": _rounded(scale.mean),
                    "spread": _rounded(scale.spread),
                    "middles": _rounded(self.middles[name]),
                }
                for name, scale in self.scales.items()
            },
        }
        path = RunFolder(run).known
        write_atomically(path, json.dumps(document, separators=(",", ":")).encode())
        return path

    @classmethod
    def load(cls, run: Path) -> Known | None:
        """Of a run; None where it was never calibrated. DataError: the file is damaged, or of other
        weights than the run has now."""
        path = RunFolder(run).known
        try:
            if path.stat().st_size > LARGEST:
                raise DataError("It is too large for a calibration.", path=path, remedy=REMEDY)
            known = _decoded(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"It is damaged ({error}).", path=path, remedy=REMEDY) from None
        if known.weights != weights_mark(run):
            raise DataError("It is of weights that the run had before.", path=path, remedy=REMEDY)
        return known


def weights_mark(run: Path) -> str:
    """SHA-256 of the checkpoint that a run is used with, in hex; "" where there is none."""
    folder = RunFolder(run)
    path = folder.best if folder.best.is_file() else folder.last
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _decoded(document: Any) -> Known:
    """ValueError, KeyError or TypeError where it is none."""
    if document["version"] != VERSION:
        raise ValueError(f"its version is {document['version']}")
    classes = tuple(str(name) for name in document["classes"])
    scales, found = {}, {}
    for name, told in document["streams"].items():
        mean, spread, rows = (_array(told[key]) for key in ("mean", "spread", "middles"))
        if mean.ndim != 1 or spread.shape != mean.shape or rows.shape != (len(classes), len(mean)):
            raise ValueError("features and classes do not fit together")
        if not (spread > 0).all():
            raise ValueError("a spread is 0")
        scales[str(name)], found[str(name)] = Scale(mean, spread), rows
    threshold, accepted = float(document["threshold"]), float(document["accepted"])
    if not scales or not math.isfinite(threshold):
        raise ValueError("nothing is known")
    told = document.get("calibrated", {})
    return Known(classes, scales, found, threshold, accepted, str(document["weights"]), dict(told))


def _array(values: Any) -> Vector:
    found = np.asarray(values, dtype=np.float32)
    if not np.isfinite(found).all():
        raise ValueError("a number is none")
    return found


def _rounded(values: Vector) -> list[Any]:
    """To 4 significant digits: what floats are stored for."""
    flat = [float(f"{value:.{DIGITS}g}") for value in values.ravel().tolist()]
    shaped: list[Any] = np.array(flat).reshape(values.shape).tolist()
    return shaped
