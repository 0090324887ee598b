"""One step: pieces give the gradients of the whole, and short memory makes the pieces."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from harstudio.errors import HarstudioError
from harstudio.learning.evaluating.inference import answer
from harstudio.learning.loop.optimizing import factors
from harstudio.learning.loop.stepping import Stepper, pieces
from harstudio.learning.stages import plan_training
from harstudio.networks import create_network, network_card
from harstudio.networks.network import Batch, Network, Output
from harstudio.runs.config import parse
from tiny_network import CARD, Tiny

pytestmark = pytest.mark.usefixtures("tiny")
CPU = torch.device("cpu")
Rates = tuple[tuple[str, float, float], ...]
RATES: Rates = (("*.head.weight", 5.0, 1.0), ("fusion.bias", 10.0, 0.0), ("*bias", 2.0, 0.0))


def stepper(network: Network, told: list[str], rates: Rates = (), **training: Any) -> Stepper:
    tables = {"data": {"path": "d"}, "network": {"name": "tiny"}, "training": training}
    card = replace(CARD, recipe=replace(CARD.recipe, rates=rates))
    plan = plan_training(parse(tables, base=Path("/")), card)
    made = Stepper(network, plan, CPU, told.append)
    made.begin(plan.stages[-1])
    return made


def still(network: Network) -> Network:
    """Without batch statistics and dropout, so that pieces and whole are the same sum."""

    def stand_still(module: torch.nn.Module, _: Any) -> None:
        module.eval()

    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm1d):
            part.register_forward_pre_hook(stand_still)
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    return network


@pytest.fixture
def network() -> Network:
    torch.manual_seed(1)
    return create_network("tiny", 3, "utd_mhad_20")


@pytest.fixture
def batch() -> tuple[dict[str, Tensor], Tensor]:
    torch.manual_seed(2)
    return {"skeleton": torch.randn(11, 3, 8, 20, 1)}, torch.arange(11) % 3


@pytest.mark.parametrize("count", [1, 2, 7, 11])
@pytest.mark.parametrize("micro", [0, 1, 2, 3, 5, 11, 20])
def test_pieces_cover_all_and_are_nearly_equal(count: int, micro: int) -> None:
    sizes = [piece.stop - piece.start for piece in pieces(count, micro)]
    assert sum(sizes) == count
    assert max(sizes) <= (micro or count)
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_short_memory_gives_the_same_step(
    network: Network, batch: tuple[dict[str, Tensor], Tensor], smoothing: float
) -> None:
    inputs, labels = batch
    twin = still(copy.deepcopy(network))
    told: list[str] = []
    whole = stepper(still(network), told, optimizer="sgd", label_smoothing=smoothing)
    loss, right = whole.step(inputs, labels, 0.1)
    assert not told
    Tiny.most = 3
    small = stepper(twin, told, optimizer="sgd", label_smoothing=smoothing)
    loss_small, right_small = small.step(inputs, labels, 0.1)
    assert small.micro == 3  # 11 -> 6 -> 3
    assert [line.split(" clips")[0] for line in told] == [
        "Memory was short: 6",
        "Memory was short: 3",
    ]
    assert "batch normalisation sees 3" in told[-1]
    assert float(loss_small) == pytest.approx(float(loss), rel=1e-6)
    assert int(right_small) == int(right)
    for name, value in network.state_dict().items():
        assert torch.allclose(twin.state_dict()[name].float(), value.float(), atol=1e-6), name


def test_not_even_one_clip_fits(
    network: Network, batch: tuple[dict[str, Tensor], Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("no")

    made = stepper(network, [])
    monkeypatch.setattr(network, "forward", refuse)
    with pytest.raises(HarstudioError, match="too small even for one clip"):
        made.step(*batch, 0.1)


def test_other_errors_are_not_memory(
    network: Network, batch: tuple[dict[str, Tensor], Tensor]
) -> None:
    made = stepper(network, [])
    with pytest.raises(RuntimeError, match="running_mean"):
        made.step({"skeleton": batch[0]["skeleton"][:, :, :4]}, batch[1], 0.1)


def test_short_memory_in_testing(network: Network, batch: tuple[dict[str, Tensor], Tensor]) -> None:
    inputs, labels = batch
    batches = [(inputs, labels, tuple(range(11)))]
    whole = answer(network, batches, CPU)
    Tiny.most = 4
    pieced = answer(network, batches, CPU)
    assert (pieced.logits == pytest.approx(whole.logits, abs=1e-6)) is True
    assert set(pieced.streams) == {"place", "motion"}
    assert pieced.indices.tolist() == list(range(11))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_optimisers_memory_goes_on(
    network: Network, batch: tuple[dict[str, Tensor], Tensor], optimizer: str
) -> None:
    inputs, labels = batch
    one = stepper(network, [], optimizer=optimizer)
    for _ in range(3):
        one.step(inputs, labels, 0.05)
    saved, random = one.optimizer_state(), torch.get_rng_state()
    twin = copy.deepcopy(network)
    one.step(inputs, labels, 0.05)
    other = stepper(twin, [], optimizer=optimizer)
    other.restore(saved)
    torch.set_rng_state(random)
    other.step(inputs, labels, 0.05)
    for name, value in network.state_dict().items():
        assert torch.equal(twin.state_dict()[name], value), name


@pytest.mark.parametrize("nesterov", [False, True])
def test_rates_and_decays_of_single_weights(
    network: Network, batch: tuple[dict[str, Tensor], Tensor], nesterov: bool
) -> None:
    """Two steps of SGD with momentum against its equations, weight by weight."""
    rate, decay, momentum = 0.1, 0.3, 0.9
    made = stepper(
        still(network), [], RATES,
        optimizer="sgd", weight_decay=decay, momentum=momentum, nesterov=nesterov,
    )  # fmt: skip
    twin = copy.deepcopy(network)
    velocity = {name: torch.zeros_like(weight) for name, weight in twin.named_parameters()}
    known = {"fusion.bias": (10.0, 0.0)}
    known |= dict.fromkeys(["place.head.weight", "motion.head.weight"], (5.0, 1.0))
    for part in ("place", "motion"):
        for layer in ("head", "hidden", "norm"):
            known[f"{part}.{layer}.bias"] = (2.0, 0.0)
    for _ in range(2):
        made.step(*batch, rate)
        twin.zero_grad()
        logits = twin(batch[0]).logits
        torch.nn.functional.cross_entropy(logits, batch[1]).backward()
        with torch.no_grad():
            for name, weight in twin.named_parameters():
                if weight.grad is None:  # heads are not in the fused loss
                    continue
                of_rate, of_decay = known.get(name, (1.0, 1.0))
                gradient = weight.grad + decay * of_decay * weight
                velocity[name] = momentum * velocity[name] + gradient
                way = gradient + momentum * velocity[name] if nesterov else velocity[name]
                weight -= rate * of_rate * way
    for name, weight in network.named_parameters():
        assert torch.allclose(weight, twin.get_parameter(name), atol=1e-6), name


def test_the_first_pattern_that_fits_counts() -> None:
    assert factors("place.head.weight", RATES) == (5.0, 1.0)
    assert factors("fusion.bias", RATES) == (10.0, 0.0)
    assert factors("layer.in_proj_bias", RATES) == (2.0, 0.0)
    assert factors("place.hidden.weight", RATES) == (1.0, 1.0)


def test_dscmt_learns_at_the_rates_of_its_code() -> None:
    with torch.device("meta"):
        network = create_network("dscmt", 5, "kinect_v2_25")
    found: dict[tuple[float, float], set[str]] = {}
    rates = network_card("dscmt").recipe.rates
    for name, module in network.named_modules():
        for key, _ in module.named_parameters(recurse=False):
            kind = f"{type(module).__name__} {key}"
            classifies = name.endswith("classifier")
            found.setdefault(factors(f"{name}.{key}", rates), set()).add(
                f"classifier {key}" if classifies else kind
            )
    assert found == {
        (5.0, 1.0): {"classifier weight"},
        (10.0, 0.0): {"classifier bias"},
        (1.0, 0.0): {"BatchNorm2d weight", "BatchNorm2d bias"},
        (2.0, 0.0): {
            "LayerNorm bias", "MultiheadAttention in_proj_bias",
            "NonDynamicallyQuantizableLinear bias",
        },
        (1.0, 1.0): {
            "Conv2d weight", "Linear weight", "LayerNorm weight",
            "MultiheadAttention in_proj_weight", "NonDynamicallyQuantizableLinear weight",
        },
    }  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [((), RATES), (RATES, ()), (RATES, RATES)])
def test_the_optimisers_memory_goes_by_names(
    network: Network, batch: tuple[dict[str, Tensor], Tensor], before: Rates, after: Rates
) -> None:
    one = stepper(network, [], before, optimizer="sgd")
    one.step(*batch, 0.05)
    saved = one.optimizer_state()
    other = stepper(copy.deepcopy(network), [], after, optimizer="sgd")
    other.restore(saved)
    now = other.optimizer_state()
    assert now.keys() == saved.keys()
    assert all(torch.equal(now[name], saved[name]) for name in saved)
    assert saved["fusion.weight/momentum_buffer"].abs().sum() > 0
    assert other.optimizer is not None
    groups = {group["of_rate"] for group in other.optimizer.torch.param_groups}
    assert groups == ({1.0, 2.0, 5.0, 10.0} if after else {1.0})


class Loud(Tiny):
    """Its streams' heads see features so large that their gradients are huge."""

    apart = True

    def fused(self, batch: Batch, explain: bool) -> Output:
        _, features = self.said_by(batch, ("place", "motion"))
        parts = {"place": self.place, "motion": self.motion}
        seen = {k: v.detach() if self.apart else v for k, v in features.items()}
        logits = {name: part.head(1e3 * seen[name]) for name, part in parts.items()}
        return Output(self.fusion(torch.cat(list(features.values()), 1)), logits, features)


def moved(network: Network, before: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: (weight - before[name]).detach() for name, weight in network.named_parameters()}


def norm(changes: dict[str, Tensor], head: bool) -> float:
    return float(sum(one.square().sum() for k, one in changes.items() if (".head." in k) is head))


@pytest.mark.parametrize("most", [0, 4])
@pytest.mark.parametrize("limit", [0.0, 0.05])
def test_heads_that_stand_apart_do_not_change_the_step_of_the_rest(
    network: Network, batch: tuple[dict[str, Tensor], Tensor], limit: float, most: int
) -> None:
    network.__class__ = Loud
    still(network)
    before = copy.deepcopy(dict(network.named_parameters()))
    changes = []
    Tiny.most = most
    for apart in (False, True):
        one = copy.deepcopy(network)
        one.heads_apart = apart
        made = stepper(one, [], optimizer="sgd", momentum=0.0, clip_norm=limit)
        made.step(*batch, 1.0)
        changes.append(moved(one, before))
    without, beside = changes
    assert norm(without, head=True) == 0
    for name in before:
        if ".head." not in name:
            assert torch.equal(without[name], beside[name]), name
    if limit:
        assert norm(beside, head=False) ** 0.5 == pytest.approx(limit, rel=1e-3)
        assert norm(beside, head=True) ** 0.5 == pytest.approx(limit, rel=1e-3)
    else:
        assert norm(beside, head=True) > 100


def test_a_heads_loss_that_reaches_the_rest_is_limited_with_it(
    network: Network, batch: tuple[dict[str, Tensor], Tensor]
) -> None:
    network.__class__ = Loud
    still(network).apart = False  # type: ignore[assignment]
    network.heads_apart = True
    before = copy.deepcopy(dict(network.named_parameters()))
    twin = copy.deepcopy(network)
    output = twin(batch[0])
    asked = [output.logits, *output.logits_by_stream.values()]
    sum(torch.nn.functional.cross_entropy(one, batch[1]) for one in asked).backward()  # type: ignore
    made = stepper(network, [], optimizer="sgd", momentum=0.0, clip_norm=0.05)
    made.step(*batch, 1.0)
    changes = moved(network, before)
    rest = {k: w.grad for k, w in twin.named_parameters() if ".head." not in k}
    whole = float(sum(one.square().sum() for one in rest.values() if one is not None)) ** 0.5
    for name, gradient in rest.items():
        assert gradient is not None
        assert torch.allclose(changes[name], -gradient * 0.05 / whole, atol=1e-5), name


def test_heads_that_stand_apart_keep_up_while_the_rest_is_tuned(batch: Any) -> None:
    torch.manual_seed(3)
    network = create_network("mmff-lite", 3, "utd_mhad_20")
    config = {"data": {"path": "d"}, "network": {"name": "mmff-lite"}}
    plan = plan_training(parse(config, base=Path("/")), network.card)
    made = Stepper(network, plan, CPU, lambda _: None)
    fuse, tune = plan.stages[-2:]
    inputs, labels = batch
    inputs = {
        "skeleton": inputs["skeleton"][:4],
        "picture": torch.randn(4, 3, 64, 64),
        "focus": torch.tensor([[0.2, 0.2, 0.6, 0.6]]).expand(4, 4),
    }
    before = copy.deepcopy(network.state_dict())
    for stage, moves in ((fuse, False), (tune, True)):
        made.begin(stage)
        made.step(inputs, labels[:4], 1e-3)
        now = network.state_dict()
        for head in ("skeleton.fcn.weight", "picture.classifier.weight"):
            assert torch.equal(now[head], before[head]) is not moves, (stage.name, head)
