"""What holds for every network of the registry, whatever it computes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from harstudio.errors import UsageError
from harstudio.networks import create_network, list_networks, network_card
from harstudio.networks.network import Network, Output
from harstudio.results import Kind
from harstudio.skeletons.topology import topology

CLASSES = 5
TINY = [("kinect_v2_25", 16, 2, 96), ("utd_mhad_20", 13, 1, 75)]  # joints, frames, bodies, pixels
NETWORKS = list_networks()


def batch_for(
    name: str, count: int = 3, joints: str = "kinect_v2_25", frames: int = 16, bodies: int = 2,
    pixels: int = 96,
) -> dict[str, Tensor]:  # fmt: skip
    made = torch.Generator().manual_seed(7)
    shapes = {
        "skeleton": (3, frames, len(topology(joints).joints), bodies),
        "picture": (3, pixels, pixels),
    }
    branches = network_card(name).branches
    batch = {key: torch.randn(count, *shapes[key], generator=made) for key in branches}
    if "picture" in branches:
        batch["focus"] = torch.tensor([[0.2, 0.1, 0.45, 0.35]]).repeat(count, 1)
        batch["focus"][-1] = torch.nan
    return batch


def fresh(name: str, joints: str = "kinect_v2_25", **options: Any) -> Network:
    torch.manual_seed(3)
    return create_network(name, CLASSES, joints, **options).eval()


@pytest.fixture(scope="module", params=NETWORKS)
def seen(request: pytest.FixtureRequest) -> tuple[Network, dict[str, Tensor], Output]:
    """A network, a batch of three and what it says about it, with reasons."""
    network, batch = fresh(request.param), batch_for(request.param)
    with torch.no_grad():
        return network, batch, network(batch, explain=True)


@torch.no_grad()
@pytest.mark.parametrize(("joints", "frames", "bodies", "pixels"), TINY)
@pytest.mark.parametrize("name", NETWORKS)
def test_takes_any_size(name: str, joints: str, frames: int, bodies: int, pixels: int) -> None:
    output = fresh(name, joints)(batch_for(name, 2, joints, frames, bodies, pixels))
    assert output.logits.shape == (2, CLASSES)
    assert output.logits.isfinite().all()
    assert output.explanation is None


@torch.no_grad()
def test_a_clip_is_judged_by_itself(seen: tuple[Network, dict[str, Tensor], Output]) -> None:
    """Nothing of one clip reaches another of the same batch."""
    network, batch, together = seen
    for index in range(len(together.logits)):
        one = network({key: value[index : index + 1] for key, value in batch.items()}, explain=True)
        torch.testing.assert_close(one.logits, together.logits[index : index + 1])
        assert one.explanation is not None
        assert together.explanation is not None
        for name, gaze in one.explanation.items():
            wanted = together.explanation[name].values[index : index + 1]
            torch.testing.assert_close(gaze.values, wanted, rtol=1e-4, atol=1e-5)


def test_says_what_its_card_promises(seen: tuple[Network, dict[str, Tensor], Output]) -> None:
    network, batch, output = seen
    assert output.explanation is not None
    told = {name: gaze.kind for name, gaze in output.explanation.items()}
    assert told == dict(network.card.explains)
    for gaze in output.explanation.values():
        assert gaze.on in batch
        assert gaze.values.isfinite().all()
        shape = list(gaze.values.shape)
        assert shape.pop(0) == len(output.logits)
        if gaze.per_class:
            assert shape.pop(0) == CLASSES
        if gaze.kind is Kind.HEAT_MAP:
            assert len(shape) == 3
            assert gaze.values.min() >= 0
            assert gaze.values.max() <= 1
        elif gaze.kind is Kind.JOINT_WEIGHTS:
            assert shape[1:] == list(batch["skeleton"].shape[3:])
        elif gaze.kind is Kind.RELATION:
            places = gaze.grid[0] * gaze.grid[1] + batch["skeleton"].shape[3]
            assert shape == [places, places]
            torch.testing.assert_close(
                gaze.values.sum(dim=-1), torch.ones(len(output.logits), places)
            )
            assert gaze.values.min() >= 0


@torch.no_grad()
def test_a_stream_alone_says_the_same_and_needs_nothing_else(
    seen: tuple[Network, dict[str, Tensor], Output],
) -> None:
    network, batch, output = seen
    assert output.logits_by_stream
    for stream, logits in output.logits_by_stream.items():
        inputs = {key: value for key, value in batch.items() if key in (stream, "focus")}
        alone = network(inputs, stream=stream)
        torch.testing.assert_close(alone.logits, logits)
        assert list(alone.logits_by_stream) == [stream]


@torch.no_grad()
def test_a_file_and_its_options_make_the_same_network(
    seen: tuple[Network, dict[str, Tensor], Output],
) -> None:
    network, batch, output = seen
    held = safetensors.torch.load(safetensors.torch.save(network.state_dict()))
    options = json.loads(json.dumps(network.options))
    torch.manual_seed(99)
    again = create_network(network.card.name, network.num_classes, network.topology, **options)
    assert again.options == network.options
    again.load_state_dict(held)
    torch.testing.assert_close(again.eval()(batch).logits, output.logits, rtol=0, atol=0)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_stage_reaches_what_it_trains_and_nothing_else(name: str) -> None:
    network, batch = fresh(name), batch_for(name)
    reached_ever: set[str] = set()
    for stage in network.card.recipe.stages:
        network.requires_grad_(False)
        network.eval().zero_grad(set_to_none=True)
        for part in stage.trains:
            network.get_submodule(part).requires_grad_(True).train()
        still = {
            key: value.clone()
            for key, value in network.state_dict().items()
            if key.partition(".")[0] not in stage.trains
        }
        output = network(batch, stream=stage.stream)
        loss = torch.nn.functional.cross_entropy(output.logits, torch.tensor([0, 1, 2]))
        (loss + sum(output.losses.values())).backward()
        given = {
            key: weight.grad
            for key, weight in network.named_parameters()
            if weight.grad is not None
        }
        wanted = {key for key, weight in network.named_parameters() if weight.requires_grad}
        assert set(given) <= wanted
        if stage.stream:  # heads of streams alone take no part in the fused opinion
            assert set(given) == wanted
        idle = [key for key, grad in given.items() if grad.dim() > 1 and not grad.any()]
        assert not idle, stage.name
        assert all(grad.isfinite().all() for grad in given.values())
        after = network.state_dict()
        assert all(torch.equal(after[key], value) for key, value in still.items())
        reached_ever |= set(given)
    assert reached_ever == {key for key, _ in network.named_parameters()}


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        (name, key, value)
        for name in NETWORKS
        for key, option in network_card(name).options.items()
        for value in option.choices
        if value != option.default
    ],
)
def test_every_choice_works(name: str, key: str, value: Any) -> None:
    network = fresh(name, **{key: value})
    output = network(batch_for(name, 2), explain=True)
    assert output.logits.shape == (2, CLASSES)
    assert output.explanation is not None
    assert {k: g.kind for k, g in output.explanation.items()}.items() <= dict(
        network.card.explains
    ).items()


def test_wrong_names_are_told_with_the_nearest_right_one() -> None:
    with pytest.raises(UsageError, match="Did you mean mmff-gcn"):
        create_network("mmff-gnc", 3)
    with pytest.raises(UsageError, match=r"no option fusio\. Did you mean fusion"):
        create_network("mmff-lite", 3, fusio="sum")
    with pytest.raises(UsageError, match=r"is 'add'\. Use one of cross-attention"):
        create_network("mmff-lite", 3, fusion="add")
    with pytest.raises(UsageError, match="cannot be made with these options: dropout"):
        create_network("st-gcn", 3, dropout=1.5)
    with pytest.raises(UsageError, match="at least one class"):
        create_network("st-gcn", 0)
    with pytest.raises(UsageError, match="no skeleton topology"):
        create_network("st-gcn", 3, "kinect")
