"""MMNet against its equations, evaluated anew in plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from harstudio.errors import UsageError
from harstudio.networks import create_network, network_card
from harstudio.networks.blocks.joint_steering import (
    intensity,
    joint_strength,
    on_joints,
    weigh_regions,
)
from harstudio.networks.explaining import explain
from harstudio.networks.inputs import example_inputs
from harstudio.networks.network import Network
from harstudio.networks.sizes import measure, size_of

FIVE = (3, 11, 7, 18, 14)  # of Kinect v2: head, right and left hand, right and left ankle
Numbers = NDArray[np.float64]


def drawn(*shape: int, seed: int = 3) -> Tensor:
    made = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=made, dtype=torch.float64)


# ---- the joints' weights, one number after the other


def lengths(features: Numbers) -> Numbers:
    """(N, C, T, V, M) -> (N, T, V, M)."""
    count, _, frames, joints, bodies = features.shape
    out = np.zeros((count, frames, joints, bodies))
    for place in np.ndindex(out.shape):
        n, t, v, m = place
        out[place] = math.sqrt(sum(x * x for x in features[n, :, t, v, m]))
    return out


def spread(values: Numbers, scale: str) -> Numbers:
    """From 0 to 255 over each clip or over all."""
    out = np.zeros_like(values)
    for n, one in enumerate(values):
        of = values if scale == "batch" else one
        out[n] = (one - of.min()) / (of.max() - of.min()) * 255
    return out


def weights_of(values: Numbers, joints: tuple[int, ...]) -> tuple[list[list[float]], list[int]]:
    """By clip the weights of these joints, without the published cut to whole numbers; the body."""
    weights, bodies = [], []
    for one in values:  # (T, V, M) from 0 to 255
        means = [one[:, :, m].mean() for m in range(one.shape[2])]
        body = means.index(max(means))
        of_clip = []
        for joint in joints:
            highest = sorted(one[:, joint, body], reverse=True)[:15]
            of_clip.append(sum(highest) / len(highest) / 127)
        weights.append(of_clip)
        bodies.append(body)
    return weights, bodies


def weighed(mosaic: Numbers, weights: list[list[float]]) -> Numbers:
    """Each fifth of the rows times its weight."""
    out = mosaic.copy()
    count, _, height, _ = mosaic.shape
    for n in range(count):
        for row in range(height):
            out[n, :, row] *= weights[n][math.floor(5 * row / height)]
    return out


@pytest.mark.parametrize("scale", ["sample", "batch"])
@pytest.mark.parametrize(("frames", "height"), [(22, 45), (6, 49)])
def test_joints_weigh_their_bands(scale: str, frames: int, height: int) -> None:
    of_bodies = torch.tensor([[1.0, 1.2], [3.0, 2.0], [0.5, 0.7]])  # the first counts in one clip
    features = drawn(3, 4, frames, 25, 2) * of_bodies[:, None, None, None, :]
    values = spread(lengths(features.numpy()), scale)
    told = intensity(features, scale)
    np.testing.assert_allclose(told * 255, values, rtol=0, atol=1e-5)
    strength = joint_strength(told)
    weights, bodies = weights_of(values, FIVE)
    assert strength.body.tolist() == bodies
    assert bodies == [1, 0, 1]
    np.testing.assert_allclose(strength.joints[:, FIVE] * 255 / 127, weights, atol=1e-5)
    mosaic = drawn(3, 3, height, 20, seed=4)
    steered = weigh_regions(mosaic, strength.joints[:, FIVE])
    np.testing.assert_allclose(steered, weighed(mosaic.numpy(), weights), atol=1e-5)
    shown = on_joints(strength, FIVE, 2)
    assert shown.shape == (3, 1, 25, 2)
    for n, body in enumerate(bodies):
        np.testing.assert_allclose(
            shown[n, 0, FIVE, body], np.array(weights[n]) * 127 / 255, atol=1e-5
        )
    assert int((shown != 0).sum()) == 15


def test_a_published_mosaic_has_bands_of_45_rows() -> None:
    steered = weigh_regions(torch.ones(1, 3, 225, 2), torch.arange(1.0, 6)[None] * 127 / 255)
    wanted = torch.arange(1.0, 6).repeat_interleave(45)
    torch.testing.assert_close(steered, wanted[None, None, :, None].expand(1, 3, 225, 2))


def test_a_map_without_differences_weighs_nothing_up() -> None:
    told = intensity(torch.ones(2, 4, 3, 25, 2), "sample")
    assert (told == 0).all()
    assert joint_strength(told).joints.isfinite().all()


# ---- the network


def small(**options: Any) -> Network:
    torch.manual_seed(8)
    return create_network("mmnet", 4, **options).eval()


def small_batch(count: int = 2) -> dict[str, Tensor]:
    return {
        "skeleton": drawn(count, 3, 12, 25, 2).float(),
        "regions": drawn(count, 3, 50, 50, seed=5).float(),
    }


def double(network: Network, batch: dict[str, Tensor]) -> tuple[Any, dict[str, Tensor]]:
    return network.double(), {name: value.double() for name, value in batch.items()}


@torch.no_grad()
@pytest.mark.parametrize("scale", ["sample", "batch"])
def test_the_network_is_the_sum_of_its_three(scale: str) -> None:
    """Bones from the parents of the joints, the weighed mosaic, raw logits added."""
    alpha = {"alpha_joint": 0.5, "alpha_bone": 2.0, "alpha_regions": 3.0}
    network, batch = double(small(scale=scale, **alpha), small_batch())
    told = network(batch)
    joint = network.joint(batch["skeleton"])
    weights, _ = weights_of(spread(lengths(joint.numpy()), scale), FIVE)
    mosaic = torch.from_numpy(weighed(batch["regions"].numpy(), weights))
    logits = {
        "joint": network.joint.fcn(joint.mean(dim=(2, 3, 4))[..., None, None]).flatten(1),
        "bone": network.bone.fcn(
            network.bone(child_minus_parent(batch["skeleton"])).mean(dim=(2, 3, 4))[..., None, None]
        ).flatten(1),
        "regions": network.picture.fc(network.picture(mosaic).mean(dim=(2, 3))),
    }
    for name, wanted in logits.items():
        torch.testing.assert_close(told.logits_by_stream[name], wanted, rtol=0, atol=1e-5)
    total = 0.5 * logits["joint"] + 2 * logits["bone"] + 3 * logits["regions"]
    torch.testing.assert_close(told.logits, total, rtol=0, atol=1e-5)


def child_minus_parent(skeleton: Tensor) -> Tensor:
    """With the 25 pairs of ST-GCN's published graph for NTU RGB+D, counted from 1."""
    parents = [
        2, 21, 21, 3, 21, 5, 6, 7, 21, 9, 10, 11, 1, 13, 14, 15, 1, 17, 18, 19, 21, 23, 8, 25, 12,
    ]  # fmt: skip
    out = torch.zeros_like(skeleton)
    for child, parent in enumerate(parents):
        out[:, :, :, child] = skeleton[:, :, :, child] - skeleton[:, :, :, parent - 1]
    return out


def test_the_mosaic_teaches_the_joint_network_nothing() -> None:
    network, batch = small(), small_batch()
    network(batch).logits_by_stream["regions"].sum().backward()
    reached = {
        name.partition(".")[0] for name, weight in network.named_parameters()
        if weight.grad is not None
    }  # fmt: skip
    assert reached == {"picture"}
    network.zero_grad()
    network(batch, stream="regions").logits.sum().backward()
    assert all(
        weight.grad is None for name, weight in network.named_parameters() if "joint." in name
    )


@torch.no_grad()
def test_a_stronger_answer_at_a_joint_lifts_its_band_alone() -> None:
    features = drawn(1, 8, 20, 25, 1).abs() + 1
    features[:, :, 0, 0] = 0.1  # the least and the greatest of all lie elsewhere
    features[:, :, 1, 0] = 40
    before = joint_strength(intensity(features, "sample")).joints[0, FIVE]
    features[:, :, :, 11] *= 1.5  # the right hand
    change = joint_strength(intensity(features, "sample")).joints[0, FIVE] - before
    assert change[1] > 0.005
    assert change[[0, 2, 3, 4]].abs().max() < 1e-9


def test_a_prediction_depends_on_the_batch_only_where_that_is_asked_for() -> None:
    batch = small_batch(3)
    batch["skeleton"][2] *= 5
    for scale, same in (("sample", True), ("batch", False)):
        network = small(scale=scale)
        with torch.no_grad():
            together = network(batch).logits_by_stream["regions"][:1]
            alone = network({k: v[:1] for k, v in batch.items()}).logits_by_stream["regions"]
        assert torch.allclose(together, alone, rtol=1e-4, atol=1e-5) == same


@torch.no_grad()
def test_missing_modalities() -> None:
    network, batch = small(), small_batch()
    told = network({"skeleton": batch["skeleton"]})
    assert list(told.logits_by_stream) == ["joint", "bone"]
    with pytest.raises(UsageError, match="cannot answer without skeleton"):
        network({"regions": batch["regions"]})
    plain: Any = small(weighting=False)
    told = plain({"regions": batch["regions"]})
    wanted = plain.picture.fc(plain.picture(batch["regions"]).mean(dim=(2, 3)))
    torch.testing.assert_close(told.logits.log_softmax(1), wanted.log_softmax(1))


def test_sizes() -> None:
    """17.40 M; 2 x 17.09 G, of which 16.23 G are convolutions, and 2.05 G."""
    size = size_of("mmnet")
    assert size.by_part == {"joint": 3_098_832, "bone": 3_098_832, "picture": 11_207_292}
    assert size.parameters == sum(size.by_part.values()) == 17_404_956
    network = create_network("mmnet", 60).to("meta")
    inputs = example_inputs(network_card("mmnet"), device="meta")
    graph = measure(network, inputs, "joint").multiply_adds
    assert graph == measure(network, inputs, "bone").multiply_adds
    assert graph == pytest.approx(16.229e9, rel=1e-4)
    assert size.multiply_adds - 2 * graph == pytest.approx(2.05e9, rel=1e-3)


def test_weights_lie_on_the_body_and_joints_that_they_come_from() -> None:
    network: Any = small()
    batch = small_batch()
    output = explain(network, batch)
    assert output.explanation is not None
    with torch.no_grad():
        joint = network.joint(batch["skeleton"]).double()
    values = spread(lengths(joint.numpy()), "sample")
    weights, bodies = weights_of(values, FIVE)
    shown = output.explanation["joint weights"].values
    assert shown.shape == (2, 1, 25, 2)
    for n, body in enumerate(bodies):
        np.testing.assert_allclose(
            shown[n, 0, FIVE, body], np.array(weights[n]) * 127 / 255, atol=1e-4
        )
    told = output.explanation["joint intensity"].values
    np.testing.assert_allclose(told, values / 255, atol=1e-4)
    # Exact class maps: their mean over places is the stream's logits.
    for stream in ("joint", "bone"):
        gaze = output.explanation[f"joint saliency {stream}"]
        torch.testing.assert_close(
            gaze.values.mean(dim=(2, 3, 4)), output.logits_by_stream[stream], rtol=1e-3, atol=1e-4
        )
