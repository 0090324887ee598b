"""ResNet against published reference code, and the networks of one picture."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest
import torch

from harstudio.networks.backbones.resnet import ResNet

ROOT = Path(__file__).resolve().parents[3]
VECTORS = Path(os.environ.get("HARSTUDIO_VECTORS") or ROOT.parent / "shared" / "reference_vectors")
CLOSE = 1e-4


@pytest.fixture(scope="module")
def kit() -> ModuleType:
    """What rebuilds weights and inputs of the cases: $HARSTUDIO_VECTORS, else beside the root."""
    path = VECTORS / "kit.py"
    if not path.is_file():
        pytest.skip(f"no reference vectors: {path} is not there; set HARSTUDIO_VECTORS")
    spec = importlib.util.spec_from_file_location("reference_kit", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@torch.no_grad()
def test_resnet_18(kit: ModuleType) -> None:
    case, weights, inputs, outputs = kit.load_case("resnet18_torchvision")
    network = ResNet(18, 60).eval()
    missing, unexpected = network.load_state_dict(
        {key: torch.from_numpy(value) for key, value in weights.items()}, strict=False
    )
    assert all(key.endswith("num_batches_tracked") for key in missing)
    assert not unexpected
    features = network(torch.from_numpy(inputs["image"]))
    assert kit.compare(features, outputs["layer4"]) < CLOSE
    assert kit.compare(features.mean(dim=(2, 3)), outputs["embedding"]) < CLOSE
    assert kit.compare(network.classify(features), outputs["logits"]) < CLOSE
    assert sum(weight.numel() for weight in network.parameters()) == case["params"]


@pytest.mark.parametrize(
    ("depth", "parameters", "channels"),
    [(18, 11_689_512, 512), (34, 21_797_672, 512), (50, 25_557_032, 2048)],
)
def test_resnets_have_the_published_sizes(depth: int, parameters: int, channels: int) -> None:
    with torch.device("meta"):
        network = ResNet(depth, 1000)
    assert sum(weight.numel() for weight in network.parameters()) == parameters
    assert network.channels == channels
    features = network(torch.empty(1, 3, 224, 224, device="meta"))
    assert features.shape == (1, channels, 7, 7)
