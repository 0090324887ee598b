"""The network of dynamic images, and the sensor that is shaken in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harstudio.errors import UsageError
from harstudio.networks import create_network, network_card
from harstudio.networks.backbones.dynamic_cnn import DynamicCNN, stilled
from harstudio.networks.blocks.shaken import Shaken, turns_of
from harstudio.networks.explaining import explain
from harstudio.networks.inputs import input_shapes


@torch.no_grad()
def test_the_network_is_convolutions_over_all_parts() -> None:
    """Pixel after pixel, in float64."""
    torch.manual_seed(1)
    network = DynamicCNN(2).double().eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                assert values is not None
                values.copy_(0.5 + torch.rand(values.shape))
    given = torch.randn(1, 3, 2, 20, 18, dtype=torch.float64)
    x = given[0].numpy().mean(axis=0)
    # The lower of two medians, as torch has it.
    x = x - np.sort(x.reshape(2, -1), axis=1)[:, (20 * 18 - 1) // 2, None, None]
    x = x / (x.std(ddof=1) + 1e-3)
    for index, (channels, kernel) in enumerate(((32, 5), (64, 3), (128, 3), (256, 3))):
        weight = network.get_submodule(f"layers.{index}.0").weight.numpy()  # type: ignore[operator]
        assert weight.shape == (channels, len(x), kernel, kernel)
        high, wide = (x.shape[1] + 1) // 2, (x.shape[2] + 1) // 2
        edge = kernel // 2
        padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge)))
        out = np.zeros((channels, high, wide))
        for i in range(high):
            for j in range(wide):
                seen = padded[:, 2 * i : 2 * i + kernel, 2 * j : 2 * j + kernel]
                out[:, i, j] = np.tensordot(weight, seen, axes=3)
        norm = network.get_submodule(f"layers.{index}.1")
        assert isinstance(norm, nn.BatchNorm2d)
        known = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
        mean, var, gain, offset = (v.numpy()[:, None, None] for v in known if v is not None)
        x = np.maximum((out - mean) / np.sqrt(var + norm.eps) * gain + offset, 0)
    assert x.shape == (256, 2, 2)
    np.testing.assert_allclose(network(given)[0].numpy(), x, rtol=1e-7, atol=1e-9)


def test_what_stood_still_is_0_wherever_a_dynamic_image_has_its_grey() -> None:
    made = torch.Generator().manual_seed(2)
    moved = torch.zeros(2, 3, 12, 12)
    moved[:, :, 2:6, 3:7] = torch.randn(2, 3, 4, 4, generator=made)
    greys = torch.tensor([0.3, -0.2, 0.6])[None, :, None, None]
    told = stilled(moved + greys)
    torch.testing.assert_close(told, stilled(moved))
    assert (told[:, :, 8:] == 0).all()
    torch.testing.assert_close(stilled(5 * moved), told, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("parts", [8, 4, 1])
def test_late_fusion_sees_the_parts_of_a_clip(parts: int) -> None:
    options = {
        "picture_backbone": "dynamic-cnn",
        "skeleton_backbone": "joint-tcn",
        "modalities": "clip+skeleton+inertial",
        "parts": parts,
    }
    card = network_card("late-score", options)
    assert list(card.branches) == ["dynamic", "skeleton", "inertial"]
    assert card.preprocessing["dynamic"]["segments"] == parts
    assert card.preprocessing["skeleton"] == network_card("joint-tcn").preprocessing["skeleton"]
    torch.manual_seed(3)
    network = create_network("late-score", 4, "utd_mhad_20", **options).eval()
    shapes = input_shapes(card, "utd_mhad_20")
    batch = {name: torch.randn(2, *shape) for name, shape in shapes.items()}
    told = explain(network, batch)
    assert told.explanation is not None
    assert {name: gaze.kind for name, gaze in told.explanation.items()} == dict(card.explains)
    assert told.explanation["Grad-CAM dynamic"].values.shape == (2, 1, 5, 5)
    assert told.explanation["skeleton importance"].values.shape == (2, 4, 12)


# ---- the sensor


def test_a_shaken_sensor_is_turned_as_one() -> None:
    """Lengths and the angle between acceleration and rotation stay; nothing happens in testing."""
    torch.manual_seed(4)
    shaken = Shaken(turn_deg=30)
    given = torch.randn(5, 6, 7)
    told = shaken.train()(given)
    assert (told - given).abs().max() > 0.1
    for part in (slice(0, 3), slice(3, 6)):
        torch.testing.assert_close(told[:, part].norm(dim=1), given[:, part].norm(dim=1))
    torch.testing.assert_close(
        (told[:, :3] * told[:, 3:]).sum(dim=1), (given[:, :3] * given[:, 3:]).sum(dim=1)
    )
    assert shaken.eval()(given) is given


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_quarter_turn_goes_from_one_axis_to_the_next(axis: int) -> None:
    angles = torch.zeros(1, 3)
    angles[0, axis] = torch.pi / 2
    first, second = torch.eye(3)[(axis + 1) % 3], torch.eye(3)[(axis + 2) % 3]
    torch.testing.assert_close(turns_of(angles)[0] @ first, second, atol=1e-6, rtol=0)


def test_noise_has_the_size_that_is_asked_for() -> None:
    torch.manual_seed(5)
    told = Shaken(noise=0.05).train()(torch.zeros(20, 6, 100))
    assert float(told.std()) == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize("wrong", [{"turn_deg": -1.0}, {"turn_deg": 200.0}, {"noise": -0.1}])
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="cannot be made with these options"):
        create_network("imu-tcn", 3, **wrong)
