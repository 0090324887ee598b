"""An evaluation as the window shows it: figures, one confusion matrix a stream, the clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError

FUSED = ""  # the name of the network's own decision among its streams


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said about one clip; label and predicted are indices of the classes.

    by_stream: what each stream said on its own, where that was kept. subject, view: numbers of the
    person and of the camera, None where nobody knows. person: body id, "" for whoever is seen.
    """

    path: Path
    recording: str
    start_ns: int
    end_ns: int
    label: int
    predicted: int
    confidence: float
    by_stream: Mapping[str, int] = field(default_factory=dict)
    subject: int | None = None
    view: int | None = None
    person: str = ""

    def said(self, stream: str) -> int | None:
        """Index of the class that a stream named; None where that was not kept."""
        return self.predicted if stream == FUSED else self.by_stream.get(stream)


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """matrices: (K, K) int64 by stream, rows are what a clip shows, columns what was said.

    Shares are in [0, 1]; None where the evaluation does not tell them.
    """

    network: str
    protocol: str
    part: str
    classes: tuple[str, ...]
    clips: int
    top1: float
    ci95: tuple[float, float] | None
    top5: float | None
    macro_f1: float | None
    ece: float | None
    matrices: Mapping[str, NDArray[np.int64]]
    top1_by_stream: Mapping[str, float]
    verdicts: tuple[Verdict, ...] = ()

    @property
    def streams(self) -> tuple[str, ...]:
        """Whose matrix can be shown; the network's own decision first."""
        return tuple(self.matrices)

    def accuracies(self, stream: str = FUSED) -> list[tuple[int, float, int]]:
        """(class, accuracy, clips) of every class that has clips, the worst first."""
        matrix = self.matrices[stream]
        totals = matrix.sum(axis=1)
        found = [
            (k, float(matrix[k, k] / totals[k]), int(totals[k])) for k in np.flatnonzero(totals)
        ]
        return sorted(((int(k), share, n) for k, share, n in found), key=lambda row: row[1])

    def in_cell(self, true: int, said: int, stream: str = FUSED) -> list[Verdict]:
        """The clips behind a cell, the surest first."""
        found = [v for v in self.verdicts if v.label == true and v.said(stream) == said]
        return sorted(found, key=lambda verdict: -verdict.confidence)

    def missed(self, true: int, stream: str = FUSED) -> list[Verdict]:
        """The clips of a class that were taken for another, the surest first."""
        found = [v for v in self.verdicts if v.label == true and v.said(stream) not in (true, None)]
        return sorted(found, key=lambda verdict: -verdict.confidence)

    def mistakes(self) -> list[Verdict]:
        """What the network as a whole got wrong, the surest first."""
        found = [v for v in self.verdicts if v.label != v.predicted]
        return sorted(found, key=lambda verdict: -verdict.confidence)

    def keeps_clips_of(self, stream: str) -> bool:
        """Whether the clips behind this stream's cells are known."""
        return any(verdict.said(stream) is not None for verdict in self.verdicts)

    def worst_cell(self, stream: str = FUSED) -> tuple[int, int]:
        """The mistake made most often; the first cell where there is none."""
        mistakes = self.matrices[stream].copy()
        np.fill_diagonal(mistakes, 0)
        true, said = np.unravel_index(int(mistakes.argmax()), mistakes.shape)
        return int(true), int(said)

    @classmethod
    def of(cls, data: Mapping[str, Any], path: Path | None = None) -> Findings:
        """From what ``evaluate`` returns and evaluation.json keeps; DataError where it is not."""
        try:
            return _read(data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"This evaluation cannot be shown ({type(error).__name__}: {error}).",
                path=path,
                remedy="Evaluate the run again.",
            ) from error


def _read(data: Mapping[str, Any]) -> Findings:
    classes = tuple(str(name) for name in data["per_class"])
    matrices = {FUSED: _matrix(data["confusion"], len(classes))}
    top1 = {}
    for name, about in (data.get("streams") or {}).items():
        matrices[str(name)] = _matrix(about["confusion"], len(classes))
        top1[str(name)] = float(about["top1"])
    if len(top1) == 1:  # its one stream is the network itself
        matrices, top1 = {FUSED: matrices[FUSED]}, {}
    interval = data.get("ci95")
    return Findings(
        network=str(data.get("network", "")),
        protocol=str(data.get("protocol", "")),
        part=str(data.get("part") or data.get("split") or ""),
        classes=classes,
        clips=int(data["clips"]),
        top1=float(data["top1"]),
        ci95=None if not interval else (float(interval[0]), float(interval[1])),
        top5=_share(data, "top5"),
        macro_f1=_share(data, "macro_f1"),
        ece=_share(data, "ece"),
        matrices=matrices,
        top1_by_stream=top1,
        verdicts=_verdicts(data.get("samples") or (), classes),
    )


def _matrix(rows: Any, count: int) -> NDArray[np.int64]:
    matrix = np.asarray(rows, dtype=np.int64)
    if matrix.shape != (count, count):
        raise ValueError(f"the matrix is {matrix.shape}, there are {count} classes")
    return matrix


def _share(data: Mapping[str, Any], key: str) -> float | None:
    value = data.get(key)
    return None if value is None else float(value)


def _verdicts(samples: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> tuple[Verdict, ...]:
    def index(value: Any) -> int:
        found = classes.index(value) if isinstance(value, str) else int(value)
        if not 0 <= found < len(classes):
            raise ValueError(f"there is no class {value}")
        return found

    return tuple(
        Verdict(
            path=Path(str(sample["path"])),
            recording=str(sample.get("recording") or Path(str(sample["path"])).stem),
            start_ns=int(sample["start_ns"]),
            end_ns=int(sample["end_ns"]),
            label=index(sample["label"]),
            predicted=index(sample["predicted"]),
            confidence=float(sample["confidence"]),
            by_stream={
                str(name): index(value) for name, value in (sample.get("streams") or {}).items()
            },
            subject=_number(sample.get("subject")),
            view=_number(sample.get("view")),
        )
        for sample in samples
    )


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
