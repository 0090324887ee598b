"""How much faster ST-GCN and AGCN are than their textbook formulation, with equal output.

The textbook: for every subset of the neighbours its own 1x1 convolution and its own product with
the graph, summed one after the other, features in the order that the papers write. Both sides read
the same weights, and take turns in one process; medians are printed.

    python benchmarks/graph_networks.py [--threads 1 2] [--rounds 9]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from harstudio.networks.backbones.agcn import AdaptiveConvolution
from harstudio.networks.backbones.graphs import AGCNStream, GraphStream, skeleton_stream
from harstudio.networks.backbones.st_gcn import STGCN

JOINTS, BODIES, CLASSES = 25, 2, 60


def published_order(skeleton: Tensor, norm: nn.BatchNorm1d, joints_first: bool) -> Tensor:
    """(N, 3, T, V, M) -> (N * M, 3, T, V), normalised as both published networks do."""
    n, c, t, v, m = skeleton.shape
    x = skeleton.permute(0, 4, 3, 1, 2).reshape((n, -1, t) if joints_first else (n * m, -1, t))
    x = functional.batch_norm(
        x, norm.running_mean, norm.running_var, norm.weight, norm.bias, norm.training
    )
    return x.view(n * m, v, c, t).permute(0, 2, 3, 1).contiguous()


def textbook_st_gcn(network: STGCN, skeleton: Tensor) -> Tensor:
    """ST-GCN's feature map (N * M, C, T', V)."""
    x = published_order(skeleton, network.data_bn, joints_first=False)
    for block, importance in zip(network.st_gcn_networks, network.edge_importance, strict=True):
        graph = network.A * importance
        weights = block.gcn.conv.weight.chunk(len(graph))
        biases = block.gcn.conv.bias.chunk(len(graph))
        y = 0
        for weight, bias, subset in zip(weights, biases, graph, strict=True):
            y = y + torch.matmul(functional.conv2d(x, weight, bias), subset)
        residual = 0 if block.residual is None else block.residual(x)
        x = functional.relu(block.tcn(y) + residual)
    return x


def plain(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """A convolution as PyTorch does it."""
    return functional.conv2d(x, layer.weight, layer.bias)


def textbook_adaptive(layer: AdaptiveConvolution, x: Tensor) -> Tensor:
    """AGCN's equation 3 a subset at a time."""
    b, c, t, v = x.shape
    y = 0
    for a, theta, phi, convolution in zip(
        layer.A + layer.PA, layer.conv_a, layer.conv_b, layer.conv_d, strict=True
    ):
        to = plain(theta, x).permute(0, 3, 1, 2).reshape(b, v, -1)
        of = plain(phi, x).reshape(b, -1, v)
        links = a + torch.softmax(torch.matmul(to, of) / to.shape[-1], dim=-2)
        heard = torch.matmul(x.reshape(b, c * t, v), links).view(b, c, t, v)
        y = y + plain(convolution, heard)
    residual = x
    if not isinstance(layer.down, nn.Identity):
        residual = layer.down[1](plain(layer.down[0], x))
    return functional.relu(layer.bn(y) + residual)


def textbook_agcn(network: AGCNStream, skeleton: Tensor) -> Tensor:
    """AGCN's feature map (N * M, C, T', V)."""
    x = published_order(skeleton, network.data_bn, joints_first=True)
    for name in network.names:
        block = network.get_submodule(name)
        residual = 0 if block.residual is None else block.residual(x)
        x = functional.relu(block.tcn1(textbook_adaptive(block.gcn1, x)) + residual)
    return x


TEXTBOOK: dict[str, Callable[..., Tensor]] = {"st-gcn": textbook_st_gcn, "agcn": textbook_agcn}


def spread(network: nn.Module) -> None:
    """Weights as after some training: every branch counts, no batch norm is nearly 0."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.0)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)


def in_turns(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each side; they take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side()
    for _ in range(rounds):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def step(network: GraphStream, features: Callable[[], Tensor], clips: int) -> None:
    """One step of training without the optimiser."""
    network.zero_grad(set_to_none=True)
    maps = features()
    logits = network.classify(maps.flatten(2).mean(dim=2).view(clips, BODIES, -1).mean(dim=1))
    functional.cross_entropy(logits, torch.arange(clips) % CLASSES).backward()


def compare(name: str, clips: int, frames: int, rounds: int) -> None:
    """Print both sides' times for prediction and for a step of training."""
    torch.manual_seed(0)
    network = skeleton_stream(name, CLASSES, "kinect_v2_25", dropout=0.0).eval()
    spread(network)
    skeleton = torch.randn(clips, 3, frames, JOINTS, BODIES)
    by_person = (0, 4, 1, 2, 3)
    sides = {
        "ours": lambda: network(skeleton).permute(by_person).flatten(0, 1),
        "textbook": lambda: TEXTBOOK[name](network, skeleton),
    }
    with torch.no_grad():
        ours, textbook = (side() for side in sides.values())
        apart = float((ours - textbook).abs().max() / textbook.abs().max())
        predicted = in_turns(sides, rounds)
    network.train()
    steps = {key: lambda side=side: step(network, side, clips) for key, side in sides.items()}
    trained = in_turns(steps, max(rounds // 3, 3))
    cells = [
        f"{taken['ours'] * 1e3:7.0f} {taken['textbook'] * 1e3:7.0f} "
        f"{taken['textbook'] / taken['ours']:5.2f}"
        for taken in (predicted, trained)
    ]
    print(f"{name:8} {clips:5} {frames:6} {cells[0]}   {cells[1]}   {apart:.0e}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    for threads in given.threads:
        torch.set_num_threads(threads)
        print(f"{threads} thread(s); ms and ratio, prediction then a step of training")
        print("network  clips frames    ours  textbk ratio      ours  textbk ratio   difference")
        for name in TEXTBOOK:
            for clips, frames in ((1, 300), (1, 64), (8, 64)):
                compare(name, clips, frames, given.rounds)


if __name__ == "__main__":
    main()
