"""M-Mixer's unit and fusion against the paper's equations, its sizes, its ablations, its sense."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harstudio.networks import create_network, network_card
from harstudio.networks.blocks.mcu import MCU, Normed, Recurrent
from harstudio.networks.explaining import explain
from harstudio.networks.m_mixer import MODALITIES, Mixer, MMixer
from harstudio.networks.network import Batch, Network
from harstudio.networks.sizes import size_of
from reference_cases import load_case

CLOSE = 1e-4
EXACT = 1e-5
Array = NDArray[np.float64]

# Layers of the unit by the symbols of the paper.
LAYERS = {
    "f": "feature", "g": "content", "s": "score",
    "r": "reset", "z": "update", "h": "candidate",
}  # fmt: skip


@torch.no_grad()
def test_the_unit_says_what_the_reference_says() -> None:
    case = load_case("spec_mcu")
    unit = MCU(24, 48, 24).eval()
    given = {}
    for symbol, name in LAYERS.items():
        given[f"{name}.linear.weight"] = case.weights[f"W{symbol}"]
        given[f"{name}.norm.weight"] = case.weights[f"ln_{symbol}.weight"]
        given[f"{name}.norm.bias"] = case.weights[f"ln_{symbol}.bias"]
    unit.load_state_dict({key: torch.from_numpy(value) for key, value in given.items()})
    last, steps = unit(case.inputs["f"], case.inputs["g"], explain=True)
    assert steps is not None
    case.check(**dict(zip("hsrz", steps, strict=True)))
    torch.testing.assert_close(last, steps[0][:, -1])
    again, untold = unit(case.inputs["f"], case.inputs["g"])
    torch.testing.assert_close(again, last, rtol=0, atol=0)
    assert untold is None


# ---- the equations in plain loops


def times(weight: Array, x: list[float]) -> list[float]:
    """Wx, W as (out, in)."""
    rows, columns = weight.shape
    return [sum(float(weight[i, j]) * x[j] for j in range(columns)) for i in range(rows)]


def normalised(x: list[float], layer: nn.Module) -> list[float]:
    """LN with gain and offset, as it is where the unit has none."""
    if isinstance(layer, nn.Identity):
        return x
    assert isinstance(layer, nn.LayerNorm)
    mean = sum(x) / len(x)
    variance = sum((value - mean) ** 2 for value in x) / len(x)
    gain, offset = layer.weight.tolist(), layer.bias.tolist()
    return [gain[i] * (x[i] - mean) / math.sqrt(variance + 1e-5) + offset[i] for i in range(len(x))]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def unit_in_loops(unit: MCU, sequence: Array, content: Array) -> list[dict[str, list[float]]]:
    """Equations 7 to 14 for one clip: sequence (T, d_f), content (d_g,); s, r, z and h by step."""

    def layer(name: str, x: list[float], squash: Callable[[float], float]) -> list[float]:
        made = unit.get_submodule(name)
        assert isinstance(made, Normed)
        weight = made.linear.weight.detach().numpy()
        return [squash(v) for v in normalised(times(weight, x), made.norm)]

    hidden = [0.0] * unit.hidden
    places = range(unit.hidden)
    steps = []
    for moment in sequence:
        own = layer("feature", list(moment), math.tanh)  # 7
        other = layer("content", list(content), math.tanh)  # 8
        share: list[float] = []
        if unit.score is not None:
            share = layer("score", own + other, sigmoid)  # 9
            mixed = [share[i] * own[i] + (1 - share[i]) * other[i] for i in places]  # 10
        else:
            mixed = layer("join", own + other, float)
        both = [mixed[i] + hidden[i] for i in places]
        reset = layer("reset", both, sigmoid)  # 11
        update = layer("update", both, sigmoid)  # 12
        candidate = layer(
            "candidate", [reset[i] * hidden[i] + mixed[i] for i in places], math.tanh
        )  # 14
        hidden = [update[i] * candidate[i] + (1 - update[i]) * hidden[i] for i in places]  # 13
        steps.append({"s": share, "r": reset, "z": update, "h": hidden})
    return steps


def read_in_loops(cell: nn.LSTMCell | nn.GRUCell, moments: list[list[float]]) -> list[float]:
    """The last hidden state of one clip, by the equations of LSTM and GRU gate after gate."""
    of_input, of_hidden = cell.weight_ih.detach().numpy(), cell.weight_hh.detach().numpy()
    bias_i, bias_h = cell.bias_ih.tolist(), cell.bias_hh.tolist()
    size = cell.hidden_size
    hidden, memory = [0.0] * size, [0.0] * size
    for moment in moments:
        a = [x + y for x, y in zip(times(of_input, moment), bias_i, strict=True)]
        b = [x + y for x, y in zip(times(of_hidden, hidden), bias_h, strict=True)]
        if isinstance(cell, nn.LSTMCell):  # rows: input, forget, cell, output
            for i in range(size):
                take, keep, out = (sigmoid(a[i + k] + b[i + k]) for k in (0, size, 3 * size))
                memory[i] = keep * memory[i] + take * math.tanh(a[i + 2 * size] + b[i + 2 * size])
                hidden[i] = out * math.tanh(memory[i])
        else:  # rows: reset, update, new
            for i in range(size):
                reset, keep = (sigmoid(a[i + k] + b[i + k]) for k in (0, size))
                new = math.tanh(a[i + 2 * size] + reset * b[i + 2 * size])
                hidden[i] = (1 - keep) * new + keep * hidden[i]
    return hidden


def stirred(module: nn.Module, seed: int = 5) -> nn.Module:
    """Gains and offsets that are not 1 and 0, in float64."""
    made = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(torch.randn(weight.shape, generator=made) * 0.2)
    return module.double().eval()


@torch.no_grad()
@pytest.mark.parametrize(("mix", "layer_norm"), [(True, True), (True, False), (False, False)])
def test_the_unit_follows_its_equations(mix: bool, layer_norm: bool) -> None:
    torch.manual_seed(1)
    unit = stirred(MCU(5, 8, 6, mix=mix, layer_norm=layer_norm))
    sequence = torch.randn(2, 4, 5, dtype=torch.float64)
    content = torch.randn(2, 8, dtype=torch.float64)
    last, steps = unit(sequence, content, explain=True)
    assert steps is not None
    assert (steps.own is not None) == mix
    for n in range(2):
        wanted = unit_in_loops(unit, sequence[n].numpy(), content[n].numpy())  # type: ignore[arg-type]
        for symbol, told in zip("hsrz", steps, strict=True):
            if told is not None:
                values = [step[symbol] for step in wanted]
                np.testing.assert_allclose(told[n].numpy(), values, rtol=EXACT, atol=EXACT)
        np.testing.assert_allclose(last[n].numpy(), wanted[-1]["h"], rtol=EXACT, atol=EXACT)


@torch.no_grad()
@pytest.mark.parametrize("content", ["cross", "self"])
@pytest.mark.parametrize("aso", ["mean", "max", "gru"])
def test_each_modality_is_read_with_the_contents_it_should_see(content: str, aso: str) -> None:
    """Equations 2 to 4 with three modalities: those of the others in order, or its own."""
    torch.manual_seed(2)
    names = ("color", "depth", "infrared")
    mixer = stirred(Mixer(names, 4, content=content, aso=aso))
    assert isinstance(mixer, Mixer)
    sequences = {name: torch.randn(2, 3, 4, dtype=torch.float64) for name in names}
    contents = {name: mixer.content(name, sequences[name]) for name in names}
    for n in range(2):
        summary = {}
        for name in names:
            moments = sequences[name][n].tolist()
            columns = list(zip(*moments, strict=True))
            summary[name] = [max(c) if aso == "max" else sum(c) / len(c) for c in columns]
            if aso == "gru":
                cell = mixer.get_submodule(f"summaries.{name}.cell")
                assert isinstance(cell, nn.GRUCell)
                summary[name] = read_in_loops(cell, moments)
        sees = {
            "color": summary["depth"] + summary["infrared"],
            "depth": summary["color"] + summary["infrared"],
            "infrared": summary["color"] + summary["depth"],
        }
        for name in names:
            content_of = sees[name] if content == "cross" else summary[name]
            unit = mixer.units[name]
            assert isinstance(unit, MCU)
            steps = unit_in_loops(unit, sequences[name][n].numpy(), np.array(content_of))
            hidden, _ = mixer.read(name, sequences[name], contents)
            np.testing.assert_allclose(hidden[n].numpy(), steps[-1]["h"], rtol=EXACT, atol=EXACT)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_recurrent_units_are_those_of_the_books(kind: str) -> None:
    """Equations of LSTM and GRU, gate after gate, for one clip."""
    torch.manual_seed(3)
    unit = stirred(Recurrent(kind, 3, 4))
    sequence = torch.randn(1, 5, 3, dtype=torch.float64)
    cell = unit.cell
    assert isinstance(cell, (nn.LSTMCell, nn.GRUCell))
    hidden = read_in_loops(cell, sequence[0].tolist())
    np.testing.assert_allclose(unit(sequence)[0].numpy(), hidden, rtol=EXACT, atol=EXACT)


# ---- the network


def small_batch(network: Network, count: int = 2) -> dict[str, Tensor]:
    made = torch.Generator().manual_seed(11)
    return {
        name: torch.randn(count, 6, 40, generator=made)
        if name == "inertial"
        else torch.randn(count, 3, 4, 40, 40, generator=made)
        for name in network.card.branches
    }


def fresh(**options: Any) -> Network:
    torch.manual_seed(4)
    return create_network("m-mixer", 3, **options).eval()


@torch.no_grad()
def test_the_network_is_encoders_then_mixer_then_one_linear_layer() -> None:
    """Frames by themselves, means over places, equations 2 to 5 and 15 from outside."""
    network = fresh(modalities="color+depth+inertial")
    batch = small_batch(network)
    sequences = {}
    for name, given in batch.items():
        encoder = network.get_submodule(f"encoders.{name}")
        if name == "inertial":
            sequences[name] = encoder(given).transpose(1, 2)
            continue
        frames = [encoder(given[:, :, t]).mean(dim=(2, 3)) for t in range(given.shape[2])]
        sequences[name] = torch.stack(frames, dim=1)
    contents = {name: sequence.mean(dim=1) for name, sequence in sequences.items()}
    hidden = {}
    for name in batch:
        others = torch.cat([contents[other] for other in batch if other != name], dim=1)
        hidden[name], _ = network.get_submodule(f"mixer.units.{name}")(sequences[name], others)
    output = network(batch)
    wanted = network.get_submodule("classifier")(torch.cat(list(hidden.values()), dim=1))
    torch.testing.assert_close(output.logits, wanted, rtol=CLOSE, atol=EXACT)
    for name in batch:
        for stream, feature in ((name, hidden[name]), (f"{name} alone", contents[name])):
            weight = network.get_submodule(f"heads.{stream}").weight
            torch.testing.assert_close(
                output.logits_by_stream[stream],
                feature @ weight.T,
                rtol=CLOSE,
                atol=EXACT,
            )


@pytest.mark.parametrize("modalities", network_card("m-mixer").options["modalities"].choices)
def test_the_card_is_of_the_modalities_that_were_chosen(modalities: str) -> None:
    card = network_card("m-mixer", {"modalities": modalities})
    names = tuple(modalities.split("+"))
    assert tuple(card.branches) == tuple(card.preprocessing) == card.modalities == names
    assert list(names) == [name for name in MODALITIES if name in names]
    for name in names:
        assert card.kind_of(name) == ("inertial" if name == "inertial" else "clip")
        assert card.streams[name] == names
        assert card.streams[f"{name} alone"] == (name,)
        assert (f"Grad-CAM {name}" in card.explains) == (name != "inertial")
    assert ["color_jitter" in table for table in card.preprocessing.values()] == [
        name == "color" for name in names
    ]


def test_every_combination_of_two_or_more_modalities_can_be_chosen() -> None:
    assert len(network_card("m-mixer").options["modalities"].choices) == 11


@torch.no_grad()
@pytest.mark.parametrize("options", [{"content": "self"}, {"unit": "lstm"}, {"unit": "gru"}])
def test_without_cross_content_a_modality_speaks_for_itself(options: dict[str, Any]) -> None:
    network = fresh(**options)
    assert network.card.streams == {"color": ("color",), "depth": ("depth",)}
    batch = small_batch(network)
    whole = network(batch)
    other = network({**batch, "depth": -batch["depth"]})
    torch.testing.assert_close(other.logits_by_stream["color"], whole.logits_by_stream["color"])
    assert not torch.allclose(other.logits, whole.logits)
    left = network({"color": batch["color"]})
    torch.testing.assert_close(left.logits, whole.logits_by_stream["color"])


@torch.no_grad()
def test_with_cross_content_each_modality_hears_of_the_others() -> None:
    network = fresh()
    batch = small_batch(network)
    whole = network(batch)
    other = network({**batch, "depth": -batch["depth"]})
    heard = (other.logits_by_stream["color"] - whole.logits_by_stream["color"]).abs().max()
    assert heard > 1e-3
    torch.testing.assert_close(
        other.logits_by_stream["color alone"], whole.logits_by_stream["color alone"]
    )


def test_a_modality_that_is_missing_leaves_those_that_are_there() -> None:
    network = fresh(modalities="color+depth+inertial")
    batch = small_batch(network)
    told = explain(network, {name: batch[name] for name in ("color", "inertial")})
    assert list(told.logits_by_stream) == ["color alone", "inertial alone"]
    assert told.explanation is not None
    assert list(told.explanation) == ["Grad-CAM color"]


def test_gates_are_told_for_every_step_of_their_own_input() -> None:
    network = fresh(modalities="depth+inertial")
    batch = small_batch(network)
    told = explain(network, batch).explanation
    assert told is not None
    assert set(told) == set(network.card.explains)
    assert told["update gate depth"].values.shape == (2, 4)
    assert told["update gate inertial"].values.shape == (2, 5)  # 40 samples, eight a step
    for what in ("reset gate", "own share"):
        assert told[f"{what} depth"].values.shape == (2, 1, 4)
        assert told[f"{what} inertial"].values.shape == (2, 1, 5)
        assert told[f"{what} inertial"].on == "inertial"
    assert told["Grad-CAM depth"].values.shape == (2, 4, 2, 2)


@torch.no_grad()
def test_told_gates_are_those_of_the_equations() -> None:
    """Own share, reset gate and update gate: means of s, r and z over features, step by step."""
    network = fresh()
    assert isinstance(network, MMixer)
    names = ("color", "depth")
    torch.manual_seed(8)
    network.encoders = nn.ModuleDict({name: nn.Conv2d(3, 6, 2, 2) for name in names})
    network.mixer = Mixer(names, 6)
    network.classifier = nn.Linear(12, 3)
    network.heads = nn.ModuleDict({key: nn.Linear(6, 3, bias=False) for key in network.heads})
    stirred(network)
    batch = {name: torch.randn(2, 3, 4, 6, 6, dtype=torch.float64) for name in names}
    told = network(batch, explain=True).explanation
    assert told is not None
    symbols = {"own share": "s", "reset gate": "r", "update gate": "z"}
    for n in range(2):
        sequences = {}
        for name in names:
            frames = [network.encoders[name](frame[None])[0] for frame in batch[name][n].unbind(1)]
            sequences[name] = np.array([frame.mean(dim=(1, 2)).tolist() for frame in frames])
        for name, other in (names, names[::-1]):
            unit = network.mixer.units[name]
            assert isinstance(unit, MCU)
            steps = unit_in_loops(unit, sequences[name], sequences[other].mean(axis=0))
            means = {
                what: [sum(step[symbol]) / len(step[symbol]) for step in steps]
                for what, symbol in symbols.items()
            }
            apart = [
                np.abs(np.subtract(means[a], means[b])).max() for a, b in combinations(symbols, 2)
            ]
            against = [np.abs(2 * np.array(values) - 1).max() for values in means.values()]
            assert min(apart + against) > 1e-2, "neither a swap nor an inversion may go unseen"
            for what, values in means.items():
                values_told = told[f"{what} {name}"].values[n].flatten()
                np.testing.assert_allclose(values_told, values, rtol=EXACT, atol=EXACT)


# ---- sizes


@pytest.mark.parametrize(
    ("options", "classes", "parameters", "multiply_adds"),
    [
        ({}, 60, 26_096_828, 29.04e9),
        ({"modalities": "color+depth+infrared"}, 60, 39_931_644, 43.56e9),
        ({"backbone": "resnet34"}, 120, 46_374_648, 58.64e9),
    ],
)
def test_it_has_the_size_of_its_specification(
    options: dict[str, Any], classes: int, parameters: int, multiply_adds: float
) -> None:
    size = size_of("m-mixer", classes, **options)
    assert size.parameters == parameters
    assert size.multiply_adds == pytest.approx(multiply_adds, rel=3e-4)
    assert size.products == 0


def test_a_unit_has_the_size_of_its_equations() -> None:
    for modalities, parameters in ((2, 1_841_152), (3, 2_103_296)):
        unit = MCU(512, 512 * (modalities - 1), 512)
        assert sum(weight.numel() for weight in unit.parameters()) == parameters
        assert not any(key.endswith("linear.bias") for key, _ in unit.named_parameters())


D = 512
NORMS = 6 * 2 * D  # of one unit


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"aso": "max"}, 0),  # table 1
        ({"aso": "gru"}, 2 * (6 * D * D + 6 * D)),
        ({"unit": "lstm"}, 2 * ((8 * D * D + 8 * D) - (7 * D * D + NORMS))),  # table 2
        ({"unit": "gru"}, 2 * ((6 * D * D + 6 * D) - (7 * D * D + NORMS))),
        ({"content": "self", "layer_norm": False}, -2 * NORMS),  # table 3, experiment I
        ({"mix": False, "layer_norm": False}, -2 * NORMS),  # II
        ({"layer_norm": False}, -2 * NORMS),  # III
        ({"content": "self"}, 0),  # table 4
    ],
)
def test_every_row_of_the_ablations_can_be_made(options: dict[str, Any], change: int) -> None:
    """By what it has more or less than the whole network."""
    assert size_of("m-mixer", **options).parameters == 26_096_828 + change


# ---- training


def test_heads_learn_after_the_network_and_leave_it_as_it_is() -> None:
    """Equation 16: all heads at once, everything else fixed."""
    mixer, heads = network_card("m-mixer").recipe.stages
    assert mixer.trains == ("encoders", "mixer", "classifier")
    assert heads.trains == ("heads",)
    network = fresh()
    output = network(small_batch(network))
    torch.stack(list(output.logits_by_stream.values())).sum().backward()
    reached = {key for key, weight in network.named_parameters() if weight.grad is not None}
    assert reached == {f"heads.{stream}.weight" for stream in network.card.streams}


def combination(count: int, seed: int) -> tuple[dict[str, Tensor], Tensor]:
    """Two modalities, each with a mark up or down at one moment; the class is whether both agree.

    Neither alone says anything, nor does any sum of what each says by itself.
    """
    made = torch.Generator().manual_seed(seed)
    marks = torch.randint(0, 2, (2, count), generator=made)
    sequences = {}
    for name, mark in zip(("color", "depth"), marks, strict=True):
        sequence = 0.1 * torch.randn(count, 4, 8, generator=made)
        moment = torch.randint(0, 4, (count,), generator=made)
        sequence[torch.arange(count), moment, 0] += 4.0 * (2 * mark - 1)
        sequences[name] = sequence
    return sequences, (marks[0] == marks[1]).long()


def accuracy_after_training(content: str) -> float:
    """Of two units and a classifier on clips that they have not seen."""
    torch.manual_seed(6)
    names = ("color", "depth")
    mixer, classifier = Mixer(names, 8, content=content), nn.Linear(16, 2)
    weights = [*mixer.parameters(), *classifier.parameters()]
    optimizer = torch.optim.Adam(weights, lr=3e-2)

    def logits(sequences: Batch) -> Tensor:
        contents = {name: mixer.content(name, sequences[name]) for name in names}
        hidden = [mixer.read(name, sequences[name], contents)[0] for name in names]
        told: Tensor = classifier(torch.cat(hidden, dim=1))
        return told

    for step in range(80):
        sequences, classes = combination(64, seed=step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits(sequences), classes).backward()
        optimizer.step()
    sequences, classes = combination(500, seed=9999)
    with torch.no_grad():
        return float((logits(sequences).argmax(dim=1) == classes).float().mean())


def test_cross_content_solves_what_needs_both_modalities_and_self_content_does_not() -> None:
    assert accuracy_after_training("cross") > 0.95
    assert accuracy_after_training("self") < 0.7
