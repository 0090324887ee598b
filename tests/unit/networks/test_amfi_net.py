"""AMFI-Net against its equations, evaluated anew in plain loops, and what its gate learns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harstudio.networks import create_network, network_card
from harstudio.networks.amfi_net import FEATURES, AMFINet, GraphFeatures
from harstudio.networks.backbones.graphs import GRAPHS
from harstudio.networks.blocks.confidence_fusion import (
    Association,
    ConfidenceFusion,
    ConfidenceGate,
    Weighting,
    gate_loss,
)
from harstudio.networks.blocks.non_local import non_local
from harstudio.networks.blocks.plain_fusion import RULES, PlainFusion
from harstudio.networks.explaining import explain
from harstudio.networks.sizes import size_of
from reference_cases import load_case

CLASSES = 4
SIZE = 5  # features of a stream


def shaken(module: nn.Module) -> Any:
    """In float64, with weights that make every term count."""
    torch.manual_seed(21)
    for weight in module.parameters():
        nn.init.normal_(weight, std=0.8)
    return module.double().eval()


def draw(*shape: int) -> Tensor:
    made = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=made, dtype=torch.float64)


class ByHand:
    """Section 3.3 for one clip, entry by entry in float64."""

    def __init__(self, module: nn.Module) -> None:
        self.weights = {key: value.numpy() for key, value in module.state_dict().items()}

    def linear(self, name: str, x: Any) -> list[float]:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return [
            sum(w * v for w, v in zip(row, x, strict=True)) + b
            for row, b in zip(weight, bias, strict=True)
        ]

    def association(self, x: Any, at: str = "") -> tuple[list[float], list[list[float]]]:
        """Equations 8 to 11."""
        theta, beta, g = (self.linear(f"{at}{name}", x) for name in ("theta", "beta", "g"))
        y, rows = [], []
        for asked in theta:
            f = [math.exp(asked * offered) for offered in beta]  # equation 9
            rows.append([one / sum(f) for one in f])  # equation 10
            y.append(sum(share * told for share, told in zip(rows[-1], g, strict=True)))
        added = self.linear(f"{at}W_z", y)
        return [a + b for a, b in zip(added, x, strict=True)], rows

    def weighting(self, z: Any, at: str = "") -> list[float]:
        """Squeeze and excitation."""
        hidden = [max(value, 0.0) for value in self.linear(f"{at}squeeze", z)]
        return [sigmoid(value) for value in self.linear(f"{at}excite", hidden)]

    def gate(self, deciding: Any, other: Any, at: str = "") -> tuple[list[float], list[float]]:
        """Equations 18 and 19."""
        share = [sigmoid(value) for value in self.linear(f"{at}fc", deciding)]
        fused = [d * p + o * (1 - p) for d, o, p in zip(deciding, other, share, strict=True)]
        return fused, share


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


# ---- the blocks


@torch.no_grad()
def test_the_association_is_its_equations() -> None:
    block = shaken(Association(2 * SIZE, SIZE))
    x = draw(3, 2 * SIZE)
    z, weights = block(x)
    for clip in range(3):
        wanted, rows = ByHand(block).association(x[clip].tolist())
        np.testing.assert_allclose(z[clip], wanted, rtol=1e-9)
        np.testing.assert_allclose(weights[clip], rows, rtol=1e-9)
    assert weights.amax() > 0.5, "a flat relation would hide a wrong product"


@torch.no_grad()
def test_the_association_starts_with_nearly_no_effect() -> None:
    x = draw(3, 1024).float()
    z, _ = Association(1024, 512)(x)
    torch.testing.assert_close(z, x, rtol=0, atol=1e-4)
    assert not torch.equal(z, x), "or its other layers could not learn from the first step"


@torch.no_grad()
def test_the_non_local_mean_is_that_of_the_published_block() -> None:
    case = load_case("nonlocal_nl1d")
    given = {key: torch.from_numpy(value) for key, value in case.weights.items()}
    x = case.inputs["x"]

    def embedded(name: str, value: Tensor) -> Tensor:
        return nn.functional.conv1d(value, given[f"{name}.weight"], given[f"{name}.bias"])

    y, attention = non_local(*(embedded(name, x) for name in ("theta", "phi", "g")))
    case.check(attention=attention, z=embedded("W", y) + x)


@torch.no_grad()
def test_the_weighting_is_its_equations() -> None:
    block = shaken(Weighting(2 * SIZE))
    z = draw(3, 2 * SIZE)
    wanted = [ByHand(block).weighting(one.tolist()) for one in z]
    np.testing.assert_allclose(block(z), wanted, rtol=1e-9)
    assert block.squeeze.out_features == SIZE


@torch.no_grad()
def test_the_gate_is_its_equations() -> None:
    block = shaken(ConfidenceGate(SIZE))
    deciding, other = draw(3, SIZE), draw(3, SIZE) ** 3
    fused, share = block(deciding, other)
    for clip in range(3):
        wanted = ByHand(block).gate(deciding[clip].tolist(), other[clip].tolist())
        np.testing.assert_allclose(fused[clip], wanted[0], rtol=1e-9)
        np.testing.assert_allclose(share[clip], wanted[1], rtol=1e-9)


def test_the_gate_loss_has_both_signs() -> None:
    share = torch.tensor([[0.2, 0.9, 0.5], [0.7, 0.0, 1.0]], dtype=torch.float64)
    resolved = [-math.log(max(p, 1e-6)) for row in share.tolist() for p in row]
    literal = [-math.log(max(1 - p, 1e-6)) for row in share.tolist() for p in row]
    assert float(gate_loss(share, "resolved")) == pytest.approx(sum(resolved) / 6, rel=1e-9)
    assert float(gate_loss(share, "literal")) == pytest.approx(sum(literal) / 6, rel=1e-9)
    for sign, direction in (("resolved", 1), ("literal", -1)):
        gate = torch.zeros(2, 3, requires_grad=True)
        gate_loss(torch.sigmoid(gate), sign).backward()
        assert gate.grad is not None
        assert (-direction * gate.grad > 0).all(), "descending moves the share this way"


@torch.no_grad()
@pytest.mark.parametrize("first_decides", [True, False])
@pytest.mark.parametrize("gate", [True, False])
@pytest.mark.parametrize("weighting", [True, False])
@pytest.mark.parametrize("association", [True, False])
def test_the_fusion_is_its_modules(
    association: bool, weighting: bool, gate: bool, first_decides: bool
) -> None:
    fusion = ConfidenceFusion(
        SIZE, CLASSES,
        association=association, weighting=weighting, gate=gate, first_decides=first_decides,
    )  # fmt: skip
    hand = ByHand(shaken(fusion))
    first, second = draw(2, SIZE), draw(2, SIZE) ** 2
    fused, done = fusion(first, second)
    assert set(done) == {
        key
        for key, there in (("association", association), ("weights", weighting), ("gate", gate))
        if there
    }
    for clip in range(2):
        x = first[clip].tolist() + second[clip].tolist()  # equation 7
        y = x
        if association:
            y, rows = hand.association(x, "association.")
            np.testing.assert_allclose(done["association"][clip], rows, rtol=1e-9)
        if weighting:
            weights = hand.weighting(y, "weighting.")
            np.testing.assert_allclose(done["weights"][clip], weights, rtol=1e-9)
            y = [w * v for w, v in zip(weights, x, strict=True)]
        one, two = y[:SIZE], y[SIZE:]
        wanted = [a + b for a, b in zip(one, two, strict=True)]
        if gate:
            pair = (one, two) if first_decides else (two, one)
            wanted, share = hand.gate(*pair, "gate.")
            np.testing.assert_allclose(done["gate"][clip], share, rtol=1e-9)
        np.testing.assert_allclose(fused[clip], wanted, rtol=1e-9)
        logits = hand.linear("classifier", fused[clip].tolist())
        np.testing.assert_allclose(fusion.classifier(fused)[clip], logits, rtol=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_plain_rules(rule: str) -> None:
    fusion = PlainFusion(3, CLASSES, rule)
    first, second = torch.tensor([[1.0, -2.0, 4.0]]), torch.tensor([[3.0, 5.0, -1.0]])
    wanted = {
        "mean": [2.0, 1.5, 1.5],
        "sum": [4.0, 3.0, 3.0],
        "product": [3.0, -10.0, -4.0],
        "max": [3.0, 5.0, 4.0],
        "concat": [1.0, -2.0, 4.0, 3.0, 5.0, -1.0],
    }
    fused, told = fusion(first, second)
    assert fused.tolist() == [wanted[rule]]
    assert not told
    assert fusion.classifier(fused).shape == (1, CLASSES)


# ---- the network


class OverTime(nn.Conv3d):
    """Stands for a graph network that learns no links."""

    def with_links(self, skeleton: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        return self(skeleton), {}


def small(**options: Any) -> AMFINet:
    """The network over streams of one convolution each, with weights that make terms count."""
    with torch.device("meta"):
        network = create_network("amfi-net", CLASSES, "kinect_v1_20", **options)
    assert isinstance(network, AMFINet)
    network.skeleton = OverTime(3, FEATURES, (3, 1, 1), (2, 1, 1))  # type: ignore[assignment]
    network.clip = nn.Conv3d(3, FEATURES, 3, 3)  # type: ignore[assignment]
    network.to_empty(device="cpu")
    torch.manual_seed(31)
    for weight in network.parameters():
        nn.init.normal_(weight, std=1 / math.sqrt(weight[0].numel()) if weight.dim() > 1 else 0.5)
    return network.eval()


def small_batch() -> dict[str, Tensor]:
    return {"skeleton": draw(3, 3, 8, 20, 2).float(), "clip": draw(3, 3, 6, 9, 9).float()}


@pytest.mark.parametrize("decision", ["skeleton", "color"])
def test_the_network_is_its_streams_and_their_fusion(decision: str) -> None:
    network, batch = small(decision=decision), small_batch()
    output = explain(network, batch)
    with torch.no_grad():
        pooled = {
            "skeleton": network.skeleton(batch["skeleton"]).mean(dim=(2, 3, 4)),
            "clip": network.clip(batch["clip"]).mean(dim=(2, 3, 4)),
        }
        fused, done = network.fusion(pooled["skeleton"], pooled["clip"])
        logits = network.fusion.classifier(fused)
    torch.testing.assert_close(output.logits, logits)
    for stream, features in pooled.items():
        torch.testing.assert_close(output.features[stream], features)
        torch.testing.assert_close(
            output.logits_by_stream[stream], network.heads[stream](features).detach()
        )
    torch.testing.assert_close(output.features["fusion"], fused)
    # The gate is asked of the stream that decides: what that stream says moves it.
    weighted = torch.cat((pooled["skeleton"], pooled["clip"]), dim=1) * done["weights"]
    assert isinstance(network.fusion, ConfidenceFusion)
    assert network.fusion.gate is not None
    asked = weighted.chunk(2, dim=1)[decision == "color"]
    torch.testing.assert_close(done["gate"], torch.sigmoid(network.fusion.gate.fc(asked)).detach())

    assert output.explanation is not None
    told = {name: gaze.values for name, gaze in output.explanation.items()}
    decides = done["gate"].mean(dim=1)
    skeleton = decides if decision == "skeleton" else 1 - decides
    torch.testing.assert_close(
        told["modality share"], torch.stack((skeleton, 1 - skeleton), dim=1)[:, None]
    )
    torch.testing.assert_close(told["gate"], done["gate"][:, None])
    weights = done["weights"]
    halves = torch.stack((weights[:, :FEATURES].mean(1), weights[:, FEATURES:].mean(1)), dim=1)
    torch.testing.assert_close(
        told["feature weights"], (halves / halves.sum(dim=1, keepdim=True))[:, None]
    )
    torch.testing.assert_close(told["association"], done["association"])
    assert output.explanation["gate"].rows == f"share of the {decision}"


def test_grad_cam_is_of_the_fused_logits() -> None:
    """With the derivatives of the fused logits, through gate and weights, taken apart from
    ``explain``."""
    network, batch = small(), small_batch()
    told = explain(network, batch).explanation
    assert told is not None
    with torch.no_grad():
        joints, clip = network.skeleton(batch["skeleton"]), network.clip(batch["clip"])
    joints.requires_grad_()
    clip.requires_grad_()
    fused, _ = network.fusion(joints.mean(dim=(2, 3, 4)), clip.mean(dim=(2, 3, 4)))
    network.fusion.classifier(fused).amax(dim=1).sum().backward()
    for name, features in (("joint saliency", joints), ("Grad-CAM clip", clip)):
        assert features.grad is not None
        values = told[name].values
        for item in range(len(values)):
            weights = features.grad[item].mean(dim=(1, 2, 3))
            cam = sum(float(w) * one for w, one in zip(weights, features[item], strict=True))
            cam = torch.as_tensor(cam).detach().clamp(min=0)
            assert cam.amax() > 0
            cam = (cam - cam.amin()) / (cam.amax() - cam.amin())
            torch.testing.assert_close(values[item], cam, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("sign", ["resolved", "literal"])
def test_the_joint_loss_is_weighted(sign: str) -> None:
    """Equation 21: lambda is 1.5 unless told."""
    batch = small_batch()
    network = small(gate_loss=sign)
    share = network(batch, explain=True).explanation["gate"].values
    wanted = -torch.log(share if sign == "resolved" else 1 - share).mean()
    torch.testing.assert_close(network(batch).losses["gate"], 1.5 * wanted)
    torch.testing.assert_close(
        small(gate_loss=sign, gate_weight=3.0)(batch).losses["gate"], 3 * wanted
    )
    assert not small(gate=False)(batch).losses
    assert not small(fusion="max")(batch).losses


@torch.no_grad()
def test_plain_schemes_take_the_same_features() -> None:
    network, batch = small(fusion="concat"), small_batch()
    output = network(batch)
    both = torch.cat((output.features["skeleton"], output.features["clip"]), dim=1)
    torch.testing.assert_close(output.logits, network.fusion.classifier(both))


def test_heads_and_fusion_leave_each_other_alone() -> None:
    network, batch = small(), small_batch()

    def reached(total: Tensor) -> set[str]:
        network.zero_grad(set_to_none=True)
        total.backward()
        return {
            key.partition(".")[0] for key, w in network.named_parameters() if w.grad is not None
        }

    assert reached(network(batch).logits.sum()) == {"skeleton", "clip", "fusion"}
    assert reached(sum(network(batch).logits_by_stream.values()).sum()) == {"heads"}
    assert reached(network(batch, stream="clip").logits.sum()) == {"clip", "heads"}


def test_options_say_what_is_told() -> None:
    links = {f"learned links, layer {number}" for number in (1, 5, 10)}
    always = {"joint saliency", "Grad-CAM clip", *links}
    wanted: dict[str, set[str]] = {
        "fusion": set(),
        "gate": {"feature weights", "association"},
        "weighting": {"modality share", "gate", "association"},
        "association": {"modality share", "gate", "feature weights"},
    }
    for key, names in wanted.items():
        value = "mean" if key == "fusion" else False
        assert set(network_card("amfi-net", {key: value}).explains) == always | names
    others = {name: network_card("amfi-net", {"skeleton_backbone": name}) for name in GRAPHS}
    linked = {name for name, card in others.items() if links <= set(card.explains)}
    assert linked == {"agcn", "ctr-gcn"}


def test_a_graph_network_of_other_width_is_brought_to_512_channels() -> None:
    features = GraphFeatures("st-gcn", "kinect_v1_20", 0.0).eval()
    skeleton = draw(2, 3, 8, 20, 1).float()
    with torch.no_grad():
        out = features(skeleton)
        inside = features.backbone(skeleton)
    assert out.shape == (2, FEATURES, *inside.shape[2:])
    weight = features.widen.weight[:, :, 0, 0, 0].detach().double().numpy()
    column = weight @ inside[1, :, 1, 3, 0].double().numpy() / math.sqrt(1 + features.bn.eps)
    np.testing.assert_allclose(out[1, :, 1, 3, 0], np.maximum(column, 0), atol=1e-4)
    assert not [key for key in features.state_dict() if "fcn" in key], "its head is not counted"


def test_the_size_is_the_printed_one() -> None:
    size = size_of("amfi-net")
    assert size.parameters == 43_264_550  # printed 43.26 M
    assert size.by_part == {
        "skeleton": 6_617_386, "clip": 33_203_904, "fusion": 3_443_260,
        "heads": 2 * (512 * 60 + 60),
    }  # fmt: skip
    # Printed 5.67 G; with 16 frames of the skeleton, two bodies, and the heads beside.
    assert size.multiply_adds == 5_694_409_728
    assert size.multiply_adds + size.products == pytest.approx(5.742e9, rel=1e-4)
    assert network_card("amfi-net").preprocessing["skeleton"]["frames"] == 16


def test_the_skeleton_has_nine_blocks_and_one_more() -> None:
    with torch.device("meta"):
        network = create_network("amfi-net", CLASSES)
    widths = [
        network.get_parameter(f"skeleton.l{number}.gcn1.bn.weight").numel()
        for number in range(1, 11)
    ]
    assert widths == [64] * 3 + [128] * 3 + [256] * 3 + [512]
    skeleton = torch.zeros(1, 3, 16, 25, 2, device="meta")
    assert network.get_submodule("skeleton").to("meta")(skeleton).shape == (1, 512, 2, 25, 2)


# ---- sense


def learned_share(informs: str) -> float:
    """The skeleton's mean share after training the fusion where one stream informs and the other
    is noise. The gate's own loss is left out, so that the data decide."""
    torch.manual_seed(17)
    fusion = ConfidenceFusion(
        24, CLASSES, association=True, weighting=True, gate=True, first_decides=True
    )
    labels = torch.arange(128) % CLASSES
    signal = torch.randn(CLASSES, 24)[labels] + 0.3 * torch.randn(128, 24)
    noise = 1.5 * torch.randn(128, 24)
    pair = (signal, noise) if informs == "skeleton" else (noise, signal)
    optimizer = torch.optim.Adam(fusion.parameters(), lr=0.01)
    for _ in range(120):
        drawn = [one if one is signal else one[torch.randperm(128)] for one in pair]
        fused, done = fusion(*drawn)
        loss = nn.functional.cross_entropy(fusion.classifier(fused), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1, "it has not learned the task"
    return done["gate"].mean().item()


def test_the_gate_turns_to_the_stream_that_informs() -> None:
    shares = {informs: learned_share(informs) for informs in ("skeleton", "clip")}
    assert shares["skeleton"] > 0.55
    assert shares["clip"] < 0.45
    assert shares["skeleton"] > shares["clip"] + 0.2
