"""What runs said about the clips of their test parts, as their folders keep it; no network.

A clip is known by its recording and its stretch to the millisecond, wherever it lies and in what
format, so that runs can be set side by side clip by clip.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from harstudio.errors import DataError, MissingError
from harstudio.learning.evaluating.figures import confusion_matrix, paired_interval
from harstudio.runs.bundled import find_run
from harstudio.runs.config import flat
from harstudio.runs.reading import read_config, read_data, read_evaluation

MS = 1_000_000  # nanoseconds; formats round the end of the same recording otherwise
# (recording, start, end in ms, how often it came before: clips of several people in one stretch)
Clip = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What one judge said. clips: place by clip. labels, said: (N,) indices of ``classes``."""

    name: str
    clips: dict[Clip, int]
    labels: NDArray[np.int64]
    said: NDArray[np.int64]
    classes: tuple[str, ...]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(N,) which clips are right."""
        right: NDArray[np.bool_] = self.labels == self.said
        return right

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(K, K) counts: row = what is true, column = what was said."""
        return confusion_matrix(self.labels, self.said, len(self.classes))


@dataclass(frozen=True, eq=False)
class Told:
    """A run that was evaluated. config: dotted keys as they are written."""

    name: str
    path: Path
    evaluation: dict[str, Any]
    config: dict[str, Any]
    classes: tuple[str, ...]

    @property
    def seed(self) -> int:
        """Of its training."""
        return int(self.config.get("training.seed", 0))

    @cached_property
    def people(self) -> int | None:
        """How many people its data show; None where one is not known."""
        seen = [one.get("subject") for one in samples_of(self.path)]
        known = {one for one in seen if isinstance(one, int)}
        return len(known) if seen and all(isinstance(one, int) for one in seen) else None

    @cached_property
    def verdicts(self) -> Verdicts:
        """What the network said."""
        return self._by(self.name, [int(one["predicted"]) for one in self._samples])

    @cached_property
    def streams(self) -> tuple[Verdicts, ...]:
        """What each stream said alone, where there are several; "run: stream skeleton"."""
        names = list(self.evaluation.get("streams") or {})
        if len(names) < 2:
            return ()
        samples = self._samples
        if not all(name in (one.get("streams") or {}) for one in samples for name in names):
            return ()
        return tuple(
            self._by(f"{self.name}: stream {name}", [int(one["streams"][name]) for one in samples])
            for name in names
        )

    @property
    def _samples(self) -> list[dict[str, Any]]:
        samples: list[dict[str, Any]] = self.evaluation["samples"]
        return samples

    def _by(self, name: str, said: list[int]) -> Verdicts:
        labels = np.array([int(one["label"]) for one in self._samples], dtype=np.int64)
        given = np.array(said, dtype=np.int64)
        both = np.concatenate((labels, given))
        if len(both) and not 0 <= both.min() <= both.max() < len(self.classes):
            raise ValueError("a clip has a class that is not known")
        return Verdicts(name, clips_of(self._samples), labels, given, self.classes)


def samples_of(run: Path) -> list[dict[str, Any]]:
    """The samples of all parts that ``data.json`` of a run names; none where there is none."""
    parts = (read_data(run) or {}).get("parts")
    lists = parts.values() if isinstance(parts, dict) else ()
    return [
        one for part in lists if isinstance(part, list) for one in part if isinstance(one, dict)
    ]


def dataset_of(run: Path) -> str:
    """The same for runs whose data have the same classes and clips, wherever they lie and whether
    they were prepared; "" where the run did not keep them."""
    samples = samples_of(run)
    if not samples:
        return ""
    keys = ("recording", "label", "subject", "view", "source")
    clips = sorted(
        json.dumps([*(one.get(key) for key in keys), _ms(one, "start_ns"), _ms(one, "end_ns")])
        for one in samples
    )
    known = json.dumps([(read_data(run) or {}).get("classes"), clips])
    return hashlib.sha256(known.encode()).hexdigest()


def _ms(sample: dict[str, Any], key: str) -> int | None:
    time = sample.get(key)
    return round(time / MS) if isinstance(time, int) else None


def clips_of(samples: Sequence[dict[str, Any]]) -> dict[Clip, int]:
    """Place by clip of the samples of an evaluation."""
    seen: Counter[tuple[str, int, int]] = Counter()
    found: dict[Clip, int] = {}
    for place, one in enumerate(samples):
        start, end = round(int(one["start_ns"]) / MS), round(int(one["end_ns"]) / MS)
        stretch = str(one["recording"]), start, end
        found[*stretch, seen[stretch]] = place
        seen[stretch] += 1
    return found


def read_runs(runs: Sequence[str | Path]) -> list[Told]:
    """Runs by folder or name of bundled weights, each once; their names tell them apart.

    MissingError where one was not evaluated, DataError where its evaluation is damaged.
    """
    paths = list(dict.fromkeys(find_run(run) for run in runs))
    return [_read(path, name) for path, name in zip(paths, _names(paths), strict=True)]


def _read(path: Path, name: str) -> Told:
    evaluation = read_evaluation(path)
    if evaluation is None:
        raise MissingError(
            "This run has no evaluation.", path=path, remedy=f"Use harstudio evaluate {path}."
        )
    config = flat(read_config(path))
    try:
        told = Told(name, path, evaluation, config, tuple(map(str, evaluation["per_class"])))
        _ = told.verdicts, told.streams, told.seed
        float(evaluation["top1"]), int(evaluation["clips"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"Its evaluation is damaged ({type(error).__name__}: {error}).",
            path=path,
            remedy="Evaluate the run again.",
        ) from None
    return told


def _names(paths: Sequence[Path]) -> list[str]:
    """The last parts of paths, as many as tell them apart."""
    most = max((len(path.parts) for path in paths), default=1)
    for parts in range(1, most + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


# ---- two judges


def compare_pair(a: Verdicts, b: Verdicts) -> dict[str, Any] | None:
    """Two judges on the clips that both have seen; None where there is none.

    only_a, only_b: clips that only one of them has right. p: exact McNemar test (McNemar, Note on
    the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 1947), two-sided. change: of the accuracy from a to b, with its interval.
    gains: the same by class, those that b gains most first.
    """
    known = {name: k for k, name in enumerate(b.classes)}
    same = np.array([known.get(name, -1) for name in a.classes], dtype=np.int64)
    shared = [(place, b.clips[clip]) for clip, place in a.clips.items() if clip in b.clips]
    places = np.array(shared, dtype=np.int64).reshape(-1, 2)
    places = places[same[a.labels[places[:, 0]]] == b.labels[places[:, 1]]]
    if not len(places):
        return None
    right_a, right_b = a.right[places[:, 0]], b.right[places[:, 1]]
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    clips = len(places)
    return {
        "a": a.name,
        "b": b.name,
        "clips": clips,
        "top1": [float(right_a.mean()), float(right_b.mean())],
        "only_a": only_a,
        "only_b": only_b,
        "p": mcnemar(only_a, only_b),
        "change": (only_b - only_a) / clips,
        "ci95": paired_interval(only_b, only_a, clips),
        "gains": _gains(a.labels[places[:, 0]], right_a, right_b, a.classes),
    }


def corrected(pairs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pairs with ``p_holm``: p as it is after Holm's correction for so many tests.

    Pairs at 0.05 or below differ at that level: the chance that one such claim among all pairs is
    wrong is no greater (Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian
    Journal of Statistics 1979).
    """
    adjusted, least = {}, 0.0
    for step, place in enumerate(sorted(range(len(pairs)), key=lambda place: pairs[place]["p"])):
        least = max(least, min(1.0, (len(pairs) - step) * pairs[place]["p"]))
        adjusted[place] = least
    return [{**pair, "p_holm": adjusted[place]} for place, pair in enumerate(pairs)]


def mcnemar(only_a: int, only_b: int) -> float:
    """Chance of a difference at least as great if both were equally good; 1 without any."""
    if not only_a + only_b:
        return 1.0
    return float(binomtest(only_a, only_a + only_b, 0.5).pvalue)


def _gains(
    labels: NDArray[np.int64],
    right_a: NDArray[np.bool_],
    right_b: NDArray[np.bool_],
    classes: Sequence[str],
) -> list[dict[str, Any]]:
    """Accuracy of both by class, of the classes that have clips."""
    clips = np.bincount(labels, minlength=len(classes))
    of_a = np.bincount(labels, weights=right_a, minlength=len(classes))
    of_b = np.bincount(labels, weights=right_b, minlength=len(classes))
    found = [
        {
            "class": name,
            "clips": int(clips[k]),
            "a": float(of_a[k] / clips[k]),
            "b": float(of_b[k] / clips[k]),
            "change": float((of_b[k] - of_a[k]) / clips[k]),
        }
        for k, name in enumerate(classes)
        if clips[k]
    ]
    return sorted(found, key=lambda one: -one["change"])
