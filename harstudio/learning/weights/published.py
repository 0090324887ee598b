"""Weights that others published: which code they are of, and how its names become ours.

Our backbones keep the names of the published code, so that little has to be said here: how a file
is known, what wraps its names, and what its network was fed with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from harstudio.errors import DataError, MissingError

LARGEST_BYTES = 4 << 30
INNER = ("state_dict", "model_state_dict", "model", "weights")  # where training code puts weights
WRAPPERS = ("module.", "model.")  # of DataParallel and the like

Weights = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Format:
    """One published code.

    known_by: tensors that only its files have, with their numbers of axes. rename: our name and
    tensor for a published one. classifier: prefixes of the last layer, which may be of other
    classes. mean, std: of values in [0, 1], what pictures or clips were normalised with; None
    where it sees none, or where its releases differ.
    """

    title: str
    known_by: Mapping[str, int]
    classifier: tuple[str, ...]
    rename: Callable[[str, Tensor], tuple[str, Tensor]] = lambda name, value: (name, value)
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None


def _xception(name: str, value: Tensor) -> tuple[str, Tensor]:
    """The first release calls the classifier fc and keeps 1x1 convolutions as matrices."""
    if name.startswith("fc."):
        name = f"last_linear.{name.removeprefix('fc.')}"
    if "pointwise" in name and value.dim() == 2:
        value = value[:, :, None, None]
    return name, value


IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)
LITE_MEAN, LITE_STD = (127 / 255, 127 / 255, 127 / 255), (128 / 255, 128 / 255, 128 / 255)

FORMATS = (
    Format(
        "pytorch-i3d", {"Conv3d_1a_7x7.conv3d.weight": 5}, ("logits.",), mean=HALF, std=HALF
    ),
    Format("3D-ResNets", {"conv1.weight": 5, "layer1.0.conv1.weight": 5}, ("fc.",)),
    Format(
        "torchvision ResNet", {"conv1.weight": 4, "layer1.0.conv1.weight": 4}, ("fc.",),
        mean=IMAGENET_MEAN, std=IMAGENET_STD,
    ),
    Format(
        "Cadene Xception", {"block1.rep.0.conv1.weight": 4, "conv4.conv1.weight": 4},
        ("last_linear.",), _xception, HALF, HALF,
    ),
    Format(
        "EfficientNet-Lite0", {"_conv_stem.weight": 4, "_blocks.0._depthwise_conv.weight": 4},
        ("_fc.",), mean=LITE_MEAN, std=LITE_STD,
    ),
    Format("ST-GCN", {"st_gcn_networks.0.gcn.conv.weight": 4}, ("fcn.",)),
    Format("2s-AGCN", {"l1.gcn1.PA": 3}, ("fc.",)),
    Format("HCN", {"conv1m.0.weight": 4, "conv6.0.weight": 4}, ("fc8.",)),
)  # fmt: skip


def read_published(path: Path) -> tuple[Format, Weights]:
    """The format of a file and its weights, by the names of that code without wrappers.

    .safetensors, or what ``torch.save`` wrote; nothing but tensors, names and numbers is read.
    MissingError where there is no file, DataError where it holds something else.
    """
    weights = _stripped(read_weights(path))
    broken = [n for n, value in weights.items() if not torch.isfinite(value).all()]
    if broken:
        raise DataError(
            f"{broken[0]} holds what is no number, as {len(broken)} of {len(weights)} tensors do.",
            path=path,
            remedy="Get the file again.",
        )
    for one in FORMATS:
        if all(name in weights and weights[name].dim() == n for name, n in one.known_by.items()):
            return one, dict(one.rename(name, value) for name, value in weights.items())
    known = ", ".join(one.title for one in FORMATS)
    first = ", ".join(list(weights)[:3])
    raise DataError(
        f"It is not known which network these weights are of (they begin with {first}).",
        path=path,
        remedy=f"Known are the files of {known}.",
    )


def read_weights(path: Path) -> Weights:
    """Tensors by name from a file that holds nothing else; DataError for any other."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError("The file is too large for weights.", path=path)
        if path.suffix == ".safetensors":
            return load_file(path)
        held = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise MissingError("There is no such file.", path=path) from None
    except (DataError, MemoryError):
        raise
    except SafetensorError as error:
        raise DataError(f"It is no safetensors file ({error}).", path=path) from None
    except Exception as error:  # what a damaged file raises has many types
        raise DataError(
            "It cannot be read as weights alone: it is damaged, or holds code.",
            path=path,
            remedy="Save its state_dict as a .safetensors file where you trust it.",
        ) from error
    for name in INNER:
        if isinstance(held, dict) and isinstance(held.get(name), dict):
            held = held[name]
            break
    if not isinstance(held, dict) or not held:
        raise DataError("The file does not hold weights by name.", path=path)
    if not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in held.items()):
        raise DataError("The file holds more than weights by name.", path=path)
    return dict(held)


def _stripped(weights: Weights) -> Weights:
    """Without what wraps every name."""
    for wrapper in WRAPPERS:
        if all(name.startswith(wrapper) for name in weights):
            return {name.removeprefix(wrapper): value for name, value in weights.items()}
    return weights
