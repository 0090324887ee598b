"""Inputs of networks, one module a kind: how a stretch of a recording becomes an array.

Every kind but the skeleton has three names: its settings (a table of the configuration), ``read``,
which decodes and chooses, and ``make``, which turns what was read into arrays, in training with
changes drawn from a random generator.
"""

from __future__ import annotations

import copy
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0, le=1)]
Chance = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=10)]


class InputSettings(BaseModel):
    """The table of one input; ``kind`` says which."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: str


def between(limits: tuple[float, float], rng: np.random.Generator) -> float:
    """A number from the least to the most, in whichever order they are told."""
    return float(rng.uniform(min(limits), max(limits)))


def own_draws(rng: np.random.Generator) -> np.random.Generator:
    """A generator that follows from the state of another, which stays as it is.

    Changes that came later draw from it, so that what was drawn before them stays the same.
    """
    return np.random.default_rng(copy.deepcopy(rng).integers(1 << 63, size=2))
