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

from harstudio.errors import UsageError
from harstudio.networks import create_network, network_card
from harstudio.networks.backbones.bi_lstm import BiLSTM
from harstudio.networks.backbones.graphs import GraphStream, skeleton_stream
from harstudio.networks.blocks.mmff_fusion import Concatenation
from harstudio.networks.blocks.picture_attention import skeleton_attention
from harstudio.networks.explaining import explain
from harstudio.networks.inputs import input_shapes
from harstudio.networks.mmff import MMFF
from harstudio.networks.network import Network
from harstudio.networks.sizes import size_of

CLASSES = 4
CHANNELS = 6
DEFAULTS = {
    "fusion": "cross-attention", "self_attention": True, "skeleton_attention": True,
    "relation": "softmax", "frames": 1, "frame_weights": "separate",
}  # fmt: skip
SQUARE = [0.1, 0.3, 0.6, 0.8]


def backbone() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, CHANNELS, 4, 4), nn.ReLU())


def small(skeleton: str = "graph", **options: Any) -> MMFF:
    """The network over a picture backbone of one convolution with 2 x 3 cells; weights that make
    every term count."""
    torch.manual_seed(11)
    stream: GraphStream | BiLSTM
    if skeleton == "graph":
        stream = skeleton_stream("st-gcn", CLASSES, "kinect_v1_20")
    else:
        stream = BiLSTM(CLASSES, "kinect_v1_20", hidden=7)
    options = {**DEFAULTS, **options}
    if skeleton != "graph" and options["fusion"] == "cross-attention":
        options["fusion"] = "concatenation"
    network = MMFF(stream, backbone, CHANNELS, CLASSES, options)
    network.card = network_card("mmff-gcn")
    for key, weight in network.named_parameters():
        if key.startswith(("picture.", "fusion.")) and weight.dim():
            nn.init.normal_(weight, std=1.0 / math.sqrt(max(weight[0].numel(), 1)))
    return network.eval()


def small_batch(count: int = 2, frames: int = 1) -> dict[str, Tensor]:
    made = torch.Generator().manual_seed(5)
    focus = torch.tensor([SQUARE, [math.nan] * 4])[:count]
    several = (frames,) if frames > 1 else ()
    batch = {
        "skeleton": torch.randn(count, 3, 8, 20, 2, generator=made),
        "picture": torch.randn(count, 3, *several, 8, 12, generator=made),
        "focus": focus,
    }
    if frames > 1:
        moved = torch.arange(frames)[None, :, None] * 0.1
        batch["focus"] = focus[:, None] + moved
    return batch


def frame(batch: dict[str, Tensor], number: int) -> dict[str, Tensor]:
    """The batch as if that frame were the only one."""
    picture, focus = batch["picture"][:, :, number], batch["focus"][:, number]
    return {**batch, "picture": picture, "focus": focus}


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

    def concatenated(self) -> Any:
        """Section 3.5, "LSTM-based fusion": both features, divided by their length, three layers.

        ``joints`` is the vector of the recurrent stream here.
        """
        both = np.concatenate((self.joints, self.picture_features()))
        both = both / math.sqrt(sum(x * x for x in both))
        embedded = self.linear("fusion.embed", both)
        hidden = self.linear("fusion.hidden", [x if x > 0 else 0.01 * x for x in embedded])
        return self.linear("fusion.classifier", [max(x, 0.0) for x in hidden])

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
def test_the_recurrent_form_is_its_equations() -> None:
    network, batch = small("recurrent").double(), small_batch()
    batch = {key: value.double() for key, value in batch.items()}
    output = network(batch)
    for clip in range(2):
        hand = ByHand(network, batch, clip)
        assert hand.joints.shape == (14,)
        np.testing.assert_allclose(output.logits[clip], hand.concatenated(), rtol=1e-5, atol=1e-9)


@torch.no_grad()
def test_features_of_different_lengths_count_by_their_direction_only() -> None:
    """The norm: both streams' features times a thousand change nothing."""
    fusion = Concatenation(5, 4, CLASSES)
    made = torch.Generator().manual_seed(2)
    features = {"skeleton": torch.randn(2, 5, generator=made), "picture": torch.randn(2, 4)}
    larger = {name: 1000 * value for name, value in features.items()}
    torch.testing.assert_close(fusion(larger), fusion(features))
    moved = {**features, "picture": -features["picture"]}
    assert not torch.allclose(fusion(moved), fusion(features))


# ---- several frames


@torch.no_grad()
@pytest.mark.parametrize("fusion", ["cross-attention", "sum"])
def test_frames_that_share_weights_answer_by_their_mean(fusion: str) -> None:
    network = small(fusion=fusion, frames=3, frame_weights="shared")
    alone = small(fusion=fusion)
    alone.load_state_dict(network.state_dict())  # the same weights serve one frame
    batch = small_batch(frames=3)
    output = network(batch, explain=True)
    each = [alone(frame(batch, number), explain=True) for number in range(3)]
    assert not torch.allclose(each[0].logits, each[1].logits, atol=1e-3)
    torch.testing.assert_close(output.logits, sum(one.logits for one in each) / 3)
    for stream in ("skeleton", "picture"):
        wanted = sum(one.logits_by_stream[stream] for one in each) / 3
        torch.testing.assert_close(output.logits_by_stream[stream], wanted)
    assert output.explanation is not None
    for name in ("self-attention 1", "self-attention 2", "skeleton attention"):
        assert output.explanation[name].values.shape == (2, 3, 2, 3)
        for number, one in enumerate(each):
            assert one.explanation is not None
            wanted = one.explanation[name].values[:, 0]
            torch.testing.assert_close(output.explanation[name].values[:, number], wanted)
    if fusion == "cross-attention":
        middle = each[1].explanation
        assert middle is not None
        told = output.explanation["relation"].values
        torch.testing.assert_close(told, middle["relation"].values)


@torch.no_grad()
@pytest.mark.parametrize("fusion", ["cross-attention", "sum", "decision"])
def test_frames_with_weights_of_their_own_are_networks_of_their_own(fusion: str) -> None:
    network, batch = small(fusion=fusion, frames=2), small_batch(frames=2)
    each = []
    for number in range(2):
        alone = small(fusion=fusion)
        prefixes = {"picture.": f"picture.{number}.", "fusion.": f"fusion.{number}."}
        if fusion == "decision":
            del prefixes["fusion."]
        weights = {
            key: network.state_dict()[
                next((new + key[len(old) :] for old, new in prefixes.items()
                      if key.startswith(old)), key)
            ]
            for key in alone.state_dict()
        }  # fmt: skip
        alone.load_state_dict(weights)
        each.append(alone(frame(batch, number)))
    by_frame = [one.logits_by_stream["picture"] for one in each]
    assert not torch.allclose(by_frame[0], by_frame[1], atol=1e-3)
    output = network(batch)
    picture = (by_frame[0] + by_frame[1]) / 2
    torch.testing.assert_close(output.logits_by_stream["picture"], picture)
    if fusion == "decision":  # decided once, of what the streams say
        skeleton = output.logits_by_stream["skeleton"]
        wanted = (skeleton.softmax(dim=1) + picture.softmax(dim=1)) / 2
        torch.testing.assert_close(output.logits.exp(), wanted)
    else:
        torch.testing.assert_close(output.logits, (each[0].logits + each[1].logits) / 2)


@pytest.mark.parametrize(("skeleton", "fusion"), [
    ("graph", "cross-attention"), ("graph", "decision"), ("recurrent", "concatenation"),
])  # fmt: skip
def test_the_joint_saliency_is_of_the_fused_answer(skeleton: str, fusion: str) -> None:
    """By differences: what grows with the map of one joint, and with the coordinates of one where
    layers are recurrent."""
    network = small(skeleton, fusion=fusion).double().requires_grad_(False)
    batch = {key: value[:1].double() for key, value in small_batch().items()}
    output = network(batch, explain=True)
    seen = output.maps["joint saliency"]
    assert seen.elementwise == (skeleton == "recurrent")
    (gradient,) = torch.autograd.grad(output.logits[0, 2], seen.values)
    told = (gradient * seen.values.detach()).sum(dim=(0, 1, 2, 4))

    reading = network.skeleton.forward
    for joint in range(0, len(told), 5):
        factor = torch.ones(len(told), 1, dtype=torch.float64)

        def scaled(given: Tensor, by: Tensor = factor) -> Tensor:
            features: Tensor = reading(given) * by if skeleton == "graph" else reading(given * by)
            return features

        network.skeleton.forward = scaled  # type: ignore[method-assign]
        logits = []
        for by in (1 + 1e-6, 1 - 1e-6):
            factor[joint] = by
            logits.append(network(batch).logits[0, 2])
        network.skeleton.forward = reading  # type: ignore[method-assign]
        slope = (logits[0] - logits[1]) / 2e-6
        torch.testing.assert_close(told[joint], slope, rtol=1e-4, atol=1e-8)
    assert told.abs().amax() > 1e-6


@pytest.mark.parametrize(("skeleton", "fusion"), [
    ("graph", "cross-attention"), ("graph", "decision"), ("recurrent", "concatenation"),
])  # fmt: skip
def test_grad_cam_is_of_the_fused_answer(skeleton: str, fusion: str) -> None:
    """By differences: moving a cell of the picture's map moves the logit as its gradient says, the
    way through the attention included."""
    network = small(skeleton, fusion=fusion).double().requires_grad_(False)
    batch = {key: value[:1].double() for key, value in small_batch().items()}

    watching = network.picture.backbone
    values = watching(batch["picture"])[0]
    # The clip twice for every number of the map, which is a little more in one, less in the other.
    moves = 1e-6 * torch.eye(values.numel(), dtype=torch.float64).view(-1, *values.shape)
    moves = torch.cat((moves, -moves))

    class Moved(nn.Module):
        """The backbone with the moved maps."""

        def forward(self, picture: Tensor) -> Tensor:
            features: Tensor = watching(picture)
            return features + moves

    network.picture.backbone = Moved()
    many = {key: value.expand(len(moves), *value.shape[1:]) for key, value in batch.items()}
    more, less = network(many).logits.chunk(2)
    network.picture.backbone = watching
    gradient = ((more - less) / 2e-6).T.reshape(CLASSES, *values.shape)
    spoke = 0
    for target in range(CLASSES):
        weights = gradient[target].mean(dim=(1, 2))
        cam = sum(weight * one for weight, one in zip(weights, values, strict=True)).relu()
        spoke += bool(cam.max() > 0)
        wanted = (cam - cam.min()) / (cam.max() - cam.min()).clamp(min=1e-12)
        told = explain(network, batch, target).explanation
        assert told is not None
        found = told["Grad-CAM picture"].values[0, 0]
        torch.testing.assert_close(found, wanted.float(), rtol=1e-3, atol=1e-4)
    assert spoke, "maps of nothing would all be equal"


# ---- cards


def test_frames_stand_in_what_the_network_is_given() -> None:
    card = network_card("mmff-lstm", {"frame_position": 0.3, "frames": 5})
    assert card.preprocessing["picture"]["frame_position"] == 0.3
    assert card.preprocessing["picture"]["frames"] == 5
    assert input_shapes(card)["picture"] == (3, 5, 299, 299)
    assert network_card("mmff-lstm").preprocessing["picture"]["frame_position"] == 0.5
    with pytest.raises(UsageError, match=r"frame_position of mmff-gcn is 1\.5"):
        network_card("mmff-gcn", {"frame_position": 1.5})


def test_five_frames_have_the_printed_size() -> None:
    """Table 4: 134.9 M, of Xceptions with their ImageNet classifiers and without the picture's own
    heads, as the 29.1 M of one frame are counted."""
    classifier = 2048 * 1000 + 1000
    own_head = 3 * (2048 * 256 + 256) + (768 * 60 + 60)
    live = size_of("mmff-gcn", frames=5).parameters
    assert live == 130_816_762
    assert live + 5 * (classifier - own_head) == pytest.approx(134.9e6, rel=0.02)
    assert size_of("mmff-gcn", frames=5, frame_weights="shared").parameters == 28_642_418


def test_the_recurrent_form_has_the_size_that_its_parts_make() -> None:
    """Printed are 27.4 M, which is 0.1 % off with the 2.0 M printed for its Bi-LSTM in place of
    the 5.4 M that 600 features need, counting the ImageNet classifier, not the heads."""
    size = size_of("mmff-lstm")
    heads = (600 * 60 + 60) + (768 * 60 + 60)
    assert size.parameters - heads == 28_793_446
    lstm = 5_414_400
    assert size.by_part["skeleton"] - (600 * 60 + 60) == lstm
    printed = size.parameters - heads - lstm + 2_000_000 + (2048 * 1000 + 1000)
    assert printed == pytest.approx(27.4e6, rel=2e-3)
    assert size.multiply_adds == pytest.approx(8.53e9, rel=1e-3)  # printed 15.3 G


@pytest.mark.parametrize("name", ["mmff-gcn", "mmff-lite"])
def test_weights_of_earlier_versions_have_their_places(name: str) -> None:
    with torch.device("meta"):
        held = create_network(name, 5).state_dict()
    kept = {
        "skeleton.A": (3, 25, 25),
        "skeleton.data_bn.running_var": (75,),
        "skeleton.st_gcn_networks.4.residual.0.weight": (128, 64, 1, 1),
        "skeleton.edge_importance.9": (3, 25, 25),
        "skeleton.fcn.weight": (5, 256, 1, 1),
        "picture.reduce.2.bias": (256,),
        "picture.classifier.weight": (5, 768),
        "fusion.relate.embed.weight": (512, 256),
        "fusion.classifier.weight": (5, 512),
    }
    assert {key: tuple(held[key].shape) for key in kept} == kept
    assert {key.split(".")[0] for key in held} == {"skeleton", "picture", "fusion"}
    assert len(held) == {"mmff-gcn": 468, "mmff-lite": 488}[name]


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
