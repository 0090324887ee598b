"""MMTM: its block against published code and its equations, its network against its flow."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from harstudio.networks import create_network, network_card
from harstudio.networks.backbones.inflated_resnet import Bottleneck, InflatedResNet50
from harstudio.networks.backbones.resnet import ResNet
from harstudio.networks.blocks.mmtm import MMTM
from harstudio.networks.explaining import explain
from harstudio.networks.mmtm import MMTMNetwork
from harstudio.networks.sizes import size_of
from joint_maps import assert_saliency_is_of_the_fused_answer
from reference_cases import load_case


@torch.no_grad()
def test_the_block_is_the_published_one() -> None:
    case = load_case("mmtm_512_128")
    block = MMTM(512, 128, gain=1.0)
    case.fill(block)
    visual, skeleton, own, other = block(case.inputs["visual"], case.inputs["skeleton"])
    case.check(visual=visual, skeleton=skeleton, gate_visual=own, gate_skeleton=other)


@torch.no_grad()
def test_the_block_is_its_equations() -> None:
    """Equations 3 to 8 of the paper of CC-DFARM, entry by entry."""
    torch.manual_seed(5)
    block = MMTM(6, 4).double()
    visual, skeleton = torch.randn(2, 6, 2, 3).double(), torch.randn(2, 4, 5).double()
    told = block(visual, skeleton)
    weights = {key: value.numpy() for key, value in block.state_dict().items()}
    for n in range(2):
        squeezed = [visual[n, c].numpy().mean() for c in range(6)]
        squeezed += [skeleton[n, c].numpy().mean() for c in range(4)]
        joint = []
        for row, bias in zip(weights["fc_squeeze.weight"], weights["fc_squeeze.bias"], strict=True):
            joint.append(max(0.0, bias + sum(w * s for w, s in zip(row, squeezed, strict=True))))
        assert len(joint) == 5  # 2 (6 + 4) / 4
        for name, x, made in (("visual", visual, told[0]), ("skeleton", skeleton, told[1])):
            for c, row in enumerate(weights[f"fc_{name}.weight"]):
                e = weights[f"fc_{name}.bias"][c] + sum(
                    w * z for w, z in zip(row, joint, strict=True)
                )
                wanted = 2 / (1 + math.exp(-e)) * x[n, c].numpy()
                np.testing.assert_allclose(made[n, c].numpy(), wanted, atol=1e-5)


@torch.no_grad()
def test_a_block_of_the_backbone_is_its_equations() -> None:
    """1x1x1, 3x3x3 with the stride over space, 1x1x1, beside the link."""
    torch.manual_seed(6)
    block = Bottleneck(4, 2, 2).double().eval()
    for key, value in block.state_dict().items():
        if "running_var" in key:
            value.uniform_(0.5, 2.0)
        elif "running_mean" in key or key.endswith("bias"):
            value.normal_(std=0.2)
    weights = {key: value.numpy() for key, value in block.state_dict().items()}
    clip = torch.randn(4, 3, 5, 5).double().numpy()

    def normalised(x: np.ndarray, name: str) -> np.ndarray:
        gain, bias, mean, var = (
            weights[f"{name}.{key}"][:, None, None, None]
            for key in ("weight", "bias", "running_mean", "running_var")
        )
        out: np.ndarray = gain * (x - mean) / np.sqrt(var + 1e-5) + bias
        return out

    def convolved(x: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
        size = weight.shape[2] // 2
        around = np.pad(x, ((0, 0), *((size, size),) * 3))
        frames, rows, columns = x.shape[1], -(-x.shape[2] // stride), -(-x.shape[3] // stride)
        out = np.zeros((len(weight), frames, rows, columns))
        wide = weight.shape[2]
        for t in range(frames):
            for i in range(rows):
                for j in range(columns):
                    a, b = i * stride, j * stride
                    seen = around[:, t : t + wide, a : a + wide, b : b + wide]
                    for c, kernel in enumerate(weight):
                        out[c, t, i, j] = (kernel * seen).sum()
        return out

    y = np.maximum(normalised(convolved(clip, weights["conv1.weight"], 1), "bn1"), 0)
    y = np.maximum(normalised(convolved(y, weights["conv2.weight"], 2), "bn2"), 0)
    y = normalised(convolved(y, weights["conv3.weight"], 1), "bn3")
    link = normalised(convolved(clip, weights["downsample.0.weight"], 2), "downsample.1")
    told = block(torch.from_numpy(clip)[None])[0].numpy()
    assert told.shape == (8, 3, 3, 3)
    np.testing.assert_allclose(told, np.maximum(y + link, 0), atol=1e-5)


def test_parameters_are_named_as_those_of_the_picture_network() -> None:
    inflated, flat = InflatedResNet50().state_dict(), ResNet(50).state_dict()
    assert set(inflated) == set(flat)
    for key, value in flat.items():
        shape = list(inflated[key].shape)
        assert shape == list(value.shape) or shape[:2] + shape[3:] == list(value.shape)


def test_the_network_has_the_published_size() -> None:
    size = size_of("mmtm")
    clip, body, places = 46_142_528 + 122_940, 1_062_652, 8_608_320
    assert size.parameters == clip + body + places  # 55.94 M; printed 49.4 M leaves places out
    assert size.multiply_adds == pytest.approx(62.4e9, rel=1e-3)


def small(count: int = 2, bodies: int = 2) -> dict[str, Tensor]:
    made = torch.Generator().manual_seed(1)
    return {
        "clip": torch.randn(count, 3, 4, 32, 32, generator=made),
        "skeleton": torch.randn(count, 3, 16, 25, bodies, generator=made),
    }


@pytest.fixture(scope="module")
def network() -> MMTMNetwork:
    torch.manual_seed(2)
    made = create_network("mmtm", 4).eval()
    assert isinstance(made, MMTMNetwork)
    return made


@torch.no_grad()
def test_recalibrated_maps_are_fed_on_and_persons_share_a_gate(network: MMTMNetwork) -> None:
    batch = small()
    gates, clip, body = network.fusion.mmtm, network.clip, network.skeleton
    fm2, conv5 = clip.middle(batch["clip"]), body.bodies(batch["skeleton"])
    fm2, _, _, other = gates[0](fm2, conv5.mean(dim=1))
    bodies = conv5 * other[:, None, :, None, None]
    fm3, conv6, *_ = gates[1](clip.layer(3, fm2), body.strongest(bodies))
    fm4, fc7, *_ = gates[2](clip.layer(4, fm3), body.embed(conv6))
    visual = network.fusion.clip(fm4.mean(dim=(2, 3, 4)))
    wanted = (visual + network.fusion.skeleton(fc7)) / 2
    torch.testing.assert_close(network(batch).logits, wanted, rtol=1e-4, atol=1e-5)


def test_single_opinions_are_told_where_they_are_learned_or_asked_for(
    network: MMTMNetwork,
) -> None:
    """They cost a second pass, and leave no trace in batch statistics."""
    batch = small()
    with torch.no_grad():
        assert network(batch).logits_by_stream == {}
        network.opinions = True
        asked = network(batch).logits_by_stream
        network.opinions = False
    assert list(asked) == ["clip", "skeleton"]
    for name, logits in asked.items():
        torch.testing.assert_close(logits, network(batch, stream=name).logits)
    assert list(explain(network, batch).logits_by_stream) == ["clip", "skeleton"]
    network.train()
    for module in network.modules():  # nothing is dropped, so that both passes can be compared
        if isinstance(module, torch.nn.Dropout | torch.nn.Dropout2d):
            module.p = 0.0
    before = {key: value.clone() for key, value in network.state_dict().items()}
    output = network(batch)
    assert list(output.logits_by_stream) == ["clip", "skeleton"]
    sum(value.sum() for value in output.logits_by_stream.values()).backward()
    learned = {key.split(".")[0] for key, p in network.named_parameters() if p.grad is not None}
    assert learned == {"heads"}
    counted = "clip.layer4.0.bn1.num_batches_tracked"
    assert network.state_dict()[counted] == before[counted] + 1
    assert network.clip.training
    network.zero_grad(set_to_none=True)
    network.eval()


@torch.no_grad()
def test_a_gate_of_one_leaves_maps_as_they_are(network: MMTMNetwork) -> None:
    """What a stream says alone is what the bare backbone says, as 2 * sigmoid(0) is 1."""
    batch = small()
    alone = network(batch, stream="clip").features["clip"]
    torch.testing.assert_close(alone, network.clip(batch["clip"]).mean(dim=(2, 3, 4)))
    alone = network(batch, stream="skeleton").features["skeleton"]
    torch.testing.assert_close(alone, network.skeleton(batch["skeleton"]))


def test_shares_are_those_of_the_gates(network: MMTMNetwork) -> None:
    batch = small()
    told = explain(network, batch).explanation
    assert told is not None
    with torch.no_grad():
        early = network.clip.middle(batch["clip"])
        bodies = network.skeleton.bodies(batch["skeleton"]).transpose(1, 2)
        _, _, own, other = network.fusion.mmtm[0](early, bodies)
    wanted = own.mean(dim=1) / (own.mean(dim=1) + other.mean(dim=1))
    torch.testing.assert_close(told["modality share 1"].values[:, 0, 0], wanted)


def test_the_joint_saliency_is_of_the_fused_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the gates of the clip too."""
    torch.manual_seed(7)
    network = create_network("mmtm", 3).double().eval().requires_grad_(False)
    batch = {key: value.double() for key, value in small(1).items()}
    assert_saliency_is_of_the_fused_answer(network, batch, 6, monkeypatch)


def test_the_card_asks_for_eight_frames() -> None:
    assert network_card("mmtm").preprocessing["clip"]["frames"] == 8
    assert network_card("cc-dfarm").preprocessing["clip"]["frames"] == 32
