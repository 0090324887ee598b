"""Late fusion: rules against plain loops, and what each choice of streams makes."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harstudio.errors import UsageError
from harstudio.networks import create_network, network_card
from harstudio.networks.blocks import plain_fusion, score_fusion
from harstudio.networks.blocks.gated_fusion import GatedFusion
from harstudio.networks.blocks.plain_fusion import PlainFusion
from harstudio.networks.blocks.score_fusion import ScoreFusion
from harstudio.networks.explaining import explain
from harstudio.networks.inputs import input_shapes
from harstudio.networks.network import Network
from harstudio.networks.sizes import size_of
from harstudio.results import Kind, NetworkCard

CLASSES = 4
MODALITIES = ("clip+skeleton", "skeleton+inertial", "clip+inertial", "clip+skeleton+inertial")
SMALL = {"skeleton": {"frames": 12, "bodies": 1}, "clip": {"frames": 8, "size": 32},
         "picture": {"size": 48}, "inertial": {"frames": 40}}  # fmt: skip


def given(*shape: int, seed: int = 3) -> Tensor:
    made = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=made, dtype=torch.float64)


def small_batch(card: NetworkCard, count: int = 2) -> dict[str, Tensor]:
    shapes = input_shapes(card, "utd_mhad_20", {name: SMALL[name] for name in card.branches})
    return {name: given(count, *shape).float() for name, shape in shapes.items()}


def fresh(name: str, **options: Any) -> Network:
    torch.manual_seed(5)
    light = {"skeleton_backbone": "st-gcn", "picture_backbone": "efficientnet-lite0"}
    return create_network(name, CLASSES, "utd_mhad_20", **{**light, **options}).eval()


# ---- rules


def probabilities(logits: Any) -> list[float]:
    powers = [math.exp(x) for x in logits]
    return [power / sum(powers) for power in powers]


@torch.no_grad()
@pytest.mark.parametrize("rule", score_fusion.RULES)
@pytest.mark.parametrize("streams", [2, 3])
def test_scores_meet_by_their_rule(rule: str, streams: int) -> None:
    fusion = ScoreFusion(rule, streams).double()
    balance = [0.0] * streams
    if fusion.balance is not None:
        torch.testing.assert_close(fusion.weights(), torch.full((streams,), 1 / streams).double())
        balance = [0.7 * k for k in range(streams)]
        fusion.balance.copy_(torch.tensor(balance, dtype=torch.float64))
    logits = [2 * given(2, CLASSES, seed=k) for k in range(streams)]
    told = fusion(logits).exp().numpy()
    weights = probabilities(balance)
    for clip in range(2):
        opinions = [probabilities(one[clip].tolist()) for one in logits]
        for k in range(CLASSES):
            of_class = [opinion[k] for opinion in opinions]
            wanted = {
                "mean": sum(of_class) / streams,
                "product": math.prod(of_class),
                "max": max(of_class),
                "weighted": sum(w * p for w, p in zip(weights, of_class, strict=True)),
            }[rule]
            assert told[clip, k] == pytest.approx(wanted, rel=1e-9)


@torch.no_grad()
@pytest.mark.parametrize("rule", score_fusion.TRUSTING)
def test_streams_count_as_they_are_trusted(rule: str) -> None:
    trust = [0.25, 1.0, 0.5]
    logits = [2 * given(2, CLASSES, seed=k) for k in range(3)]
    told = ScoreFusion(rule, 3, trust)(logits).exp().numpy()
    for clip in range(2):
        opinions = [probabilities(one[clip].tolist()) for one in logits]
        for k in range(CLASSES):
            of_class = list(zip(trust, (opinion[k] for opinion in opinions), strict=True))
            wanted = {
                "mean": sum(w * p for w, p in of_class) / sum(trust),
                "product": math.prod(p**w for w, p in of_class),
            }[rule]
            assert told[clip, k] == pytest.approx(wanted, rel=1e-9)
    torch.testing.assert_close(ScoreFusion(rule, 3, [1] * 3)(logits), ScoreFusion(rule, 3)(logits))
    alone = ScoreFusion(rule, 3, [0, 1, 0])(logits)
    torch.testing.assert_close(alone, logits[1].log_softmax(dim=1))


@pytest.mark.parametrize(
    ("rule", "trust"),
    [("mean", "1+1"), ("mean", "1+-1+1"), ("product", "0+0+0"), ("max", "1+1+1"), ("mean", "a")],
)
def test_trust_that_does_not_fit_is_refused(rule: str, trust: str) -> None:
    with pytest.raises(UsageError, match="cannot be made with these options"):
        fresh("late-score", modalities="clip+skeleton+inertial", rule=rule, trust=trust)


@torch.no_grad()
@pytest.mark.parametrize("rule", plain_fusion.RULES)
@pytest.mark.parametrize("streams", [2, 3])
def test_features_meet_by_their_rule(rule: str, streams: int) -> None:
    size = 5
    fusion = PlainFusion(size, CLASSES, rule, streams).double()
    vectors = [given(2, size, seed=k) for k in range(streams)]
    told, seen = fusion(*vectors)
    assert seen == {}
    for clip in range(2):
        each = [vector[clip].tolist() for vector in vectors]
        wanted: list[float] = []
        if rule == "concat":
            for vector in each:
                wanted += vector
        else:
            for k in range(size):
                of_feature = [vector[k] for vector in each]
                wanted.append(
                    {
                        "mean": sum(of_feature) / streams,
                        "sum": sum(of_feature),
                        "product": math.prod(of_feature),
                        "max": max(of_feature),
                    }[rule]
                )
        np.testing.assert_allclose(told[clip], wanted, rtol=1e-12)
    assert fusion.classifier(told).shape == (2, CLASSES)


@torch.no_grad()
def test_a_gate_mixes_features_by_what_it_sees_of_both() -> None:
    """Gated multimodal unit: z = sigma(W_z [x, y]), h = z tanh(W x) + (1 - z) tanh(V y)."""
    size = 5
    fusion = GatedFusion(size, CLASSES, 2).double()
    x, y = given(3, size, seed=0), given(3, size, seed=1)
    both = torch.cat([x, y], dim=1)
    weight, bias = fusion.gate.weight, fusion.gate.bias
    opened = both @ (weight[:size] - weight[size:]).T + bias[:size] - bias[size:]
    z = 1 / (1 + torch.exp(-opened))
    h, v = (torch.tanh(one.weight @ a.T + one.bias[:, None]).T for one, a in
            zip(fusion.values, (x, y), strict=True))  # fmt: skip
    told, seen = fusion(x, y)
    torch.testing.assert_close(told, z * h + (1 - z) * v)
    torch.testing.assert_close(seen["gate"], torch.stack([z.mean(1), 1 - z.mean(1)], dim=1))


def test_a_learned_weight_turns_to_the_stream_that_knows() -> None:
    """One stream knows the class half of the time, the other draws lots with as much certainty."""
    made = torch.Generator().manual_seed(1)
    labels = torch.randint(CLASSES, (400,), generator=made)
    knows = torch.where(torch.rand(400, generator=made) < 0.5, labels, labels.roll(1))
    guesses = torch.randint(CLASSES, (400,), generator=made)
    logits = [3.0 * nn.functional.one_hot(said, CLASSES).float() for said in (guesses, knows)]
    fusion = ScoreFusion("weighted", 2)
    optimizer = torch.optim.SGD(fusion.parameters(), lr=0.5)
    for _ in range(200):
        optimizer.zero_grad()
        nn.functional.cross_entropy(fusion(logits), labels).backward()
        optimizer.step()
    weights = fusion.weights()
    assert weights is not None
    assert weights[1] > 0.8


# ---- networks


@torch.no_grad()
@pytest.mark.parametrize("name", ["late-score", "late-feature"])
def test_streams_answer_by_what_their_maps_hold(name: str) -> None:
    """The mean over each map, for features of one size a layer and ReLU, a head; then the rule."""
    network = fresh(name, modalities="clip+skeleton+inertial", rule="mean").double()
    batch = {key: value.double() for key, value in small_batch(network.card).items()}
    output = network(batch)
    vectors, opinions = {}, []
    for stream in ("picture", "skeleton", "inertial"):
        part = network.get_submodule(stream)
        values = part.backbone(batch[stream]).numpy()
        pooled = values.reshape(*values.shape[:2], -1).mean(axis=2)
        if name == "late-feature" and stream != "inertial":  # that one has 512 channels
            layer = part.embed[0]
            pooled = np.maximum(pooled @ layer.weight.numpy().T + layer.bias.numpy(), 0)
        head = part.classifier
        logits = pooled @ head.weight.numpy().T + head.bias.numpy()
        np.testing.assert_allclose(output.logits_by_stream[stream], logits, rtol=1e-7)
        np.testing.assert_allclose(output.features[stream], pooled, rtol=1e-7)
        vectors[stream] = pooled
        opinions.append([probabilities(one) for one in logits])
    if name == "late-score":
        np.testing.assert_allclose(output.logits.exp(), np.mean(opinions, axis=0), rtol=1e-7)
    else:
        assert {vector.shape for vector in vectors.values()} == {(2, 512)}
        fused = np.mean(list(vectors.values()), axis=0)
        head = network.get_submodule("fusion.classifier")
        wanted = fused @ head.weight.numpy().T + head.bias.numpy()
        np.testing.assert_allclose(output.logits, wanted, rtol=1e-7)


@pytest.mark.parametrize(
    ("name", "rule", "modalities"),
    [
        *itertools.product(["late-score"], ["weighted", "max"], MODALITIES),
        *itertools.product(["late-feature"], ["concat", "gated"], MODALITIES),
    ],
)
def test_every_choice_of_inputs_has_its_card(name: str, rule: str, modalities: str) -> None:
    """Also with one picture in place of the clip: stages, explanations and shares fit."""
    network = fresh(name, rule=rule, modalities=modalities)
    card = network.card
    wanted = modalities.replace("clip", "picture").split("+")
    assert list(card.branches) == list(card.streams) == list(card.preprocessing) == wanted
    told = explain(network, small_batch(card))
    assert told.explanation is not None
    assert {key: gaze.kind for key, gaze in told.explanation.items()} == dict(card.explains)
    learned = "fusion" if name == "late-feature" else "weights"
    has_stage = name == "late-feature" or rule == "weighted"
    assert [stage.name for stage in card.recipe.stages] == wanted + [learned] * has_stage
    trained = {part for stage in card.recipe.stages for part in stage.trains}
    assert trained == {key.split(".")[0] for key, _ in network.named_parameters()}
    if rule == "weighted":
        share = told.explanation["modality share"]
        assert share.values.shape == (2, 1, len(wanted))
        torch.testing.assert_close(share.values, torch.full_like(share.values, 1 / len(wanted)))
    elif rule == "gated":
        share = told.explanation["modality share"]
        assert share.values.shape == (2, 1, len(wanted))
        torch.testing.assert_close(share.values.sum(dim=2), torch.ones(2, 1))
        assert not torch.equal(share.values[0], share.values[1])
    else:
        assert Kind.MODALITY_SHARE not in card.explains.values()


def test_importance_of_the_sensor_is_what_its_logits_are_made_of() -> None:
    network = fresh("late-score", modalities="skeleton+inertial")
    told = explain(network, small_batch(network.card))
    assert told.explanation is not None
    evidence = told.explanation["inertial importance"].values
    assert evidence.shape == (2, CLASSES, 5)
    torch.testing.assert_close(evidence.mean(dim=2), told.logits_by_stream["inertial"])
    assert evidence.std(dim=2).min() > 0


@pytest.mark.parametrize("name", ["late-score", "late-feature"])
def test_own_heads_take_part_in_the_answer_only_where_scores_meet(name: str) -> None:
    """Features: the fused loss leaves heads alone, and theirs leaves all else alone."""
    network = fresh(name, modalities="skeleton+inertial")
    batch = small_batch(network.card)

    def reached(loss: Tensor) -> set[str]:
        network.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        return {key for key, weight in network.named_parameters() if weight.grad is not None}

    heads = {key for key, _ in network.named_parameters() if ".classifier." in key}
    heads -= {key for key in heads if key.startswith("fusion.")}
    by_fused = reached(network(batch).logits.sum())
    by_heads = reached(sum(network(batch).logits_by_stream.values()).sum())
    assert network.heads_apart == (name == "late-feature")
    if name == "late-feature":
        assert by_heads == heads
        assert not by_fused & heads
    else:
        assert by_fused == by_heads
        assert heads < by_heads


def test_fused_features_have_the_sizes_of_their_streams() -> None:
    """The clip's ResNet as in AMFI-Net, then heads, and a layer for the skeleton's 256 features."""
    size = size_of("late-feature", skeleton_backbone="st-gcn")
    assert size.by_part["clip"] == 33_203_904 + 512 * 60 + 60
    assert size.by_part["fusion"] == 1024 * 60 + 60
    st_gcn = size_of("st-gcn").parameters - (256 * 60 + 60)
    assert size.by_part["skeleton"] == st_gcn + (256 * 512 + 512) + (512 * 60 + 60)
    three = size_of("late-score", modalities="clip+skeleton+inertial", rule="weighted")
    assert three.by_part["fusion"] == 3


def test_one_picture_of_a_laptop_is_seen_as_the_light_network_sees_it() -> None:
    light = network_card("late-score", {"picture_backbone": "efficientnet-lite0"})
    assert light.preprocessing["picture"] == network_card("mmff-lite").preprocessing["picture"]
    assert light.kind_of("picture") == "picture"
    size = size_of("late-score", picture_backbone="efficientnet-lite0", skeleton_backbone="st-gcn")
    assert size.by_part["picture"] < 4e6


def test_it_sees_and_trains_what_amfi_net_does() -> None:
    amfi = network_card("amfi-net")
    for name in ("late-feature", "late-score"):
        card = network_card(name)
        assert card.preprocessing["clip"] == amfi.preprocessing["clip"]
        assert card.preprocessing["skeleton"] == amfi.preprocessing["skeleton"]
        assert replace(card.recipe, stages=()) == replace(amfi.recipe, stages=())
        own = {stage.name: stage for stage in amfi.recipe.stages}
        for stage in card.recipe.stages:
            wanted = own[stage.name]
            assert (stage.epochs, stage.learning_rate) == (wanted.epochs, wanted.learning_rate)
            assert stage.decay_at == wanted.decay_at
