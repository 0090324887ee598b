"""HCN against its published code, its sizes, and its steps in plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from harstudio.networks import create_network, network_card
from harstudio.networks.backbones.hcn import HCN, resized
from harstudio.networks.explaining import explain
from harstudio.networks.network import SALIENCY
from harstudio.networks.sizes import size_of
from reference_cases import load_case


@torch.no_grad()
def test_hcn_is_the_published_network() -> None:
    case = load_case("hcn_w32")
    network = create_network("hcn", 60)
    hcn = network.get_submodule("skeleton")
    assert isinstance(hcn, HCN)
    case.fill(hcn)
    skeleton = case.inputs["skeleton"]
    bodies = hcn.bodies(skeleton)
    case.check(
        conv5_p0=bodies[:, 0],
        conv5_p1=bodies[:, 1],
        conv6_p0=hcn.strongest(bodies[:, :1]),
        fc7=hcn(skeleton),
        logits=network.eval()({"skeleton": skeleton}).logits,
    )


def test_hcn_has_the_published_sizes() -> None:
    size = size_of("hcn")
    assert size.parameters == 1_062_652
    assert round(size.multiply_adds / 1e9, 3) == 0.098  # both persons
    assert size_of("hcn", frames=64).parameters == 2_647_868  # published 2.648 M


def test_the_option_decides_the_frames_that_are_read() -> None:
    assert network_card("hcn").preprocessing["skeleton"]["frames"] == 32
    assert network_card("hcn", {"frames": 64}).preprocessing["skeleton"]["frames"] == 64
    with pytest.raises(ValueError, match="multiple of 16"):
        HCN(25, frames=40)


def by_hand(sequence: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Linear in time: the middle of each new frame lies between the middles of two old ones."""
    made = np.zeros((frames, *sequence.shape[1:]))
    for index in range(frames):
        at = (index + 0.5) * len(sequence) / frames - 0.5
        at = min(max(at, 0.0), len(sequence) - 1)
        low = min(int(at), len(sequence) - 2)
        made[index] = sequence[low] * (1 - (at - low)) + sequence[low + 1] * (at - low)
    return made


@pytest.mark.parametrize("length", [2, 13, 40])
def test_a_sequence_of_any_length_is_resized_linearly(length: int) -> None:
    sequence = np.random.default_rng(4).normal(size=(length, 5))
    told = resized(torch.from_numpy(sequence)[None, None, :, :, None], 16)[0, 0, :, :, 0]
    np.testing.assert_allclose(told.numpy(), by_hand(sequence, 16), atol=1e-10)


def test_a_single_frame_has_no_motion() -> None:
    network = HCN(20, 4).eval()
    still = torch.randn(2, 3, 1, 20, 2)
    position, motion = network.joint_maps(still)
    wanted, none = network.joint_maps(still.expand(-1, -1, 32, -1, -1))
    torch.testing.assert_close(position, wanted)
    torch.testing.assert_close(motion, none)


@torch.no_grad()
def test_persons_meet_by_their_maximum() -> None:
    network = HCN(20).eval()
    skeleton = torch.randn(1, 3, 32, 20, 2)
    apart = [network.strongest(network.bodies(skeleton[..., [person]])) for person in range(2)]
    together = network.strongest(network.bodies(skeleton))
    torch.testing.assert_close(together, torch.maximum(*apart), rtol=1e-4, atol=1e-5)
    turned = network(skeleton.flip(4))
    torch.testing.assert_close(turned, network(skeleton), rtol=1e-4, atol=1e-5)


# ---- the joint saliency


def test_absent_bodies_count_for_nothing() -> None:
    """Their features are biases, which may well win the maximum over persons."""
    torch.manual_seed(2)
    network = create_network("hcn", 4).eval()
    skeleton = torch.randn(3, 3, 20, 25, 2)
    skeleton[0, ..., 1] = 0
    skeleton[1] = 0
    told = explain(network, {"skeleton": skeleton}).explanation
    assert told is not None
    values = told[SALIENCY].values
    assert values.shape == (3, 32, 25, 2)
    assert values[0, ..., 0].amax() == 1
    assert not values[0, ..., 1].any()
    assert not values[1].any()
    assert (values[2].amax(dim=(0, 1)) > 0).all()


def test_the_saliency_lies_on_maps_of_single_joints() -> None:
    """A joint that moves changes the map in its own place only, and the map decides the answer."""
    torch.manual_seed(3)
    hcn = HCN(20, 4).eval()
    skeleton = torch.randn(1, 3, 32, 20, 2)
    moved = skeleton.clone()
    moved[:, :, :, 7, 1] += 1
    features, told = hcn.explained(skeleton)
    _, again = hcn.explained(moved)
    difference = (told.values - again.values).abs().amax(dim=(0, 1, 2))
    changed = difference > 1e-4
    assert changed.nonzero().tolist() == [[7, 1]]
    with torch.no_grad():
        torch.testing.assert_close(features, hcn(skeleton), rtol=1e-4, atol=1e-5)
    logits = hcn.classify(features)[0, 2]
    (gradient,) = torch.autograd.grad(logits, told.values)
    assert gradient.flatten(3).any(dim=2).all()  # of positions and of motion


@pytest.mark.parametrize("joint", [4, 15])
def test_the_saliency_is_at_the_joint_that_decides(joint: int) -> None:
    """Two classes that differ in how one joint swings; all else is noise."""
    torch.manual_seed(4)
    network = create_network("hcn", 2, "utd_mhad_20", dropout=0.0)
    made = torch.Generator().manual_seed(5)
    labels = torch.arange(24) % 2
    swing = torch.sin(torch.linspace(0, 12, 32))

    def drawn() -> torch.Tensor:
        skeleton = 0.3 * torch.randn(24, 3, 32, 20, 1, generator=made)
        skeleton[:, 1, :, joint, 0] += torch.where(labels[:, None] == 1, swing, -swing)
        return skeleton

    learner = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(20):
        learner.zero_grad()
        loss = torch.nn.functional.cross_entropy(network({"skeleton": drawn()}).logits, labels)
        loss.backward()
        learner.step()
    output = explain(network.eval(), {"skeleton": drawn()})
    assert output.logits.argmax(dim=1).eq(labels).float().mean() > 0.9
    assert output.explanation is not None
    by_joint = output.explanation[SALIENCY].values.mean(dim=(0, 1, 3))
    assert int(by_joint.argmax()) == joint
    others = by_joint[torch.arange(20) != joint]
    assert by_joint[joint] > 2 * others.max()
