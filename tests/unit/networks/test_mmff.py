"""MMFF against its equations, evaluated anew in plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from harstudio.networks import network_card
from harstudio.networks.blocks.picture_attention import skeleton_attention
from harstudio.networks.mmff import MMFF
from harstudio.networks.network import Network

CLASSES = 4
CHANNELS = 6
DEFAULTS = {
    "fusion": "cross-attention", "self_attention": True, "skeleton_attention": True,
    "relation": "softmax", "dropout": 0.5, "edge_importance": True,
}  # fmt: skip
SQUARE = [0.1, 0.3, 0.6, 0.8]


def small(**options: Any) -> MMFF:
    """The network over a picture backbone of one convolution with 2 x 3 cells; weights that make
    every term count."""
    torch.manual_seed(11)
    backbone = nn.Sequential(nn.Conv2d(3, CHANNELS, 4, 4), nn.ReLU())
    network = MMFF(backbone, CHANNELS, CLASSES, "kinect_v1_20", {**DEFAULTS, **options})
    network.card = network_card("mmff-gcn")
    for key, weight in network.named_parameters():
        if key.startswith(("picture.", "fusion.relate.")):
            nn.init.normal_(weight, std=1.0 / math.sqrt(max(weight[0].numel(), 1)))
    return network.eval()


def small_batch(count: int = 2) -> dict[str, Tensor]:
    made = torch.Generator().manual_seed(5)
    focus = torch.tensor([SQUARE, [math.nan] * 4])[:count]
    return {
        "skeleton": torch.randn(count, 3, 8, 20, 2, generator=made),
        "picture": torch.randn(count, 3, 8, 12, generator=made),
        "focus": focus,
    }


def weights_of(network: Network) -> dict[str, Any]:
    return {key: value.double().numpy() for key, value in network.state_dict().items()}


class ByHand:
    """Sections 3.4 and 3.5 for one clip, cell by cell and joint by joint, in float64."""

    def __init__(self, network: MMFF, batch: dict[str, Tensor], clip: int) -> None:
        self.weights = weights_of(network)
        with torch.no_grad():
            self.map = network.picture.backbone(batch["picture"])[clip].double().numpy()
            self.joints = network.skeleton(batch["skeleton"])[clip].double().numpy()
        self.focus = batch["focus"][clip].double().numpy()
        self.rows, self.columns = self.map.shape[1:]

    def linear(self, name: str, x: Any) -> Any:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return weight.reshape(len(bias), -1) @ x + bias

    def own(self, branch: int) -> Any:
        """Equation 11."""
        mask = np.empty((self.rows, self.columns))
        for i in range(self.rows):
            for j in range(self.columns):
                score = self.linear(f"picture.attention.{branch}.conv", self.map[:, i, j])[0]
                mask[i, j] = 1 / (1 + math.exp(-score))
        return mask

    def told(self) -> Any:
        """Equation 15's mask: how much of a cell lies in the square."""
        mask = np.ones((self.rows, self.columns))
        if np.isnan(self.focus).any():
            return mask
        left, top, right, bottom = self.focus
        for i in range(self.rows):
            for j in range(self.columns):
                high = min(bottom, (i + 1) / self.rows) - max(top, i / self.rows)
                wide = min(right, (j + 1) / self.columns) - max(left, j / self.columns)
                mask[i, j] = max(high, 0) * max(wide, 0) * self.rows * self.columns
        return mask

    def picture_features(self) -> Any:
        """Figure 4: two means and one maximum, each through its linear layer."""
        parts = []
        for branch, (mask, pool) in enumerate(
            ((self.own(0), np.mean), (self.own(1), np.mean), (self.told(), np.max))
        ):
            pooled = np.array([pool(mask * channel) for channel in self.map])
            parts.append(self.linear(f"picture.reduce.{branch}", pooled))
        return np.concatenate(parts)

    def columns_of_both(self) -> list[Any]:
        """F_com, a list of S + V columns of C_r + C_s numbers, the picture's first."""
        own = (self.own(0) + self.own(1)) / 2
        cells = []
        for i in range(self.rows):
            for j in range(self.columns):
                attended = own[i, j] * self.map[:, i, j]
                pointed = self.told()[i, j] * self.map[:, i, j]
                cells.append((attended + pointed) / 2)
        joints = []
        for joint in range(self.joints.shape[2]):
            per_frame = [
                np.mean([self.joints[:, t, joint, m] for m in range(self.joints.shape[3])], axis=0)
                for t in range(self.joints.shape[1])
            ]
            joints.append(np.max(per_frame, axis=0))
        picture, skeleton = np.mean(cells, axis=0), np.mean(joints, axis=0)
        return [np.concatenate((cell, skeleton)) for cell in cells] + [
            np.concatenate((picture, joint)) for joint in joints
        ]

    def relation(self) -> Any:
        """Equation 16."""
        columns = self.columns_of_both()
        asked = [self.linear("fusion.relate.theta", column) for column in columns]
        offered = [self.linear("fusion.relate.phi", column) for column in columns]
        rows = []
        for i in range(len(columns)):
            scores = [float(asked[i] @ offered[j]) for j in range(len(columns))]
            powers = [math.exp(score - max(scores)) for score in scores]
            rows.append([power / sum(powers) for power in powers])
        return np.array(rows)

    def logits(self, relation_as: str) -> Any:
        """Equation 17 and what follows it in figure 6."""
        columns, relation = self.columns_of_both(), self.relation()
        count = len(columns)
        related = []
        for i in range(count):
            if relation_as == "mask":
                weight = sum(relation[k, i] for k in range(count)) / count
                related.append(weight * columns[i])
            else:
                related.append(sum(relation[i, j] * columns[j] for j in range(count)))
        reduced = [self.linear("fusion.relate.reduce", column) for column in related]
        hidden = self.linear("fusion.relate.embed", np.mean(reduced, axis=0))
        hidden = np.array([x if x > 0 else 0.01 * x for x in hidden])
        return self.linear("fusion.classifier", hidden)


@torch.no_grad()
@pytest.mark.parametrize("relation", ["softmax", "mask"])
def test_the_network_is_its_equations(relation: str) -> None:
    network, batch = small(relation=relation), small_batch()
    output = network(batch, explain=True)
    assert output.explanation is not None
    for clip in range(2):
        hand = ByHand(network, batch, clip)
        told = {name: gaze.values[clip].numpy() for name, gaze in output.explanation.items()}
        np.testing.assert_allclose(told["self-attention 1"][0], hand.own(0), atol=1e-6)
        np.testing.assert_allclose(told["self-attention 2"][0], hand.own(1), atol=1e-6)
        np.testing.assert_allclose(told["skeleton attention"][0], hand.told(), atol=1e-6)
        np.testing.assert_allclose(told["relation"], hand.relation(), atol=1e-5)
        assert told["relation"].max() > 0.2, "a flat relation would hide a wrong product"
        by_hand = hand.logits(relation)
        np.testing.assert_allclose(output.logits[clip].numpy(), by_hand, rtol=1e-4, atol=1e-4)
        features = hand.picture_features()
        np.testing.assert_allclose(output.features["picture"][clip].numpy(), features, atol=1e-5)
        alone = hand.linear("picture.classifier", features)
        np.testing.assert_allclose(output.logits_by_stream["picture"][clip], alone, atol=1e-5)
    assert output.explanation["relation"].grid == (2, 3)


@torch.no_grad()
def test_decisions_are_weighed_and_summed() -> None:
    network, batch = small(fusion="decision"), small_batch()
    nn.init.constant_(network.get_parameter("fusion.balance"), math.log(3))  # 3 to 1
    output = network(batch)
    parts = {name: logits.softmax(dim=1) for name, logits in output.logits_by_stream.items()}
    wanted = 0.75 * parts["skeleton"] + 0.25 * parts["picture"]
    torch.testing.assert_close(output.logits.exp(), wanted)


@torch.no_grad()
def test_features_are_summed() -> None:
    network, batch = small(fusion="sum"), small_batch()
    output = network(batch)
    by_hand, weights = output.features, weights_of(network)
    for clip in range(2):
        total = sum(
            weights[f"fusion.{stream}.weight"] @ by_hand[stream][clip].double().numpy()
            + weights[f"fusion.{stream}.bias"]
            for stream in ("skeleton", "picture")
        )
        hidden = np.where(total > 0, total, 0.01 * total)
        wanted = weights["fusion.classifier.weight"] @ hidden + weights["fusion.classifier.bias"]
        np.testing.assert_allclose(output.logits[clip], wanted, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("option", ["self_attention", "skeleton_attention"])
def test_attention_that_is_off_is_not_there(option: str) -> None:
    network, batch = small(**{option: False}), small_batch()
    output = network(batch, explain=True)
    assert output.explanation is not None
    names = {name for name in output.explanation if "attention" in name}
    on = {"skeleton attention"} if option == "self_attention" else {
        "self-attention 1", "self-attention 2",
    }  # fmt: skip
    assert names == on
    moved = network(batch | {"focus": batch["focus"] + 0.2})
    points = not torch.allclose(moved.logits[0], output.logits[0])
    assert points == (option == "self_attention")


@torch.no_grad()
def test_without_focus_nobody_was_seen() -> None:
    network, batch = small(), small_batch()
    nobody = batch | {"focus": torch.full((2, 4), math.nan)}
    without = {key: value for key, value in batch.items() if key != "focus"}
    torch.testing.assert_close(network(without).logits, network(nobody).logits)
    assert not torch.allclose(network(without).logits[0], network(batch).logits[0])


def reached(network: Network, loss: Tensor) -> set[str]:
    """Layers with a gradient, without the last part of their weights' names."""
    network.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    return {key.rsplit(".", 1)[0] for key, w in network.named_parameters() if w.grad is not None}


@pytest.mark.parametrize("fusion", ["cross-attention", "sum"])
def test_heads_of_single_streams_and_the_fused_opinion_leave_each_other_alone(fusion: str) -> None:
    """Fused training does not move the heads; their own loss moves nothing else."""
    network, batch = small(fusion=fusion), small_batch()
    everything = {key.rsplit(".", 1)[0] for key, _ in network.named_parameters()}
    output = network(batch)
    by_fused = reached(network, output.logits.sum())
    by_heads = reached(network, sum(network(batch).logits_by_stream.values()).sum())
    assert by_fused | by_heads == everything
    assert not by_fused & by_heads
    assert {"skeleton.fcn", "picture.classifier"} <= by_heads
    assert {"picture.backbone.0", "skeleton.data_bn", "fusion.classifier"} <= by_fused


# ---- the mask of the skeleton


def supersampled(square: list[float], rows: int, columns: int, density: int = 60) -> Any:
    """Which share of each cell's points lies in the square."""
    left, top, right, bottom = square
    y = (np.arange(rows * density) + 0.5) / (rows * density)
    x = (np.arange(columns * density) + 0.5) / (columns * density)
    inside = ((y >= top) & (y < bottom))[:, None] & ((x >= left) & (x < right))[None, :]
    return inside.reshape(rows, density, columns, density).mean(axis=(1, 3))


places = st.floats(-0.4, 1.2)
sides = st.floats(0.02, 0.8)


@settings(max_examples=60, deadline=None)
@given(left=places, top=places, wide=sides, high=sides, rows=st.integers(1, 10))
def test_a_cell_has_the_share_that_lies_inside(
    left: float, top: float, wide: float, high: float, rows: int
) -> None:
    square = [left, top, left + wide, top + high]
    mask = skeleton_attention(torch.tensor([square]), rows, 7)[0, 0].numpy()
    wanted = supersampled(square, rows, 7)
    if wanted.any():
        np.testing.assert_allclose(mask, wanted, atol=2.5 / 60)
    else:
        assert mask.max() > 0


@pytest.mark.parametrize(
    ("square", "cell"),
    [
        ([1.2, 0.4, 1.4, 0.6], (2, 4)),  # right of the picture
        ([-0.5, -0.5, -0.2, -0.2], (0, 0)),  # beyond a corner
        ([0.3, 1.0, 0.5, 1.3], (4, 2)),  # touches it from below
        ([0.5, 0.1, 0.5, 0.1], (0, 2)),  # a point
    ],
)
def test_a_square_that_covers_nothing_means_the_nearest_cell(
    square: list[float], cell: tuple[int, int]
) -> None:
    mask = skeleton_attention(torch.tensor([square]), 5, 5)[0, 0]
    wanted = torch.zeros(5, 5)
    wanted[cell] = 1
    torch.testing.assert_close(mask, wanted)


def test_one_clip_without_focus_does_not_change_the_others() -> None:
    squares = torch.tensor([SQUARE, [math.nan, 0.2, 0.4, 0.4], SQUARE])
    masks = skeleton_attention(squares, 4, 4)
    assert (masks[1] == 1).all()
    torch.testing.assert_close(masks[0], masks[2])
    assert 0 < masks[0].mean() < 1
