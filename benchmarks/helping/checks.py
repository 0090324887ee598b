"""More like this, and audit of labels, on UTD-MHAD.

    python benchmarks/helping/checks.py UTD-MHAD [--run RUN]

similar: of the five nearest trials of other people, how many show the same action; for the trials
of people 2, 4, 6, 8, from whom the bundled weights did not learn, among all trials, and among those
of these people. audit: 5 % of the labels of these people's trials are changed to another one drawn
by lot (five draws); how many of those that the audit tells were changed (precision), and how many
of the changed ones it tells (recall). Every person is held out in turn. The same among as many of
the told as were changed, the surest first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import cosine_distances
from sklearn.preprocessing import StandardScaler
from utd import Trials, load

from harstudio.recognition.helping.auditing import contradicted
from harstudio.recognition.helping.examples import RECORDINGS, Gathered
from harstudio.recognition.helping.features import Stretch
from harstudio.recognition.helping.head import Examples
from harstudio.recognition.helping.teaching import SaidClip

NEAREST = 5
CHANGED = 0.05
SEEDS = range(5)


def same_action(trials: Trials, among: NDArray[np.bool_]) -> float:
    """Share of the five nearest of other people that show the same action."""
    scaled = StandardScaler().fit_transform(trials.features.astype(np.float64))
    apart = cosine_distances(scaled, scaled)
    shares = []
    for k in np.flatnonzero(~trials.pool):
        others = np.flatnonzero(among & (trials.people != trials.people[k]))
        near = others[np.argsort(apart[k, others], kind="stable")[:NEAREST]]
        shares.append(np.mean(trials.actions[near] == trials.actions[k]))
    return float(np.mean(shares))


def audited(trials: Trials, seed: int) -> tuple[float, float, float, float]:
    """Precision, recall, and precision of the surest; accuracy of the held-out heads."""
    rng = np.random.default_rng(seed)
    at = np.flatnonzero(~trials.pool)
    labels = trials.actions[at].copy()
    changed = set(rng.choice(at.size, round(CHANGED * at.size), replace=False).tolist())
    names = np.unique(labels)
    for k in changed:
        labels[k] = rng.choice(names[names != labels[k]])
    clips = tuple(
        SaidClip(trials.names[i], Path(), "", Stretch(0, 1), labels[k], str(k))
        for k, i in enumerate(at)
    )
    groups = tuple(str(person) for person in trials.people[at])
    nobody = ("",) * at.size
    examples = Examples(trials.features[at], tuple(labels.tolist()), groups)
    told = contradicted(Gathered(examples, clips, nobody, nobody, RECORDINGS))
    found = [int(one.clip_id) for one in told.found]
    hits = len(changed.intersection(found))
    surest = len(changed.intersection(found[: len(changed)]))
    accuracy = told.accuracy or 0.0
    return hits / max(1, len(found)), hits / len(changed), surest / len(changed), accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--run", default="joints-any-sensor")
    arguments = parser.parse_args()
    trials = load(arguments.data, arguments.run)
    everybody = np.ones(len(trials.names), dtype=np.bool_)
    print(f"similar, among all people: {same_action(trials, everybody):.1%}")
    print(f"similar, among people 2, 4, 6, 8: {same_action(trials, ~trials.pool):.1%}")
    told = np.array([audited(trials, seed) for seed in SEEDS])
    for name, column in zip(
        ("precision", "recall", "of the surest", "accuracy"), told.T, strict=True
    ):
        print(f"audit, {name}: {column.mean():.1%} ({column.min():.1%} to {column.max():.1%})")


if __name__ == "__main__":
    main()
