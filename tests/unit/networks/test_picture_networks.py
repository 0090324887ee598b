"""ResNet against published reference code, and the networks of one picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harstudio.networks import create_network, network_card
from harstudio.networks.backbones.resnet import Bottleneck, ResNet
from harstudio.networks.explaining import explain
from harstudio.networks.network import Network
from harstudio.networks.sizes import size_of
from reference_cases import load_case


@torch.no_grad()
def test_resnet_18() -> None:
    case = load_case("resnet18_torchvision")
    network = ResNet(18, 60)
    case.fill(network)
    features = network(case.inputs["image"])
    case.check(
        layer4=features, embedding=features.mean(dim=(2, 3)), logits=network.classify(features)
    )


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


# ---- the bottleneck in plain loops


def convolved(x: NDArray[np.float64], layer: nn.Module) -> NDArray[np.float64]:
    """(C, H, W) through a convolution with zeros around."""
    assert isinstance(layer, nn.Conv2d)
    weight = layer.weight.detach().numpy()
    (stride, _), pad = layer.stride, int(layer.padding[0])
    height, width = x.shape[1:]
    size = weight.shape[2]
    rows, columns = ((side + 2 * pad - size) // stride + 1 for side in (height, width))
    out = np.zeros((len(weight), rows, columns))
    for row in range(rows):
        for column in range(columns):
            for i in range(size):
                for j in range(size):
                    y, z = row * stride + i - pad, column * stride + j - pad
                    if 0 <= y < height and 0 <= z < width:
                        out[:, row, column] += weight[:, :, i, j] @ x[:, y, z]
    return out


def batch_normalised(x: NDArray[np.float64], layer: nn.Module) -> NDArray[np.float64]:
    """(C, H, W) by the running statistics."""
    assert isinstance(layer, nn.BatchNorm2d)
    out = np.empty_like(x)
    for c in range(len(x)):
        mean, var = float(layer.running_mean[c]), float(layer.running_var[c])  # type: ignore[index]
        out[c] = (x[c] - mean) / np.sqrt(var + 1e-5) * float(layer.weight[c]) + float(layer.bias[c])
    return out


def stirred(module: nn.Module) -> nn.Module:
    """Statistics, gains and offsets of their own, in float64."""
    made = torch.Generator().manual_seed(8)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                assert values is not None
                values.data.copy_(0.5 + torch.rand(values.shape, generator=made))
    return module.double().eval()


@torch.no_grad()
@pytest.mark.parametrize(("channels", "stride"), [(6, 2), (6, 1), (12, 1)])
def test_a_bottleneck_follows_its_equations(channels: int, stride: int) -> None:
    """Narrow, 3x3 with the stride, four times wider; the link is 1x1 where sizes differ."""
    torch.manual_seed(9)
    block = stirred(Bottleneck(channels, 3, stride))
    assert isinstance(block, Bottleneck)
    assert (block.downsample is None) == (channels == 12)
    x = torch.randn(2, channels, 5, 6, dtype=torch.float64)
    told = block(x)
    for n in range(2):
        given = x[n].numpy()
        out = np.maximum(batch_normalised(convolved(given, block.conv1), block.bn1), 0)
        out = np.maximum(batch_normalised(convolved(out, block.conv2), block.bn2), 0)
        out = batch_normalised(convolved(out, block.conv3), block.bn3)
        link = given
        if block.downsample is not None:
            link = batch_normalised(convolved(given, block.downsample[0]), block.downsample[1])
        np.testing.assert_allclose(told[n].numpy(), np.maximum(out + link, 0), rtol=1e-5, atol=1e-5)
    strides = (block.conv1.stride, block.conv2.stride)
    assert strides == ((1, 1), (stride, stride))


# ---- the networks


NAMES = ("resnet18", "resnet34", "resnet50", "xception")


def fresh(name: str) -> Network:
    torch.manual_seed(2)
    return create_network(name, 4).eval()


def picture(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds"),
    [
        ("resnet18", 11_689_512 - 1000 * 513 + 60 * 513, 1.814e9),
        ("resnet34", 21_797_672 - 1000 * 513 + 60 * 513, 3.663e9),
        ("resnet50", 25_557_032 - 1000 * 2049 + 60 * 2049, 4.087e9),
        ("xception", 22_855_952 - 1000 * 2049 + 60 * 2049, 8.357e9),
    ],
)
def test_sizes_are_the_published_ones_but_for_the_classifier(
    name: str, parameters: int, multiply_adds: float
) -> None:
    size = size_of(name)
    assert size.parameters == parameters
    assert size.multiply_adds == pytest.approx(multiply_adds, rel=1e-3)


@torch.no_grad()
@pytest.mark.parametrize("name", NAMES)
def test_logits_are_a_linear_layer_on_the_mean_of_the_map(name: str) -> None:
    network, given = fresh(name), picture(2, 3, 64, 64)
    features = network.get_submodule("picture")(given)
    wanted = network.picture.head(features.mean(dim=(2, 3)))
    torch.testing.assert_close(network({"picture": given}).logits, wanted)


@torch.no_grad()
def test_logits_of_several_frames_are_averaged() -> None:
    network, given = fresh("resnet18"), picture(2, 3, 3, 64, 64)
    each = torch.stack([network({"picture": given[:, :, f]}).logits for f in range(3)])
    told = explain(network, {"picture": given})
    torch.testing.assert_close(told.logits, each.mean(dim=0), rtol=1e-4, atol=1e-5)
    assert told.explanation is not None
    assert told.explanation["Grad-CAM picture"].values.shape == (2, 3, 2, 2)


@pytest.mark.parametrize("name", ["resnet18", "xception"])
def test_grad_cam_is_the_class_activation_map_of_a_mean_and_a_linear_layer(name: str) -> None:
    network, given = fresh(name), picture(2, 3, 64, 64)
    told = explain(network, {"picture": given}, target=1)
    weight = network.picture.head.weight
    with torch.no_grad():
        features = network.get_submodule("picture")(given)
        wanted = torch.relu(torch.einsum("nchw,c->nhw", features, weight[1]))  # type: ignore[index]
    assert told.explanation is not None
    values = told.explanation["Grad-CAM picture"].values[:, 0]
    for one, cam in zip(values, wanted, strict=True):
        assert cam.max() > cam.min()
        scaled = (cam - cam.min()) / (cam.max() - cam.min())
        torch.testing.assert_close(one, scaled, rtol=1e-4, atol=1e-4)


def test_pictures_are_normalised_as_the_published_weights_want_them() -> None:
    for name in NAMES:
        table = network_card(name).preprocessing["picture"]
        half = name == "xception"
        assert table["mean"] == ((0.5,) * 3 if half else (0.485, 0.456, 0.406))
        assert table["std"] == ((0.5,) * 3 if half else (0.229, 0.224, 0.225))
        assert table["size"] == (299 if half else 224)
