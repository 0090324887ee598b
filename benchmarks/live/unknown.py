"""Does a network notice what it was never shown, and can it learn it from five examples?

Ten of the 27 actions of UTD-MHAD are held out, drawn by lot; the light network of joints learns the
other 17 from people 1, 3, 5, 7. Asked are the trials of people 2, 4, 6, 8, of all 27 actions.

    python benchmarks/live/unknown.py UTD-MHAD OUT [--config joint-tcn.toml] [--seeds 0,1,2]

OUT keeps what was trained (about 40 s each on one core). Printed are:

The area under the ROC curve of known against held-out actions, for scores of the literature: the
largest probability (Hendrycks and Gimpel, ICLR 2017), the entropy, the largest logit (Hendrycks et
al., ICML 2022), the energy (Liu et al., NeurIPS 2020), Mahalanobis' distance to the class means
(Lee et al., NeurIPS 2018) and the same relative to that to all (Ren et al., 2021), the k-th nearest
neighbour (Sun et al., ICML 2022), and the cosine to the nearest class mean, of features as they are
and standardised. The last one is what the program uses.

With the threshold that accepts 95 % of the known trials, as ``harstudio calibrate`` sets it: the
share of held-out trials that are told as something.

Few shots: k examples of each held-out action, drawn from people 1, 3, 5, 7 (other people than those
who are asked) twenty times: how many trials of the new actions are named rightly among all 27, and
how many of the old ones before and after; and where the asked person showed three examples herself
and her fourth trial is asked.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax
from scipy.stats import rankdata

from harstudio.learning.data.looked import extent
from harstudio.live.recognising.few_shot import SHOTS, FewShot
from harstudio.live.recognising.known import Known
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.recordings.formats import open_recording, scan

ACTIONS, HELD_OUT = 27, 10
TAUGHT = (1, 3, 5, 7)
DRAWS = 20
ACCEPTED = 0.95
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trials:
    """What a run makes of all trials. labels: of the run's classes, -1 = held out."""

    classes: tuple[str, ...]
    actions: NDArray[np.str_]
    people: NDArray[np.int64]
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]
    features: Mapping[str, NDArray[np.float32]]

    def rows(self, which: NDArray[np.bool_]) -> dict[str, NDArray[np.float32]]:
        """Features of some of the trials."""
        return {name: values[which] for name, values in self.features.items()}


def split(data: Path, out: Path, seed: int) -> Path:
    """A folder with the trials of the 17 actions that are shown."""
    held = np.random.default_rng(seed).choice(ACTIONS, HELD_OUT, replace=False) + 1
    print(f"seed {seed}: held out {', '.join(f'a{one}' for one in sorted(held))}", flush=True)
    folder = out / f"shown-{seed}" / "Skeleton"
    folder.mkdir(parents=True, exist_ok=True)
    for path in (data / "Skeleton").glob("a*_skeleton.mat"):
        link = folder / path.name
        if int(path.name.split("_")[0][1:]) not in held and not link.exists():
            link.symlink_to(path.resolve())
    return folder.parent


def train(config: Path, shown: Path, run: Path) -> TrainedNetwork:
    """The run, trained where it is not there."""
    if not (run / "evaluation.json").is_file():
        command = [sys.executable, "-m", "harstudio", "train", str(config)]
        command += ["--set", f"data.path={shown}", "--set", f"run.folder={run}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return load_run(run)


def ask(trained: TrainedNetwork, data: Path) -> Trials:
    """Every trial, whole."""
    actions, people, logits, features = [], [], [], []
    for found in scan(data).recordings:
        with open_recording(found.path) as recording:
            assert recording.action is not None
            raw = trained.preprocessing.read(recording, *extent(recording))
            output = trained.ask(trained.preprocessing.make(raw))
            actions.append(recording.action.name)
            people.append(recording.subject or 0)
            logits.append(output.logits[0].numpy())
            features.append({name: one[0].numpy() for name, one in output.features.items()})
    known = {name: k for k, name in enumerate(trained.classes)}
    return Trials(
        trained.classes,
        np.array(actions),
        np.array(people),
        np.array([known.get(name, -1) for name in actions]),
        np.array(logits),
        {name: np.array([one[name] for one in features]) for name in features[0]},
    )


# ---- nothing known


def scores(trials: Trials, taught: NDArray[np.bool_]) -> dict[str, Floats]:
    """(n,) higher = known, by name."""
    logits = trials.logits.astype(np.float64)
    probabilities = softmax(logits, axis=1)
    entropy = -(probabilities * np.log(probabilities + 1e-12)).sum(1)
    rows = np.concatenate([*trials.features.values()], axis=1).astype(np.float64)
    labels = trials.labels[taught]
    means = np.stack([rows[taught][labels == k].mean(0) for k in range(len(trials.classes))])
    inside = _whitening(rows[taught] - means[labels])
    overall = rows[taught].mean(0)
    outside = _whitening(rows[taught] - overall)
    near = _distances(rows @ inside, means @ inside).min(1)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    middle = means / np.linalg.norm(means, axis=1, keepdims=True)
    neighbours = np.sort(unit @ unit[taught].T, axis=1)[:, ::-1]
    known = Known.fit(trials.classes, trials.rows(taught), labels)
    return {
        "largest probability": probabilities.max(1),
        "entropy": -entropy,
        "largest logit": logits.max(1),
        "energy": logsumexp(logits, axis=1),
        "Mahalanobis": -near,
        "relative Mahalanobis": np.linalg.norm((rows - overall) @ outside, axis=1) ** 2 - near**2,
        "5th nearest neighbour": neighbours[:, 4],
        "class mean, cosine": (unit @ middle.T).max(1),
        "the same, standardised": known.nearness(trials.features).max(1),
    }


def _whitening(rows: Floats, shrink: float = 0.2) -> Floats:
    covariance = rows.T @ rows / len(rows)
    size = len(covariance)
    shrunk = (1 - shrink) * covariance + shrink * np.trace(covariance) / size * np.eye(size)
    return np.asarray(np.linalg.cholesky(np.linalg.inv(shrunk)))


def _distances(rows: Floats, to: Floats) -> Floats:
    return np.asarray(np.sqrt(((rows[:, None] - to[None]) ** 2).sum(-1)))


def auroc(known: Floats, unknown: Floats) -> float:
    """Chance that a known one scores higher than an unknown one."""
    ranks = rankdata(np.concatenate([known, unknown]))
    pairs = len(known) * len(unknown)
    return float((ranks[: len(known)].sum() - len(known) * (len(known) + 1) / 2) / pairs)


def told_anyway(trials: Trials, taught: NDArray[np.bool_], asked: NDArray[np.bool_]) -> float:
    """The share of held-out trials above a threshold that accepts 95 % of the known ones."""
    known = Known.fit(trials.classes, trials.rows(taught), trials.labels[taught])
    score = known.nearness(trials.features).max(1)
    right, wrong = asked & (trials.labels >= 0), asked & (trials.labels < 0)
    return float((score[wrong] >= known.with_threshold(score[right], ACCEPTED).threshold).mean())


# ---- few shots


def shots(
    trials: Trials, taught: NDArray[np.bool_], asked: NDArray[np.bool_], k: int, seed: int
) -> tuple[float, float]:
    """(new, old) accuracy among all actions after k examples of each new one."""
    known = Known.fit(trials.classes, trials.rows(taught), trials.labels[taught])
    rng = np.random.default_rng([seed, k])
    names = sorted(set(trials.actions[trials.labels < 0]))
    pool = np.isin(trials.people, TAUGHT)
    right: list[list[bool]] = [[], []]
    for _ in range(DRAWS):
        learned = FewShot(known)
        for name in names:
            these = np.flatnonzero(pool & (trials.actions == name))
            _show(learned, trials, name, rng.choice(these, k, replace=False))
        _named(trials, learned, np.flatnonzero(asked), right)
    return float(np.mean(right[0])), float(np.mean(right[1]))


def own_shots(trials: Trials, taught: NDArray[np.bool_], asked: NDArray[np.bool_]) -> float:
    """New accuracy where who is asked showed her other trials of the action herself."""
    known = Known.fit(trials.classes, trials.rows(taught), trials.labels[taught])
    names = sorted(set(trials.actions[trials.labels < 0]))
    right: list[list[bool]] = [[], []]
    for person in sorted(set(trials.people[asked])):
        hers = trials.people == person
        for left_out in range(4):
            learned, wanted = FewShot(known), []
            for name in names:
                these = np.flatnonzero(hers & (trials.actions == name))
                if len(these) > left_out:
                    wanted.append(these[left_out])
                _show(learned, trials, name, np.delete(these, min(left_out, len(these) - 1)))
            _named(trials, learned, np.array(wanted), right)
    return float(np.mean(right[0]))


def _show(learned: FewShot, trials: Trials, name: str, which: NDArray[np.int64]) -> None:
    """These examples, again and again until the program takes them: it wants five."""
    for k in range(len(which) * -(-SHOTS // len(which))):
        index = which[k % len(which)]
        learned.add(name, {n: rows[index] for n, rows in trials.features.items()})


def _named(
    trials: Trials, learned: FewShot, asked: NDArray[np.int64], right: list[list[bool]]
) -> None:
    """Whether each is named rightly, new ones in the first list and old ones in the second."""
    classes = trials.classes + learned.names
    for index in asked.tolist():
        features = {name: rows[index] for name, rows in trials.features.items()}
        said = learned.extend(softmax(trials.logits[index]), features)
        new = trials.labels[index] < 0
        right[0 if new else 1].append(classes[int(said.argmax())] == trials.actions[index])


def main() -> None:
    """Train what is missing, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    utd = Path(__file__).parent.parent / "utd_mhad" / "joint-tcn.toml"
    parser.add_argument("--config", type=Path, default=utd)
    parser.add_argument("--seeds", default="0,1,2")
    given = parser.parse_args()
    torch.set_num_threads(1)
    table: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        table.setdefault(name, []).append(value)

    for seed in map(int, given.seeds.split(",")):
        shown = split(given.data, given.out, seed)
        run = given.out.absolute() / f"{given.config.stem}-{seed}"
        trials = ask(train(given.config, shown, run), given.data)
        pool = np.isin(trials.people, TAUGHT)
        taught, asked = pool & (trials.labels >= 0), ~pool
        old, new = asked & (trials.labels >= 0), asked & (trials.labels < 0)
        for name, score in scores(trials, taught).items():
            note(f"AUROC, {name}", auroc(score[old], score[new]))
        note("held-out trials told as something", told_anyway(trials, taught, asked))
        before = float((trials.logits[old].argmax(1) == trials.labels[old]).mean())
        note("old actions before", before)
        for k in (1, SHOTS):
            fresh, kept = shots(trials, taught, asked, k, seed)
            note(f"{k} shots of other people: new actions", fresh)
            note(f"{k} shots of other people: old actions", kept)
        note("3 shots of the same person: new actions", own_shots(trials, taught, asked))
    for name, values in table.items():
        each = "  ".join(f"{value:.3f}" for value in values)
        print(f"{name:45} {each}   mean {np.mean(values):.3f}")


if __name__ == "__main__":
    main()
