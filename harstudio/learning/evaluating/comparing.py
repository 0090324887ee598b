"""Runs side by side: the document of ``harstudio compare --json``; numpy and scipy only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, UsageError
from harstudio.learning.evaluating import figures
from harstudio.learning.evaluating.grouping import different, group_figures, group_pairs, group_runs
from harstudio.learning.evaluating.told import Told, Verdicts, compare_pair, corrected, read_runs
from harstudio.runs.answers import load_answers
from harstudio.runs.folder import RunFolder

TOP = 5
SUMS: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "probabilities": figures.probabilities,
    "log probabilities": lambda logits: np.log(
        np.maximum(figures.probabilities(logits), np.finfo(np.float32).tiny)
    ),
}


def compare_runs(
    runs: Sequence[str | Path],
    *,
    sums: bool = False,
    pause: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Figures of each run, pairs by McNemar's test, groups over seeds and folds, configs.

    A run with several streams is compared with each of them, too. sums: also the figures of all
    runs' scores added clip by clip, as two-stream networks do, and the sum against each run.
    pause: hears how many pairs are done; may raise. MissingError where a run was not evaluated,
    UsageError where fewer than two are to be added or they have no clip in common.
    """
    told = read_runs(runs)
    groups = group_runs(told)
    added = sum_scores(told) if sums else []
    judges: list[tuple[Verdicts, Verdicts]] = [
        (one.verdicts, other.verdicts) for one, other in combinations(told, 2)
    ]
    judges += [(stream, run.verdicts) for run in told for stream in run.streams]
    judges += [(run.verdicts, verdicts) for _, verdicts in added for run in told]
    pairs = []
    for done, (one, other) in enumerate(judges):
        pause(done, len(judges))
        pair = compare_pair(one, other)
        if pair is not None:
            pairs.append(pair)
    document = {
        "runs": [row(run) for run in told],
        "pairs": corrected([*pairs, *group_pairs(groups)]),
        "groups": [group_figures(name, members) for name, members in groups.items()],
        "configs": different(told),
    }
    return {**document, "sums": [row for row, _ in added]} if sums else document


def row(run: Told) -> dict[str, Any]:
    """A run in a table; None for what an older evaluation does not tell."""
    own = run.evaluation
    keys = (
        *("network", "protocol", "selected_by", "clips", "top1", "top5", "ci95", "macro_f1", "ece"),
        *("parameters", "multiply_adds", "seconds_per_clip"),
    )
    streams = {name: one.get("top1") for name, one in (own.get("streams") or {}).items()}
    return {
        "run": str(run.path),
        "name": run.name,
        "seed": run.seed,
        **{key: own.get(key) for key in keys},
        "streams": streams,
    }


# ---- sums of scores


def sum_scores(runs: Sequence[Told]) -> list[tuple[dict[str, Any], Verdicts]]:
    """The figures of the runs' scores added over the clips that all have, by each rule."""
    if len(runs) < 2:
        raise UsageError("The scores of one run have nothing to be added to.", remedy="Name two.")
    first = runs[0]
    if any(run.classes != first.classes for run in runs):
        raise UsageError(
            "Scores of different classes cannot be added.",
            path=next(run.path for run in runs if run.classes != first.classes),
            remedy="Add runs of one dataset.",
        )
    clips = [clip for clip in first.verdicts.clips if all(clip in r.verdicts.clips for r in runs)]
    if not clips:
        raise UsageError("The runs have no clip in common.", remedy="Add runs of one protocol.")
    logits = [_logits(run)[[run.verdicts.clips[clip] for clip in clips]] for run in runs]
    labels = first.verdicts.labels[[first.verdicts.clips[clip] for clip in clips]]
    found = []
    for rule, scores in SUMS.items():
        added = np.stack([scores(one) for one in logits]).sum(axis=0, dtype=np.float64)
        verdicts = Verdicts(
            f"sum of {rule}",
            {clip: place for place, clip in enumerate(clips)},
            labels,
            added.argmax(axis=1).astype(np.int64),
            first.classes,
        )
        found.append(
            ({"rule": rule, "runs": [r.name for r in runs], **_sum(added, verdicts)}, verdicts)
        )
    return found


def _sum(added: NDArray[np.float64], verdicts: Verdicts) -> dict[str, Any]:
    matrix = verdicts.confusion
    scores = added.astype(np.float32)
    return {
        "clips": len(verdicts.labels),
        "top1": float(verdicts.right.mean()),
        "top5": figures.top_share(scores, verdicts.labels, TOP),
        "macro_f1": figures.macro_f1(matrix),
        "ci95": figures.interval(int(verdicts.right.sum()), len(verdicts.labels)),
        "confusion": matrix.tolist(),
    }


def _logits(run: Told) -> NDArray[np.float32]:
    """(N, K) in the order of the evaluation's samples."""
    path = RunFolder(run.path).answers
    answers = load_answers(path)
    if not np.array_equal(answers.labels, run.verdicts.labels):
        raise DataError(
            "Its answers and its evaluation are not of the same clips.",
            path=path,
            remedy="Evaluate the run again.",
        )
    return answers.logits
