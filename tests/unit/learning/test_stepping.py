"""One step: pieces give the gradients of the whole, and short memory makes the pieces."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from harstudio.errors import HarstudioError
from harstudio.learning.inference import answer
from harstudio.learning.stages import plan_training
from harstudio.learning.stepping import Stepper, pieces
from harstudio.networks import create_network
from harstudio.networks.network import Network
from harstudio.runs.config import parse
from tiny_network import CARD, Tiny

pytestmark = pytest.mark.usefixtures("tiny")
CPU = torch.device("cpu")


def stepper(network: Network, told: list[str], **training: Any) -> Stepper:
    tables = {"data": {"path": "d"}, "network": {"name": "tiny"}, "training": training}
    plan = plan_training(parse(tables, base=Path("/")), CARD)
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
    other.restore_optimizer(saved)
    torch.set_rng_state(random)
    other.step(inputs, labels, 0.05)
    for name, value in network.state_dict().items():
        assert torch.equal(twin.state_dict()[name], value), name


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
