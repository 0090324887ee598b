"""Runs of one config over seeds and folds: one figure with its spread.

Folds of one seed are one test: their clips are put together. Seeds are repetitions: their figures
are averaged, and how far they are from each other tells how far to trust the mean. A seed that
lacks folds which another has is another test, and is left out.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from harstudio.errors import HarstudioError
from harstudio.learning.data.protocol_rules import SETTING_FOLDS
from harstudio.learning.evaluating.figures import interval, macro_f1
from harstudio.learning.evaluating.told import Clip, Told, Verdicts, compare_pair, dataset_of
from harstudio.runs.config import flat
from harstudio.runs.differences import differences
from harstudio.runs.reading import read_config

FOLDED = ("leave-one-subject-out", "kfold", "setting-1", "setting-2")
# What may differ within a group, beside the fold and the weights to start from.
FREE = (
    "run.folder",
    "training.seed",
    "training.device",
    "training.threads",
    "training.cache_mib",
    "training.checkpoint_seconds",
)
DEPTH = 8  # of runs that start from runs


def family_of(protocol: str) -> tuple[str, str]:
    """A protocol without its fold, and the fold ("" where it has none)."""
    if protocol.partition(":")[0] in FOLDED and ":" in protocol:
        family, _, fold = protocol.rpartition(":")
        return family, fold
    return protocol, ""


def same_but_seed(config: Mapping[str, Any], run: Path, depth: int = DEPTH) -> str:
    """What runs of one group have in common: all of a flat config but seed, fold and folder.

    Data count by their classes and clips, so that they may be moved or prepared. Weights to start
    from count by the config that they were trained with, so that every seed may start from its own.
    """
    kept = {key: value for key, value in config.items() if key not in FREE}
    kept["data.path"] = dataset_of(run) or kept.get("data.path")
    kept["data.protocol"] = family_of(str(kept.get("data.protocol", "")))[0]
    start = kept.get("training.start")
    if start and depth:
        with contextlib.suppress(HarstudioError):  # not here any longer: it counts by its path
            first = Path(start)
            kept["training.start"] = same_but_seed(flat(read_config(first)), first, depth - 1)
    return json.dumps(kept, sort_keys=True, default=str)


def group_runs(runs: Sequence[Told]) -> dict[str, list[Told]]:
    """Runs of one config together, by a name that tells the groups apart."""
    found: dict[tuple[str, tuple[str, ...]], list[Told]] = {}
    for run in runs:
        found.setdefault((same_but_seed(run.config, run.path), run.classes), []).append(run)
    groups = list(found.values())
    shared = different([members[0] for members in groups])
    names = [_name(members[0]) for members in groups]
    return {
        name if names.count(name) == 1 else _longer(name, members[0], shared, taken): members
        for taken, (name, members) in enumerate(zip(names, groups, strict=True))
    }


def _name(run: Told) -> str:
    network = run.config.get("network.name", run.evaluation.get("network", ""))
    return f"{network}, {family_of(str(run.config.get('data.protocol', '')))[0]}"


def _longer(name: str, run: Told, keys: Iterable[str], number: int) -> str:
    """A name with the keys of the config that tell it from other groups."""
    told = [
        f"{key.rpartition('.')[2]}={_short(run.config[key])}"
        for key in keys
        if key in run.config and key not in (*FREE, "data.protocol", "network.name")
    ]
    return ", ".join([name, *told]) if told else f"{name} ({number + 1})"


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value))
    return Path(value).name if isinstance(value, str) and "/" in value else str(value)


def different(runs: Sequence[Told]) -> dict[str, list[Any]]:
    """Dotted keys of configs that differ, with the value of each run; None where it has none."""
    return differences([run.config for run in runs])


# ---- figures


def group_figures(name: str, runs: Sequence[Told]) -> dict[str, Any]:
    """Figures of the runs of one config.

    runs: those that count. left_out: the others, with the reason. seeds, folds: in rising order.
    coverage: the folds in words ("folds 1-3 of 8"), "" where the protocol has none. top1: by seed,
    over the clips of all its folds. mean, std: of that over seeds; std None with one seed.
    ci95_seeds: 95 % of Student's t about the mean, how far other seeds may move it; None with one
    seed. ci95_clips: Wilson's score interval of the mean on the clips, each counted once: how far
    other clips may. selected_by: what chose the epochs. by_fold: mean over seeds; empty where the
    seeds have other clips in a fold. confusion: (K, K) summed over folds, mean over seeds.
    """
    runs, left_out = counted(runs)
    by_seed = _by_seed(runs)
    folds = _sorted_folds({_fold(run) for run in runs})
    matrices = {seed: _summed(members) for seed, members in by_seed.items()}
    shares = [float(np.trace(one) / max(1, one.sum())) for one in matrices.values()]
    mean = float(np.mean(shares))
    std = float(np.std(shares, ddof=1)) if len(shares) > 1 else None
    by_fold = _by_fold(folds, runs) if folds != [""] else []
    tops = [one["top1"] for one in by_fold]
    return {
        "name": name,
        "runs": [run.name for run in runs],
        "left_out": left_out,
        "seeds": list(by_seed),
        "folds": [fold for fold in folds if fold],
        "coverage": _coverage([fold for fold in folds if fold], _possible_folds(runs[0])),
        "clips": [int(one.sum()) for one in matrices.values()],
        "top1": shares,
        "mean": mean,
        "std": std,
        "ci95_seeds": _by_seeds(mean, std, len(shares)),
        "ci95_clips": _by_clips(mean, runs),
        "selected_by": _chosen_by(runs),
        "macro_f1": float(np.mean([macro_f1(one) for one in matrices.values()])),
        "by_fold": by_fold,
        "std_over_folds": float(np.std(tops, ddof=1)) if len(tops) > 1 else None,
        "classes": list(runs[0].classes),
        "confusion": (sum(matrices.values()) / len(matrices)).tolist(),
    }


def counted(runs: Sequence[Told]) -> tuple[list[Told], list[dict[str, str]]]:
    """The runs of a group that make one figure, and the others with the reason (run, reason).

    Of the same seed and fold the first counts. Of the seeds those count that have the same folds as
    the seed with most of them.
    """
    first: dict[tuple[int, str], Told] = {}
    left_out = []
    for run in runs:
        known = first.setdefault((run.seed, _fold(run)), run)
        if known is not run:
            left_out.append({"run": run.name, "reason": f"the same seed and fold as {known.name}"})
    by_seed = _by_seed(list(first.values()))
    most = max((_folds(members) for members in by_seed.values()), key=len)
    kept = []
    for seed, members in by_seed.items():
        own = _folds(members)
        if own == most:
            kept += members
            continue
        reason = f"seed {seed} has {_listed(own)}, others {_listed(most)}"
        left_out += [{"run": run.name, "reason": reason} for run in members]
    return [run for run in runs if run in kept], left_out


def _folds(runs: Sequence[Told]) -> frozenset[str]:
    return frozenset(map(_fold, runs))


def _listed(folds: Iterable[str]) -> str:
    """ "folds 1-3, 5"."""
    names = _sorted_folds(folds)
    spans: list[list[str]] = []
    for name in names:
        follows = spans and name.isdecimal() and spans[-1][-1].isdecimal()
        if follows and int(name) == int(spans[-1][-1]) + 1:
            spans[-1].append(name)
        else:
            spans.append([name])
    told = [span[0] if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans]
    return f"fold{'s' * (len(names) != 1)} {', '.join(told)}"


def _coverage(folds: Sequence[str], possible: int | None) -> str:
    if not folds or possible is None:
        return _listed(folds) if folds else ""
    return f"all {possible} folds" if len(folds) == possible else f"{_listed(folds)} of {possible}"


def _possible_folds(run: Told) -> int | None:
    name, _, rest = str(run.config.get("data.protocol", "")).partition(":")
    if name == "kfold":
        many = rest.partition(":")[0]
        return int(many) if many.isdecimal() else None
    if name in ("setting-1", "setting-2"):
        return SETTING_FOLDS
    return run.people if name == "leave-one-subject-out" else None


def _chosen_by(runs: Sequence[Told]) -> str:
    return " and ".join(
        sorted({str(run.evaluation.get("selected_by") or "") for run in runs} - {""})
    )


def _by_seed(runs: Sequence[Told]) -> dict[int, list[Told]]:
    return {
        seed: [run for run in runs if run.seed == seed] for seed in sorted({r.seed for r in runs})
    }


def _fold(run: Told) -> str:
    return family_of(str(run.config.get("data.protocol", "")))[1]


def _sorted_folds(folds: Iterable[str]) -> list[str]:
    return sorted(
        folds, key=lambda one: (not one.isdecimal(), int(one or 0) if one.isdecimal() else 0, one)
    )


def _summed(runs: Sequence[Told]) -> Any:
    """Confusions in the classes of the first run, as one (K, K)."""
    return sum(run.verdicts.confusion for run in runs)


def _by_fold(folds: Sequence[str], runs: Sequence[Told]) -> list[dict[str, Any]]:
    """Mean of each fold over seeds; nothing where seeds have other clips in a fold."""
    found = []
    for fold in folds:
        own = [run.verdicts for run in runs if _fold(run) == fold]
        if any(one.clips.keys() != own[0].clips.keys() for one in own):
            return []
        top1 = float(np.mean([one.right.mean() for one in own]))
        found.append({"fold": fold, "clips": len(own[0].labels), "top1": top1})
    return found


def _by_clips(mean: float, runs: Sequence[Told]) -> list[float]:
    """Folds of some protocols share clips, and seeds all: each counts once."""
    clips = len({clip for run in runs for clip in run.verdicts.clips})
    return interval(mean * clips, clips)


def _by_seeds(mean: float, std: float | None, seeds: int) -> list[float] | None:
    if std is None:
        return None
    half = float(student.ppf(0.975, seeds - 1)) * std / math.sqrt(seeds)
    return [max(0.0, mean - half), min(1.0, mean + half)]


# ---- pairs of groups


def group_pairs(groups: Mapping[str, Sequence[Told]]) -> list[dict[str, Any]]:
    """Groups against each other, and against their own streams, over the clips of all folds.

    One pair a seed that both have, because clips of several seeds are the same clips. Only groups
    of several folds, none of whose clips tests twice; for others their runs' pairs say it.
    """
    found = []
    whole = {
        name: {seed: _joined(name, seed, own) for seed, own in _by_seed(counted(runs)[0]).items()}
        for name, runs in groups.items()
    }
    names = list(whole)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            for seed in whole[one].keys() & whole[other].keys():
                found.append((whole[one][seed][:1], whole[other][seed][:1]))
    for by_seed in whole.values():
        found += [(judges[1:], judges[:1]) for judges in by_seed.values()]
    return [
        pair
        for ones, others in found
        for one in ones
        for other in others
        if (pair := compare_pair(one, other)) is not None
    ]


def _joined(name: str, seed: int, runs: Sequence[Told]) -> list[Verdicts]:
    """The network and its streams over all folds of a seed; nothing where that is no one test."""
    if len(runs) < 2:
        return []
    judges = [[run.verdicts, *run.streams] for run in runs]
    total = sum(len(run.verdicts.clips) for run in runs)
    if len({clip for run in runs for clip in run.verdicts.clips}) < total:
        return []
    title = f"{name}, seed {seed}"
    joined = []
    for same in zip(*judges, strict=False):
        clips: dict[Clip, int] = {}
        for one in same:
            start = len(clips)
            clips |= {clip: start + place for clip, place in one.clips.items()}
        stream = same[0].name.removeprefix(runs[0].name)
        joined.append(
            Verdicts(
                f"{title}{stream}",
                clips,
                np.concatenate([one.labels for one in same]),
                np.concatenate([one.said for one in same]),
                same[0].classes,
            )
        )
    return joined
