"""Inputs of networks, one module a kind: how a stretch of a recording becomes an array.

Every kind but the skeleton has three names: its settings (a table of the configuration), ``read``,
which decodes and chooses, and ``make``, which turns what was read into arrays, in training with
changes drawn from a random generator.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class InputSettings(BaseModel):
    """The table of one input; ``kind`` says which."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: str
