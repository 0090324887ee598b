"""Deletion and insertion: what the network says when an input goes away in the order of a map.

V. Petsiuk, A. Das, K. Saenko: RISE: Randomized Input Sampling for Explanation of Black-box Models,
BMVC 2018, section 4.1. Deletion takes units away, the heaviest first: the sooner the probability of
the explained class falls, the smaller is the area under its curve, the better is the map. Insertion
begins with everything taken away and puts the heaviest back first: the larger the area the better.
A random order taken away is its reverse put in, so that one area serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.recognition.truth.inputs import Units

STEPS = 6  # of a curve
ORDERS = 4  # random ones
MATTERS = 0.05  # of probability that an input must bear to be asked where

Floats = NDArray[np.float64]
Ask = Callable[[list[NDArray[np.float32]]], Floats]  # inputs -> probabilities of the class


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Of one map on one clip; each curve (STEPS + 1,) from nothing done to everything.

    random: the mean of the random orders taken away, random_areas: the area of each. blank: all
    units weigh alike.
    """

    deletion: Floats
    insertion: Floats
    random: Floats
    random_areas: tuple[float, ...]
    blank: bool

    @property
    def matters(self) -> bool:
        """Whether the answer rests on this input at all."""
        return bool(self.deletion[0] - self.deletion[-1] >= MATTERS)

    @property
    def deletion_area(self) -> float:
        """Area under the curve of deletion."""
        return area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """Area under the curve of insertion."""
        return area(self.insertion)

    @property
    def random_area(self) -> float:
        """Mean area of the random orders."""
        return float(np.mean(self.random_areas))


def area(curve: Floats) -> float:
    """Area under a curve over shares from 0 to 1, by trapezoids."""
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))


class Orders:
    """Curves of random orders, each asked once for all maps that lie on one grid of one input."""

    def __init__(self, seed: Sequence[int]) -> None:
        self._seed = list(seed)
        self._kept: dict[tuple[str, tuple[int, ...]], list[Floats]] = {}
        self._ends: dict[str, tuple[float, float]] = {}

    def curves(self, units: Units, ask: Ask) -> Curves:
        """What becomes of the answer under a map and under random orders."""
        rng = np.random.default_rng([*self._seed, len(units.weights)])
        count = len(units.weights)
        ends = self._ends.get(units.name)
        if ends is None:
            every = np.ones(count, dtype=np.bool_)
            whole, none = ask([units.values, units.without(every)]).tolist()
            ends = self._ends[units.name] = whole, none
        orders = [rng.permutation(count) for _ in range(ORDERS)]
        key = units.name, units.grid
        if key not in self._kept:
            self._kept[key] = [_taken_away(units, order, ends, ask) for order in orders]
        random = self._kept[key]
        # Equal weights in a random order: what a map does not say is no merit of the grid's order.
        heaviest = np.lexsort((rng.permutation(count), -units.weights))
        deletion = _taken_away(units, heaviest, ends, ask)
        insertion = _taken_away(units, heaviest[::-1], ends, ask)[::-1]
        return Curves(
            deletion,
            insertion,
            np.mean(random, axis=0),
            tuple(area(one) for one in random),
            bool(np.ptp(units.weights) == 0),
        )


def _taken_away(
    units: Units, order: NDArray[np.intp], ends: tuple[float, float], ask: Ask
) -> Floats:
    """(STEPS + 1,) probabilities with more and more of the order gone."""
    count = len(order)
    inputs = []
    for step in range(1, STEPS):
        gone = np.zeros(count, dtype=np.bool_)
        gone[order[: round(count * step / STEPS)]] = True
        inputs.append(units.without(gone))
    return np.array([ends[0], *ask(inputs).tolist(), ends[1]])
