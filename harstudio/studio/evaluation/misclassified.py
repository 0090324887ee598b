"""The clips that a network got wrong, in an order, and what is typical of a class; no Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, HarstudioError, MissingError
from harstudio.runs.answers import load_answers
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_data, read_evaluation
from harstudio.studio.evaluation.findings import Findings, Verdict
from harstudio.studio.evaluation.spread import FUSION

BY_CENTRE = "of those recognised, the nearest to their centre in the features"
BY_SURENESS = "of those recognised, the surest"
ORDERS = {
    "surest": "Surest first",
    "hardest": "Hardest classes first",
    "frequent": "Most frequent pairs first",
}


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """What a run got wrong in an evaluation.

    wrong: the surest first. features: (N, D) float32 of all verdicts, None where none were kept of
    this evaluation. data: where the run's data lay.
    """

    run: Path
    findings: Findings
    wrong: tuple[Verdict, ...]
    features: NDArray[np.float32] | None = None
    data: Path | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        return self.findings.classes

    def pairs(self) -> list[tuple[tuple[int, int], int]]:
        """((true, said), how often), the most frequent first."""
        counted = Counter((one.label, one.predicted) for one in self.wrong)
        return sorted(counted.items(), key=lambda one: (-one[1], one[0]))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which errors are listed, and in which order (a key of ORDERS). None: whatever it is."""

    order: str = "surest"
    pair: tuple[int, int] | None = None
    subject: int | None = None
    view: int | None = None


def read_errors(run: Path, findings: Findings | None = None) -> Errors:
    """The errors of an evaluation, of the one that is kept with the run unless told.

    MissingError where the run has none, DataError where it is damaged or keeps no clips.
    """
    if findings is None:
        document = read_evaluation(run)
        if document is None:
            raise MissingError(
                "This run has not been evaluated.", path=run, remedy="Evaluate it in Train."
            )
        findings = Findings.of(document, run)
    if not findings.verdicts:
        raise DataError(
            "The clips of this evaluation were not kept.", path=run, remedy="Evaluate it again."
        )
    findings, data = _with_samples(run, findings)
    return Errors(run, findings, tuple(findings.mistakes()), _features(run, findings), data)


def _with_samples(run: Path, findings: Findings) -> tuple[Findings, Path | None]:
    """Cameras and persons are told by the run's data, where they are known."""
    try:
        data = read_data(run) or {}
        samples: dict[tuple[str, int, int, int], list[Mapping[str, Any]]] = {}
        for one in (one for part in data.get("parts", {}).values() for one in part):
            key = (one["recording"], one["start_ns"], one["end_ns"], one["label"])
            samples.setdefault(key, []).append(one)
        where = Path(str(data["path"])) if data.get("path") else None
    except (HarstudioError, KeyError, TypeError, AttributeError):
        return findings, None

    def told(one: Verdict) -> Verdict:
        found = samples.get((one.recording, one.start_ns, one.end_ns, one.label), [])
        if len(found) != 1:  # nothing is known, or one cannot tell which it is
            return one
        view, person = found[0].get("view"), found[0].get("person")
        view = view if isinstance(view, int) and one.view is None else one.view
        return replace(one, view=view, person=person if isinstance(person, str) else "")

    findings = replace(findings, verdicts=tuple(told(one) for one in findings.verdicts))
    return findings, where if where is not None and where.is_absolute() else None


def _features(run: Path, findings: Findings) -> NDArray[np.float32] | None:
    """Those before the last classifier, where they are of these very clips."""
    try:
        answers = load_answers(RunFolder(run).answers)
    except HarstudioError:
        return None
    labels = np.array([one.label for one in findings.verdicts], dtype=np.int64)
    said = np.array([one.predicted for one in findings.verdicts], dtype=np.int64)
    if not np.array_equal(answers.labels, labels) or not answers.features:
        return None
    if not np.array_equal(answers.logits.argmax(axis=1), said):
        return None
    name = FUSION if FUSION in answers.features else next(iter(answers.features))
    features = answers.features[name].astype(np.float32)
    return features if np.isfinite(features).all() else None


def typical_of(errors: Errors, label: int) -> tuple[Verdict, str] | None:
    """A clip that stands for a class, and the rule by which it was found: of the clips that were
    recognised as it the one nearest to their mean in the features, without features the surest.
    None where no clip of the class was recognised."""
    verdicts = errors.findings.verdicts
    right = [k for k, one in enumerate(verdicts) if one.label == one.predicted == label]
    if not right:
        return None
    if errors.features is None:
        return verdicts[max(right, key=lambda k: verdicts[k].confidence)], BY_SURENESS
    there = errors.features[right]
    away = np.square(there - there.mean(axis=0)).sum(axis=1)
    return verdicts[right[int(away.argmin())]], BY_CENTRE


def chosen(errors: Errors, choice: Choice) -> list[Verdict]:
    """The errors of a choice, in its order; of equal rank the surest first."""
    found = [
        one
        for one in errors.wrong
        if choice.pair in (None, (one.label, one.predicted))
        and choice.subject in (None, one.subject)
        and choice.view in (None, one.view)
    ]
    if choice.order == "hardest":
        place = {label: k for k, (label, _, _) in enumerate(errors.findings.accuracies())}
        found.sort(key=lambda one: place[one.label])
    elif choice.order == "frequent":
        often = {pair: k for k, (pair, _) in enumerate(errors.pairs())}
        found.sort(key=lambda one: often[one.label, one.predicted])
    return found


def known(numbers: Iterable[int | None]) -> Sequence[int]:
    """The numbers that occur, sorted."""
    return sorted({one for one in numbers if one is not None})
