"""3D ResNet and I3D against their layers, evaluated anew place by place in float64, and sizes."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harstudio.errors import UsageError
from harstudio.networks import create_network, network_card
from harstudio.networks.backbones.i3d import I3D
from harstudio.networks.backbones.resnet3d import ResNet3D
from harstudio.networks.clip_networks import ClipNetwork
from harstudio.networks.sizes import size_of

CLASSES = 3


def shaken(backbone: nn.Module) -> nn.Module:
    """In float64, with batch statistics that are not those of the start."""
    made = torch.Generator().manual_seed(2)
    backbone = backbone.double().eval()
    for key, value in backbone.state_dict().items():
        if key.endswith("running_mean"):
            value.copy_(0.1 * torch.randn(value.shape, generator=made))
        elif key.endswith("running_var") or (value.dim() == 1 and key.endswith("weight")):
            value.copy_(0.8 + 0.4 * torch.rand(value.shape, generator=made))
        elif value.dim() == 1:
            value.copy_(0.1 * torch.randn(value.shape, generator=made))
    return backbone


class ByHand:
    """Layers on one clip (C, T, H, W), by the names of their weights."""

    def __init__(self, backbone: nn.Module, eps: float) -> None:
        self.weights = {key: value.numpy() for key, value in backbone.state_dict().items()}
        self.eps = eps

    def convolution(self, name: str, x: Any, stride: Any, starts: Any, sizes: Any) -> Any:
        """starts: where the first window begins; sizes: number of windows, both by axis."""
        weight = self.weights[f"{name}.weight"]
        out = np.empty((len(weight), *sizes))
        for place in product(*map(range, sizes)):
            window = window_at(x, place, weight.shape[2:], stride, starts, 0.0)
            out[(slice(None), *place)] = weight.reshape(len(weight), -1) @ window.ravel()
        return out

    def normalised(self, name: str, x: Any) -> Any:
        gain, bias, mean, var = (
            self.weights[f"{name}.{key}"][:, None, None, None]
            for key in ("weight", "bias", "running_mean", "running_var")
        )
        return gain * (x - mean) / np.sqrt(var + self.eps) + bias


def window_at(x: Any, place: Any, kernel: Any, stride: Any, starts: Any, beyond: float) -> Any:
    """What a window sees, ``beyond`` outside of the clip."""
    window = np.full((len(x), *kernel), beyond)
    for tap in product(*map(range, kernel)):
        at = [s + p * step + t for s, p, step, t in zip(starts, place, stride, tap, strict=True)]
        if all(0 <= a < size for a, size in zip(at, x.shape[1:], strict=True)):
            window[(slice(None), *tap)] = x[(slice(None), *at)]
    return window


def strongest(x: Any, kernel: Any, stride: Any, starts: Any, sizes: Any) -> Any:
    """The maximum over windows."""
    out = np.empty((len(x), *sizes))
    for place in product(*map(range, sizes)):
        window = window_at(x, place, kernel, stride, starts, -np.inf)
        out[(slice(None), *place)] = window.reshape(len(x), -1).max(axis=1)
    return out


class ResNetByHand(ByHand):
    """Every layer is padded on both sides by half its kernel."""

    def layer(self, name: str, x: Any, kernel: int, stride: Any, norm: str) -> Any:
        half = kernel // 2
        sizes = [(n + 2 * half - kernel) // s + 1 for n, s in zip(x.shape[1:], stride, strict=True)]
        return self.normalised(norm, self.convolution(name, x, stride, (-half,) * 3, sizes))

    def map(self, clip: Any, t_stride: int) -> Any:
        x = np.maximum(self.layer("conv1", clip, 7, (t_stride, 2, 2), "bn1"), 0)
        x = strongest(
            x, (3, 3, 3), (2, 2, 2), (-1, -1, -1), [(n - 1) // 2 + 1 for n in x.shape[1:]]
        )
        for stage, block in product(range(1, 5), range(2)):
            name = f"layer{stage}.{block}"
            step = (2, 2, 2) if stage > 1 and block == 0 else (1, 1, 1)
            y = np.maximum(self.layer(f"{name}.conv1", x, 3, step, f"{name}.bn1"), 0)
            y = self.layer(f"{name}.conv2", y, 3, (1, 1, 1), f"{name}.bn2")
            if stage > 1 and block == 0:
                x = self.layer(f"{name}.downsample.0", x, 1, step, f"{name}.downsample.1")
            x = np.maximum(x + y, 0)
        return x


@torch.no_grad()
@pytest.mark.parametrize("t_stride", [1, 2])
def test_3d_resnet_is_its_layers(t_stride: int) -> None:
    torch.manual_seed(4)
    backbone = shaken(ResNet3D(18, CLASSES, t_stride))
    clip = torch.randn(2, 3, 5, 17, 14, dtype=torch.float64)
    features = backbone(clip)
    by_hand = ResNetByHand(backbone, eps=1e-5)
    for one in range(len(clip)):
        wanted = by_hand.map(clip[one].numpy(), t_stride)
        np.testing.assert_allclose(features[one], wanted, rtol=1e-7, atol=1e-9)
        pooled = [float(np.mean(channel)) for channel in wanted]
        logits = by_hand.weights["fc.weight"] @ pooled + by_hand.weights["fc.bias"]
        np.testing.assert_allclose(backbone.classify(features)[one], logits, rtol=1e-7)


class I3DByHand(ByHand):
    """Every layer gives size / stride, rounded up; what it lacks is added, more of it behind."""

    @staticmethod
    def padded(x: Any, kernel: Any, stride: Any) -> tuple[list[int], list[int]]:
        """Where the first window begins, and how many windows there are."""
        sizes = [-(-n // step) for n, step in zip(x.shape[1:], stride, strict=True)]
        starts = []
        for n, count, wide, step in zip(x.shape[1:], sizes, kernel, stride, strict=True):
            starts.append(-(max((count - 1) * step + wide - n, 0) // 2))
        return starts, sizes

    def unit(self, name: str, x: Any, stride: int = 1) -> Any:
        kernel = self.weights[f"{name}.conv3d.weight"].shape[2:]
        steps = (stride,) * 3
        out = self.convolution(f"{name}.conv3d", x, steps, *self.padded(x, kernel, steps))
        return np.maximum(self.normalised(f"{name}.bn", out), 0)

    def pooled(self, x: Any, kernel: Any, stride: Any) -> Any:
        return strongest(x, kernel, stride, *self.padded(x, kernel, stride))

    def inception(self, name: str, x: Any) -> Any:
        strong = self.pooled(x, (3, 3, 3), (1, 1, 1))
        return np.concatenate(
            (
                self.unit(f"{name}.b0", x),
                self.unit(f"{name}.b1b", self.unit(f"{name}.b1a", x)),
                self.unit(f"{name}.b2b", self.unit(f"{name}.b2a", x)),
                self.unit(f"{name}.b3b", strong),
            )
        )

    def maps(self, clip: Any) -> tuple[Any, Any]:
        x = self.unit("Conv3d_1a_7x7", clip, stride=2)
        x = self.pooled(x, (1, 3, 3), (1, 2, 2))
        x = self.unit("Conv3d_2c_3x3", self.unit("Conv3d_2b_1x1", x))
        x = self.pooled(x, (1, 3, 3), (1, 2, 2))
        for letter in "bc":
            x = self.inception(f"Mixed_3{letter}", x)
        x = self.pooled(x, (3, 3, 3), (2, 2, 2))
        for letter in "bcdef":
            x = self.inception(f"Mixed_4{letter}", x)
        x = self.pooled(x, (2, 2, 2), (2, 2, 2))
        before = self.inception("Mixed_5b", x)
        return before, self.inception("Mixed_5c", before)


@torch.no_grad()
@pytest.mark.parametrize("shape", [(17, 18, 33), (8, 15, 16)])
def test_i3d_is_its_layers(shape: tuple[int, int, int]) -> None:
    """Odd and even sizes, several moments at the end and one."""
    torch.manual_seed(6)
    backbone = shaken(I3D(CLASSES))
    clip = torch.randn(1, 3, *shape, dtype=torch.float64)
    by_hand = I3DByHand(backbone, eps=1e-3)
    before, after = by_hand.maps(clip[0].numpy())
    assert after.shape[1] == -(-shape[0] // 8)
    features = backbone.mixed_5b(clip)
    np.testing.assert_allclose(features[0], before, rtol=1e-7, atol=1e-9)
    features = backbone.mixed_5c(features)
    np.testing.assert_allclose(features[0], after, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(backbone(clip), features)
    # The published head pools two moments and all of space, classifies, and takes the mean.
    heads, count = [], after.shape[1]
    for first in range(max(count - 1, 1)):
        pooled = after[:, first : first + 2].mean(axis=(1, 2, 3))
        weight = by_hand.weights["logits.conv3d.weight"].reshape(CLASSES, -1)
        heads.append(weight @ pooled + by_hand.weights["logits.conv3d.bias"])
    np.testing.assert_allclose(backbone.classify(features)[0], np.mean(heads, axis=0), rtol=1e-7)


def test_sizes_are_the_printed_ones() -> None:
    resnet = size_of("resnet3d-18")
    assert resnet.parameters == 33_234_684  # printed 33 M
    assert resnet.multiply_adds == 8_307_832_832
    # The form that AMFI-Net's printed total leaves room for.
    assert size_of("resnet3d-18", conv1_t_stride=2).multiply_adds == 4_353_161_216
    assert size_of("resnet3d-34").parameters == 63_544_316
    i3d = size_of("i3d")
    assert i3d.parameters == 12_348_764  # printed 12.2 M
    assert i3d.parameters - 61_500 == 12_287_264  # without its classifier
    assert i3d.multiply_adds == pytest.approx(55.9e9, rel=0.006)  # printed 55.9 G


@pytest.mark.parametrize("name", ["resnet3d-18", "resnet3d-34", "i3d"])
def test_depths_and_kinds_are_what_names_say(name: str) -> None:
    with torch.device("meta"):
        network = create_network(name, CLASSES)
    assert isinstance(network, ClipNetwork)
    if name == "i3d":
        assert isinstance(network.clip, I3D)
    else:
        assert isinstance(network.clip, ResNet3D)
        blocks = {"resnet3d-18": 8, "resnet3d-34": 16}[name]
        second = [key for key in network.state_dict() if key.endswith("conv2.weight")]
        assert len(second) == blocks
    assert network_card(name).modalities == ("color",)


def test_dropout_acts_in_training_only() -> None:
    torch.manual_seed(1)
    network = create_network("i3d", CLASSES, dropout=0.9).eval()
    batch = {"clip": torch.randn(2, 3, 8, 32, 32)}
    with torch.no_grad():
        torch.testing.assert_close(network(batch).logits, network(batch).logits)
        network.dropout.train()
        assert not torch.equal(network(batch).logits, network(batch).logits)
    with pytest.raises(UsageError, match="cannot be made with these options"):
        create_network("i3d", CLASSES, dropout=1.5)
