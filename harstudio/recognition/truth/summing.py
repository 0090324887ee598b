"""Figures over all clips: shares, medians and means with their 95 % intervals, and why where there
are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.learning.evaluating.figures import interval
from harstudio.recognition.truth.curves import MATTERS, STEPS, Curves
from harstudio.recognition.truth.looking import ON_INPUT, Looked, Seen
from harstudio.recognition.truth.shares import OnPlace
from harstudio.results import Kind

DRAWS = 1000
RANKED = (*ON_INPUT, Kind.RELATION, Kind.IMPORTANCE)

Statistic = Callable[..., Any]


def summed(name: str, kind: Kind, looked: Sequence[Looked], seed: int) -> dict[str, Any]:
    """The figures of one explanation; ``why`` has a sentence for every figure that is None."""
    seen = [one.seen[name] for one in looked if name in one.seen]
    on = next((one.on for one in seen), "")
    told: dict[str, Any] = {"name": name, "kind": str(kind), "on": on, "clips": len(seen)}
    why: dict[str, str] = {}
    curves = [one.curves for one in seen if one.curves is not None]
    told |= _of_curves(curves, kind, why, seed)
    told["randomised"] = _of_likeness(seen, kind, why, seed)
    told["person"] = _of_places([one.person for one in seen], seed)
    if told["person"] is None:
        why["person"] = (
            "Where people are is not known in these pictures, or the map is blank."
            if kind == Kind.HEAT_MAP
            else "It lies on no picture."
        )
    of_hands = [one.seen[name].hands for one in looked if name in one.seen and one.of_hands]
    others = [one.seen[name].hands for one in looked if name in one.seen and not one.of_hands]
    told["hands"] = _of_places(of_hands, seed)
    told["hands_otherwise"] = _of_places(others, seed)
    if told["hands"] is None:
        why["hands"] = (
            "No clip is an action of the hands with them in sight, or the map is blank."
            if kind in ON_INPUT
            else "It lies on no picture and no joints."
        )
    parts = [one.parts for one in seen if one.parts is not None and one.parts.top is not None]
    told["top_tenth"] = _of_top(parts, seed)
    if told["top_tenth"] is None:
        why["top_tenth"] = (
            "Hands and head have no place in these pictures, or the map is blank."
            if kind == Kind.HEAT_MAP
            else "It lies on no picture."
        )
    joints = np.array([one.joints for one in seen if one.joints is not None])
    told["hand_joints"] = _of_joints(joints, seed)
    if told["hand_joints"] is None:
        why["hand_joints"] = (
            "The skeleton has no joints of hands."
            if kind == Kind.JOINT_WEIGHTS
            else "It lies on no joints."
        )
    return {**told, "why": why}


def _of_curves(
    curves: Sequence[Curves], kind: Kind, why: dict[str, str], seed: int
) -> dict[str, Any]:
    """Deletion and insertion over the clips whose answer rests on the input."""
    resting = [one for one in curves if one.matters]
    counts = {
        "indifferent": len(curves) - len(resting),
        "blank": sum(one.blank for one in curves),
    }
    if not resting:
        sentence = (
            f"In no clip does the answer rest on this input: without it, the probability falls by "
            f"less than {MATTERS:g}."
            if curves
            else "It lies on no input in cells or joints that could be taken away."
        )
        if kind in ON_INPUT and not curves:
            sentence = "The network told it of no clip."
        why["deletion"] = why["insertion"] = sentence
        return {"deletion": None, "insertion": None, **counts}
    random = [one.random_area for one in resting]
    deletion = [one.deletion_area for one in resting]
    insertion = [one.insertion_area for one in resting]
    away = np.mean([one.random for one in resting], axis=0)
    return {
        "deletion": {
            **_beaten(np.subtract(random, deletion), seed),
            "area": float(np.mean(deletion)),
            "random_area": float(np.mean(random)),
            "curve": np.mean([one.deletion for one in resting], axis=0).tolist(),
            "random_curve": away.tolist(),
        },
        "insertion": {
            **_beaten(np.subtract(insertion, random), seed),
            "area": float(np.mean(insertion)),
            "random_area": float(np.mean(random)),
            "curve": np.mean([one.insertion for one in resting], axis=0).tolist(),
            "random_curve": away[::-1].tolist(),
        },
        "steps": STEPS,
        **counts,
    }


def _beaten(gains: NDArray[np.float64], seed: int) -> dict[str, Any]:
    """By how much a map is better than the random orders on the same clip, and how often."""
    better = int((gains > 0).sum())
    return {
        "clips": len(gains),
        "better": better / len(gains),
        "ci95": interval(better, len(gains)),
        "gain": float(gains.mean()),
        "gain_ci95": drawn(np.mean, seed, gains),
    }


def _of_likeness(
    seen: Sequence[Seen], kind: Kind, why: dict[str, str], seed: int
) -> dict[str, Any] | None:
    likes = np.array([one.like for one in seen if one.like is not None])
    if not len(likes):
        why["randomised"] = (
            "The weights of one of the two are alike everywhere, so that nothing can be ranked."
            if kind in RANKED
            else "It has no places or moments to rank."
        )
        return None
    return {
        "clips": len(likes),
        "median": float(np.median(likes)),
        "ci95": drawn(np.median, seed, likes),
    }


def _of_places(found: Sequence[OnPlace | None], seed: int) -> dict[str, Any] | None:
    """Share, chance and their ratio, the mean share over the mean chance; most: the largest ratio
    that the cells of the map allow."""
    there = [one for one in found if one is not None]
    if not there:
        return None
    shares = np.array([one.share for one in there])
    chances = np.array([one.chance for one in there])
    return {
        "clips": len(there),
        "share": float(shares.mean()),
        "chance": float(chances.mean()),
        "ratio": float(shares.mean() / chances.mean()),
        "most": float(np.mean([one.most for one in there]) / chances.mean()),
        "ci95": drawn(_ratio, seed, shares, chances),
    }


def _ratio(shares: NDArray[np.float64], chances: NDArray[np.float64], axis: int) -> Any:
    return shares.mean(axis=axis) / chances.mean(axis=axis)


def _of_top(found: Sequence[OnPlace], seed: int) -> dict[str, Any] | None:
    if not found:
        return None
    tops = np.array([one.top for one in found], dtype=np.float64)
    return {
        "clips": len(tops),
        "share": float(tops.mean()),
        "ci95": drawn(np.mean, seed, tops),
        "chance": float(np.mean([one.chance for one in found])),
    }


def _of_joints(pairs: NDArray[np.float64], seed: int) -> dict[str, Any] | None:
    """Mean weight of the hands' joints and of the others, and the interval of what lies between."""
    if not len(pairs):
        return None
    hands, others = pairs[:, 0], pairs[:, 1]
    return {
        "clips": len(pairs),
        "hands": float(hands.mean()),
        "others": float(others.mean()),
        "difference_ci95": drawn(np.mean, seed, hands - others),
    }


def drawn(statistic: Statistic, seed: int, *columns: NDArray[np.float64]) -> list[float]:
    """95 % interval of a figure of (n,) numbers a clip, by draws of clips with replacement
    (percentiles of the bootstrap); statistic: takes (draws, n) and ``axis``."""
    count = len(columns[0])
    rows = np.random.default_rng([seed, count]).integers(count, size=(DRAWS, count))
    values = statistic(*(column[rows] for column in columns), axis=1)
    low, high = np.percentile(values, (2.5, 97.5))
    return [float(low), float(high)]
