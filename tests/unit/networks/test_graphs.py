"""Graph networks: blocks against their equations in plain loops, graphs, sizes, and sense."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harstudio.errors import UsageError
from harstudio.networks import create_network
from harstudio.networks.backbones import agcn, ctr_gcn, st_gcn
from harstudio.networks.backbones.graphs import GRAPHS, bones, skeleton_stream
from harstudio.networks.blocks.graph import hop_distances, inward_edges, inward_outward, parents_of
from harstudio.networks.blocks.graph_layers import BodyNorm, gathered, pointwise
from harstudio.networks.sizes import size_of
from harstudio.skeletons.topology import topology, topology_names

KINECT = "kinect_v2_25"
CLOSE = 1e-5
Array = NDArray[np.float64]


# ---- plain loops: lists of numbers in, one sum at a time


def drawn(module: nn.Module, seed: int = 0) -> nn.Module:
    """Every number of a module at random, in double precision and evaluation mode."""
    made = torch.Generator().manual_seed(seed)
    module.double().eval()
    for key, value in module.state_dict().items():
        if "running_var" in key:
            value.copy_(torch.rand(value.shape, generator=made) + 0.5)
        elif value.is_floating_point():
            value.copy_(torch.randn(value.shape, generator=made) * 0.5)
    return module


def sample(*shape: int) -> Tensor:
    made = torch.Generator().manual_seed(5)
    return torch.randn(*shape, generator=made, dtype=torch.float64)


def looped_convolution(
    layer: nn.Conv2d, x: Array, stride: int = 1, dilation: int = 1, padding: int = 0
) -> Array:
    """A convolution over time, (B, C, T, V) -> (B, C', T', V)."""
    weight = layer.weight.detach().numpy()
    bias = layer.bias.detach().numpy()
    count, _, frames, joints = x.shape
    taps = weight.shape[2]
    length = (frames + 2 * padding - dilation * (taps - 1) - 1) // stride + 1
    out = np.zeros((count, len(weight), length, joints))
    for b, o, t, v in np.ndindex(out.shape):
        total = bias[o]
        for tap in range(taps):
            at = t * stride + tap * dilation - padding
            if 0 <= at < frames:
                for c in range(x.shape[1]):
                    total += weight[o, c, tap, 0] * x[b, c, at, v]
        out[b, o, t, v] = total
    return out


def looped_norm(layer: nn.BatchNorm2d, x: Array) -> Array:
    out = np.zeros_like(x)
    state = {key: value.numpy() for key, value in layer.state_dict().items()}
    for b, c, t, v in np.ndindex(x.shape):
        spread = math.sqrt(state["running_var"][c] + layer.eps)
        still = (x[b, c, t, v] - state["running_mean"][c]) / spread
        out[b, c, t, v] = still * state["weight"][c] + state["bias"][c]
    return out


def summed_over_neighbours(x: Array, weights: Array) -> Array:
    """x (B, C, T, V), weights (B, V, W) -> (B, C, T, W)."""
    count, channels, frames, joints = x.shape
    out = np.zeros((count, channels, frames, weights.shape[-1]))
    for b, c, t, w in np.ndindex(out.shape):
        out[b, c, t, w] = sum(x[b, c, t, v] * weights[b, v, w] for v in range(joints))
    return out


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


# ---- graphs and bones


def test_inward_and_outward_are_as_published_for_kinect() -> None:
    """Counted by hand from the published list of inward edges, 1-based as printed there."""
    printed = [
        (1, 2), (2, 21), (3, 21), (4, 3), (5, 21), (6, 5), (7, 6), (8, 7), (9, 21), (10, 9),
        (11, 10), (12, 11), (13, 1), (14, 13), (15, 14), (16, 15), (17, 1), (18, 17), (19, 18),
        (20, 19), (22, 23), (23, 8), (24, 25), (25, 12),
    ]  # fmt: skip
    own, inward, outward = inward_outward(KINECT)
    np.testing.assert_array_equal(own, np.eye(25))
    children = [sum(parent == joint for _, parent in printed) for joint in range(1, 26)]
    for a, b in product(range(25), range(25)):
        linked = (b + 1, a + 1) in printed
        assert inward[a, b] == (1 if linked else 0)  # a joint has one parent
        back = (a + 1, b + 1) in printed
        assert outward[a, b] == pytest.approx(1 / children[b] if back else 0)


@pytest.mark.parametrize("name", topology_names())
def test_parents_lead_to_a_root(name: str) -> None:
    skeleton = topology(name)
    parents = parents_of(skeleton)
    linked = {frozenset(edge) for edge in inward_edges(skeleton)}
    for joint, parent in enumerate(parents):
        assert parent == joint or frozenset((joint, parent)) in linked
        at, steps = joint, 0
        while parents[at] != at:
            at, steps = parents[at], steps + 1
            assert steps < len(parents)
    roots = [joint for joint, parent in enumerate(parents) if parent == joint]
    hops = hop_distances(skeleton)
    apart = [joint for joint in roots if hops[roots[0], joint] < len(parents) and joint != roots[0]]
    assert not apart  # one root in every part


def test_bones_are_joint_minus_parent() -> None:
    x = sample(2, 3, 4, 25, 2)
    told = bones(x, KINECT)
    parents = {0: 1, 1: 20, 3: 2, 4: 20, 7: 6, 21: 22, 22: 7, 23: 24, 24: 11, 12: 0, 19: 18}
    for child, parent in parents.items():
        wanted = x[:, :, :, child] - x[:, :, :, parent]
        torch.testing.assert_close(told[:, :, :, child], wanted, rtol=0, atol=0)
    assert not told[:, :, :, 20].any()
    assert told.shape == x.shape


# ---- layers


@pytest.mark.parametrize("own_graphs", [False, True])
@pytest.mark.parametrize("channels_last", [False, True])
def test_gathered_is_the_sum_over_neighbours(own_graphs: bool, channels_last: bool) -> None:
    x = sample(2, 3, 4, 5)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    graph = sample(2, 3, 5, 5) if own_graphs else sample(3, 5, 5)
    told = gathered(x, graph).view(2, 3, 3, 4, 5)
    for k in range(3):
        weights = graph[:, k] if own_graphs else graph[k].expand(2, 5, 5)
        wanted = summed_over_neighbours(x.numpy(), weights.numpy())
        np.testing.assert_allclose(told[:, k].numpy(), wanted, atol=1e-12)


@torch.no_grad()
def test_pointwise_is_a_1x1_convolution() -> None:
    layer = drawn(nn.Conv2d(3, 4, 1))
    x = sample(2, 3, 2, 5)
    told = pointwise(x, layer.weight[..., 0, 0], layer.bias)
    np.testing.assert_allclose(told.numpy(), looped_convolution(layer, x.numpy()), atol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("people", [1, 2])
def test_every_body_has_its_own_norm(people: int) -> None:
    norm = drawn(BodyNorm(2, 4))
    x = sample(2, 3, 5, 4, people)
    told = norm(x)
    assert told.shape == (2 * people, 3, 5, 4)
    for n, c, t, v, m in np.ndindex(*x.shape):
        place = m * 4 * 3 + v * 3 + c
        spread = math.sqrt(norm.running_var[place] + norm.eps)
        still = (x[n, c, t, v, m] - norm.running_mean[place]) / spread
        wanted = still * norm.weight[place] + norm.bias[place]
        assert float(told[n * people + m, c, t, v]) == pytest.approx(float(wanted), abs=1e-9)


def test_training_with_one_body_moves_only_its_statistics() -> None:
    norm = BodyNorm(2, 4).double().train()
    whole = nn.BatchNorm1d(12).double().train()
    x = sample(3, 3, 5, 4, 1) + 2
    told = norm(x)
    wanted = whole(x[..., 0].permute(0, 3, 1, 2).reshape(3, 12, 5)).view(3, 4, 3, 5)
    torch.testing.assert_close(told, wanted.permute(0, 2, 3, 1))
    torch.testing.assert_close(norm.running_mean[:12], whole.running_mean)
    torch.testing.assert_close(norm.running_var[:12], whole.running_var)
    assert not norm.running_mean[12:].any()
    with pytest.raises(UsageError, match="made for 2 bodies, there are 3"):
        norm(sample(1, 3, 5, 4, 3))


@torch.no_grad()
def test_st_gcn_sums_neighbours_of_every_subset() -> None:
    """Equation 10 as published: first each subset's convolution, then its neighbours, then batch
    norm."""
    layer, norm = drawn(st_gcn.GraphConvolution(3, 4, 2)), drawn(torch.nn.BatchNorm2d(4))
    x, graph = sample(2, 3, 3, 5), sample(2, 5, 5)
    wanted = np.zeros((2, 4, 3, 5))
    features = looped_convolution(layer.conv, x.numpy())
    for k in range(2):
        weights = graph[k].expand(2, 5, 5).numpy()
        wanted += summed_over_neighbours(features[:, 4 * k : 4 * k + 4], weights)
    mean, var = norm.running_mean.numpy(), norm.running_var.numpy()
    for c in range(4):
        share = norm.weight[c].item() / np.sqrt(var[c] + norm.eps)
        wanted[:, c] = (wanted[:, c] - mean[c]) * share + norm.bias[c].item()
    np.testing.assert_allclose(layer(x, graph, norm).numpy(), wanted, atol=CLOSE)


def looped_links(layer: agcn.AdaptiveConvolution, x: Array) -> Array:
    """(B, K, V, W): equation 4 on top of the two other graphs."""
    count, _, frames, joints = x.shape
    out = np.zeros((count, 3, joints, joints))
    for b, k in np.ndindex(count, 3):
        theta = looped_convolution(layer.conv_a[k], x[b : b + 1])[0]
        phi = looped_convolution(layer.conv_b[k], x[b : b + 1])[0]
        likeness = np.zeros((joints, joints))
        for v, w in np.ndindex(joints, joints):
            for c, t in np.ndindex(len(theta), frames):
                likeness[v, w] += theta[c, t, v] * phi[c, t, w] / (len(theta) * frames)
        for v, w in np.ndindex(joints, joints):
            share = 1 / sum(math.exp(min(value - likeness[v, w], 700)) for value in likeness[:, w])
            out[b, k, v, w] = float(layer.A[k, v, w]) + float(layer.PA[k, v, w]) + share
    return out


def looped_adaptive(layer: agcn.AdaptiveConvolution, x: Array) -> Array:
    links = looped_links(layer, x)
    total = 0
    for k in range(3):
        total = total + looped_convolution(layer.conv_d[k], summed_over_neighbours(x, links[:, k]))
    residual = x
    if x.shape[1] != total.shape[1]:
        residual = looped_norm(layer.down[1], looped_convolution(layer.down[0], x))
    return relu(looped_norm(layer.bn, total) + residual)


@torch.no_grad()
@pytest.mark.parametrize("channels", [(3, 4), (4, 4)])
def test_adaptive_graph_convolution(channels: tuple[int, int]) -> None:
    layer = drawn(agcn.AdaptiveConvolution(*channels, sample(3, 4, 4)))
    x = sample(2, channels[0], 3, 4)
    np.testing.assert_allclose(layer.links(x).numpy(), looped_links(layer, x.numpy()), atol=CLOSE)
    np.testing.assert_allclose(layer(x).numpy(), looped_adaptive(layer, x.numpy()), atol=CLOSE)


@torch.no_grad()
@pytest.mark.parametrize(
    ("channels", "stride", "residual"), [((4, 8), 2, True), ((4, 4), 1, True), ((3, 4), 1, False)]
)
def test_agcn_block(channels: tuple[int, int], stride: int, residual: bool) -> None:
    graph = sample(3, 4, 4)
    block = drawn(agcn.Block(*channels, stride, graph, residual=residual))
    x = sample(2, channels[0], 5, 4)
    inner = looped_adaptive(block.gcn1, x.numpy())
    wanted = looped_norm(
        block.tcn1.bn, looped_convolution(block.tcn1.conv, inner, stride, padding=4)
    )
    if residual and channels[0] == channels[1]:
        wanted = wanted + x.numpy()
    elif residual:
        link = block.residual
        wanted = wanted + looped_norm(link.bn, looped_convolution(link.conv, x.numpy(), stride))
    np.testing.assert_allclose(block(x).numpy(), relu(wanted), atol=CLOSE)


@torch.no_grad()
@pytest.mark.parametrize("channels", [(3, 4), (16, 16)])
def test_channel_wise_topology_refinement(channels: tuple[int, int]) -> None:
    """Equations 6 to 8, a channel, a pair of joints and a moment at a time."""
    joints, frames = 3, 4
    layer = drawn(ctr_gcn.GraphConvolution(*channels, sample(3, joints, joints)))
    x = sample(2, channels[0], frames, joints).numpy()
    total = np.zeros((2, channels[1], frames, joints))
    alpha = float(layer.alpha)
    for k, conv in enumerate(layer.convs):
        psi = looped_convolution(conv.conv1, x).mean(axis=2)
        phi = looped_convolution(conv.conv2, x).mean(axis=2)
        features = looped_convolution(conv.conv3, x)
        widen, shift = conv.conv4.weight[..., 0, 0].numpy(), conv.conv4.bias.numpy()
        for b, o, i, j in np.ndindex(2, channels[1], joints, joints):
            refined = shift[o]
            for c in range(psi.shape[1]):
                refined += widen[o, c] * math.tanh(psi[b, c, i] - phi[b, c, j])
            link = float(layer.PA[k, i, j]) + alpha * refined
            for t in range(frames):
                total[b, o, t, i] += link * features[b, o, t, j]
    residual = x
    if channels[0] != channels[1]:
        residual = looped_norm(layer.down[1], looped_convolution(layer.down[0], x))
    wanted = relu(looped_norm(layer.bn, total) + residual)
    np.testing.assert_allclose(layer(torch.from_numpy(x)).numpy(), wanted, atol=CLOSE)


@torch.no_grad()
@pytest.mark.parametrize("stride", [1, 2])
def test_convolutions_over_time_at_several_scales(stride: int) -> None:
    layer = drawn(ctr_gcn.MultiScaleConvolution(4, 8, stride))
    x = sample(2, 4, 7, 3).numpy()
    parts = []
    for branch, dilation in zip(layer.branches[:2], (1, 2), strict=True):
        inner = relu(looped_norm(branch[1], looped_convolution(branch[0], x)))
        inner = looped_convolution(branch[3].conv, inner, stride, dilation, padding=2 * dilation)
        parts.append(looped_norm(branch[3].bn, inner))
    branch = layer.branches[2]
    inner = relu(looped_norm(branch[1], looped_convolution(branch[0], x)))
    length = (7 - 1) // stride + 1
    largest = np.zeros((2, 2, length, 3))
    for b, c, t, v in np.ndindex(largest.shape):
        largest[b, c, t, v] = max(inner[b, c, max(t * stride - 1, 0) : t * stride + 2, v])
    parts.append(looped_norm(branch[4], largest))
    branch = layer.branches[3]
    parts.append(looped_norm(branch[1], looped_convolution(branch[0], x, stride)))
    told = layer(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(told, np.concatenate(parts, axis=1), atol=CLOSE)


# ---- whole networks


def parameters(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def agcn_parameters(blocks: Any, joints: int) -> int:
    """Counted by hand: two a channel of batch norm, weights and a bias of each convolution."""
    total = 2 * (2 * joints * 3)
    for index, (c_in, c_out, stride) in enumerate(blocks):
        embedded = c_out // 4
        total += 3 * (2 * (c_in * embedded + embedded) + c_in * c_out + c_out)
        total += 3 * joints * joints + 2 * c_out
        total += c_out * c_out * 9 + c_out + 2 * c_out
        if c_in != c_out:
            total += c_in * c_out + c_out + 2 * c_out  # down
        if index and (c_in != c_out or stride != 1):
            total += c_in * c_out + c_out + 2 * c_out  # residual
    return total


def test_agcn_has_as_many_blocks_as_asked_for() -> None:
    with torch.device("meta"):
        ten = agcn.AGCN(KINECT)
        twenty = agcn.AGCN("utd_mhad_20", bodies=2)
        nine = ((3, 64, 1), (64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 128, 1),
                (128, 256, 2), (256, 256, 1), (256, 256, 1))  # fmt: skip
        with_one_more = agcn.AGCN(KINECT, 2, (*nine, (256, 512, 2)))
    assert parameters(ten) == agcn_parameters(agcn.BLOCKS, 25) == 3_454_090
    assert parameters(twenty) == agcn_parameters(agcn.BLOCKS, 20)
    assert parameters(with_one_more) == 6_617_386  # AMFI-Net's
    assert (ten.channels, with_one_more.channels) == (256, 512)


def test_networks_have_the_published_sizes() -> None:
    assert size_of("st-gcn").parameters == 3_098_832
    assert size_of("agcn").parameters == 3_454_090 + 256 * 60 + 60
    assert size_of("2s-agcn").parameters == 2 * 3_469_510  # published 6.94 M
    # Published 1.46 M, with the 120 classes of NTU RGB+D 120.
    assert size_of("ctr-gcn").parameters == 1_446_672
    assert size_of("ctr-gcn", 120).parameters == pytest.approx(1.46e6, rel=2e-3)


@pytest.mark.parametrize(("name", "keys"), [
    ("agcn", {"data_bn.weight", "l1.gcn1.PA", "l1.gcn1.conv_a.0.weight", "l4.gcn1.conv_b.2.bias",
              "l5.gcn1.conv_d.1.weight", "l5.gcn1.down.0.weight", "l5.gcn1.down.1.running_var",
              "l10.gcn1.bn.weight", "l10.tcn1.conv.weight", "l10.tcn1.bn.bias",
              "l8.residual.conv.weight", "l8.residual.bn.weight", "fc.weight"}),
    ("ctr-gcn", {"data_bn.weight", "l1.gcn1.PA", "l1.gcn1.alpha", "l1.gcn1.convs.0.conv4.weight",
                 "l5.gcn1.down.0.weight", "l5.gcn1.bn.weight", "l5.residual.conv.weight",
                 "l10.tcn1.branches.0.0.weight", "l10.tcn1.branches.1.3.conv.weight",
                 "l10.tcn1.branches.1.3.bn.weight", "l10.tcn1.branches.2.4.weight",
                 "l10.tcn1.branches.3.1.weight", "fc.bias"}),
    ("st-gcn", {"A", "data_bn.weight", "st_gcn_networks.4.residual.0.weight", "edge_importance.9",
                "st_gcn_networks.0.gcn.conv.weight", "st_gcn_networks.9.tcn.3.weight",
                "fcn.weight"}),
])  # fmt: skip
def test_weights_have_their_published_names(name: str, keys: set[str]) -> None:
    state = skeleton_stream(name, 7, KINECT).state_dict()
    assert keys <= set(state)
    assert {key.split(".")[0] for key in state} <= {
        "A", "st_gcn_networks", "edge_importance", "fcn", "data_bn", "fc",
        *(f"l{number}" for number in range(1, 11)),
    }  # fmt: skip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three thin blocks in every graph network; the rest is as it is."""
    blocks = ((3, 16, 1), (16, 16, 1), (16, 32, 2))
    monkeypatch.setattr(agcn, "BLOCKS", blocks)
    monkeypatch.setattr(ctr_gcn, "BLOCKS", blocks)
    monkeypatch.setattr(st_gcn, "BLOCKS", ((0, 16, 1), *blocks[1:]))


@torch.no_grad()
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", GRAPHS)
def test_saliency_is_the_classifier_at_every_position(name: str) -> None:
    stream = drawn(skeleton_stream(name, 4, KINECT)).float()
    x = torch.randn(2, 3, 8, 25, 2)
    features = stream(x)
    assert features.shape == (2, stream.channels, 4, 25, 2)
    values = stream.saliency(features).values
    assert values.shape == (2, 4, 4, 25, 2)
    logits = stream.classify(stream.pool(features))
    torch.testing.assert_close(values.mean(dim=(2, 3, 4)), logits, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ["agcn", "ctr-gcn"])
def test_links_are_told_without_those_that_are_given(name: str) -> None:
    """An absent person has no say in them; rows are the joints that receive."""
    stream = drawn(skeleton_stream(name, 4, KINECT))
    x = sample(1, 3, 8, 25, 2)
    x[..., 1] = 0
    told = stream.explained(x)[1]
    given = inward_outward(KINECT)  # (K, from, to) of AGCN, (K, to, from) of CTR-GCN
    for number in (1, 2, 3):
        seen: list[Array] = []
        graph = stream.get_submodule(f"l{number}.gcn1")
        hook = graph.register_forward_pre_hook(lambda _, x, seen=seen: seen.append(x[0].numpy()))
        stream(x)
        hook.remove()
        if name == "agcn":
            links = looped_links(graph, seen[0][:1])[0] - given
            wanted = np.abs(links).mean(axis=0).T
        else:
            links = graph.links(torch.from_numpy(seen[0]))[0].numpy() - given[:, None]
            wanted = np.abs(links).mean(axis=(0, 1))
        wanted /= wanted.sum(axis=1, keepdims=True)
        values = told[f"learned links, layer {number}"].values[0]
        np.testing.assert_allclose(values.numpy(), wanted, atol=CLOSE)


@torch.no_grad()
@pytest.mark.parametrize("name", ["agcn", "ctr-gcn"])
def test_fresh_links_do_not_draw_the_skeleton(name: str) -> None:
    """Nothing is learned yet: what is told does not follow the given links."""
    torch.manual_seed(2)
    stream = skeleton_stream(name, 4, KINECT).eval()
    told = stream.explained(torch.randn(2, 3, 8, 25, 1))[1]
    names = {one for one in told if one.startswith("learned links")}
    assert names == {f"learned links, layer {number}" for number in (1, 5, 10)}
    given = np.abs(inward_outward(KINECT)).mean(axis=0)
    for one in names:
        for values in told[one].values.numpy():
            for fixed in (given, given.T):
                assert np.corrcoef(values.ravel(), fixed.ravel())[0, 1] < 0.5


@torch.no_grad()
@pytest.mark.usefixtures("small")
def test_two_streams_add_their_probabilities() -> None:
    network = create_network("2s-agcn", 4, KINECT).eval()
    drawn(network, 3)
    x = sample(2, 3, 8, 25, 2)
    output = network({"skeleton": x})
    assert list(output.logits_by_stream) == ["joint", "bone"]
    both = [logits.softmax(dim=1) for logits in output.logits_by_stream.values()]
    torch.testing.assert_close(output.logits.softmax(dim=1), (both[0] + both[1]) / 2)
    of_bones = network.bone.classify(network.bone.pool(network.bone(bones(x, KINECT))))
    torch.testing.assert_close(output.logits_by_stream["bone"], of_bones)
    assert not torch.allclose(both[0], both[1])


def clips(joint: int, count: int, made: torch.Generator) -> tuple[Tensor, Tensor]:
    """Still bodies, of class 0; of class 1 where one joint moves."""
    x = 0.05 * torch.randn(count, 3, 8, 25, 1, generator=made)
    labels = torch.arange(count) % 2
    x[labels == 1, :, :, joint] += torch.randn(count // 2, 3, 8, 1, generator=made)
    return x, labels


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("joint", [11, 19])  # the right hand, the right foot
@pytest.mark.parametrize("name", GRAPHS)
def test_saliency_is_at_the_joint_that_tells_the_class(name: str, joint: int) -> None:
    made = torch.Generator().manual_seed(1)
    torch.manual_seed(1)
    stream = skeleton_stream(name, 2, KINECT, dropout=0.0).train()
    for layer in stream.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.momentum = 0.3  # so few steps must be enough for them
    optimizer = torch.optim.Adam(stream.parameters(), 1e-2)
    for _ in range(40):
        x, labels = clips(joint, 16, made)
        loss = nn.functional.cross_entropy(stream.classify(stream.pool(stream(x))), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, labels = clips(joint, 32, made)
    with torch.no_grad():
        features = stream.eval()(x)
        assert (stream.classify(stream.pool(features)).argmax(dim=1) == labels).float().mean() > 0.9
        values = stream.saliency(features).values
    spoke = (values[:, 1] - values[:, 0])[labels == 1].mean(dim=(0, 1, 3))
    assert hop_distances(topology(KINECT))[joint, int(spoke.argmax())] <= 1
