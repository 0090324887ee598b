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
from harstudio.networks.backbones.cells import WHOLE
from harstudio.networks.explaining import explain
from harstudio.networks.inputs import input_shapes
from harstudio.networks.network import Batch, Network, Output
from harstudio.results import Kind, NetworkCard
from harstudio.skeletons.topology import topology

CLASSES = 5
TINY = [("kinect_v2_25", 16, 2, 64), ("utd_mhad_20", 13, 1, 49)]  # joints, frames, bodies, pixels
NETWORKS = list_networks()
SMALLER = {"frames": 8, "pixels": 48}  # where sizes are not what is tested


def tables_for(card: NetworkCard, frames: int, bodies: int, pixels: int) -> dict[str, Any]:
    """Small values for the card's preprocessing tables."""
    tables: dict[str, Any] = {}
    for name in card.branches:
        kind = card.kind_of(name)
        small = {"size": pixels} if kind != "inertial" else {}
        if kind in ("skeleton", "inertial"):
            small = {"frames": frames, "bodies": bodies}
        elif kind == "clip":
            small["frames"] = frames // 2
        tables[name] = small
    return tables


def batch_for(
    card: NetworkCard, count: int = 3, joints: str = "kinect_v2_25", frames: int = 16,
    bodies: int = 2, pixels: int = 64,
) -> dict[str, Tensor]:  # fmt: skip
    made = torch.Generator().manual_seed(7)
    shapes = input_shapes(card, joints, tables_for(card, frames, bodies, pixels))
    batch = {key: torch.randn(count, *shape, generator=made) for key, shape in shapes.items()}
    if "focus" in batch:
        batch["focus"][:] = torch.tensor([0.2, 0.1, 0.45, 0.35])
        batch["focus"][-1] = torch.nan
    return batch


def fresh(name: str, joints: str = "kinect_v2_25", **options: Any) -> Network:
    torch.manual_seed(3)
    return create_network(name, CLASSES, joints, **options).eval()


@torch.no_grad()
def settled(name: str) -> Network:
    """A fresh network whose batch statistics are those of its batch, so that clips are told apart:
    with the first ones, 0 and 1, next to nothing is left of them after many layers."""
    network = fresh(name)
    norms = [m for m in network.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    torch.manual_seed(5)
    network.train()(batch_for(network.card))
    return network.eval()


@pytest.fixture(scope="module", params=NETWORKS)
def seen(request: pytest.FixtureRequest) -> tuple[Network, dict[str, Tensor], Output]:
    """A network, a batch of three and what it says about it, with reasons."""
    network = settled(request.param)
    batch = batch_for(network.card)
    return network, batch, explain(network, batch)


@torch.no_grad()
@pytest.mark.parametrize(("joints", "frames", "bodies", "pixels"), TINY)
@pytest.mark.parametrize("name", NETWORKS)
def test_takes_any_size(name: str, joints: str, frames: int, bodies: int, pixels: int) -> None:
    network = fresh(name, joints)
    output = network(batch_for(network.card, 2, joints, frames, bodies, pixels))
    assert output.logits.shape == (2, CLASSES)
    assert output.logits.isfinite().all()
    assert output.explanation is None
    assert not output.maps


def test_a_clip_is_judged_by_itself(seen: tuple[Network, dict[str, Tensor], Output]) -> None:
    """Nothing of one clip reaches another of the same batch."""
    network, batch, together = seen
    spread = float(together.logits.std(dim=0).max())
    assert spread > 1e-4, "clips are told apart"
    for index in range(len(together.logits)):
        one = explain(network, {key: value[index : index + 1] for key, value in batch.items()})
        torch.testing.assert_close(
            one.logits, together.logits[index : index + 1], rtol=1e-4, atol=1e-3 * spread
        )
        assert one.explanation is not None
        assert together.explanation is not None
        for name, gaze in one.explanation.items():
            wanted = together.explanation[name].values[index : index + 1]
            torch.testing.assert_close(gaze.values, wanted, rtol=1e-3, atol=5e-3)


def test_says_what_its_card_promises(seen: tuple[Network, dict[str, Tensor], Output]) -> None:
    network, batch, output = seen
    assert output.explanation is not None
    told = {name: gaze.kind for name, gaze in output.explanation.items()}
    assert told == dict(network.card.explains)
    count = len(output.logits)
    for gaze in output.explanation.values():
        assert gaze.on in batch
        assert gaze.values.isfinite().all()
        shape = list(gaze.values.shape)
        assert shape.pop(0) == count
        if gaze.per_class:
            assert shape.pop(0) == CLASSES
        elif gaze.kind is not Kind.MATRIX:
            assert gaze.values.min() >= 0
            assert gaze.values.max() <= 1 + 1e-6
        if gaze.kind is Kind.HEAT_MAP:
            assert len(shape) == 3
            assert gaze.over != WHOLE
        elif gaze.kind is Kind.JOINT_WEIGHTS:
            assert shape[1:] == list(batch["skeleton"].shape[3:])
        elif gaze.kind is Kind.RELATION:
            places = gaze.grid[0] * gaze.grid[1] + len(topology(network.topology).joints)
            assert shape == [places, places]
            torch.testing.assert_close(gaze.values.sum(dim=-1), torch.ones(count, places))
        elif gaze.kind is Kind.MODALITY_SHARE:
            assert shape[1:] == [len(network.card.branches)]
            torch.testing.assert_close(gaze.values.sum(dim=-1), torch.ones(count, shape[0]))
        elif gaze.kind is Kind.IMPORTANCE:
            assert len(shape) == 1
        elif gaze.kind is Kind.MATRIX:
            assert len(shape) == 2
            assert gaze.rows
            assert gaze.columns
        elif gaze.kind is Kind.PICTURE:
            assert shape[0] == 3
            assert len(shape) == 3


def test_asking_for_reasons_changes_no_answer(
    seen: tuple[Network, dict[str, Tensor], Output],
) -> None:
    network, batch, output = seen
    with torch.no_grad():
        torch.testing.assert_close(network(batch).logits, output.logits, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_stream_alone_says_the_same_and_needs_nothing_else(
    seen: tuple[Network, dict[str, Tensor], Output],
) -> None:
    network, batch, output = seen
    assert list(output.logits_by_stream) == list(network.card.streams)
    for stream, needed in network.card.streams.items():
        inputs = {key: value for key, value in batch.items() if key in (*needed, "focus")}
        alone = network(inputs, stream=stream)
        torch.testing.assert_close(
            alone.logits, output.logits_by_stream[stream], rtol=1e-4, atol=1e-5
        )
        assert list(alone.logits_by_stream) == [stream]


def test_a_missing_modality_leaves_the_answer_to_the_streams_that_are_there(
    seen: tuple[Network, dict[str, Tensor], Output],
) -> None:
    network, batch, output = seen
    streams = network.card.streams
    for missing in network.card.branches:
        left = {key: value for key, value in batch.items() if key != missing}
        able = [stream for stream, needed in streams.items() if missing not in needed]
        if not able:
            with pytest.raises(UsageError, match=f"{network.card.name} cannot answer without"):
                network(left)
            continue
        told = explain(network, left)
        opinions = [output.logits_by_stream[stream].log_softmax(dim=1) for stream in able]
        wanted = torch.stack(opinions).mean(dim=0).softmax(dim=1)
        torch.testing.assert_close(told.logits.softmax(dim=1), wanted, rtol=1e-4, atol=1e-5)
        assert told.explanation is not None
        assert {name: gaze.kind for name, gaze in told.explanation.items()}.items() <= dict(
            network.card.explains
        ).items()


@torch.no_grad()
def test_a_file_and_its_options_make_the_same_network(
    seen: tuple[Network, dict[str, Tensor], Output],
) -> None:
    network, batch, _ = seen
    held = safetensors.torch.load(safetensors.torch.save(network.state_dict()))
    options = json.loads(json.dumps(network.options))
    torch.manual_seed(99)
    again = create_network(network.card.name, network.num_classes, network.topology, **options)
    assert again.options == network.options
    assert again.card == network.card
    again.load_state_dict(held)
    torch.testing.assert_close(again.eval()(batch).logits, network(batch).logits, rtol=0, atol=0)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_stage_reaches_what_it_trains_and_nothing_else(name: str) -> None:
    network = fresh(name)
    batch = batch_for(network.card, **SMALLER)
    reached_ever: set[str] = set()
    for stage in network.card.recipe.stages:
        assert not stage.stream or stage.stream in network.card.streams
        network.requires_grad_(False)
        network.eval().zero_grad(set_to_none=True)
        for part in stage.trains:
            network.get_submodule(part).requires_grad_(True).train()
        still = {
            key: value.clone()
            for key, value in network.state_dict().items()
            if not any(key.startswith(f"{part}.") for part in stage.trains)
        }
        output = network(batch, stream=stage.stream)
        loss = torch.nn.functional.cross_entropy(output.logits, torch.tensor([0, 1, 2]))
        if not stage.stream and network.heads_apart:
            for logits in output.logits_by_stream.values():
                if logits.requires_grad:
                    loss = loss + torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2]))
        (loss + sum(output.losses.values())).backward()
        given = {
            key: weight.grad
            for key, weight in network.named_parameters()
            if weight.grad is not None
        }
        wanted = {key for key, weight in network.named_parameters() if weight.requires_grad}
        assert set(given) == wanted, stage.name
        idle = [key for key, grad in given.items() if grad.dim() > 1 and not grad.any()]
        assert not idle, stage.name
        assert all(grad.isfinite().all() for grad in given.values())
        after = network.state_dict()
        assert all(torch.equal(after[key], value) for key, value in still.items())
        reached_ever |= set(given)
    assert reached_ever == {key for key, _ in network.named_parameters()}


SHARE = 1e-3  # of the loss that a step is to take away


def fall(network: Network, batch: dict[str, Tensor]) -> float:
    """By how much one step of gradient descent lowers the fused loss of a batch in training mode,
    as a share of what the gradient promises.

    Batch statistics are those of the batch before and after; what is dropped at random is the same.
    """
    labels = torch.arange(len(next(iter(batch.values())))) % CLASSES
    network.train()

    def loss() -> Tensor:
        torch.manual_seed(11)
        output = network(batch)
        term = torch.nn.functional.cross_entropy(output.logits, labels)
        return term + sum(output.losses.values())

    before = loss()
    before.backward()
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    square = sum(float(gradient.square().sum()) for gradient in gradients)
    if not square:
        return 0.0
    promised = SHARE * float(before.detach())
    torch.optim.SGD(network.parameters(), lr=promised / square).step()
    with torch.no_grad():
        return float(before - loss()) / promised


@pytest.mark.parametrize("name", NETWORKS)
def test_one_step_lowers_the_loss_of_a_fixed_batch(name: str) -> None:
    network = fresh(name)
    assert fall(network, batch_for(network.card, **SMALLER)) == pytest.approx(1, abs=0.2)


class Astray(Network):
    """A network whose logits are right and whose gradient is ``factor`` times the right one."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.layer = torch.nn.Linear(6, CLASSES)
        self.card = network_card("imu-tcn")

    def fused(self, batch: Batch, explain: bool) -> Output:
        logits = self.layer(batch["inertial"].mean(dim=2))
        return Output(logits.detach() + self.factor * (logits - logits.detach()))

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        return self.fused(batch, explain)


@pytest.mark.parametrize("factor", [1.0, -1.0, 0.0, 3.0])
def test_a_wrong_gradient_would_be_seen(factor: float) -> None:
    """The right one; one of the wrong sign; one that is cut off; one that is too large."""
    network = Astray(factor)
    right = fall(network, batch_for(network.card)) == pytest.approx(1, abs=0.2)
    assert right == (factor == 1)


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
    output = explain(network, batch_for(network.card, 2, **SMALLER))
    assert output.logits.shape == (2, CLASSES)
    assert output.logits.isfinite().all()
    assert output.explanation is not None
    assert {k: g.kind for k, g in output.explanation.items()} == dict(network.card.explains)
    trained = (part for stage in network.card.recipe.stages for part in stage.trains)
    parts = {part.partition(".")[0] for part in trained}
    assert parts == {name for name, part in network.named_children() if list(part.parameters())}


@pytest.mark.gpu
@pytest.mark.parametrize("name", NETWORKS)
def test_a_gpu_says_the_same(name: str) -> None:
    """In double precision to a hundredth of what tells the clips apart, reasons included; in
    single precision to a thousandth of the logits, where convolutions are not shortened (TF32;
    other products are not unless asked for)."""
    network = settled(name)
    batch = batch_for(network.card)
    single = network(batch).logits.detach()
    exact = {key: value.double() for key, value in batch.items()}
    wanted = explain(network.double(), exact)
    told = explain(network.cuda(), {key: value.cuda() for key, value in exact.items()})
    spread = float(wanted.logits.std(dim=0).max())
    assert spread > 0
    assert float((told.logits.cpu() - wanted.logits).abs().max()) < 1e-2 * spread
    assert told.explanation is not None
    assert wanted.explanation is not None
    for key, gaze in wanted.explanation.items():
        torch.testing.assert_close(
            told.explanation[key].values.cpu(), gaze.values, rtol=1e-3, atol=1e-3
        )
    with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        on_gpu = network.float()({key: value.cuda() for key, value in batch.items()}).logits.cpu()
    assert float((on_gpu - single).abs().max()) < 1e-3 * float(single.abs().max())


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
