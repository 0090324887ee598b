"""Simulated annotator: how many labels a head needs when it chooses which clips are labelled.

    python benchmarks/helping/active.py UTD-MHAD

UTD-MHAD: the annotator labels trials of people 1, 3, 5, 7 (the pool), nine at a time; the head of
``harstudio.recognition.helping`` learns from what is labelled and is tested on people 2, 4, 6, 8.
Counted are the labels after which it names 90 % as many test trials right as with the whole pool.
All ways begin with the same nine trials, drawn by lot; five draws.

- random: the next nine by lot.
- uncertainty: those whose best two labels are closest (margin, Scheffer et al. 2001).
- diversity: one after the other the trial that is furthest from all labelled ones (k-centre greedy,
  Sener and Savarese 2018), by cosine distance of standardised features.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import cosine_distances
from sklearn.preprocessing import StandardScaler
from utd import JOINTS, Trials, load

from harstudio.recognition.helping.head import Examples, Head

SEEDS = range(5)
AT_ONCE = 9
SHARE = 0.9
RUNS = ("joints-any-sensor", "synthetic-all-views", JOINTS)

Choose = Callable[[Head, NDArray[np.int64], NDArray[np.int64], np.random.Generator], list[int]]


class Annotator:
    """Knows all labels of the pool, and gives those that are asked for."""

    def __init__(self, trials: Trials) -> None:
        self.pool = np.flatnonzero(trials.pool)
        self.test = np.flatnonzero(~trials.pool)
        self.trials = trials
        scaled = StandardScaler().fit_transform(trials.features.astype(np.float64))
        self.apart = cosine_distances(scaled, scaled)

    def head(self, at: NDArray[np.int64]) -> Head:
        labels = tuple(self.trials.actions[at].tolist())
        return Head(Examples(self.trials.features[at], labels, labels))

    def accuracy(self, head: Head) -> float:
        said = head.probabilities(self.trials.features[self.test]).argmax(axis=1)
        return float(np.mean(np.array(head.classes)[said] == self.trials.actions[self.test]))

    def needed(self, way: str, seed: int, goal: float) -> int:
        """Labels until the goal is reached."""
        rng = np.random.default_rng(seed)
        labelled = rng.choice(self.pool, AT_ONCE, replace=False)
        while True:
            head = self.head(labelled) if len(set(self.trials.actions[labelled])) > 1 else None
            if head is not None and self.accuracy(head) >= goal:
                return len(labelled)
            left = np.setdiff1d(self.pool, labelled)
            if not left.size:
                return len(labelled)
            labelled = np.concatenate([labelled, self._next(way, head, labelled, left, rng)])

    def _next(
        self,
        way: str,
        head: Head | None,
        labelled: NDArray[np.int64],
        left: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> NDArray[np.int64]:
        count = min(AT_ONCE, left.size)
        if way == "random" or head is None:
            return rng.choice(left, count, replace=False)
        if way == "uncertainty":
            shares = np.sort(head.probabilities(self.trials.features[left]), axis=1)
            return left[np.argsort(shares[:, -1] - shares[:, -2], kind="stable")[:count]]
        nearest = self.apart[np.ix_(left, labelled)].min(axis=1)
        chosen = []
        for _ in range(count):
            k = int(nearest.argmax())
            chosen.append(left[k])
            nearest = np.minimum(nearest, self.apart[left, left[k]])
        return np.array(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--run", action="append", help="only this one; may be repeated")
    arguments = parser.parse_args()
    print("| features | all labels | accuracy | goal | random | uncertainty | diversity |")
    print("|---|---|---|---|---|---|---|")
    for run in arguments.run or RUNS:
        annotator = Annotator(load(arguments.data, run))
        full = annotator.accuracy(annotator.head(annotator.pool))
        cells = []
        for way in ("random", "uncertainty", "diversity"):
            counts = [annotator.needed(way, seed, SHARE * full) for seed in SEEDS]
            cells.append(f"{np.mean(counts):.0f} ({min(counts)} to {max(counts)})")
        goal = f"{SHARE * full:.1%}"
        print(f"| {run} | {annotator.pool.size} | {full:.1%} | {goal} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
