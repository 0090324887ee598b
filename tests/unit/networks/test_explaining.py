"""Grad-CAM of small networks against the derivatives worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harstudio.networks.explaining import explain, grad_cam
from harstudio.networks.network import Batch, FeatureMap, Gaze, Network, Output, watched
from harstudio.results import Kind, NetworkCard, Recipe

CLASSES = 3
CHANNELS = 4


def linear_head(pooled: Tensor, weight: Tensor) -> Tensor:
    return pooled @ weight.T


def curved_head(pooled: Tensor, weight: Tensor) -> Tensor:
    """One whose derivatives depend on what was pooled."""
    return torch.tanh(pooled @ weight.T) ** 3


class Small(Network):
    """A convolution over pictures, clips or joints, the mean over places, and a head."""

    def __init__(self, axes: int, kind: Kind, *, curved: bool) -> None:
        super().__init__()
        torch.manual_seed(8)
        layer = nn.Conv2d if axes == 2 else nn.Conv3d
        self.before = layer(3, CHANNELS, 1)
        self.after = nn.Parameter(torch.randn(CLASSES, CHANNELS))
        self.kind, self.head = kind, curved_head if curved else linear_head
        self.card = NetworkCard(
            name="small", title="", paper="", authors="", year=0, branches={"seen": ("color",)},
            streams={"seen": ("seen",)}, preprocessing={"seen": {}}, recipe=Recipe(stages=()),
        )  # fmt: skip

    def fused(self, batch: Batch, explain: bool) -> Output:
        features = torch.relu(self.before(batch["seen"]))
        if explain:
            features = watched(features)
        pooled = features.flatten(2).mean(dim=2)
        told = {"importance": Gaze(Kind.IMPORTANCE, "seen", pooled.sigmoid())} if explain else None
        return Output(
            self.head(pooled, self.after), {"seen": pooled}, {"seen": pooled},
            explanation=told,
            maps={"map": FeatureMap(self.kind, "seen", features)} if explain else {},
        )  # fmt: skip

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        return self.fused(batch, explain)


def by_hand(network: Small, seen: Any, chosen: int, *, curved: bool) -> Any:
    """The map of one item: every derivative from the chain rule, place by place, in float64."""
    weight = network.before.weight.detach().double().numpy().reshape(CHANNELS, 3)
    bias = network.before.get_parameter("bias").detach().double().numpy()
    after = network.after.detach().double().numpy()
    places = list(product(*map(range, seen.shape[1:])))
    features = np.empty((CHANNELS, *seen.shape[1:]))
    for place in places:
        column = seen[(slice(None), *place)]
        features[(slice(None), *place)] = np.maximum(weight @ column + bias, 0)
    pooled = np.array([sum(features[(c, *p)] for p in places) for c in range(CHANNELS)])
    pooled /= len(places)
    slope = 1.0
    if curved:  # (tanh(x) ** 3)' = 3 tanh(x) ** 2 (1 - tanh(x) ** 2)
        tanh = np.tanh(after[chosen] @ pooled)
        slope = 3 * tanh**2 * (1 - tanh**2)
    cam = np.zeros(seen.shape[1:])
    for place in places:
        total = 0.0
        for c in range(CHANNELS):
            total += slope * after[chosen, c] / len(places) * features[(c, *place)]
        cam[place] = max(total, 0)
    return (cam - cam.min()) / (cam.max() - cam.min())


@pytest.mark.parametrize("curved", [False, True])
@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((3, 4, 5), Kind.HEAT_MAP),  # a picture
        ((3, 2, 4, 3), Kind.HEAT_MAP),  # a clip
        ((3, 4, 6, 2), Kind.JOINT_WEIGHTS),  # T', V, M
    ],
)
def test_grad_cam_is_its_equations(shape: tuple[int, ...], kind: Kind, curved: bool) -> None:
    network = Small(len(shape) - 1, kind, curved=curved).eval()
    seen = torch.randn(4, *shape, generator=torch.Generator().manual_seed(1))
    output = explain(network, {"seen": seen})
    assert output.explanation is not None
    gaze = output.explanation["map"]
    assert (gaze.kind, gaze.on) == (kind, "seen")
    chosen = output.logits.argmax(dim=1).tolist()
    assert len(set(chosen)) > 1, "items of one class would hide a wrong choice"
    for item, one in enumerate(chosen):
        wanted = by_hand(network, seen[item].double().numpy(), one, curved=curved)
        values = gaze.values[item].squeeze(0) if len(shape) == 3 else gaze.values[item]
        np.testing.assert_allclose(values, wanted, atol=1e-5)
    asked = explain(network, {"seen": seen}, target=2).explanation
    assert asked is not None
    wanted = by_hand(network, seen[0].double().numpy(), 2, curved=curved)
    np.testing.assert_allclose(asked["map"].values[0].reshape(wanted.shape), wanted, atol=1e-5)


def test_behind_a_mean_and_a_linear_head_it_is_the_class_map() -> None:
    """The classifier read at every place, its positive part from 0 to 1."""
    network = Small(3, Kind.HEAT_MAP, curved=False).eval()
    seen = torch.randn(2, 3, 2, 4, 3, generator=torch.Generator().manual_seed(3))
    told = explain(network, {"seen": seen}, target=1).explanation
    assert told is not None
    with torch.no_grad():
        features = torch.relu(network.before(seen))
        places = torch.relu(torch.einsum("c,nctij->ntij", network.after[1], features))
    least, most = places.amin(dim=(1, 2, 3)), places.amax(dim=(1, 2, 3))
    wanted = (places - least[:, None, None, None]) / (most - least)[:, None, None, None]
    torch.testing.assert_close(told["map"].values, wanted)


class Chained(Network):
    """Two maps of which the second hangs on the first; each place of them has weights of its own.
    The logits are the cubes of sums over places."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.between = nn.Parameter(torch.randn(CHANNELS, 6, 5, 2))
        self.after = nn.Parameter(torch.randn(CLASSES, CHANNELS, 6, 5, 2))
        self.card = Small(3, Kind.JOINT_WEIGHTS, curved=False).card

    def fused(self, batch: Batch, explain: bool) -> Output:
        first = batch["seen"]
        if explain:
            first = watched(first)
        second = first**2 * self.between
        if explain:
            second = watched(second)
        logits = torch.einsum("nctvm,kctvm->nk", second, self.after) ** 3
        maps = {"first": first, "second": second} if explain else {}
        return Output(
            logits,
            explanation={} if explain else None,
            maps={
                name: FeatureMap(Kind.JOINT_WEIGHTS, "seen", values, elementwise=True)
                for name, values in maps.items()
            },
        )

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        return self.fused(batch, explain)


@pytest.mark.parametrize("frozen", [False, True])
def test_place_by_place_it_is_the_derivative_times_the_map(frozen: bool) -> None:
    """Also behind another map that is watched."""
    network = Chained().eval().requires_grad_(not frozen)
    seen = torch.randn(3, CHANNELS, 6, 5, 2, generator=torch.Generator().manual_seed(6))
    output = explain(network, {"seen": seen})
    assert output.explanation is not None
    between = network.between.detach().double().numpy()
    for item, chosen in enumerate(output.logits.argmax(dim=1).tolist()):
        after = network.after[chosen].detach().double().numpy()
        first = seen[item].double().numpy()
        second = first**2 * between
        slope = 3 * (second * after).sum() ** 2  # (x ** 3)' = 3 x ** 2
        for name, values, derivative in (
            ("first", first, slope * after * between * 2 * first),
            ("second", second, slope * after),
        ):
            wanted = np.zeros((6, 5, 2))
            for place in np.ndindex(wanted.shape):
                total = sum(derivative[(c, *place)] * values[(c, *place)] for c in range(CHANNELS))
                wanted[place] = max(total, 0)
            wanted = (wanted - wanted.min()) / (wanted.max() - wanted.min())
            told = output.explanation[name].values[item]
            np.testing.assert_allclose(told, wanted, atol=1e-5)


def test_nothing_that_speaks_for_the_class_is_an_empty_map() -> None:
    features = torch.rand(2, CHANNELS, 3, 3)
    one = FeatureMap(Kind.HEAT_MAP, "seen", features)
    assert not grad_cam(one, -torch.ones_like(features)).values.any()
    assert not grad_cam(one, None).values.any()  # the logits do not depend on the map
    assert grad_cam(one, torch.ones_like(features)).values.amax(dim=(1, 2, 3)).tolist() == [1, 1]


def test_one_item_does_not_touch_another() -> None:
    network = Small(2, Kind.HEAT_MAP, curved=True).eval()
    seen = torch.randn(3, 3, 4, 4, generator=torch.Generator().manual_seed(4))
    together, alone = explain(network, {"seen": seen}), explain(network, {"seen": seen[1:2]})
    assert together.explanation is not None
    assert alone.explanation is not None
    torch.testing.assert_close(
        together.explanation["map"].values[1:2], alone.explanation["map"].values
    )


def test_what_is_handed_out_holds_no_graph() -> None:
    network = Small(2, Kind.HEAT_MAP, curved=False).eval()
    with torch.no_grad():  # recognition runs without gradients, and asks all the same
        output = explain(network, {"seen": torch.randn(2, 3, 4, 4)})
    assert output.explanation is not None
    assert set(output.explanation) == {"importance", "map"}
    handed: list[Mapping[str, Tensor]] = [
        {"logits": output.logits},
        output.logits_by_stream,
        output.features,
        {name: gaze.values for name, gaze in output.explanation.items()},
    ]
    assert not any(value.requires_grad for values in handed for value in values.values())
    assert output.explanation["map"].values.amax() == 1
    assert all(weight.grad is None for weight in network.parameters())


def test_frozen_weights_remember_nothing_before_the_last_map() -> None:
    network = Small(2, Kind.HEAT_MAP, curved=False).eval().requires_grad_(False)
    kept: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda value: kept.append(value.numel()) or value,  # type: ignore[func-returns-value]
        lambda value: value,
    ):
        told = explain(network, {"seen": torch.randn(2, 3, 32, 32)}).explanation
    assert told is not None
    assert told["map"].values.amax() == 1
    assert max(kept, default=0) < 32 * 32  # the head only
