"""The network of an inertial sensor against its equations, and what it tells of time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from harstudio.networks import create_network
from harstudio.networks.backbones.temporal_cnn import TemporalCNN
from harstudio.networks.explaining import explain


@torch.no_grad()
@pytest.mark.parametrize("frames", [13, 16, 40])
def test_the_backbone_is_convolutions_over_time(frames: int) -> None:
    """Moment after moment, tap after tap, in float64."""
    torch.manual_seed(1)
    network = TemporalCNN().double().eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d):
            for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                assert values is not None
                values.copy_(0.5 + torch.rand(values.shape))
    given = torch.randn(1, 6, frames, dtype=torch.float64)
    x = given[0].numpy()
    plan = ((64, 9, 2), (128, 5, 2), (256, 5, 2), (512, 3, 1))
    for block, (channels, kernel, stride) in zip(network.layers, plan, strict=True):
        convolution, norm = block[0], block[1]  # type: ignore[index]
        weight = convolution.weight.numpy()
        assert weight.shape == (channels, len(x), kernel)
        steps = (x.shape[1] + stride - 1) // stride
        out = np.zeros((channels, steps))
        for step in range(steps):
            for tap in range(kernel):
                at = step * stride + tap - kernel // 2
                if 0 <= at < x.shape[1]:
                    out[:, step] += weight[:, :, tap] @ x[:, at]
        mean, var = norm.running_mean.numpy()[:, None], norm.running_var.numpy()[:, None]
        gain, offset = norm.weight.numpy()[:, None], norm.bias.numpy()[:, None]
        x = np.maximum((out - mean) / np.sqrt(var + norm.eps) * gain + offset, 0)
    assert x.shape == (512, -(-frames // 8))
    np.testing.assert_allclose(network(given)[0].numpy(), x, rtol=1e-5, atol=1e-5)


def test_importance_is_what_the_logits_are_the_mean_of() -> None:
    torch.manual_seed(2)
    network = create_network("imu-tcn", 4).eval()
    told = explain(network, {"inertial": torch.randn(3, 6, 128)})
    assert told.explanation is not None
    gaze = told.explanation["inertial importance"]
    assert gaze.per_class
    assert gaze.values.shape == (3, 4, 16)
    torch.testing.assert_close(gaze.values.mean(dim=2), told.logits)


def test_importance_lies_where_the_movement_was() -> None:
    """A burst that alone tells two classes apart, somewhere in each clip."""
    torch.manual_seed(3)
    network = create_network("imu-tcn", 2).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    made = torch.Generator().manual_seed(4)

    def clips(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        inertial = 0.1 * torch.randn(count, 6, 64, generator=made)
        classes = torch.randint(0, 2, (count,), generator=made)
        starts = torch.randint(0, 48, (count,), generator=made)
        for n in range(count):
            start = int(starts[n])
            inertial[n, int(classes[n]), start : start + 16] += 2.0
        return inertial, classes, starts

    for _ in range(30):
        inertial, classes, _ = clips(12)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network({"inertial": inertial}).logits, classes).backward()
        optimizer.step()
    inertial, classes, starts = clips(40)
    told = explain(network.eval(), {"inertial": inertial})
    assert (told.logits.argmax(dim=1) == classes).float().mean() > 0.9
    assert told.explanation is not None
    values = told.explanation["inertial importance"].values
    gap = values[:, 1] - values[:, 0]
    signed = torch.where(classes[:, None] == 1, gap, -gap)
    found = signed.argmax(dim=1) * 8
    assert ((found - (starts + 8)).abs() <= 16).float().mean() > 0.9
