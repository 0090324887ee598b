"""Inputs, weights and outputs of published reference code: $HARSTUDIO_VECTORS, else beside the
root."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
VECTORS = Path(os.environ.get("HARSTUDIO_VECTORS") or ROOT.parent / "shared" / "reference_vectors")
CLOSE = 1e-4


@dataclass(frozen=True)
class Case:
    """One case: what goes in, what came out, how many parameters it has."""

    kit: ModuleType
    weights: Mapping[str, Any]
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Any]
    parameters: int

    def fill(self, module: nn.Module, *, not_given: Collection[str] = ()) -> None:
        """Every tensor of the case has its place, and nothing else is left as it was, beside
        buffers that the case has as outputs."""
        given = {key: torch.from_numpy(value) for key, value in self.weights.items()}
        missing, unexpected = module.load_state_dict(given, strict=False)
        left = [key for key in missing if not key.endswith("num_batches_tracked")]
        assert (left, unexpected) == (list(not_given), [])
        assert sum(weight.numel() for weight in module.parameters()) == self.parameters
        module.eval()

    def check(self, **told: Tensor) -> None:
        """What is told is what came out."""
        for name, values in told.items():
            assert self.kit.compare(values.detach(), self.outputs[name]) < CLOSE, name


def load_case(name: str) -> Case:
    """The case of that name; skips the test where there are none."""
    path = VECTORS / "kit.py"
    if not path.is_file():
        pytest.skip(f"no reference vectors: {path} is not there; set HARSTUDIO_VECTORS")
    spec = importlib.util.spec_from_file_location("reference_kit", path)
    assert spec is not None
    assert spec.loader is not None
    kit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kit)
    case, weights, inputs, outputs = kit.load_case(name)
    tensors = {key: torch.from_numpy(value) for key, value in inputs.items()}
    return Case(kit, weights, tensors, outputs, case["params"])
