"""The head: what people's labels teach on the features of a run.

A logistic regression on standardised features, all classes weighing alike, with "nothing" as one
more class. What it is sure of is calibrated on stretches that were held out (temperature scaling,
Guo et al. 2017), and how far it is to be trusted is measured on them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import cosine_distances
from sklearn.preprocessing import StandardScaler

from harstudio.recognition.helping.features import Features

NOTHING = ""  # the label of stretches in which nothing was labelled
STRENGTH = 0.05  # C of the regression: features are many and clips few
STEPS = 300
FOLDS = 5
TEMPERATURES = np.geomspace(0.3, 5.0, 25)


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Labelled stretches: features (n, D) float32 without NaN, n labels (NOTHING where there is
    none), and n groups: what is held out together."""

    features: Features
    labels: tuple[str, ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that people gave, sorted."""
        return tuple(sorted(set(self.labels) - {NOTHING}))

    @property
    def enough(self) -> bool:
        """Whether there are two classes with two clips each, the least that can be learned."""
        counts = [self.labels.count(name) for name in self.classes]
        return sum(count >= 2 for count in counts) >= 2

    def some(self, chosen: NDArray[np.bool_]) -> Examples:
        """Those that are chosen, (n,) bool."""
        at = np.flatnonzero(chosen).tolist()
        return Examples(
            self.features[chosen],
            tuple(self.labels[k] for k in at),
            tuple(self.groups[k] for k in at),
        )


class Head:
    """Learned from examples; tells the probabilities of its classes."""

    def __init__(self, examples: Examples, temperature: float = 1.0) -> None:
        self.temperature = temperature
        self._scaler = StandardScaler().fit(examples.features)
        self._known = self._scaled(examples.features)
        self._said = np.array([label != NOTHING for label in examples.labels])
        self._fit = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=STEPS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
            self._fit.fit(self._known, np.array(examples.labels))
        self.classes: tuple[str, ...] = tuple(str(name) for name in self._fit.classes_)
        self._near, self._far = _reaches(self._known, examples)

    def probabilities(self, features: Features) -> NDArray[np.float64]:
        """(n, D) -> (n, K) in the order of ``classes``, rows sum to 1; NaN rows stay NaN."""
        out = np.full((len(features), len(self.classes)), np.nan)
        fine = np.isfinite(features).all(axis=1) if len(features) else np.empty(0, dtype=bool)
        if fine.any():
            scores = self._fit.decision_function(self._scaled(features[fine]))
            if scores.ndim == 1:  # two classes
                scores = np.column_stack([-scores / 2, scores / 2])
            out[fine] = softmax(scores / self.temperature, axis=1)
        return out

    def novelty(self, features: Features) -> NDArray[np.float64]:
        """(n,) in [0, 1]: the cosine distance to the nearest labelled clip; 0 where it is no
        larger than usual between clips of one label, 1 where it is as large as between clips of
        different ones, or larger. NaN rows are 1."""
        return self._distance(features, self._known[self._said])

    def unlike_nothing(self, features: Features) -> NDArray[np.float64]:
        """The same for the distance to the nearest stretch in which nothing was labelled."""
        return self._distance(features, self._known[~self._said])

    def _distance(self, features: Features, known: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.ones(len(features))
        fine = np.isfinite(features).all(axis=1) if len(features) else np.empty(0, dtype=bool)
        if fine.any() and len(known):
            nearest = cosine_distances(self._scaled(features[fine]), known).min(axis=1)
            out[fine] = np.clip((nearest - self._near) / (self._far - self._near), 0, 1)
        return out

    def _scaled(self, features: Features) -> NDArray[np.float64]:
        return np.asarray(self._scaler.transform(features.astype(np.float64)))


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What heads say about examples that they did not learn from.

    classes: of all heads. probabilities: (n, K); 0 for a class that was held out whole, NaN where
    nothing could be learned without the group.
    """

    classes: tuple[str, ...]
    probabilities: NDArray[np.float64]
    temperature: float

    def right(self, labels: Sequence[str]) -> NDArray[np.bool_]:
        """(n,) whether the best class is the label."""
        best = np.nan_to_num(self.probabilities, nan=-1.0).argmax(axis=1)
        said = np.array(self.classes)[best] == np.array(labels)
        return np.asarray(said & np.isfinite(self.probabilities[:, 0]))

    def known(self, labels: Sequence[str]) -> NDArray[np.bool_]:
        """(n,) whether the head that was asked had learned the label, from another group."""
        place = {name: k for k, name in enumerate(self.classes)}
        at = [place[label] for label in labels]
        return np.asarray(np.nan_to_num(self.probabilities[np.arange(len(at)), at]) > 0)


def hold_out(
    examples: Examples, folds: int = FOLDS, pause: Callable[[], None] = lambda: None
) -> HeldOut | None:
    """Cross-validation by group; None where there is one group only, or nothing to learn.

    Groups are dealt to the folds by their size, the largest first. The temperature is the one
    under which what was held out is likeliest. pause: called between folds; may raise Stopped.
    """
    dealt = _dealt(examples.groups, folds)
    if dealt.max(initial=-1) < 1 or len(set(examples.labels)) < 2:
        return None
    classes = tuple(sorted(set(examples.labels)))
    place = {name: k for k, name in enumerate(classes)}
    scores = np.full((len(examples), len(classes)), np.nan)
    for fold in range(int(dealt.max()) + 1):
        pause()
        held = dealt == fold
        learned = examples.some(~held)
        if len(set(learned.labels)) < 2:
            continue
        head = Head(learned)
        logits = np.full((int(held.sum()), len(classes)), -np.inf)
        told = np.log(np.clip(head.probabilities(examples.features[held]), 1e-12, 1))
        logits[:, [place[name] for name in head.classes]] = told
        scores[held] = logits
    fine = np.isfinite(scores).any(axis=1)
    if not fine.any():
        return None
    truth = np.array([place[label] for label in examples.labels])
    usable = fine & np.isfinite(scores[np.arange(len(scores)), truth])
    temperature = _likeliest(scores[usable], truth[usable]) if usable.any() else 1.0
    probabilities = np.full(scores.shape, np.nan)
    probabilities[fine] = softmax(scores[fine] / temperature, axis=1)
    return HeldOut(classes, probabilities, temperature)


def learn(
    examples: Examples, pause: Callable[[], None] = lambda: None
) -> tuple[Head, HeldOut | None]:
    """A calibrated head, and what was held out to calibrate it. pause: see ``hold_out``."""
    held = hold_out(examples, pause=pause)
    pause()
    return Head(examples, held.temperature if held is not None else 1.0), held


def _reaches(known: NDArray[np.float64], examples: Examples) -> tuple[float, float]:
    """Usual distances from a clip to the nearest of its label and of another label."""
    labels = np.array(examples.labels)
    said = labels != NOTHING
    near, far = 0.0, 1.0
    if said.sum() >= 2:
        apart = cosine_distances(known[said], known[said])
        np.fill_diagonal(apart, np.inf)
        same = labels[said][:, None] == labels[said][None]
        inner = np.where(same, apart, np.inf).min(axis=1)
        outer = np.where(same, np.inf, apart).min(axis=1)
        near = float(np.median(inner[np.isfinite(inner)])) if np.isfinite(inner).any() else 0.0
        far = float(np.median(outer[np.isfinite(outer)])) if np.isfinite(outer).any() else 1.0
    return near, max(far, near + 1e-3)


def _dealt(groups: Sequence[str], folds: int) -> NDArray[np.int64]:
    """(n,) the fold of every example."""
    names, counts = np.unique(np.array(groups, dtype=object).astype(str), return_counts=True)
    sizes = [0] * min(folds, len(names))
    fold_of: dict[str, int] = {}
    for k in np.argsort(-counts, kind="stable").tolist():
        fold = sizes.index(min(sizes))
        sizes[fold] += int(counts[k])
        fold_of[str(names[k])] = fold
    return np.array([fold_of[str(group)] for group in groups], dtype=np.int64)


def _likeliest(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    losses = []
    for temperature in TEMPERATURES:
        shares = softmax(logits / temperature, axis=1)
        losses.append(-np.mean(np.log(np.clip(shares[np.arange(len(truth)), truth], 1e-12, 1))))
    return float(TEMPERATURES[int(np.argmin(losses))])
