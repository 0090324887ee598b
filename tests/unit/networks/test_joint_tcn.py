"""The network over time of joints against its equations, and what it tells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harstudio.networks import create_network
from harstudio.networks.backbones.joint_tcn import JointTCN, Spread
from harstudio.networks.explaining import explain
from harstudio.networks.network import Network
from harstudio.skeletons.topology import topology, topology_names

CLASSES = 4


def with_statistics(network: nn.Module) -> None:
    """Normalisations that do something."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d):
            for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                assert values is not None
                values.data.copy_(0.5 + torch.rand(values.shape))
    network.eval()


def normed(x: np.ndarray, norm: nn.Module) -> np.ndarray:
    assert isinstance(norm, nn.BatchNorm1d)
    values = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    mean, var, gain, offset = (one.detach().numpy()[:, None] for one in values if one is not None)
    shifted: np.ndarray = (x - mean) / np.sqrt(var + norm.eps) * gain + offset
    return shifted


@torch.no_grad()
@pytest.mark.parametrize("frames", [13, 16, 48])
def test_the_backbone_is_convolutions_over_joints_and_their_motion(frames: int) -> None:
    """Moment after moment, tap after tap, in float64."""
    torch.manual_seed(1)
    joints = 5
    network = JointTCN(joints).double()
    with_statistics(network)
    network.spread.mean.copy_(torch.rand(6 * joints))
    network.spread.variance.copy_(torch.tensor([0.4, 0.02]))
    given = torch.randn(1, 3, frames, joints, 2, dtype=torch.float64)
    bodies = []
    for body in range(2):
        x = np.zeros((6, joints, frames))
        place = given[0, :, :, :, body].numpy()
        for t in range(frames):
            x[:3, :, t] = place[:, t]
            x[3:, :, t] = place[:, t] - place[:, t - 1] if t else 0
        mean, variance = network.spread.mean.numpy(), network.spread.variance.numpy()
        scale = np.repeat(np.sqrt(variance + 1e-8), 3 * joints)
        x = (x.reshape(6 * joints, frames) - mean[:, None]) / scale[:, None]
        plan = ((192, 1), (256, 2), (256, 2))
        for index, (channels, stride) in enumerate(plan):
            weight = network.get_submodule(f"layers.{index}.0").weight.numpy()  # type: ignore[operator]
            assert weight.shape == (channels, len(x), 5)
            steps = (x.shape[1] + stride - 1) // stride
            out = np.zeros((channels, steps))
            for step in range(steps):
                for tap in range(5):
                    at = step * stride + tap - 2
                    if 0 <= at < x.shape[1]:
                        out[:, step] += weight[:, :, tap] @ x[:, at]
            x = np.maximum(normed(out, network.get_submodule(f"layers.{index}.1")), 0)
        bodies.append(x)
    assert bodies[0].shape == (256, -(-frames // 4))
    wanted = np.maximum(*bodies)
    np.testing.assert_allclose(network(given)[0].numpy(), wanted, rtol=1e-7, atol=1e-9)


@torch.no_grad()
def test_all_joints_are_scaled_alike() -> None:
    """What was seen in training has mean 0 in every channel, and over all joints a variance of 1;
    absent bodies do not count."""
    torch.manual_seed(6)
    spread = Spread(4)
    sizes = torch.tensor([0.001, 0.01, 0.1, 1.0]).repeat(6)[:, None]
    both = 3 + sizes * torch.randn(50, 24, 9)
    both[:, 12:] *= 0.1
    there = torch.arange(50) % 5 > 0
    both[~there] = 0
    spread(both, there)
    out = spread.eval()(both, there)[there]
    assert out.mean(dim=(0, 2)).abs().max() < 1e-3
    variance = out.var(dim=(0, 2), correction=0).view(2, 12)
    torch.testing.assert_close(variance.mean(dim=1), torch.ones(2), rtol=1e-4, atol=1e-4)
    least = variance[0].min() / variance[0].max()
    assert least < 1e-5
    assert (spread.train()(both[~there], there[~there]) == spread.eval()(both[~there], there)).all()


@torch.no_grad()
def test_an_absent_body_changes_nothing() -> None:
    torch.manual_seed(2)
    network = JointTCN(5)
    with_statistics(network)
    one = torch.randn(2, 3, 16, 5, 1)
    two = torch.cat((one, torch.zeros_like(one)), dim=4)
    torch.testing.assert_close(network(two), network(one))
    assert (network(torch.zeros_like(two)) == 0).all()


@torch.no_grad()
@pytest.mark.parametrize("name", topology_names())
def test_any_skeleton_will_do(name: str) -> None:
    network = create_network("joint-tcn", CLASSES, name).eval()
    skeleton = torch.randn(2, 3, 48, len(topology(name).joints), 1)
    assert network({"skeleton": skeleton}).logits.shape == (2, CLASSES)


def trained() -> tuple[Network, Tensor, Tensor, Tensor]:
    """Told apart by which of two joints moves, for 12 of 48 frames; clips, classes and starts."""
    torch.manual_seed(3)
    made = torch.Generator().manual_seed(4)
    count = 128
    clips = 0.0005 * torch.randn(count, 3, 48, 20, 1, generator=made)
    classes = torch.randint(0, 2, (count,), generator=made)
    starts = torch.randint(4, 32, (count,), generator=made)
    wave = torch.sin(torch.arange(12) * 1.5)
    for n in range(count):
        joint, start = (7, 11)[int(classes[n])], int(starts[n])
        clips[n, 1, start : start + 12, joint, 0] += wave
    network = create_network("joint-tcn", 2, "utd_mhad_20").train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(30):
        optimizer.zero_grad()
        logits = network({"skeleton": clips[:96]}).logits
        loss = nn.functional.cross_entropy(logits, classes[:96])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return network.eval(), clips[96:], classes[96:], starts[96:]


def test_it_tells_which_joint_moved_and_when() -> None:
    network, clips, classes, starts = trained()
    told = explain(network, {"skeleton": clips})
    assert (told.logits.argmax(dim=1) == classes).float().mean() > 0.95
    assert told.explanation is not None
    importance = told.explanation["skeleton importance"]
    assert importance.per_class
    assert importance.values.shape == (len(clips), 2, 12)
    torch.testing.assert_close(importance.values.mean(dim=2), told.logits)
    saliency = told.explanation["joint saliency"].values  # (N, T, V, M)
    assert saliency.shape == (len(clips), 48, 20, 1)
    for n, start in enumerate(starts.tolist()):
        evidence = importance.values[n, int(classes[n])]
        steps = torch.arange(12) * 4
        inside = (steps >= start - 8) & (steps < start + 20)
        assert evidence[inside].mean() > evidence[~inside].mean()
    joints = saliency.sum(dim=(1, 3)).argmax(dim=1)
    wanted = torch.tensor([7, 11])[classes]
    assert (joints == wanted).float().mean() > 0.9


def test_its_weights_fit_late_fusion_by_their_names() -> None:
    """So that ``training.start`` takes the whole stream, classifier included."""
    alone = create_network("joint-tcn", CLASSES, "utd_mhad_20")
    options = {"skeleton_backbone": "joint-tcn", "modalities": "skeleton+inertial"}
    fused = create_network("late-score", CLASSES, "utd_mhad_20", **options)
    of_stream = {
        key: value for key, value in fused.state_dict().items() if key.startswith("skeleton.")
    }
    own = alone.state_dict()
    assert {key: value.shape for key, value in own.items()} == {
        key: value.shape for key, value in of_stream.items()
    }


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_lies_between_0_and_1(share: float) -> None:
    with pytest.raises(Exception, match="cannot be made with these options: dropout"):
        create_network("joint-tcn", CLASSES, dropout=share)
