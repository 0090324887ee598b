"""Recurrent layers against their equations, evaluated anew step by step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from harstudio.errors import UsageError
from harstudio.networks import create_network, network_card
from harstudio.networks.backbones.bi_lstm import BiLSTM
from harstudio.networks.explaining import explain
from harstudio.networks.sizes import size_of

CLASSES = 4
HIDDEN = 5
FRAMES = 6


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


class ByHand:
    """Section 3.2 for one clip: frames in a row, layer on layer, in float64."""

    def __init__(self, stream: BiLSTM, cell: str, depth: int, bidirectional: bool) -> None:
        self.weights = {key: value.numpy() for key, value in stream.state_dict().items()}
        self.step = self.lstm if cell == "lstm" else self.gru
        self.depth, self.directions = depth, 1 + bidirectional

    def gates(self, layer: str, x: Any, h: Any) -> tuple[Any, Any]:
        """What the input and the last hidden state give to every gate."""
        return tuple(
            self.weights[f"layers.weight_{which}_{layer}"] @ vector
            + self.weights[f"layers.bias_{which}_{layer}"]
            for which, vector in (("ih", x), ("hh", h))
        )

    def lstm(self, layer: str, x: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
        """Equations 1 to 3."""
        h, c = state
        by_input, by_state = self.gates(layer, x, h)
        i, f, u, o = np.split(by_input + by_state, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(u)
        return sigmoid(o) * np.tanh(c), c

    def gru(self, layer: str, x: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
        """K. Cho et al.: reset and update gate; the state is all there is."""
        h, _ = state
        by_input, by_state = self.gates(layer, x, h)
        (r_x, z_x, n_x), (r_h, z_h, n_h) = np.split(by_input, 3), np.split(by_state, 3)
        reset, update = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
        h = (1 - update) * np.tanh(n_x + reset * n_h) + update * h
        return h, h

    def features(self, frames: list[Any]) -> Any:
        last: list[Any] = []
        for layer in range(self.depth):
            outputs = []
            last = []
            for direction in range(self.directions):
                state = (np.zeros(HIDDEN), np.zeros(HIDDEN))
                said = {}
                order = range(len(frames))
                for t in reversed(order) if direction else order:
                    name = f"l{layer}" + "_reverse" * direction
                    state = self.step(name, frames[t], state)
                    said[t] = state[0]
                outputs.append(said)
                last.append(state[1])
            frames = [np.concatenate([said[t] for said in outputs]) for t in range(len(frames))]
        return np.concatenate(last)


def read(skeleton: Any) -> list[Any]:
    """Every frame of (3, T, V, M) as numbers: body, then joint, then coordinate; always two."""
    coordinates, frames, joints, bodies = skeleton.shape
    return [
        np.array(
            [
                skeleton[c, t, v, m] if m < bodies else 0.0
                for m in range(2)
                for v in range(joints)
                for c in range(coordinates)
            ]
        )
        for t in range(frames)
    ]


@torch.no_grad()
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize(("depth", "bidirectional"), [(1, False), (1, True), (3, True), (3, False)])
@pytest.mark.parametrize("bodies", [1, 2])
def test_the_layers_are_their_equations(
    cell: str, depth: int, bidirectional: bool, bodies: int
) -> None:
    """In float64 to 1e-9: all nine rows of table 7 are made of these."""
    torch.manual_seed(4)
    stream = BiLSTM(
        CLASSES, "utd_mhad_20", cell=cell, depth=depth, bidirectional=bidirectional, hidden=HIDDEN
    )
    stream = stream.double().eval()
    skeleton = torch.randn(2, 3, FRAMES, 20, bodies, dtype=torch.float64)
    told = stream(skeleton)
    assert told.shape == (2, HIDDEN * (1 + bidirectional)) == (2, stream.channels)
    hand = ByHand(stream, cell, depth, bidirectional)
    for clip in range(2):
        wanted = hand.features(read(skeleton[clip].numpy()))
        np.testing.assert_allclose(told[clip].numpy(), wanted, rtol=1e-9, atol=1e-12)
        logits = hand.weights["fcn.weight"] @ wanted + hand.weights["fcn.bias"]
        np.testing.assert_allclose(stream.classify(told)[clip].numpy(), logits, rtol=1e-9)


@torch.no_grad()
def test_a_second_body_that_is_absent_is_none_at_all() -> None:
    """The same weights serve one body and two; a third has no place."""
    network = create_network("bi-lstm", CLASSES, hidden=HIDDEN).eval()
    two = torch.randn(2, 3, FRAMES, 25, 2)
    two[..., 1] = 0
    one = two[..., :1]
    torch.testing.assert_close(network({"skeleton": one}).logits, network({"skeleton": two}).logits)
    there = two.clone()
    there[..., 1] = 0.5
    assert not torch.allclose(
        network({"skeleton": there}).logits, network({"skeleton": two}).logits
    )
    with pytest.raises(UsageError, match="takes 2 bodies, not 3"):
        network({"skeleton": torch.zeros(1, 3, FRAMES, 25, 3)})


def test_it_has_the_size_that_600_features_make() -> None:
    """Four gates, each with weights for input and state and two biases; three layers, both ways."""
    hidden, layers = 300, 0
    for inputs in (150, 600, 600):
        layers += 2 * 4 * hidden * (inputs + hidden + 2)
    assert layers == 5_414_400  # printed 2.0 M
    size = size_of("bi-lstm")
    assert size.parameters == layers + 600 * 60 + 60
    weights = layers - 3 * 2 * 4 * hidden * 2
    assert size.multiply_adds == 32 * weights + 600 * 60  # printed 6.3 G
    assert size.multiply_adds == pytest.approx(0.17e9, rel=0.02)


def test_options_make_the_rows_of_table_7() -> None:
    card = network_card("bi-lstm")
    rows = [(cell, depth, both) for cell in card.options["cell"].choices
            for depth in card.options["depth"].choices
            for both in card.options["bidirectional"].choices]  # fmt: skip
    assert {("gru", 2, True), ("lstm", 1, False), ("lstm", 3, True)} <= set(rows)
    sizes = {
        row: size_of("bi-lstm", cell=row[0], depth=row[1], bidirectional=row[2]).parameters
        for row in rows
    }
    assert len(set(sizes.values())) == len(rows) == 12
    lstm, gru = sizes["lstm", 3, True] - 36_060, sizes["gru", 3, True] - 36_060
    assert gru * 4 == lstm * 3  # three gates for four
    with pytest.raises(UsageError, match="cannot be made with these options"):
        create_network("bi-lstm", 3, hidden=0)


def test_what_is_dropped_lies_between_the_layers() -> None:
    torch.manual_seed(8)
    skeleton = torch.randn(1, 3, FRAMES, 25, 2)
    for depth, changes in ((1, False), (2, True)):
        network = create_network("bi-lstm", CLASSES, hidden=HIDDEN, depth=depth).train()
        with torch.no_grad():
            logits = [network({"skeleton": skeleton}).logits for _ in range(2)]
        assert torch.equal(*logits) != changes
    assert math.isclose(network.skeleton.layers.dropout, 0.5)


def test_the_saliency_is_at_the_joint_that_decides() -> None:
    """Two classes that differ in where one joint of one body is; the other body is absent."""
    torch.manual_seed(6)
    network = create_network("bi-lstm", 2, "utd_mhad_20", depth=1, hidden=16)
    made = torch.Generator().manual_seed(7)
    labels = torch.arange(16) % 2

    def drawn() -> torch.Tensor:
        skeleton = 0.2 * torch.randn(16, 3, 8, 20, 2, generator=made)
        skeleton[:, 0, :, 11, 0] += (labels - 0.5)[:, None]
        skeleton[..., 1] = 0
        return skeleton

    learner = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(30):
        learner.zero_grad()
        loss = torch.nn.functional.cross_entropy(network({"skeleton": drawn()}).logits, labels)
        loss.backward()
        learner.step()
    output = explain(network.eval(), {"skeleton": drawn()})
    assert output.logits.argmax(dim=1).eq(labels).float().mean() > 0.9
    assert output.explanation is not None
    values = output.explanation["joint saliency"].values
    assert values.shape == (16, 8, 20, 2)
    assert not values[..., 1].any()
    by_joint = values[..., 0].mean(dim=(0, 1))
    assert int(by_joint.argmax()) == 11
    assert by_joint[11] > 2 * by_joint[torch.arange(20) != 11].max()
