"""What is taken for frozen, and what is not: only what depends on nothing but the clip."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harstudio.learning.loading import Batch
from harstudio.learning.loop.frozen import FrozenFeatures
from harstudio.learning.stages import freeze_all_but
from harstudio.networks.network import Batch as Inputs
from harstudio.networks.network import Network, Output

CPU = torch.device("cpu")
CLIPS = 10


class Stream(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.layer = nn.BatchNorm1d(4), nn.Linear(4, 4)

    def forward(self, values: Tensor) -> Tensor:
        return torch.relu(self.layer(self.norm(values)))


class Odd(Network):
    """Asks one frozen module twice, and one of each frame; frozen heads see what is trained."""

    heads_apart = True

    def __init__(self, looks: bool) -> None:
        super().__init__()
        self.card = None  # type: ignore[assignment]
        self.looks = looks
        self.twice, self.frames = Stream(), Stream()
        self.trained = nn.Sequential(nn.Linear(12, 6), nn.Dropout(0.5))
        self.head, self.beside = nn.Linear(6, 3), nn.Linear(4, 3)
        self.mean = nn.Identity()
        self.by_batch = Beside()

    def forward(self, batch: Inputs, explain: bool = False, stream: str = "") -> Output:
        values = batch["clip"]  # (N, F, 4)
        frames = self.frames(values.flatten(0, 1)).unflatten(0, values.shape[:2]).mean(1)
        one, two = self.twice(values[:, 0]), self.twice(values[:, 1])
        two.mul_(2)  # writes into the answer
        seen = self.trained(torch.cat((frames, one, two), 1))
        logits = self.head(seen.detach()) + self.by_batch(frames).mean(1, keepdim=True)
        if self.looks:
            logits = logits + values.mean((1, 2))[:, None]
        return Output(logits + seen[:, :3], {"beside": self.beside(frames)}, {"seen": seen})

    def fused(self, batch: Inputs, explain: bool) -> Output:
        raise NotImplementedError

    def alone(self, stream: str, batch: Inputs, explain: bool) -> Output:
        raise NotImplementedError


class Beside(nn.Module):
    """Looks at the other clips of the batch."""

    def forward(self, values: Tensor) -> Tensor:
        return values - values.mean(0)


def made(looks: bool) -> tuple[Odd, dict[str, Tensor], FrozenFeatures]:
    torch.manual_seed(0)
    network = Odd(looks)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm1d):
            part.running_mean.normal_()  # type: ignore[union-attr, operator]
    freeze_all_but(network, ("trained",))
    return (
        network,
        {"clip": torch.randn(CLIPS, 5, 4)},
        FrozenFeatures(network, "", CPU, nullcontext),
    )


@pytest.mark.parametrize("looks", [False, True])
def test_it_finds_what_depends_on_the_clip_alone(looks: bool) -> None:
    network, inputs, features = made(looks)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random = torch.get_rng_state()
    assert features.find(inputs)
    assert set(features._modules) == {"twice", "frames", "beside"}
    assert features.needs_inputs == looks
    assert features.bytes_per_clip == 4 * (2 * 4 + 5 * 4 + 3)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert network.trained.training and not network.twice.training  # noqa: PT018


def test_a_pass_with_what_is_kept_is_the_same_pass() -> None:
    network, inputs, features = made(looks=False)
    features.find(inputs)
    labels = torch.zeros(CLIPS, dtype=torch.int64)
    places = tuple(range(CLIPS))
    halves = [
        Batch({"clip": inputs["clip"][part]}, labels[part], places[part])
        for part in (slice(0, 6), slice(6, 9))  # the last cannot be read
    ]
    heard: list[int] = []
    features.look(halves, CLIPS, heard.append)
    assert heard == [6, 9]
    batches = list(features.batches([(7, 2, 9), (9,), (0, 8)], labels.tolist()))
    assert [batch.indices for batch in batches] == [(7, 2), (0, 8)]
    for batch in batches:
        own = {"clip": inputs["clip"][list(batch.indices)]}
        torch.manual_seed(3)
        wanted = network(own)
        for _ in range(2):
            torch.manual_seed(3)
            with features.given(batch.indices):
                told = network(batch.inputs)
            torch.testing.assert_close(told.logits, wanted.logits, rtol=1e-6, atol=1e-6)
    assert "forward" not in network.twice.__dict__


def test_a_module_that_fails_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    network, inputs, features = made(looks=False)

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no memory")

    monkeypatch.setattr(Beside, "forward", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        features.find(inputs)
    assert not any("forward" in part.__dict__ for part in network.modules())
